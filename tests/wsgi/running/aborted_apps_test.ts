/**
 * Apps whose request is aborted while an error or a value is on its way to them: their `finally` blocks may wait,
 * `close()` comes after these, and no error is lost or ends the process.
 *
 * The runner fails a test with an unhandled rejection.
 */

import { assertEquals, assertMatch } from "@std/assert";
import { test } from "node:test";
import {
  Call,
  type Operation,
  operation,
  race,
  Semaphore,
  Signal,
  Sleep,
  WaitForSignal,
} from "../../../src/coroutine/mod.ts";
import { passThrough } from "../../../src/middleware/mod.ts";
import {
  type AppYield,
  type Environ,
  HTTPException,
  type StartResponse,
  type WSGIApp,
} from "../../../src/wsgi/mod.ts";
import { get, requestText, serving, WorkingClock } from "../../support/serving.ts";

/** Makes an app that notes its events. */
type NotingApp = (events: string[]) => WSGIApp;

const ok = (start: StartResponse) => void start("200 OK", [["Content-Type", "text/plain"]]);

/** Reads the body, and frees a lock, which takes a second. */
function* typed(
  events: string[],
  environ: Environ,
  start: StartResponse,
): Generator<AppYield, void, unknown> {
  ok(start);
  try {
    yield `${(yield* environ["wsgi.input"].read()).length}`;
  } catch (error) {
    events.push((error as Error).name);
    throw error;
  } finally {
    yield* environ.cogen.wait(Sleep(1));
    events.push("freed");
  }
}

const UPLOADS: Readonly<Record<string, NotingApp>> = {
  "typed": (events) => (environ, start) => typed(events, environ, start),
  "typed, through middleware": (events) => (environ, start) =>
    passThrough(() => typed(events, environ, start), environ.cogen, {
      *block(block) {
        yield block;
      },
    }),
  "in cogen's style": (events) =>
    function* (environ, start) {
      ok(start);
      const { core } = environ.cogen;
      try {
        yield environ.cogen.input.read();
        events.push((environ.cogen.exception as Error).name);
      } finally {
        yield core.events.Sleep(1);
        events.push("freed");
      }
    },
  "as operations": (events) =>
    function* (environ, start) {
      ok(start);
      try {
        yield environ["wsgi.input"].read();
      } catch (error) {
        events.push((error as Error).name);
        throw new HTTPException(400);
      } finally {
        yield Sleep(1);
        events.push("freed");
      }
    },
  "in an async generator": (events) =>
    async function* (environ, start) {
      ok(start);
      try {
        yield* environ["wsgi.input"].read();
      } catch (error) {
        events.push((error as Error).name);
        throw error;
      } finally {
        await environ.cogen.run(Sleep(1));
        events.push("freed");
      }
    },
};

for (const [name, app] of Object.entries(UPLOADS)) {
  test(`a client that leaves amid its upload lets the finally of the app wait: ${name}`, async () => {
    const events: string[] = [];
    const stage = await serving((environ, start) => {
      const given = app(events)(environ, start);
      return Object.assign(given, { close: () => void events.push("close") });
    });
    const client = stage.ask(requestText("POST", "/", ["Content-Length: 10"]) + "half");
    await stage.settle();
    client.destroy();
    await stage.settle();
    assertEquals(events, ["ClientDisconnected"]);
    assertEquals(stage.server.stats().activeRequests, 1);
    await stage.settle(1000);
    assertEquals(events, ["ClientDisconnected", "freed", "close"]);
    assertEquals(stage.server.stats().activeRequests, 0);
    await stage.finish();
  });
}

/** Reads the body in a coroutine of its own, and frees a lock, which takes a second. */
function* reading(events: string[], environ: Environ) {
  try {
    yield* environ["wsgi.input"].read();
  } finally {
    yield* Sleep(1);
    events.push("freed");
  }
}

