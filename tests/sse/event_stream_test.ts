/** The stream of one request: its head, its sources, heartbeats, and its end. */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { Queue, Signal, Sleep, WaitForSignal } from "../../src/coroutine/mod.ts";
import { accessLog, errorPage } from "../../src/middleware/mod.ts";
import { compress } from "../../src/middleware/compress/mod.ts";
import {
  EventChannel,
  eventStream,
  type EventStreamOptions,
  type EventStreamSource,
  lastEventId,
} from "../../src/sse/mod.ts";
import { testClient, TruncatedResponse } from "../../src/testing/mod.ts";
import type { Environ, WSGIApp } from "../../src/wsgi/mod.ts";
import { readEvents } from "./event_reader.ts";

function serving(source: (environ: Environ) => EventStreamSource, options?: EventStreamOptions) {
  const app: WSGIApp = (environ, startResponse) =>
    eventStream(environ, startResponse, source(environ), options);
  return app;
}

const dataOf = (text: string) => readEvents(text).events.map(({ data }) => data);

test("the head of a stream", async () => {
  await using client = testClient(serving(() => ["x"], {
    headers: [["X-Extra", "1"], ["cache-control", "no-cache"]],
  }));
  const { status, headers, text } = await client.get("/");
  assertEquals(status, 200);
  assertEquals(headers.get("content-type"), "text/event-stream");
  assertEquals(headers.get("cache-control"), "no-cache");
  assertEquals(headers.get("x-accel-buffering"), "no");
  assertEquals(headers.get("x-extra"), "1");
  assertEquals(dataOf(text), ["x"]);
});

test("each client has its own time of coming back", async () => {
  await using client = testClient(serving(() => ["x"], { retry: 2 }));
  const times = new Set<number>();
  for (let count = 0; count < 40; count++) {
    const { retryMs = -1 } = readEvents((await client.get("/")).text);
    assert(retryMs >= 1000 && retryMs <= 3000, `${retryMs}`);
    times.add(retryMs);
  }
  assert(times.size > 20, `${times.size}`);
});

test("HEAD has the head alone, and does not begin the source", async () => {
  let begun = 0;
  await using client = testClient(serving(function* () {
    begun++;
    yield "x";
  }));
  const { status, headers, bytes } = await client.head("/");
  assertEquals([status, headers.get("cache-control"), bytes.length], [
    200,
    "no-store, no-transform",
    0,
  ]);
  assertEquals(begun, 0);
});

test("null ends the reconnecting", async () => {
  await using client = testClient(serving(() => null));
  const { status, headers } = await client.get("/");
  assertEquals([status, headers.get("content-type"), headers.get("cache-control")], [
    204,
    null,
    "no-store, no-transform",
  ]);
});

const SOURCES: Readonly<Record<string, (environ: Environ) => EventStreamSource>> = {
  "an array": () => ["1", { data: "2" }, { data: "3", event: "last" }],
  "a generator with typed waits": function* () {
    for (const data of ["1", "2", "3"]) {
      yield* Sleep(1);
      yield data;
    }
  },
  "a generator with bound waits": function* ({ cogen }) {
    for (const data of ["1", "2", "3"]) {
      yield* cogen.wait(Sleep(1));
      yield { data };
    }
  },
  "a generator that yields operations and promises": function* () {
    yield Sleep(1);
    yield "1";
    yield (yield Promise.resolve("2")) as string;
    try {
      yield Promise.reject(new Error("3"));
    } catch (error) {
      yield (error as Error).message;
    }
  },
  "an async generator": async function* ({ cogen }) {
    for (const data of ["1", "2", "3"]) {
      await cogen.run(Sleep(1));
      yield data;
    }
  },
  "an async generator that yields operations": async function* () {
    for (const data of ["1", "2", "3"]) {
      yield Sleep(1);
      yield data;
    }
  },
  "another async iterable": () => ({
    [Symbol.asyncIterator]() {
      let count = 0;
      return {
        next: () => Promise.resolve({ done: count++ === 3, value: String(count) }),
      };
    },
  }),
  "a generator whose wrong event is an error at its yield": function* () {
    yield "1";
    try {
      yield { id: "a\nb", data: "" };
    } catch {
      yield "2";
    }
    yield "";
    yield undefined;
    yield "3";
  },
};

