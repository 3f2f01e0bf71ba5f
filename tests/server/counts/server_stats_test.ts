/** The counts of `server.stats()`: each one, at the moment at which it changes. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { Sleep, WaitForSignal } from "../../../src/coroutine/mod.ts";
import { provideStats, type ServerStats } from "../../../src/server/mod.ts";
import type { WSGIApp } from "../../../src/wsgi/mod.ts";
import { get, post, type Serving, serving, WorkingClock } from "../../support/serving.ts";

/** Answers with the status in its path, after the seconds in its query. */
const app: WSGIApp = function* (environ, startResponse) {
  const status = environ.PATH_INFO.slice(1) || "200";
  if (status === "fail") throw new Error("planned");
  if (status === "body") yield* environ["wsgi.input"].read();
  yield* environ.cogen.wait(Sleep(Number(environ.QUERY_STRING || "0")));
  startResponse(`${status === "body" ? 200 : status} Reason`, [["Content-Type", "text/plain"]]);
  return "hello";
};

/** Takes the socket, and does nothing with it. */
const takeOver: WSGIApp = (environ) => {
  const handler = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };
  environ.cogen.takeSocket([["Upgrade", "test"]], () => handler);
  return [];
};

const NO_RESPONSES = { "1xx": 0, "2xx": 0, "3xx": 0, "4xx": 0, "5xx": 0, left: 0, none: 0 };
const NO_STATES = { between: 0, head: 0, body: 0, read: 0, discarding: 0, lingering: 0, taken: 0 };

function counts<K extends keyof ServerStats>(stage: Serving, ...names: K[]): unknown[] {
  const stats = stage.server.stats();
  return names.map((name) => stats[name]);
}

test("connections and requests", async () => {
  const stage = await serving(app);
  const names = ["connections", "acceptedConnections", "activeRequests", "servedRequests"] as const;
  assertEquals(counts(stage, ...names), [0, 0, 0, 0]);
  const client = stage.ask(get("/200?1") + get("/200?1"));
  stage.connect();
  stage.run();
  assertEquals(counts(stage, ...names), [2, 2, 1, 0]);
  stage.run(1000);
  assertEquals(counts(stage, ...names), [2, 2, 1, 1]);
  client.destroy();
  stage.run();
  assertEquals(counts(stage, ...names), [1, 2, 0, 2]);
  await stage.finish();
});

test("connections by their state", async () => {
  const stage = await serving({ "/": app, "/take": takeOver });
  stage.connect();
  stage.ask("GET / HTT");
  stage.ask(post("/body", "abc").slice(0, -1));
  stage.ask(get("/200?1"));
  stage.ask(post("/200", "abc").slice(0, -1));
  stage.ask(get("/", "Connection: close"));
  stage.ask(get("/take", "Connection: upgrade", "Upgrade: test"));
  stage.run();
  assertEquals(stage.server.stats().connectionStates, {
    ...{ between: 1, head: 1, body: 1, read: 1, discarding: 1, lingering: 1, taken: 1 },
  });
  await stage.finish();
  assertEquals(stage.server.stats().connectionStates, NO_STATES);
});

test("responses by the class of their status; a client that leaves is no error", async () => {
  const stage = await serving({ "/": app, "/take": takeOver });
  for (const status of [200, 204, 304, 404]) stage.ask(get(`/${status}`));
  stage.ask(get("/fail"));
  stage.ask(get("/take", "Connection: upgrade", "Upgrade: test"));
  stage.ask(get("/200?10")).destroy();
  stage.run();
  assertEquals(stage.server.stats().responses, {
    ...{ ...NO_RESPONSES, "1xx": 1, "2xx": 2, "3xx": 1, "4xx": 1, "5xx": 1, left: 1 },
  });
  assert(stage.takeLog().join("").includes("planned"));
  await stage.finish();
});

test("refused requests by the status of their answer", async () => {
  const stage = await serving(app);
  stage.ask("nonsense\r\n\r\n");
  stage.ask("nonsense\r\n\r\n");
  stage.ask("GET / HTTP/2.0\r\nHost: a\r\n\r\n");
  assertEquals(counts(stage, "refusedRequests", "refusedByStatus"), [3, { 400: 2, 505: 1 }]);
  await stage.finish();
});

test("bytes of open connections and of closed ones", async () => {
  const stage = await serving(app);
  const requests = [get("/"), get("/404"), "GET"];
  const clients = requests.map((request) => stage.ask(request));
  const received = requests.join("").length;
  const sent = clients.map((client) => client.received()).join("").length;
  assertEquals(counts(stage, "receivedBytes", "sentBytes"), [received, sent]);
  clients[0]!.destroy();
  stage.run();
  assertEquals(counts(stage, "receivedBytes", "sentBytes"), [received, sent]);
  await stage.finish();
});

test("bytes that a client has not taken are not sent", async () => {
  const whole: WSGIApp = (_environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return ["x".repeat(1_000_000)];
  };
  const stage = await serving(whole, { window: 1000 });
  const client = stage.connect();
  client.pause();
  client.send(get("/"));
  stage.run();
  client.destroy();
  stage.run();
  const [sent] = counts(stage, "sentBytes") as [number];
  assert(sent > 0 && sent < 1_000_000, `${sent}`);
  await stage.finish();
});