const NESTED: Readonly<Record<string, NotingApp>> = {
  "a call": (events) =>
    function* (environ) {
      yield* environ.cogen.wait(Call(reading, events, environ));
    },
  "a call in a call": (events) =>
    function* (environ) {
      yield* environ.cogen.wait(Call(function* () {
        yield* Call(reading, events, environ);
      }));
    },
  "a call in a race": (events) =>
    function* (environ) {
      yield* environ.cogen.wait(race([Sleep(60), Call(reading, events, environ)]));
    },
  "a call of an async app": (events) =>
    async function* (environ) {
      await environ.cogen.run(Call(reading, events, environ));
      yield "read";
    },
};

for (const [name, app] of Object.entries(NESTED)) {
  test(`a client that leaves amid its upload lets the finally of ${name} wait`, async () => {
    const events: string[] = [];
    const stage = await serving(app(events));
    const client = stage.ask(requestText("POST", "/", ["Content-Length: 10"]) + "half");
    await stage.settle();
    client.destroy();
    await stage.settle();
    assertEquals(events, []);
    await stage.settle(1000);
    assertEquals(events, ["freed"]);
    await stage.finish();
  });
}

test("an async generator that goes on after the error of its upload gets the same error from each read", async () => {
  const events: string[] = [];
  const stage = await serving(async function* (environ, start) {
    ok(start);
    for (let reads = 0; reads < 3; reads++) {
      try {
        yield* environ["wsgi.input"].read();
      } catch (error) {
        events.push((error as Error).name);
        yield "the upload is not complete";
      }
    }
  });
  const client = stage.ask(requestText("POST", "/", ["Content-Length: 10"]) + "half");
  await stage.settle();
  client.destroy();
  await stage.settle();
  assertEquals(events, ["ClientDisconnected", "ClientDisconnected", "ClientDisconnected"]);
  await stage.finish();
});

test("an app that goes on after the error of its upload is abandoned in time", async () => {
  const stage = await serving(function* (environ, start) {
    ok(start);
    try {
      yield* environ["wsgi.input"].read();
    } catch {
      for (;;) yield* environ.cogen.wait(Sleep(1));
    }
  }, { timeouts: { close: 5 } });
  const client = stage.ask(requestText("POST", "/", ["Content-Length: 10"]));
  await stage.settle();
  client.destroy();
  for (let second = 0; second < 6; second++) await stage.settle(1000);
  assertMatch(stage.takeLog().join("\n"), /^POST \/ failed: .* has not ended in 5000 ms/);
  await stage.finish();
});

test("an iterator without throw() is ended by return() after the error of its upload", async () => {
  const events: string[] = [];
  const stage = await serving((environ, start) => {
    ok(start);
    const steps = {
      next: () => ({ done: false, value: environ["wsgi.input"].read() }),
      return: () => ({ done: events.push("return") > 0, value: undefined }),
    };
    return { [Symbol.iterator]: () => steps as unknown as Iterator<AppYield> };
  });
  const client = stage.ask(requestText("POST", "/", ["Content-Length: 10"]));
  await stage.settle();
  client.destroy();
  await stage.settle();
  assertEquals(events, ["return"]);
  await stage.finish();
});

/** An operation that completes just before the run is cancelled. */
function untilAborted({ cogen }: Environ) {
  return operation<string>((resume) => {
    cogen.signal.addEventListener("abort", () => resume.value("aborted"));
  }, "untilAborted");
}

/** An operation that fails just before the run is cancelled. */
function failsAtAbort({ cogen }: Environ) {
  return operation<never>((resume) => {
    cogen.signal.addEventListener("abort", () => resume.error(new Error("of its own")));
  }, "failsAtAbort");
}

test("an error that is on its way to the app when the client leaves lets the finally of the app wait", async () => {
  const events: string[] = [];
  const stage = await serving(function* (environ, start) {
    ok(start);
    try {
      yield* environ.cogen.wait(failsAtAbort(environ));
    } finally {
      yield* environ.cogen.wait(Sleep(1));
      events.push("freed");
    }
  });
  const client = stage.ask(get("/"));
  await stage.settle();
  client.destroy();
  await stage.settle(1000);
  assertEquals(events, ["freed"]);
  assertMatch(stage.takeLog().join("\n"), /^GET \/ failed: Error: of its own/);
  await stage.finish();
});

