/** `WSGIConnection` as a class: the option `ConnectionClass`, and connections of an embedder's own. */

import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { memoryNetwork, socketPair } from "../../adapters/memory.ts";
import { WSGIConnection, WSGIServer } from "../../src/server/mod.ts";
import type { Socket } from "../../src/socket/mod.ts";
import type { WSGIApp } from "../../src/wsgi/mod.ts";
import { parseResponse } from "../support/http_text.ts";
import { get, serving } from "../support/serving.ts";

const echoPath: WSGIApp = (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [environ.PATH_INFO];
};

const ignore = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };

test("ConnectionClass takes a subclass of WSGIConnection, for each connection", async () => {
  const events: string[] = [];
  class LoggingConnection extends WSGIConnection {
    override onData(bytes: Uint8Array): void {
      events.push(`${bytes.length} bytes`);
      super.onData(bytes);
    }
    override onClose(error?: Error): void {
      events.push("close");
      super.onClose(error);
    }
  }
  const stage = await serving(echoPath, { ConnectionClass: LoggingConnection });
  const client = stage.ask(get("/a", "Connection: close"));
  assertEquals(client.response().body, "/a");
  client.end();
  await stage.settle();
  assertEquals(events, [`${get("/a", "Connection: close").length} bytes`, "close"]);
  await stage.finish();
});

test("a ConnectionClass that throws costs its connection only", async () => {
  let made = 0;
  class FailingConnection extends WSGIConnection {
    constructor(socket: Socket, server: WSGIServer) {
      super(socket, server);
      if (made++ === 0) throw new Error("refused by the class");
    }
  }
  const stage = await serving(echoPath, { ConnectionClass: FailingConnection });
  const first = stage.ask(get("/a"));
  assertEquals([first.closed, stage.server.stats().connections], [true, 0]);
  assertEquals(stage.ask(get("/b")).response().body, "/b");
  assertEquals(stage.takeLog().length, 1);
  await stage.finish();
});

test("new WSGIConnection serves any socket, and needs a server", async () => {
  const stage = await serving(echoPath);
  let text = "";
  const [, client] = socketPair(
    (socket) => new WSGIConnection(socket, stage.server),
    () => ({ ...ignore, onData: (bytes) => void (text += String.fromCharCode(...bytes)) }),
    { clock: stage.clock },
  );
  client.write(get("/pair"));
  stage.run();
  assertEquals(parseResponse(text).body, "/pair");
  client.destroy();
  for (const server of [{}, undefined, stage.network]) {
    const make = () => new WSGIConnection(client, server as WSGIServer);
    assertThrows(make, TypeError, "new WSGIConnection(socket, server)");
  }
  await stage.finish();
});

test("a ConnectionClass of another kind is an error", () => {
  const { adapter } = memoryNetwork();
  for (const ConnectionClass of [{}, class {}, () => {}, "x", null]) {
    const make = () => new WSGIServer({ adapter, wsgiApp: echoPath, ConnectionClass } as never);
    assertThrows(make, TypeError, "expected WSGIConnection, or a class that extends it");
  }
});
