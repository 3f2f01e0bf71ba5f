import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { SignalBoard } from "../../../src/coroutine/operations/signal_board.ts";
import { Sleep, WaitForSignal } from "../../../src/coroutine/mod.ts";
import type {
  AppIterable,
  AppYield,
  Environ,
  StartResponse,
  WSGIApp,
} from "../../../src/wsgi/mod.ts";
import {
  get,
  requestText,
  type Serving,
  serving,
  type TestClient,
  WorkingClock,
} from "../../support/serving.ts";

function ok(startResponse: StartResponse): void {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
}

/** Serves one request to an app, some seconds long, and leaves nothing behind. */
async function answer(app: WSGIApp, log: string = ""): Promise<TestClient> {
  const stage = await serving(app);
  const client = stage.ask(get("/"));
  for (let second = 0; second < 5; second++) await stage.settle(1000);
  const lines = stage.takeLog().join("\n");
  if (log === "") assertEquals(lines, "");
  else assertStringIncludes(lines, log);
  await stage.finish();
  return client;
}

interface Row {
  readonly name: string;
  readonly app: WSGIApp;
  readonly body: string;
  /** Whether the response has Content-Length; otherwise it is chunked. */
  readonly length: boolean;
}

const ROWS: readonly Row[] = [
  {
    name: "blocks of a generator that never waits",
    *app(_environ, startResponse) {
      ok(startResponse);
      yield "one ";
      yield new Uint8Array([116, 119, 111]);
    },
    body: "one two",
    length: false,
  },
  {
    name: "blocks on both sides of an empty one",
    *app(_environ, startResponse) {
      ok(startResponse);
      yield "one ";
      yield "";
      yield "two";
    },
    body: "one two",
    length: false,
  },
  {
    name: "an empty block before the first block",
    *app(_environ, startResponse) {
      ok(startResponse);
      yield "";
      yield "one";
    },
    body: "one",
    length: false,
  },
  {
    name: "a bare yield and empty bytes, which are empty blocks",
    *app(_environ, startResponse) {
      ok(startResponse);
      yield;
      yield new Uint8Array(0);
      yield "one";
    },
    body: "one",
    length: false,
  },
  {
    name: "an operation, whose value is that of the yield",
    *app(environ, startResponse) {
      ok(startResponse);
      environ.cogen.scheduler.add(function* () {
        yield* Sleep(1);
        SignalBoard.of(environ.cogen.scheduler).wakeAll("abc", "value");
      });
      yield `got ${yield WaitForSignal("abc")}`;
    },
    body: "got value",
    length: false,
  },
  {
    name: "an operation that fails: its error is thrown at the yield",
    *app(_environ, startResponse) {
      ok(startResponse);
      try {
        yield WaitForSignal("abc", { timeout: 1 });
      } catch (error) {
        yield `caught ${(error as Error).name}`;
      }
    },
    body: "caught OperationTimeout",
    length: false,
  },
  {
    name: "a promise, whose value is that of the yield",
    *app(_environ, startResponse) {
      ok(startResponse);
      yield `got ${yield Promise.resolve("value")}`;
    },
    body: "got value",
    length: false,
  },
  {
    name: "a promise that rejects: its reason is thrown at the yield",
    *app(_environ, startResponse) {
      ok(startResponse);
      try {
        yield Promise.reject(new Error("no"));
      } catch (error) {
        yield `caught ${(error as Error).message}`;
      }
    },
    body: "caught no",
    length: false,
  },
  {
    name: "a block that a generator returns after others",
    *app(_environ, startResponse) {
      ok(startResponse);
      yield "one ";
      return "two";
    },
    body: "one two",
    length: false,
  },
  {
    name: "a block returned after a wait, with nothing sent before",
    *app(environ, startResponse) {
      ok(startResponse);
      yield environ.cogen.core.events.Sleep(1);
      return "late";
    },
    body: "late",
    length: true,
  },
  {
    name: "an array of one block",
    app(_environ, startResponse) {
      ok(startResponse);
      return ["one"];
    },
    body: "one",
    length: true,
  },
  {
    name: "an array of several blocks",
    app(_environ, startResponse) {
      ok(startResponse);
      return ["one ", "", new Uint8Array([116]), "wo"];
    },
    body: "one two",
    length: true,
  },
  {
    name: "an empty array",
    app(_environ, startResponse) {
      ok(startResponse);
      return [];
    },
    body: "",
    length: true,
  },
  {
    name: "a set, which is iterable",
    app(_environ, startResponse) {
      ok(startResponse);
      return new Set(["one ", "two"]);
    },
    body: "one two",
    length: false,
  },
  {
    name: "an async generator",
    async *app(_environ, startResponse) {
      ok(startResponse);
      yield "one ";
      await Promise.resolve();
      yield "two";
    },
    body: "one two",
    length: false,
  },
  {
    name: "an async generator that waits for operations and empty blocks",
    async *app(environ, startResponse) {
      ok(startResponse);
      yield environ.cogen.core.events.Sleep(1);
      await environ.cogen.run(Sleep(1));
      yield "late";
      return " last";
    },
    body: "late last",
    length: false,
  },
  {
    name: "a promise of an array",
    async app(_environ, startResponse) {
      await Promise.resolve();
      ok(startResponse);
      return ["one"];
    },
    body: "one",
    length: true,
  },
  {
    name: "a promise of a generator",
    app(environ, startResponse) {
      return environ.cogen.run(Sleep(1)).then(function* () {
        ok(startResponse);
        yield "one ";
        yield environ.cogen.core.events.Sleep(1);
        yield "two";
      });
    },
    body: "one two",
    length: false,
  },
];