for (const [name, source] of Object.entries(SOURCES)) {
  test(`the source is ${name}`, async () => {
    await using client = testClient(serving(source));
    assertEquals(dataOf((await client.get("/")).text), ["1", "2", "3"]);
  });
}

test("the stream is the body of apps of each kind, and passes through middleware", async () => {
  const page = () => ({ status: "500 Internal Server Error", headers: [], body: "" });
  const apps: WSGIApp[] = [
    function* (environ, startResponse) {
      yield* eventStream(environ, startResponse, ["1", "2"]);
    },
    async function (environ, startResponse) {
      await environ.cogen.run(Sleep(1));
      return eventStream(environ, startResponse, ["1", "2"]);
    },
    async function* (environ, startResponse) {
      yield* eventStream(
        environ,
        startResponse,
        (async function* () {
          yield "1";
          await environ.cogen.run(Sleep(1));
          yield "2";
        })(),
      );
    },
  ];
  for (const app of apps) {
    await using client = testClient(compress(errorPage(accessLog(app, () => {}), page)));
    const { text } = await client.get("/", { headers: { "Accept-Encoding": "gzip" } });
    assertEquals(dataOf(text), ["1", "2"]);
  }
});

test("a heartbeat comes only when the stream is idle, and the wait of the source goes on", async () => {
  const queue = new Queue<string>();
  await using client = testClient(
    serving(function* () {
      for (;;) yield yield* queue.get();
    }, { heartbeat: 10 }),
    { autojump: false },
  );
  const stream = await client.open("/");
  for (let second = 0; second < 95; second++) {
    await client.advance(1);
    // An event at 6, 12, ... 60, and none after that.
    if (second % 6 === 5 && second < 60) queue.putNowait(String(second));
    await client.settle();
  }
  await stream.disconnect();
  await client.settle();
  const { events, comments } = readEvents((await stream.response()).text);
  assertEquals([events.length, comments.length], [10, 3]);
  assertEquals(queue.size, 0);
});

test("the finally of a source runs when the client leaves, through its waits", async () => {
  const log: string[] = [];
  const sources: ((environ: Environ) => EventStreamSource)[] = [
    function* () {
      try {
        yield "x";
        yield* WaitForSignal("never");
      } finally {
        yield* Sleep(5);
        log.push("sync");
      }
    },
    async function* ({ cogen }) {
      try {
        yield "x";
        await cogen.run(WaitForSignal("never"));
      } finally {
        log.push("async");
      }
    },
    async function* () {
      try {
        for (;;) yield "x";
      } finally {
        log.push("endless");
      }
    },
  ];
  for (const source of sources) {
    await using client = testClient(serving(source));
    const stream = await client.open("/");
    await stream.until("data: x\n\n");
    await stream.disconnect();
  }
  assertEquals(log, ["sync", "async", "endless"]);
});

test("an error of the source is reported, and cuts the response", async () => {
  await using client = testClient(serving(function* () {
    yield "x";
    throw new Error("broken source");
  }));
  await assertRejects(() => client.get("/"), TruncatedResponse);
  const [error, ...others] = client.takeErrors();
  assertEquals([(error as Error).message, others.length], ["broken source", 0]);
});

test("an event that cannot be written ends a source that does not catch the error", async () => {
  await using client = testClient(serving(() => ["x", { id: "\n" }, "y"] as string[]));
  await assertRejects(() => client.get("/"), TruncatedResponse);
  assertStringIncludes(String(client.takeErrors()[0]), "id of an event");
});

test("a promise in an array of events is a wait, and may reject before its turn", async () => {
  const later = () => new Promise((_, reject) => void setTimeout(reject, 1, new Error("late")));
  await using client = testClient(
    serving(() => ["x", Promise.reject(new Error("first")), later(), later()] as never),
  );
  await assertRejects(() => client.get("/"), TruncatedResponse);
  assertEquals(client.takeErrors().map(String), ["Error: first"]);
  // The runner fails a test with an unhandled rejection.
  await new Promise((resolve) => setTimeout(resolve, 5));
});

test("a source whose steps are no objects ends with an error", async () => {
  const next: unknown = () => 5;
  await using client = testClient(
    serving(() => ({ [Symbol.iterator]: () => ({ next }) }) as never),
  );
  await assertRejects(() => client.get("/"), TruncatedResponse);
  assertStringIncludes(String(client.takeErrors()[0]), "The step of a source is 5");
});