test("an app that goes on after an error that was on its way when the client left is abandoned in time", async () => {
  const stage = await serving(function* (environ, start) {
    ok(start);
    try {
      yield* environ.cogen.wait(failsAtAbort(environ));
    } catch {
      for (;;) yield* environ.cogen.wait(Sleep(1));
    }
  }, { timeouts: { close: 5 } });
  const client = stage.ask(get("/"));
  await stage.settle();
  client.destroy();
  for (let second = 0; second < 6; second++) await stage.settle(1000);
  assertMatch(stage.takeLog().join("\n"), /^GET \/ failed: .* has not ended in 5000 ms/);
  await stage.finish();
});

const CROSSED: Readonly<Record<string, readonly [app: WSGIApp, log: readonly string[]]>> = {
  "the error of the next step of an async iterator": [
    async function* (environ) {
      yield untilAborted(environ);
      await Promise.resolve();
      throw new Error("after the wait");
    },
    ["GET / failed: Error: after the wait"],
  ],
  "a promise that the app yields": [
    function* (environ) {
      yield untilAborted(environ);
      yield Promise.reject(new Error("of the promise"));
    },
    [],
  ],
  "a promise in a late step of an async iterator": [
    asyncSteps(async ({ cogen }) => {
      await new Promise((resolve) => cogen.signal.addEventListener("abort", resolve));
      return { done: false, value: Promise.reject(new Error("of the promise")) };
    }),
    [],
  ],
  "a promise in the next step of an async iterator": [
    asyncSteps((environ, count) => {
      const value = count === 0 ? untilAborted(environ) : Promise.reject(new Error("of a promise"));
      return Promise.resolve({ done: false, value });
    }),
    [],
  ],
};

/** Makes an app of an async iterator that is no generator: the value of a step may be a promise. */
function asyncSteps(next: (environ: Environ, count: number) => Promise<unknown>): WSGIApp {
  return (environ) => {
    let count = 0;
    const steps = { next: () => next(environ, count++) };
    return { [Symbol.asyncIterator]: () => steps as AsyncIterator<string> };
  };
}

for (const [name, [app, log]] of Object.entries(CROSSED)) {
  test(`a value that crosses the abort of its request: ${name} is no unhandled rejection`, async () => {
    const stage = await serving(app);
    const client = stage.ask(get("/"));
    await stage.settle();
    client.destroy();
    await stage.settle();
    assertEquals(stage.takeLog().map((entry) => entry.split("\n")[0]!), log);
    await stage.finish();
  });
}

/** Fills the window, if the client has stopped reading. It is short enough for the app to go on in its burst. */
const LONG_BLOCK = "x".repeat(60_000);

/** Fills the window, and gets a permit, which it gives back in its `finally`. */
const HOLDING: Readonly<Record<string, (lock: Semaphore) => WSGIApp>> = {
  "a generator": (lock) =>
    function* (_environ, start) {
      ok(start);
      yield LONG_BLOCK;
      yield lock.acquire();
      yield* whileHeld(lock);
    },
  "a generator in cogen's style": (lock) =>
    function* ({ cogen }, start) {
      ok(start);
      yield LONG_BLOCK;
      cogen.operation = lock.acquire();
      yield "";
      yield* whileHeld(lock);
    },
  "an async generator": (lock) =>
    async function* (_environ, start) {
      ok(start);
      yield LONG_BLOCK;
      yield lock.acquire();
      yield* whileHeld(lock);
    },
  "middleware": (lock) => (environ, start) =>
    passThrough(
      function* (): Generator<AppYield, void, unknown> {
        ok(start);
        yield LONG_BLOCK;
        yield lock.acquire();
        yield* whileHeld(lock);
      },
      environ.cogen,
      {
        *block(block) {
          yield block;
        },
      },
    ),
};

function* whileHeld(lock: Semaphore): Generator<Operation<void>, void, unknown> {
  try {
    yield Sleep(60);
  } finally {
    lock.release();
  }
}