for (const { name, app, body, length } of ROWS) {
  test(`sends ${name}`, async () => {
    const client = await answer(app);
    const response = client.response();
    assertEquals([response.body, response.complete], [body, true]);
    assertEquals(response.headers["content-length"], length ? String(body.length) : undefined);
    assertEquals(response.headers["transfer-encoding"], length ? undefined : "chunked");
  });
}

const MISTAKES: readonly (readonly [name: string, given: unknown, log: string])[] = [
  ["undefined", undefined, "The app gave undefined"],
  ["null", null, "The app gave null"],
  [
    "a string",
    "hello",
    'The app gave "hello": expected an iterable of blocks, such as a generator or [body]',
  ],
  ["bytes", new Uint8Array(2), "The app gave bytes"],
  ["an array of numbers of another type", new Float64Array(2), "The app gave bytes"],
  ["a view of bytes", new DataView(new ArrayBuffer(2)), "The app gave bytes"],
  ["a plain object", { a: 1 }, 'The app gave {"a":1}: expected an iterable of blocks'],
  ["a Response", new Response(), "gave a Response: expected an iterable"],
  ["a promise of a Response", Promise.resolve(new Response()), "; write fromFetch(handler)"],
  ["a promise of nothing", Promise.resolve(undefined), "The app gave undefined"],
];

for (const [name, given, log] of MISTAKES) {
  test(`an app that gives ${name} is a 500`, async () => {
    const client = await answer((_environ, startResponse) => {
      ok(startResponse);
      return given as AppIterable;
    }, log);
    assertEquals(client.response().status, "500 Internal Server Error");
  });
}

const FAILURES: readonly (readonly [name: string, app: WSGIApp])[] = [
  ["when called", () => {
    throw new Error("secret");
  }],
  ["before startResponse", function* () {
    throw new Error("secret");
  }],
  ["before its first block", function* (_environ, startResponse) {
    ok(startResponse);
    throw new Error("secret");
  }],
  ["after a wait", function* (environ, startResponse) {
    ok(startResponse);
    yield environ.cogen.core.events.Sleep(1);
    throw new Error("secret");
  }],
  ["in a promise", () => Promise.reject(new Error("secret"))],
  ["in an async generator", async function* (_environ, startResponse) {
    ok(startResponse);
    await Promise.resolve();
    throw new Error("secret");
  }],
];

for (const [name, app] of FAILURES) {
  test(`an app that throws ${name} is a 500 that tells nothing`, async () => {
    const client = await answer(app, "Error: secret");
    const { status, body } = client.response();
    assertEquals([status, body], ["500 Internal Server Error", "500 Internal Server Error\n"]);
    assertEquals(client.received().includes("secret"), false);
  });
}

for (const thrown of [undefined, null, 5, "text", Symbol("s"), Object.create(null)]) {
  test(`an app that throws ${typeof thrown === "object" ? "an object" : String(thrown)}, which is no error, is logged too`, async () => {
    const client = await answer(() => {
      throw thrown;
    }, "GET / failed: ");
    assertEquals(client.response().status, "500 Internal Server Error");
  });
}

