/** Promises of operations that an app does not await: the end of a client, of a request or of a bus ends no process. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { Sleep } from "../../../src/coroutine/mod.ts";
import { memoryTransport, openBus } from "../../../src/bus/mod.ts";
import { fromFetch } from "../../../src/fetch/mod.ts";
import { testClient } from "../../../src/testing/mod.ts";
import { acceptWebSocket } from "../../../src/websocket/mod.ts";
import type { AsyncApp, WSGIApp } from "../../../src/wsgi/mod.ts";

// The runner fails a test with an unhandled rejection.

const SOCKETS: Readonly<Record<string, AsyncApp>> = {
  "sends to a client that has left": async (environ) => {
    const socket = acceptWebSocket(environ);
    for (let count = 0; count < 5; count++) void environ.cogen.run(socket.send("x".repeat(1e5)));
    while (await environ.cogen.run(socket.receive()) !== undefined);
    void environ.cogen.run(socket.send("late"));
    void environ.cogen.run(socket.ping());
    return [];
  },
  "ping at the end of the client": async (environ) => {
    const socket = acceptWebSocket(environ);
    void environ.cogen.run(socket.ping());
    void environ.cogen.run(socket.close());
    await environ.cogen.run(Sleep(1));
    return [];
  },
  "step of an iterator at the end of the app": (environ) => {
    const iterator = acceptWebSocket(environ)[Symbol.asyncIterator]();
    void iterator.next();
    return Promise.resolve([]);
  },
};

for (const [name, app] of Object.entries(SOCKETS)) {
  test(`a dropped promise of a WebSocket ends no process: ${name}`, async () => {
    await using client = testClient(app, { window: 1000 });
    const socket = await client.webSocket("/");
    await socket.disconnect("reset");
    await client.settle();
    await client.advance(60);
    assertEquals(client.log, []);
  });
}

const REQUESTS: Readonly<Record<string, WSGIApp>> = {
  "operation after the end of the request": ({ cogen }, startResponse) => {
    setTimeout(() => void cogen.run(Sleep(1)), 1);
    startResponse("204 No Content", []);
    return [];
  },
  "wait for a shutdown": ({ cogen }, startResponse) => {
    void cogen.run(cogen.untilStopping());
    startResponse("204 No Content", []);
    return [];
  },
  "copy of a Request": fromFetch(async (request, info) => {
    void request.clone().text();
    await info.environ.cogen.run(Sleep(1));
    return new Response(null, { status: 204 });
  }),
};

for (const [name, app] of Object.entries(REQUESTS)) {
  test(`a dropped promise of a request ends no process: ${name}`, async () => {
    await using client = testClient(app);
    const half = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf";
    await client.raw(half, { end: true });
    await client.settle();
    await new Promise((resolve) => setTimeout(resolve, 5));
    await client.settle();
    assertEquals(client.takeErrors(), []);
  });
}

test("a dropped wait for a bus that is closed ends no process", async () => {
  const bus = await openBus(memoryTransport());
  void bus.run(bus.waitForSignal("never"));
  await bus.close();
  void bus.run(bus.signal("late", 1));
  await new Promise((resolve) => setTimeout(resolve, 5));
});
