/**
 * Promises of operations that an app does not await: the end of a client, of a request or of a bus ends no process.
 */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { ManualClock, Scheduler, Sleep, toPromise } from "../../../src/coroutine/mod.ts";
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

/** Takes the half of the body that has come, so that the next step has to wait. */
function afterHalf<T extends object>(reader: T | undefined): T {
  if (reader === undefined) throw new TypeError("There is no body");
  if ("read" in reader) void (reader as unknown as ReadableStreamDefaultReader).read();
  if ("next" in reader) void (reader as unknown as AsyncIterator<unknown>).next();
  return reader;
}

const REQUESTS: Record<string, WSGIApp> = {
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
  "wait that is not performed": ({ cogen }, startResponse) => {
    void cogen.wait(new Promise((_, reject) => void setTimeout(reject, 1)) as never);
    startResponse("204 No Content", []);
    return [];
  },
  "step of wsgi.input": async (environ) => {
    void afterHalf(environ["wsgi.input"][Symbol.asyncIterator]()).next();
    await environ.cogen.run(Sleep(1));
    return [];
  },
  "step of wsgi.input at the end of the app": (environ, startResponse) => {
    void afterHalf(environ["wsgi.input"][Symbol.asyncIterator]()).next();
    startResponse("204 No Content", []);
    return [];
  },
  "copy of a Request": fromFetch(async (request, info) => {
    void request.clone().text();
    await info.environ.cogen.run(Sleep(1));
    return new Response(null, { status: 204 });
  }),
};

/** The ways to read the stream of a `Request`, each with a promise that fails when the client leaves. */
const STREAMS: Readonly<Record<string, (request: Request) => unknown>> = {
  "read": (request) => afterHalf(request.body?.getReader()).read(),
  "closed": (request) => afterHalf(request.body?.getReader()).closed,
  "pipeTo": (request) => request.body?.pipeTo(new WritableStream()),
  "iterator": (request) => afterHalf(request.body?.[Symbol.asyncIterator]()).next(),
  "tee": (request) => request.body?.tee().map((branch) => afterHalf(branch.getReader()).read()),
  "copy": (request) => afterHalf(request.clone().body?.getReader()).read(),
  "copy of a copy": (request) => afterHalf(request.clone().clone().body?.getReader()).read(),
  "text of a copy of a copy": (request) => request.clone().clone().text(),
};

for (const [name, read] of Object.entries(STREAMS)) {
  REQUESTS[`${name} of the body`] = fromFetch(async (request, info) => {
    void read(request);
    await info.environ.cogen.run(Sleep(1));
    return new Response(null, { status: 204 });
  });
  REQUESTS[`${name} of the body at the end of the app`] = fromFetch((request) => {
    void read(request);
    return new Response(null, { status: 204 });
  });
}

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

test("a dropped promise of a task that the end of its scheduler cancels ends no process", async () => {
  const clock = new ManualClock();
  const scheduler = new Scheduler({ clock });
  void toPromise(scheduler.add(() => Sleep(1)));
  const ended = scheduler.shutdown();
  clock.advance(0);
  await ended;
});

test("a dropped wait for a bus that is closed ends no process", async () => {
  const bus = await openBus(memoryTransport());
  void bus.run(bus.waitForSignal("never"));
  await bus.close();
  void bus.run(bus.signal("late", 1));
  await new Promise((resolve) => setTimeout(resolve, 5));
});