test("an app that throws after a block: what it gave is sent, then the connection is cut", async () => {
  const client = await answer(function* (_environ, startResponse) {
    ok(startResponse);
    yield "first";
    throw new Error("secret");
  }, "Error: secret");
  const { body, complete } = client.response();
  assertEquals([body, complete, client.ended], ["first", false, true]);
  assertEquals(client.received().includes("500"), false);
});

test("after a 500 the connection goes on", async () => {
  const stage = await serving(function* (environ, startResponse) {
    if (environ.PATH_INFO === "/bad") throw new Error("x");
    ok(startResponse);
    yield "good";
  });
  const client = stage.ask(get("/bad") + get("/"));
  assertEquals(client.responses().map(({ status }) => status), [
    "500 Internal Server Error",
    "200 OK",
  ]);
  assertEquals(stage.takeLog().length, 1);
  await stage.finish();
});

// Bursts

test("many tiny blocks cost one write", async () => {
  const client = await answer(function* (_environ, startResponse) {
    ok(startResponse);
    for (let i = 0; i < 200; i++) yield `${i} `;
  });
  assertEquals([client.pieces.length, client.response().chunks?.length], [1, 200]);
});

test("a block before a wait is handed over first, of whatever kind the wait is", async () => {
  const waits: ((environ: Environ) => AppYield)[] = [
    (environ) => environ.cogen.core.events.Sleep(1),
    () => Sleep(1),
    () => new Promise(() => {}),
    () => "",
  ];
  for (const wait of waits) {
    const clock = new WorkingClock();
    const stage = await serving(function* (environ, startResponse) {
      ok(startResponse);
      yield "first";
      for (;; clock.work(0.1)) yield wait(environ);
    }, { clock });
    const client = stage.connect().send(get("/"));
    for (let turn = 0; turn < 10; turn++) stage.clock.turn();
    assertEquals(client.response().chunks, ["first"]);
    client.destroy();
    await stage.finish();
  }
});

test("what an async app gave is handed over before it is waited for", async () => {
  const stage = await serving(async function* (environ, startResponse) {
    ok(startResponse);
    yield "first";
    await environ.cogen.run(Sleep(1));
    yield "second";
  });
  const client = stage.ask(get("/"));
  await stage.settle(500);
  assertEquals(client.response().chunks, ["first"]);
  await stage.settle(500);
  assertEquals(client.response().chunks, ["first", "second"]);
  await stage.finish();
});

test("an app that computes for longer than a burst shows its blocks meanwhile", async () => {
  const clock = new WorkingClock();
  const stage = await serving(function* (_environ, startResponse) {
    ok(startResponse);
    for (let i = 0; i < 10; i++) {
      clock.work(0.5);
      yield String(i);
    }
  }, { clock, burst: 0.001 });
  const client = stage.ask(get("/"));
  assertEquals(client.response().body, "0123456789");
  assert(client.pieces.length > 3 && client.pieces.length < 10, `${client.pieces.length} writes`);
  await stage.finish();
});

test("with a burst of 0 each block is handed over before the app goes on", async () => {
  const seen: string[] = [];
  const stage = await serving(function* (_environ, startResponse) {
    ok(startResponse);
    for (const block of ["one", "two", "three"]) {
      yield block;
      seen.push(client.received().slice(-3 - block.length));
    }
  }, { burst: 0 });
  const client = stage.connect();
  client.send(get("/"));
  stage.run();
  assertEquals(client.response().chunks, ["one", "two", "three"]);
  await stage.finish();
});

test("after a burst others have their turn", async () => {
  const clock = new WorkingClock();
  let steps = 0;
  const stage = await serving(function* (environ, startResponse) {
    ok(startResponse);
    if (environ.PATH_INFO === "/short") return String(steps);
    for (; steps < 1000; steps++) {
      clock.work(1);
      yield "x";
    }
  }, { clock });
  const long = stage.connect().send(get("/long"));
  const short = stage.connect();
  for (let turn = 0; turn < 20; turn++) clock.turn();
  short.send(get("/short"));
  for (let turn = 0; turn < 5; turn++) clock.turn();
  assert(Number(short.response().body) < 100, "the short one waited for the long one");
  stage.run();
  assertEquals(long.response().body.length, 1000);
  await stage.finish();
});

test("64 KB pending are handed over though the burst is not over", async () => {
  const client = await answer(function* (_environ, startResponse) {
    ok(startResponse);
    for (let i = 0; i < 10; i++) yield "x".repeat(16_384);
  });
  assertEquals(client.response().body.length, 163_840);
  assertEquals(client.response().headers["transfer-encoding"], "chunked");
});

// Backpressure

