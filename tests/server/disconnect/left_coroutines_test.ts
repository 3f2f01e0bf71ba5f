/**
 * Coroutines that an app has added to the scheduler, and whose request ends: none waits for ever, and the log has
 * no entry for an error that the client, a deadline, a shutdown or the end of the app has brought about.
 */

import { assertEquals, assertMatch } from "@std/assert";
import { test } from "node:test";
import { Join, Sleep } from "../../../src/coroutine/mod.ts";
import type { Environ, StartResponse, WSGIApp } from "../../../src/wsgi/mod.ts";
import { acceptWebSocket } from "../../../src/websocket/mod.ts";
import { requestText, type Serving, serving, type TestClient } from "../../support/serving.ts";
import { handshake } from "../../websocket/raw_client.ts";

const ok = (start: StartResponse) => void start("200 OK", [["Content-Type", "text/plain"]]);
const UPLOAD = requestText("POST", "/", ["Transfer-Encoding: chunked"]) + "4\r\nhalf\r\n";

function reading(environ: Environ, ends: unknown[]) {
  return environ.cogen.scheduler.add(function* reading() {
    try {
      ends.push((yield* environ["wsgi.input"].read()).length);
    } catch (error) {
      ends.push((error as Error).name);
      throw error;
    }
  });
}

/** An app that waits until its coroutine has read the body. */
const joining = (ends: unknown[]): WSGIApp =>
  function* (environ, start) {
    ok(start);
    yield* environ.cogen.wait(Join(reading(environ, ends)));
  };

/** An app that waits for something else meanwhile. */
const sleeping = (ends: unknown[]): WSGIApp =>
  function* (environ, start) {
    ok(start);
    reading(environ, ends);
    yield* environ.cogen.wait(Sleep(60));
  };

/** The ways in which a request is aborted, with the error that the coroutine gets. */
const ABORTS: Readonly<
  Record<string, [abort: (stage: Serving, client: TestClient) => void, error: string]>
> = {
  "leaves": [(_stage, client) => client.destroy(), "ClientDisconnected"],
  "ends its side": [(_stage, client) => client.end(), "ClientDisconnected"],
  "sends a malformed rest": [(_stage, client) => client.send("no chunk\r\n"), "ProtocolError"],
  "stalls": [(stage) => stage.run(5000), "ProtocolError"],
  "is cut by a shutdown": [(stage) => void stage.server.close(), "ServerShutdown"],
};

for (const [way, [abort, error]] of Object.entries(ABORTS)) {
  for (const makeApp of [joining, sleeping]) {
    test(`a client that ${way} ends a coroutine that reads beside its ${makeApp.name} app, and logs nothing`, async () => {
      const ends: unknown[] = [];
      const stage = await serving(makeApp(ends), { timeouts: { body: 2 } });
      const client = stage.ask(UPLOAD);
      abort(stage, client);
      await stage.settle();
      assertEquals(ends, [error]);
      await stage.finish();
    });
  }
}

test("a coroutine that reads the body after the end of its app gets an error, and does not wait for ever", async () => {
  const ends: unknown[] = [];
  const stage = await serving((environ, start) => {
    ok(start);
    reading(environ, ends);
    return ["done"];
  });
  const client = stage.ask(UPLOAD);
  await stage.settle();
  assertEquals(ends, ["AbortError"]);
  client.send("0\r\n\r\n");
  assertEquals(client.response("POST").body, "done");
  await stage.finish();
});

test("a coroutine that begins to read after the end of its app gets the same error", async () => {
  const names: string[] = [];
  const stage = await serving((environ, start) => {
    ok(start);
    environ.cogen.scheduler.add(function* () {
      yield* Sleep(1);
      try {
        yield* environ["wsgi.input"].read();
      } catch (error) {
        names.push((error as Error).name);
      }
    });
    return [];
  });
  const client = stage.ask(UPLOAD);
  client.send("0\r\n\r\n");
  await stage.settle(1000);
  assertEquals(names, ["AbortError"]);
  await stage.finish();
});

for (const way of ["leaves", "is cut by a shutdown"]) {
  test(`a client that ${way} ends a coroutine that sends to its WebSocket, and logs nothing`, async () => {
    const stage = await serving(function* (environ) {
      const socket = acceptWebSocket(environ, { shutdownSpread: 0 });
      environ.cogen.scheduler.add(function* sending() {
        for (;;) {
          yield* socket.send("tick");
          yield* Sleep(1);
        }
      });
      yield* socket.each(() => {});
    });
    const client = stage.ask(handshake("/"));
    assertMatch(client.take(), /^HTTP\/1\.1 101 /);
    if (way === "leaves") client.destroy();
    else void stage.server.close();
    await stage.settle(3000);
    await stage.finish();
  });
}

test("an error that was made of that of an abort is not reported, and another error is", async () => {
  const stage = await serving(async (environ) => {
    const cause = await environ.cogen.run(environ["wsgi.input"].read()).catch((error) => error);
    const isOwn = environ.PATH_INFO === "/own";
    throw new TypeError("fetch failed", { cause: isOwn ? new Error("the disk is full") : cause });
  });
  for (const path of ["/", "/own"]) {
    const client = stage.ask(requestText("POST", path, ["Content-Length: 9"]));
    client.destroy();
    await stage.settle();
  }
  const log = stage.takeLog();
  assertEquals(log.length, 1);
  assertMatch(log[0] ?? "", /^POST \/own failed: TypeError: fetch failed\n[^]*the disk is full/);
  await stage.finish();
});