const TIMEOUTS: readonly (readonly [phase: keyof ServerStats["timeouts"], request: string])[] = [
  ["idle", ""],
  ["head", "GET"],
  ["body", post("/body", "abc").slice(0, -1)],
  ["request", get("/200?1000000")],
  ["linger", get("/", "Connection: close")],
];

for (const [phase, request] of TIMEOUTS) {
  test(`the deadline "${phase}" is counted`, async () => {
    const stage = await serving(app, { timeouts: { request: 60 } });
    const none = stage.server.stats().timeouts;
    stage.ask(request);
    stage.run(80_000);
    const { timeouts } = stage.server.stats();
    assertEquals(timeouts[phase], none[phase] + 1);
    await stage.finish();
  });
}

test("the deadlines of half-closed clients, of writing and of closing are counted", async () => {
  const slow: WSGIApp = function* (environ, startResponse) {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    try {
      if (environ.PATH_INFO === "/much") yield "x".repeat(1_000_000);
      yield* environ.cogen.wait(WaitForSignal("never"));
    } finally {
      if (environ.PATH_INFO === "/close") yield WaitForSignal("never");
    }
  };
  const stage = await serving(slow, { window: 1000 });
  stage.ask(get("/")).end();
  const stalled = stage.connect();
  stalled.pause();
  stalled.send(get("/much"));
  stage.ask(get("/close")).destroy();
  stage.run(80_000);
  const { halfClosed, write, close } = stage.server.stats().timeouts;
  assertEquals([halfClosed, write, close], [1, 1, 1]);
  assert(stage.takeLog().join("").includes("was closed and has not ended in 30000 ms"));
  await stage.finish();
});

test("drained and cut connections of a shutdown", async () => {
  const stage = await serving(app);
  const quick = stage.ask(get("/200?1"));
  const slow = stage.ask(get("/200?1000"));
  stage.ask(get("/", "Connection: close")).end();
  stage.run();
  assertEquals(counts(stage, "cutConnections", "drainedConnections"), [0, 0]);
  const ended = stage.server.shutdown({ grace: 5 });
  await stage.settle(1000);
  quick.end();
  await stage.until(ended);
  assertEquals([quick.closed, slow.closed], [true, true]);
  assertEquals(counts(stage, "cutConnections", "drainedConnections"), [1, 1]);
});

test("the coroutines, the ready queue and the deadlines of the scheduler", async () => {
  const stage = await serving(app);
  stage.ask(get("/200?1"));
  assertEquals(stage.server.stats().scheduler, { tasks: 1, ready: 0, deadlines: 1, signals: 0 });
  await stage.finish();
});

test("the delay of the event loop", async () => {
  const clock = new WorkingClock();
  const stage = await serving(app, { clock });
  stage.connect();
  stage.run(1000);
  assertEquals(counts(stage, "loopDelayMs", "maxLoopDelayMs"), [0, 0]);
  stage.run(999);
  clock.work(250);
  stage.run(1);
  assertEquals(counts(stage, "loopDelayMs", "maxLoopDelayMs"), [250, 250]);
  stage.run(1000);
  assertEquals(counts(stage, "loopDelayMs", "maxLoopDelayMs"), [0, 250]);
  await stage.finish();
});

test("open files, until they are closed", async () => {
  let closed = 0;
  const file = { size: 5, modified: 0, read: () => new Promise<number>(() => {}) };
  const open = () => Promise.resolve({ ...file, close: () => Promise.resolve(void closed++) });
  const files = { open, realPath: (path: string) => Promise.resolve(path) };
  const sends: WSGIApp = (environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return environ["wsgi.file_wrapper"]("/file");
  };
  const stage = await serving(sends, { files });
  const client = stage.ask(get("/"));
  await stage.settle();
  assertEquals([closed, stage.server.stats().openFiles], [0, 1]);
  client.destroy();
  await stage.settle();
  assertEquals([closed, stage.server.stats().openFiles], [1, 0]);
  await stage.finish();
});

test("numbers of a room: the threads of all pools together", async () => {
  const stage = await serving(app);
  assertEquals(stage.server.stats().threads, undefined);
  const pool = { threads: 4, busy: 1, queued: 2, refused: 3, expired: 4, died: 5, lost: 6 };
  const removals = [1, 2].map(() => provideStats(stage.server.scheduler, { threads: () => pool }));
  const twice = Object.entries(pool).map(([name, value]) => [name, 2 * value]);
  assertEquals(stage.server.stats().threads, Object.fromEntries(twice));
  for (const remove of removals) remove();
  assertEquals(stage.server.stats().threads, undefined);
  await stage.finish();
});

test("numbers of a room of a wrong kind are told at once, and change no counts", async () => {
  const stage = await serving(app);
  const { scheduler } = stage.server;
  const provide = provideStats as (...args: readonly unknown[]) => unknown;
  const wrong: readonly (readonly [args: readonly unknown[], message: string])[] = [
    [[], "scheduler of provideStats is undefined: expected a scheduler, such as server.scheduler"],
    [[stage.server, {}], "expected a scheduler, such as server.scheduler"],
    [[scheduler], "provided of provideStats is undefined: expected an object"],
    [[scheduler, { thread: () => 1 }], 'Unknown option of provided of provideStats "thread"'],
    [[scheduler, { threads: 5 }], "threads of provideStats is 5: expected a function"],
  ];
  for (const [args, message] of wrong) assertThrows(() => provide(...args), TypeError, message);
  assertEquals(stage.server.stats().threads, undefined);
  await stage.finish();
});