/** What an app has made for a client that does not read. */
async function madeForStalled(app: (count: () => void) => WSGIApp): Promise<[number, Serving]> {
  let made = 0;
  const stage = await serving(app(() => made++));
  const client = stage.connect();
  client.pause();
  client.send(get("/"));
  for (let turn = 0; turn < 2000; turn++) stage.clock.turn();
  return [made, stage];
}

const BLOCK = "x".repeat(10_000);

const PRODUCERS: readonly (readonly [name: string, app: (count: () => void) => WSGIApp])[] = [
  ["yields blocks", (count) =>
    function* (_environ, startResponse) {
      ok(startResponse);
      for (;;) {
        count();
        yield BLOCK;
      }
    }],
  ["yields blocks and operations", (count) =>
    function* (environ, startResponse) {
      ok(startResponse);
      for (;;) {
        count();
        yield BLOCK;
        yield environ.cogen.core.events.Signal("nobody");
      }
    }],
  ["writes and yields nothing", (count) =>
    function* (_environ, startResponse) {
      const write = startResponse("200 OK", []);
      for (;;) {
        count();
        write(BLOCK);
        yield "";
      }
    }],
];

for (const [name, app] of PRODUCERS) {
  test(`an app that ${name} is not resumed while the client does not read`, async () => {
    const [made, stage] = await madeForStalled(app);
    assert(made * BLOCK.length < 400_000, `${made} blocks made`);
    const before = made;
    assert(before > 3, "but it has begun");
    await stage.finish();
  });
}

test("an async app is not resumed while the client does not read", async () => {
  let made = 0;
  const stage = await serving(async function* (_environ, startResponse) {
    ok(startResponse);
    for (;; made++) yield BLOCK;
  });
  const client = stage.connect();
  client.pause();
  client.send(get("/"));
  for (let turn = 0; turn < 20; turn++) await stage.settle();
  assert(made > 3 && made * BLOCK.length < 400_000, `${made} blocks made`);
  client.destroy();
  await stage.settle();
  await stage.finish();
});

test("a client that reads again gets everything, in order", async () => {
  const stage = await serving(function* (_environ, startResponse) {
    ok(startResponse);
    for (let i = 0; i < 1000; i++) yield String(i % 10).repeat(1000);
  });
  const client = stage.connect();
  client.pause();
  client.send(get("/"));
  stage.run();
  assertEquals(stage.server.stats().activeRequests, 1);
  client.resume();
  stage.run();
  const expected = Array.from({ length: 1000 }, (_, i) => String(i % 10).repeat(1000)).join("");
  assert(client.response().body === expected, "the same bytes");
  await stage.finish();
});

// Endings

type Ending = "done" | "error" | "disconnect" | "shutdown";

const ENDINGS: readonly Ending[] = ["done", "error", "disconnect", "shutdown"];

/** Lets a request that waits for the signal "go" end in one of the ways. */
async function endIn(ending: Ending, stage: Serving, client: TestClient): Promise<void> {
  if (ending === "disconnect") client.destroy();
  else if (ending === "shutdown") await stage.until(stage.server.close());
  else stage.server.scheduler.add(signal, ending);
  await stage.settle(1000);

  function* signal(how: string): Generator<unknown, void, unknown> {
    SignalBoard.of(stage.server.scheduler).wakeAll("go", how);
  }
}

/** Runs an app through each ending and compares what it noted. */
function inEveryEnding(
  name: string,
  app: (note: (event: string) => void) => WSGIApp,
  expected: (ending: Ending) => readonly string[],
): void {
  for (const ending of ENDINGS) {
    test(`${name}, when the request ends by ${ending}`, async () => {
      const events: string[] = [];
      const stage = await serving(app((event) => events.push(event)));
      const client = stage.ask(get("/"));
      await stage.settle();
      assertEquals(events, []);
      await endIn(ending, stage, client);
      assertEquals(events, expected(ending));
      const log = stage.takeLog();
      if (ending === "error") assertStringIncludes(log.join("\n"), "as told");
      else assertEquals(log, []);
      await stage.finish();
      assertEquals(events, expected(ending));
    });
  }
}

function failIfTold(how: unknown): void {
  if (how === "error") throw new Error("as told");
}

inEveryEnding("a generator's finally runs once", (note) =>
  function* (environ, startResponse) {
    ok(startResponse);
    try {
      failIfTold(yield* environ.cogen.wait(WaitForSignal("go")));
      note("went on");
    } finally {
      note("finally");
    }
  }, (ending) => ending === "done" ? ["went on", "finally"] : ["finally"]);