for (const [name, app] of Object.entries(HOLDING)) {
  test(`a permit that waits for room in the window reaches an app that is cancelled: ${name}`, async () => {
    const lock = new Semaphore(1);
    const first: WSGIApp = (_environ, start) => {
      ok(start);
      return [LONG_BLOCK, LONG_BLOCK];
    };
    const stage = await serving({ "/first": first, "/": app(lock) }, { window: 1000 });
    const client = stage.connect();
    stage.run();
    client.pause();
    client.send(get("/first"));
    await stage.settle();
    client.send(get("/"));
    await stage.settle();
    assertEquals(lock.available, 0);
    client.destroy();
    await stage.settle();
    assertEquals(lock.available, 1);
    await stage.finish();
  });
}

test("a result of cogen.run that is on its way arrives although the request is cancelled", async () => {
  const events: string[] = [];
  const stage = await serving(async function* (environ, start) {
    ok(start);
    events.push(await environ.cogen.run(untilAborted(environ)));
    yield "not sent";
  });
  const client = stage.ask(get("/"));
  await stage.settle();
  client.destroy();
  await stage.settle();
  assertEquals(events, ["aborted"]);
  await stage.finish();
});

test("a cancelled app sends no block by write() after one that was dropped", async () => {
  const stage = await serving(function* (_environ, start) {
    const write = start("200 OK", [["Content-Length", "4"]]);
    yield "ab";
    try {
      yield Sleep(60);
    } finally {
      yield "cd";
      write("ef");
    }
  });
  const client = stage.ask(get("/"));
  await stage.settle();
  await stage.until(stage.server.close());
  assertEquals(client.received().slice(-6), "\r\n\r\nab");
  await stage.finish();
});

test("a promise that a long finally yields is no unhandled rejection, although the host has a turn before", async () => {
  const clock = new WorkingClock();
  const stage = await serving(function* (environ) {
    try {
      yield* environ.cogen.wait(Sleep(60));
    } finally {
      clock.work(1000);
      yield Promise.reject(new Error("of the promise"));
    }
  }, { clock });
  const client = stage.ask(get("/"));
  client.destroy();
  for (let turn = 0; turn < 5; turn++) {
    clock.turn();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assertMatch(stage.takeLog().join("\n"), /^GET \/ failed: Error: of the promise/);
  await stage.finish();
});

/** Adds a coroutine that rings a bell in the next turn, and gives the wait for the bell. */
function ringSoon({ cogen }: Environ): Operation<unknown> {
  cogen.scheduler.add(function* () {
    yield* Signal("bell", "rung");
  });
  return WaitForSignal("bell");
}

/** Makes an app that waits, and ends with more steps, whose result it notes. */
function endingWith(last: (environ: Environ) => Generator<AppYield, unknown, unknown>): NotingApp {
  return (events) =>
    function* (environ, start) {
      ok(start);
      try {
        yield "x";
        yield* environ.cogen.wait(Sleep(60));
      } finally {
        events.push(String(yield* last(environ)));
      }
    };
}

const RINGING: Readonly<Record<string, NotingApp>> = {
  "a finally": endingWith(function* (environ) {
    return yield* environ.cogen.wait(ringSoon(environ));
  }),
  "a finally in cogen's style": endingWith(function* (environ) {
    environ.cogen.operation = ringSoon(environ);
    yield "";
    return environ.cogen.result;
  }),
  "a finally of an async app": (events) =>
    async function* (environ, start) {
      ok(start);
      try {
        yield "x";
        await environ.cogen.run(Sleep(60));
      } finally {
        events.push(String(await environ.cogen.run(ringSoon(environ))));
      }
    },
};

for (const [place, makeApp] of Object.entries(RINGING)) {
  test(`a wait in ${place} hears a signal of the next turn, when the client leaves`, async () => {
    const events: string[] = [];
    const stage = await serving(makeApp(events));
    const client = stage.connect();
    client.send(get("/"));
    await stage.settle();
    client.destroy();
    await stage.settle();
    assertEquals(events, ["rung"]);
    await stage.finish();
  });
}