test("an error in the finally of a source after the client has left is reported", async () => {
  await using client = testClient(serving(function* () {
    try {
      for (;;) {
        yield "x";
        yield* Sleep(1);
      }
    } finally {
      yield* Sleep(1);
      yield Promise.reject(new Error("late"));
    }
  }));
  const stream = await client.open("/");
  await stream.until("data: x\n\n");
  await stream.disconnect();
  await client.advance(2);
  assertEquals((client.takeErrors()[0] as Error).message, "late");
});

test("a shutdown ends the stream, and spreads the times of coming back", async () => {
  const client = testClient(
    serving(function* () {
      yield "x";
      yield* WaitForSignal("never");
    }, { retry: 1, spread: 10 }),
  );
  const streams = await Promise.all(Array.from({ length: 50 }, () => client.open("/")));
  for (const stream of streams) await stream.until("data: x\n\n");
  const shutdown = client.server.shutdown();
  const times = new Set<number>();
  for (const stream of streams) {
    const { text, complete } = await stream.response();
    const { retryMs = -1 } = readEvents(text);
    assert(complete && retryMs >= 1000 && retryMs <= 11_000, `${retryMs}`);
    times.add(Math.floor(retryMs / 1000));
  }
  assert(times.size > 4, `${times.size}`);
  await client.close();
  await shutdown;
});

test("a stream hears of a shutdown without an AbortController, which would take memory", async () => {
  const { AbortController } = globalThis;
  let made = 0;
  globalThis.AbortController = class extends AbortController {
    constructor() {
      super();
      made++;
    }
  };
  try {
    const channel = new EventChannel();
    const client = testClient(serving(() => channel));
    const stream = await client.open("/");
    const before = made;
    channel.publish("x");
    await stream.until("data: x\n\n");
    const shutdown = client.server.shutdown();
    const { complete } = await stream.response();
    assertEquals([complete, made - before], [true, 0]);
    await client.close();
    await shutdown;
  } finally {
    globalThis.AbortController = AbortController;
  }
});

test("a shutdown ends the stream of a source that is always ready", async () => {
  const client = testClient(serving(function* () {
    for (;;) yield "x";
  }));
  const stream = await client.open("/");
  await stream.until("data: x\n\n");
  const shutdown = client.server.shutdown();
  const { text, complete } = await stream.response();
  assertEquals([complete, text.match(/retry/g)?.length], [true, 2]);
  await client.close();
  await shutdown;
});

test("the id of a client is read as it was written", async () => {
  await using client = testClient((environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return [JSON.stringify(lastEventId(environ) ?? null)];
  });
  const latin1 = (text: string) => String.fromCharCode(...new TextEncoder().encode(text));
  for (const id of ["7", "é", "\uFEFF7", "a, b"]) {
    const { text } = await client.get("/", { headers: { "Last-Event-ID": latin1(id) } });
    assertEquals(JSON.parse(text), id);
  }
});

test("a source that waits does not see the heartbeats, and gets its value", async () => {
  await using client = testClient(serving(function* ({ cogen }) {
    cogen.scheduler.add(function* () {
      yield* Sleep(100);
      yield* Signal("go", "value");
    });
    yield yield* WaitForSignal<string>("go");
  }));
  const { events, comments } = readEvents((await client.get("/")).text);
  assertEquals([events.map(({ data }) => data), comments.length], [["value"], 6]);
});

test("wrong arguments", async () => {
  const wrong: [unknown, unknown, string][] = [
    [["x"], { heartbeat: 0 }, "heartbeat of eventStream is 0"],
    [["x"], { heartbeats: 5 }, 'did you mean "heartbeat"?'],
    [["x"], { retry: Infinity }, "retry of eventStream is endless"],
    [["x"], { spread: -1 }, "spread of eventStream is -1"],
    [["x"], { headers: {} }, "headers of eventStream is {}"],
    [function* () {}, {}, "call the function"],
    ["text", {}, 'The source of eventStream is "text"'],
    [undefined, {}, "The source of eventStream is undefined"],
  ];
  for (const [source, options, message] of wrong) {
    await using client = testClient(
      serving(() => source as EventStreamSource, options as EventStreamOptions),
    );
    assertEquals((await client.get("/")).status, 500);
    assertStringIncludes(String(client.takeErrors()[0]), message);
  }
});