inEveryEnding(
  "an async generator's finally runs once",
  (note) =>
    async function* (environ, startResponse) {
      ok(startResponse);
      try {
        yield "block";
        failIfTold(await environ.cogen.run(WaitForSignal("go")));
        note("went on");
      } finally {
        await Promise.resolve();
        note("finally");
      }
    },
  (ending) => ending === "done" ? ["went on", "finally"] : ["finally"],
);

inEveryEnding(
  "close() of an iterable is called once, after return()",
  (note) => (_environ, start) => {
    ok(start);
    let step = 0;
    const iterator = {
      next: (sent: unknown) => {
        if (step++ === 0) return { done: false, value: WaitForSignal("go") };
        failIfTold(sent);
        return { done: true, value: undefined };
      },
      return: () => {
        note("return");
        return { done: true, value: undefined };
      },
    };
    return {
      [Symbol.iterator]: () => iterator as Iterator<AppYield, void, unknown>,
      close: () => note("close"),
    };
  },
  (ending) => ending === "done" ? ["close"] : ["return", "close"],
);

inEveryEnding("close() of middleware around a generator is called once", (note) => {
  const app: WSGIApp = function* (environ, startResponse) {
    ok(startResponse);
    try {
      failIfTold(yield* environ.cogen.wait(WaitForSignal("go")));
    } finally {
      note("finally");
    }
  };
  return (environ, startResponse) => {
    const inner = app(environ, startResponse) as Generator<AppYield>;
    return { [Symbol.iterator]: () => inner, close: () => note("close") };
  };
}, () => ["finally", "close"]);

inEveryEnding(
  "the signal aborts only on disconnect and shutdown",
  (note) =>
    function* (environ, startResponse) {
      ok(startResponse);
      const { signal } = environ.cogen;
      signal.addEventListener("abort", () => note((signal.reason as Error).name));
      failIfTold(yield* environ.cogen.wait(WaitForSignal("go")));
    },
  (ending) => {
    if (ending === "disconnect") return ["ClientDisconnected"];
    return ending === "shutdown" ? ["ServerShutdown"] : [];
  },
);

inEveryEnding("finally may wait again", (note) =>
  function* (environ, startResponse) {
    ok(startResponse);
    try {
      failIfTold(yield* environ.cogen.wait(WaitForSignal("go")));
    } finally {
      yield environ.cogen.core.events.Sleep(0.1);
      yield "blocks of a request that has ended go nowhere";
      yield* environ.cogen.wait(Sleep(0.1));
      note(`after ${yield Promise.resolve("a promise")}`);
    }
  }, () => ["after a promise"]);

inEveryEnding("an async close() is waited for", (note) => (environ, startResponse) => ({
  *[Symbol.iterator]() {
    ok(startResponse);
    failIfTold(yield* environ.cogen.wait(WaitForSignal("go")));
  },
  async close() {
    await Promise.resolve();
    note("closed");
  },
}), () => ["closed"]);

test("errors of finally and close() are logged, each, and nothing else comes of them", async () => {
  const stage = await serving((environ, startResponse) => ({
    *[Symbol.iterator]() {
      ok(startResponse);
      try {
        yield environ.cogen.core.events.WaitForSignal("never");
      } finally {
        // deno-lint-ignore no-unsafe-finally -- that is what is tested
        throw new Error("from finally");
      }
    },
    close() {
      throw new Error("from close");
    },
  }));
  const client = stage.ask(get("/"));
  client.destroy();
  await stage.settle();
  const log = stage.takeLog().join("\n");
  assertStringIncludes(log, "from finally");
  assertStringIncludes(log, "from close");
  await stage.finish();
});

test("an error of close() after a whole response does not harm it", async () => {
  const stage = await serving((_environ, startResponse) => ({
    *[Symbol.iterator]() {
      ok(startResponse);
      yield "whole";
    },
    close: () => Promise.reject(new Error("from close")),
  }));
  const client = stage.ask(get("/"));
  await stage.settle();
  assertEquals([client.response().body, client.response().complete], ["whole", true]);
  client.send(get("/"));
  await stage.settle();
  assertEquals(client.responses().length, 2);
  assertEquals(stage.takeLog().length, 2);
  await stage.finish();
});

