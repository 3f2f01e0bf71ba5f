/** The example of an embedder's own socket, over a stream between two ends in this process. */

import { assertEquals } from "@std/assert";
import { Duplex } from "node:stream";
import { test } from "node:test";
import { DuplexSocket } from "../../../examples/sockets/own_socket.ts";
import { runtimeAdapter, type WSGIApp, WSGIServer } from "../../../mod.ts";
import { parseResponse } from "../../support/http_text.ts";
import { get, post } from "../../support/serving.ts";

const BIG = "0123456789".repeat(100_000);

const app: WSGIApp = function* (environ, startResponse) {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  if (environ.REQUEST_METHOD === "GET") return "hello";
  for (;;) {
    const piece = yield* environ["wsgi.input"].read(1000);
    if (piece.length === 0) return;
    yield piece;
  }
};

/** A stream to a peer that sends `text`, reads the answers, and ends after the server has ended. */
function peer(text: string): { readonly stream: Duplex; readonly heard: Promise<string> } {
  let heard = "";
  let unsaid: string | undefined = text;
  let resolve = (_heard: string) => {};
  const stream = new Duplex({
    read() {
      if (unsaid !== undefined) this.push(unsaid);
      unsaid = undefined;
    },
    write(bytes: Uint8Array, _encoding, done) {
      heard += new TextDecoder().decode(bytes);
      setImmediate(done);
    },
    final(done) {
      this.push(null);
      done();
    },
  });
  stream.on("close", () => resolve(heard));
  return { stream, heard: new Promise((settle) => void (resolve = settle)) };
}

async function exchange(text: string): Promise<string> {
  const server = new WSGIServer({ wsgiApp: app, adapter: await runtimeAdapter() });
  const { stream, heard } = peer(text);
  new DuplexSocket(stream, (socket) => server.accept(socket));
  const answer = await heard;
  await server.close();
  assertEquals(server.stats().connections, 0);
  return answer;
}

test("a Duplex is served, request by request, and closed at its end", async () => {
  const answer = await exchange(get("/") + get("/", "Connection: close"));
  assertEquals(answer.split("200 OK").length, 3);
  assertEquals(answer.split("hello").length, 3);
});

test("a Duplex that is slow both ways loses nothing", async () => {
  const answer = await exchange(post("/", BIG, "Connection: close"));
  assertEquals(parseResponse(answer, "POST").body === BIG, true);
});

test("a Duplex that fails ends its connection", async () => {
  const server = new WSGIServer({ wsgiApp: app, adapter: await runtimeAdapter() });
  const stream = new Duplex({ read() {}, write() {} });
  new DuplexSocket(stream, (socket) => server.accept(socket));
  assertEquals(server.stats().connections, 1);
  const closed = new Promise((resolve) => stream.on("close", resolve));
  stream.destroy(new Error("broken"));
  await closed;
  await server.close();
  assertEquals(server.stats().connections, 0);
});