const ENDLESS: readonly (readonly [name: string, app: WSGIApp])[] = [
  ["yields empty blocks for ever in its finally", function* (environ, startResponse) {
    ok(startResponse);
    try {
      yield environ.cogen.core.events.WaitForSignal("never");
    } finally {
      for (;;) yield environ.cogen.core.events.Sleep(0.5);
    }
  }],
  ["waits for ever in its finally", function* (environ, startResponse) {
    ok(startResponse);
    try {
      yield environ.cogen.core.events.WaitForSignal("never");
    } finally {
      yield WaitForSignal("never either");
    }
  }],
  ["hangs in a promise that never settles", async function* (_environ, startResponse) {
    ok(startResponse);
    yield "block";
    await new Promise(() => {});
  }],
  ["has a close() that never settles", (environ, startResponse) => ({
    *[Symbol.iterator]() {
      ok(startResponse);
      yield environ.cogen.core.events.WaitForSignal("never");
    },
    close: () => new Promise(() => {}),
  })],
];

for (const [name, app] of ENDLESS) {
  test(`an app that ${name} after a disconnect is abandoned, and that is logged`, async () => {
    const stage = await serving(app, { timeouts: { close: 5 } });
    const client = stage.ask(get("/"));
    await stage.settle();
    client.destroy();
    await stage.settle(4900);
    assertEquals(stage.server.stats().activeRequests, 1);
    assertEquals(stage.takeLog(), []);
    await stage.settle(200);
    assertStringIncludes(stage.takeLog().join("\n"), "has not ended in 5000 ms");
    await stage.finish();
  });
}

/** An app that fails after its head, and whose end and `close()` take a second each, or for ever. */
function failing(events: string[], closeSeconds = 1): WSGIApp {
  return (environ, startResponse) => {
    ok(startResponse);
    const ending = (function* () {
      events.push("ending");
      yield Sleep(1);
      events.push("ended");
    })();
    let steps = 0;
    const next = () => {
      if (steps++ === 0) return { done: false, value: "block" };
      if (steps === 2) throw new Error("from the app");
      return ending.next();
    };
    return {
      [Symbol.iterator]: () => ({ next, return: () => ending.next() }) as Iterator<string>,
      async close() {
        events.push("closing");
        await environ.cogen.run(Sleep(closeSeconds));
        events.push("closed");
      },
    };
  };
}

test("a client that leaves while a failed app ends changes nothing of its end", async () => {
  for (const leavesAfterMs of [500, 1500]) {
    const events: string[] = [];
    const stage = await serving(failing(events));
    const client = stage.ask(get("/"));
    await stage.settle(leavesAfterMs);
    client.destroy();
    await stage.settle(100);
    assertEquals(stage.server.stats().activeRequests, 1);
    await stage.settle(1000);
    await stage.settle(1000);
    assertEquals(events, ["ending", "ended", "closing", "closed"]);
    assertEquals(stage.server.stats().activeRequests, 0);
    const log = stage.takeLog();
    assertEquals(log.length, 1);
    assertStringIncludes(log[0]!, "from the app");
    await stage.finish();
  }
});

test("a failed app that never ends is abandoned, also if its client has left meanwhile", async () => {
  const events: string[] = [];
  const stage = await serving(failing(events, 1_000_000), { timeouts: { close: 5 } });
  const client = stage.ask(get("/"));
  await stage.settle(1000);
  await stage.settle(1000);
  client.destroy();
  await stage.settle(4900);
  assertEquals([stage.server.stats().activeRequests, stage.takeLog().length], [1, 1]);
  await stage.settle(200);
  assertEquals(events, ["ending", "ended", "closing"]);
  const { activeRequests, timeouts } = stage.server.stats();
  assertEquals([activeRequests, timeouts.close], [0, 1]);
  const log = stage.takeLog();
  assertEquals(log.length, 1);
  assertStringIncludes(log[0]!, "was closed and has not ended in 5000 ms");
  await stage.finish();
});

test("the end of a shutdown abandons a failed app that never ends", async () => {
  const stage = await serving(failing([], 1_000_000), { timeouts: { close: Infinity } });
  stage.ask(get("/"));
  await stage.settle(1000);
  await stage.until(stage.server.shutdown({ grace: 1 }));
  const [first, second, ...others] = stage.takeLog();
  assertStringIncludes(first ?? "", "from the app");
  assertStringIncludes(second ?? "", "has not ended when the server had to end");
  assertEquals([others, stage.server.scheduler.stats().tasks], [[], 0]);
  await stage.finish();
});

test("the end of a shutdown abandons the close() of an app as well, if its iterator was abandoned", async () => {
  const events: string[] = [];
  const stage = await serving((environ, startResponse) => {
    ok(startResponse);
    const steps = (function* () {
      try {
        yield* environ.cogen.wait(Sleep(60));
      } finally {
        yield* environ.cogen.wait(Sleep(1_000_000));
      }
    })();
    return Object.assign(steps, {
      close() {
        events.push("closing");
        return new Promise<void>(() => {});
      },
    });
  }, { timeouts: { close: Infinity } });
  stage.ask(get("/"));
  await stage.settle();
  await stage.until(stage.server.close());
  assertEquals(events, ["closing"]);
  const { activeRequests, scheduler } = stage.server.stats();
  assertEquals([activeRequests, scheduler.tasks], [0, 0]);
  assertStringIncludes(stage.takeLog().join("\n"), "has not ended when the server had to end");
  await stage.finish();
});

test("205 has no content and a length of 0, whatever the app gives", async () => {
  const apps: readonly WSGIApp[] = [
    () => ["he", "llo"],
    function* () {
      yield "he";
      yield "llo";
    },
    function* () {
      return "hello";
    },
    async function* () {
      yield await Promise.resolve("hello");
    },
    (environ) => environ["wsgi.file_wrapper"](new Blob(["hello"])),
  ];
  for (const app of apps) {
    const stage = await serving((environ, startResponse) => {
      startResponse("205 Reset Content", []);
      return app(environ, startResponse);
    });
    const client = stage.connect().send(get("/") + get("/"));
    const lengths = () => client.received().split("\r\nContent-Length: 0\r\n").length - 1;
    await stage.eventually("two responses", () => lengths() === 2);
    const responses = client.responses("GET", "GET");
    assertEquals(responses.map(({ body, complete }) => [body, complete]), [["", true], ["", true]]);
    await stage.finish();
  }
});

test("by default, a close() that never settles holds its request for 30 seconds", async () => {
  const stage = await serving(function neverClosed(_environ, startResponse) {
    ok(startResponse);
    return Object.assign(["block"], { close: () => new Promise(() => {}) });
  });
  const client = stage.ask(get("/"));
  assertEquals(client.response().body, "block", "the client does not wait for it");
  await stage.settle(29_900);
  assertEquals([stage.server.stats().activeRequests, stage.takeLog()], [1, []]);
  await stage.settle(200);
  assertEquals(stage.server.stats().activeRequests, 0);
  const [entry, ...others] = stage.takeLog();
  assertMatch(entry ?? "", /^GET \/ failed: .*The app neverClosed was closed and has not ended in/);
  assertEquals(others, []);
  await stage.finish();
});

for (const [name, app] of ENDLESS) {
  test(`a shutdown abandons an app that ${name}, and that is logged`, async () => {
    const stage = await serving(app, { timeouts: { close: Infinity } });
    const client = stage.ask(get("/"));
    await stage.settle();
    client.destroy();
    await stage.settle();
    const stopped = stage.server.shutdown({ grace: 1 });
    let isOver = false;
    void stopped.then(() => isOver = true);
    for (let waitedMs = 0; waitedMs < 1900; waitedMs += 100) await stage.settle(100);
    assertEquals([isOver, stage.takeLog()], [false, []]);
    await stage.settle(200);
    await stage.until(stopped);
    const log = stage.takeLog();
    assertEquals(log.length, 1, log.join("\n"));
    assertStringIncludes(log[0]!, "was closed and has not ended when the server had to end");
    assertEquals(stage.server.stats().activeRequests, 0);
    await stage.finish();
  });
}

/** An iterable whose steps, `return` and `close` throw these errors. */
const throwing = (...[next, end, close]: readonly unknown[]): WSGIApp => () => {
  const thrower = (error: unknown) => () => {
    throw error;
  };
  const iterator = { next: thrower(next), return: thrower(end) };
  return { [Symbol.iterator]: () => iterator, close: thrower(close) };
};

const [FIRST, SECOND, THIRD] = ["first", "second", "third"].map((text) => new Error(text));
const FAULTS: readonly (readonly [faults: readonly unknown[], told: readonly string[]])[] = [
  [[FIRST, FIRST, FIRST], ["first"]],
  [[FIRST, SECOND, FIRST], ["first", "second"]],
  [[FIRST, SECOND, SECOND], ["first", "second"]],
  [[FIRST, SECOND, THIRD], ["first", "second", "third"]],
  [[fn, fn, fn], ["function fn"]],
];

function fn(): void {}

for (const [faults, told] of FAULTS) {
  test(`each fault of a request is told once, with its request: ${told}`, async () => {
    const heard: unknown[] = [];
    const onError = (error: unknown) => void heard.push(error);
    const stage = await serving(throwing(...faults), { onError });
    stage.ask(get("/faulty?a"));
    await stage.settle();
    const log = stage.takeLog();
    assertEquals(log.length, told.length, log.join("\n"));
    for (const [index, text] of told.entries()) {
      assertMatch(log[index]!, new RegExp(`^GET /faulty\\?a failed: .*${text}`));
    }
    assertEquals(heard, [...new Set(faults)]);
    await stage.finish();
  });
}

test("an app that spins in its finally does not keep others from running", async () => {
  const clock = new WorkingClock();
  const stage = await serving(function* (environ, startResponse) {
    ok(startResponse);
    if (environ.PATH_INFO === "/") return "served";
    try {
      yield environ.cogen.core.events.WaitForSignal("never");
    } finally {
      for (let spins = 0; spins < 1000; spins++, clock.work(1)) yield "";
    }
  }, { clock });
  const spinning = stage.ask(get("/spin"));
  spinning.destroy();
  for (let turn = 0; turn < 5; turn++) stage.clock.turn();
  const other = stage.connect().send(get("/"));
  for (let turn = 0; turn < 5; turn++) stage.clock.turn();
  assertEquals(other.response().body, "served");
  await stage.finish();
});

test("an iterable that was promised to a client who has gone is closed when it comes", async () => {
  const events: string[] = [];
  let give: (given: AppIterable) => void = () => {};
  const stage = await serving(() => new Promise<AppIterable>((resolve) => give = resolve));
  const client = stage.ask(get("/"));
  client.destroy();
  await stage.settle();
  assertEquals(stage.server.stats().activeRequests, 0);
  give({
    async *[Symbol.asyncIterator]() {
      events.push("stepped");
    },
    close: () => {
      events.push("closed");
      return Promise.reject(new Error("from a late close"));
    },
  });
  await stage.settle();
  assertEquals(events, ["closed"]);
  assertStringIncludes(stage.takeLog().join("\n"), "from a late close");
  await stage.finish();
});

test("a promise of an iterable that rejects after the client has gone is logged", async () => {
  let fail: (reason: unknown) => void = () => {};
  const stage = await serving(() => new Promise<AppIterable>((_, reject) => fail = reject));
  const client = stage.ask(get("/"));
  client.destroy();
  await stage.settle();
  fail(new Error("late"));
  await stage.settle();
  assertStringIncludes(stage.takeLog().join("\n"), "late");
  await stage.finish();
});

test("a generator that loops without waiting ends when its client leaves", async () => {
  let ended = false;
  const clock = new WorkingClock();
  const stage = await serving(function* (_environ, startResponse) {
    ok(startResponse);
    try {
      for (;; clock.work(0.1)) yield "";
    } finally {
      ended = true;
    }
  }, { clock });
  const client = stage.connect().send(get("/"));
  for (let turn = 0; turn < 10; turn++) stage.clock.turn();
  assertEquals(ended, false);
  client.destroy();
  for (let turn = 0; turn < 5; turn++) stage.clock.turn();
  assertEquals(ended, true);
  await stage.finish();
});

test("an app that throws away environ.cogen is closed all the same", async () => {
  let ended = false;
  const stage = await serving(function* (environ, startResponse) {
    ok(startResponse);
    const { events } = environ.cogen.core;
    environ.cogen = undefined as never;
    try {
      yield events.WaitForSignal("never");
    } finally {
      ended = true;
    }
  });
  const client = stage.ask(get("/"));
  assertEquals(stage.server.stats().activeRequests, 1);
  client.destroy();
  await stage.settle();
  assertEquals(ended, true);
  await stage.finish();
});

test("an endless stream is ended after its head if that is all that was asked for", async () => {
  let closed = 0;
  const stage = await serving(function* (_environ, startResponse) {
    startResponse("200 OK", []);
    try {
      for (;;) yield "x".repeat(10_000);
    } finally {
      closed++;
    }
  });
  const client = stage.ask(requestText("HEAD", "/") + requestText("HEAD", "/"));
  stage.run(10);
  assertEquals(client.responses("HEAD", "HEAD").map(({ status }) => status), ["200 OK", "200 OK"]);
  assertEquals(closed, 2);
  await stage.finish();
});
