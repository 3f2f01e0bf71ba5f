import { assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import {
  type Coroutine,
  OperationTimeout,
  PublishSubscribeQueue,
  Queue,
  Signal,
  Sleep,
  type Task,
  timeout,
  until,
  WaitForSignal,
} from "../../src/coroutine/mod.ts";
import type { Cogen, StartResponse, WSGIApp } from "../../src/wsgi/mod.ts";
import { get, post, serving } from "../support/serving.ts";

function ok(startResponse: StartResponse): void {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
}

/** Middleware in the way: it sees each block, and passes on what it makes of it. */
function upperCase(app: WSGIApp): WSGIApp {
  return function* (environ, startResponse) {
    const inner = app(environ, startResponse) as Iterable<string>;
    for (const block of inner) yield block.toUpperCase();
  };
}

function addHeader(name: string, app: WSGIApp): WSGIApp {
  return (environ, startResponse) =>
    app(environ, (status, headers, excInfo) => {
      return startResponse(status, [...headers, [name, "added"]], excInfo);
    });
}

/** A waiting app in each style, which tells what it got for the signal "abc". */
const STYLES: readonly (readonly [name: string, app: WSGIApp])[] = [
  ["cogen's style", function* (environ, startResponse) {
    ok(startResponse);
    yield "waiting ";
    yield environ.cogen.core.events.WaitForSignal("abc", { timeout: 1 });
    if (environ.cogen.result instanceof Error) yield "your time is up";
    else yield `signaled ${environ.cogen.result}`;
  }],
  ["the typed style", function* (environ, startResponse) {
    ok(startResponse);
    yield "waiting ";
    try {
      const message = yield* environ.cogen.wait(WaitForSignal<string>("abc", { timeout: 1 }));
      yield `signaled ${message.trim()}`;
    } catch (error) {
      assertInstanceOf(error, OperationTimeout);
      yield "your time is up";
    }
  }],
];

for (const [style, app] of STYLES) {
  test(`${style}: a signal is waited for, and comes`, async () => {
    const stage = await serving(app);
    const client = stage.ask(get("/"));
    assertEquals(client.response().chunks, ["waiting "]);
    stage.server.scheduler.add(function* () {
      yield* Signal("abc", "hi");
    });
    stage.run();
    assertEquals(client.response().chunks, ["waiting ", "signaled hi"]);
    await stage.finish();
  });

  test(`${style}: a signal is waited for, and does not come in time`, async () => {
    const stage = await serving(app);
    const client = stage.ask(get("/"));
    stage.run(999);
    assertEquals(client.response().chunks, ["waiting "]);
    stage.run(1);
    assertEquals(client.response().chunks, ["waiting ", "your time is up"]);
    await stage.finish();
  });

  test(`${style}: waiting passes through three middlewares, block by block`, async () => {
    const stage = await serving(
      addHeader("X-One", upperCase(upperCase(addHeader("X-Two", upperCase(app))))),
    );
    const client = stage.ask(get("/"));
    assertEquals(client.response().chunks, ["WAITING "]);
    stage.server.scheduler.add(function* () {
      yield* Signal("abc", "hi");
    });
    stage.run();
    const { chunks, headers } = client.response();
    assertEquals(chunks, ["WAITING ", "SIGNALED HI"]);
    assertEquals([headers["x-one"], headers["x-two"]], ["added", "added"]);
    await stage.finish();
  });

  test(`${style}: a client that leaves through middleware is noticed at once`, async () => {
    const stage = await serving(upperCase(app));
    const client = stage.ask(get("/"));
    assertEquals(stage.server.scheduler.stats().signals, 1);
    client.destroy();
    stage.run();
    assertEquals(stage.server.scheduler.stats().signals, 0);
    await stage.finish();
  });
}

test("a middleware that keeps the empty block is named in the error", async () => {
  const app: WSGIApp = function* (environ, startResponse) {
    ok(startResponse);
    yield "block";
    yield* environ.cogen.wait(Sleep(1));
  };
  const stage = await serving(function* (environ, startResponse) {
    for (const block of app(environ, startResponse) as Iterable<string>) {
      if (block !== "") yield block;
    }
  });
  stage.ask(get("/"));
  const log = stage.takeLog().join("\n");
  assertStringIncludes(log, "OperationNotPerformed: Sleep");
  assertStringIncludes(log, "was not performed: a middleware took the empty block");
  await stage.finish();
});

test("a middleware may wait itself, between the waits of its app", async () => {
  const app: WSGIApp = function* (environ, startResponse) {
    ok(startResponse);
    const first = yield* environ.cogen.wait(until(Promise.resolve("a")));
    yield `app got ${first} `;
    yield environ.cogen.core.events.Sleep(1);
    yield `and ${environ.cogen.exception}`;
  };
  const stage = await serving(function* (environ, startResponse) {
    yield* environ.cogen.wait(Sleep(1));
    for (const block of app(environ, startResponse) as Iterable<string>) {
      yield block;
      if (block !== "") yield* environ.cogen.wait(Sleep(0.1));
    }
  });
  const client = stage.ask(get("/"));
  for (let i = 0; i < 5; i++) await stage.settle(1000);
  assertEquals(client.response().body, "app got a and undefined");
  await stage.finish();
});

test("result and exception hold the last operation's outcome only", async () => {
  const seen: unknown[] = [];
  const stage = await serving(function* (environ, startResponse) {
    ok(startResponse);
    const { cogen } = environ;
    const { events } = cogen.core;
    yield events.WaitForSignal("abc", { timeout: 1 });
    seen.push(cogen.result === cogen.exception, cogen.exception instanceof OperationTimeout);
    yield events.Signal("nobody", "x");
    seen.push(cogen.result, cogen.exception);
  });
  stage.ask(get("/"));
  stage.run(1000);
  assertEquals(seen, [true, true, 0, undefined]);
  await stage.finish();
});

test("an operation that fails with nothing has failed all the same", async () => {
  const stage = await serving(function* (environ, startResponse) {
    ok(startResponse);
    try {
      yield* environ.cogen.wait(until(Promise.reject(undefined)));
      yield "no error";
    } catch (error) {
      yield String(error);
    }
  });
  const client = stage.ask(get("/"));
  await stage.settle();
  assertStringIncludes(client.response().body, "threw undefined");
  await stage.finish();
});

test("every event of cogen's style gives its result", async () => {
  function* add(one: number, other: number): Coroutine<number> {
    yield* Sleep(0.1);
    return one + other;
  }
  const seen: unknown[] = [];
  const stage = await serving(function* (environ, startResponse) {
    ok(startResponse);
    const { cogen } = environ;
    const { events } = cogen.core;
    yield events.Call(add, 1, 2);
    seen.push(cogen.result);
    yield cogen.call(add)(3, 4);
    seen.push(cogen.result);
    yield events.AddCoro(add, 5, 6);
    yield events.Join(cogen.result as Task<number>);
    seen.push(cogen.result);
    yield events.Join(cogen.scheduler.add(add, 7, 8), { timeout: 0.01 });
    seen.push((cogen.result as Error).name);
    yield events.Sleep({ milliseconds: 10 });
    seen.push(cogen.result);
  });
  stage.ask(get("/"));
  stage.run(1000);
  assertEquals(seen, [3, 7, 11, "OperationTimeout", undefined]);
  await stage.finish();
});

test("an async app waits with run, and is told of errors", async () => {
  const stage = await serving(async (environ, startResponse) => {
    const { cogen } = environ;
    const error = await cogen.run(WaitForSignal("abc", { timeout: 1 })).catch((e: Error) => e.name);
    const woken = await cogen.run(Signal("nobody"));
    ok(startResponse);
    return [`${error} ${woken}`];
  });
  const client = stage.ask(get("/"));
  for (let i = 0; i < 3; i++) await stage.settle(1000);
  assertEquals(client.response().body, "OperationTimeout 0");
  await stage.finish();
});

test("run rejects when the client leaves", async () => {
  const reasons: unknown[] = [];
  const stage = await serving(async (environ) => {
    await environ.cogen.run(WaitForSignal("never")).catch((error: Error) => {
      reasons.push(error.name);
    });
    return [];
  });
  const client = stage.ask(get("/"));
  client.destroy();
  await stage.settle();
  assertEquals(reasons, ["ClientDisconnected"]);
  await stage.finish();
});

test("what an app has started with run and let be ends with the request, and harms nobody", async () => {
  const stage = await serving((environ, startResponse) => {
    void environ.cogen.run(WaitForSignal("never"));
    ok(startResponse);
    return ["done"];
  });
  const client = stage.ask(get("/"));
  await stage.settle();
  assertEquals(client.response().body, "done");
  assertEquals(stage.server.scheduler.stats().tasks, 0);
  await stage.finish();
});

test("run after the end of the request rejects, and starts nothing", async () => {
  let late: (() => Promise<unknown>) | undefined;
  const stage = await serving((environ, startResponse) => {
    late = () => environ.cogen.run(WaitForSignal("never"));
    ok(startResponse);
    return ["done"];
  });
  stage.ask(get("/"));
  const outcome = late?.().catch((error: Error) => error.name);
  assertEquals(stage.server.scheduler.stats().tasks, 0);
  await stage.settle();
  assertEquals(await outcome, "AbortError");
  await stage.finish();
});

test("an async app that runs for ever after its end does not hold up others", async () => {
  let tries = 0;
  let stopped = false;
  const stage = await serving((environ, startResponse) => {
    ok(startResponse);
    void (async () => {
      for (; !stopped; tries++) await environ.cogen.run(Sleep(1)).catch(() => {});
    })();
    return ["done"];
  });
  const client = stage.ask(get("/"));
  await stage.settle();
  assertEquals(client.response().body, "done");
  stopped = true;
  await stage.settle();
  await stage.finish();
});

test("run in the finally of an async app still waits", async () => {
  const events: string[] = [];
  const stage = await serving(async function* (environ, startResponse) {
    ok(startResponse);
    try {
      yield "block";
      await environ.cogen.run(WaitForSignal("never"));
    } finally {
      await environ.cogen.run(Sleep(1));
      events.push("slept");
    }
  });
  const client = stage.ask(get("/"));
  await stage.settle();
  client.destroy();
  await stage.settle();
  assertEquals(events, []);
  await stage.settle(1000);
  assertEquals(events, ["slept"]);
  await stage.finish();
});

test("the signal does not abort on success, nor when it is asked for late", async () => {
  const signals: AbortSignal[] = [];
  const stage = await serving(function* (environ, startResponse) {
    ok(startResponse);
    signals.push(environ.cogen.signal);
    yield "block";
    yield environ.cogen.core.events.Sleep(1);
  });
  const client = stage.ask(get("/"));
  stage.run(1000);
  assertEquals(client.response().complete, true);
  client.destroy();
  stage.run();
  assertEquals(signals.map(({ aborted }) => aborted), [false]);
  await stage.finish();
});

test("the signal is aborted at once for who asks after the client has gone", async () => {
  const seen: unknown[] = [];
  const stage = await serving(function* (environ, startResponse) {
    ok(startResponse);
    try {
      yield WaitForSignal("never");
    } finally {
      const { signal } = environ.cogen;
      seen.push(signal.aborted, (signal.reason as Error).name);
    }
  });
  stage.ask(get("/")).destroy();
  stage.run();
  assertEquals(seen, [true, "ClientDisconnected"]);
  await stage.finish();
});

// Input

test("the body is read in the typed style, through middleware", async () => {
  const app: WSGIApp = function* (environ, startResponse) {
    ok(startResponse);
    const input = environ["wsgi.input"];
    const decoder = new TextDecoder();
    yield `${decoder.decode(yield* input.read(2))},`;
    yield `${decoder.decode(yield* input.readline()).trim()},`;
    yield `${decoder.decode(yield* input.readline(2))},`;
    yield `${(yield* input.readlines()).length},`;
    yield `${(yield* input.read()).length}`;
  };
  const stage = await serving(upperCase(app));
  const client = stage.ask(post("/", "abcd\nefgh\ni\nj"));
  assertEquals(client.response().body, "AB,CD,EF,3,0");
  await stage.finish();
});

test("the body is read in cogen's style, through middleware", async () => {
  const app: WSGIApp = function* (environ, startResponse) {
    ok(startResponse);
    const { cogen } = environ;
    const text = () => new TextDecoder().decode(cogen.result as Uint8Array).trim();
    yield cogen.input.read(2);
    yield `${text()},`;
    yield cogen.input.readline();
    yield `${text()},`;
    yield cogen.input.readline(2);
    yield `${text()},`;
    yield cogen.input.readlines(1);
    yield `${(cogen.result as unknown[]).length},`;
    yield cogen.input.read();
    yield text();
  };
  const stage = await serving(upperCase(app));
  const client = stage.ask(post("/", "abcd\nefgh\ni\nj"));
  assertEquals(client.response().body, "AB,CD,EF,1,I\nJ");
  await stage.finish();
});

test("the body is iterated in an async app", async () => {
  const stage = await serving(async (environ, startResponse) => {
    let size = 0;
    for await (const chunk of environ["wsgi.input"]) size += chunk.length;
    ok(startResponse);
    return [String(size)];
  });
  const body = "x".repeat(100_000);
  const client = stage.connect().send(post("/", body));
  for (let i = 0; i < 10; i++) await stage.settle();
  assertEquals(client.response().body, "100000");
  await stage.finish();
});

test("a read that times out tells the app, which may go on", async () => {
  const stage = await serving(function* (environ, startResponse) {
    ok(startResponse);
    yield environ.cogen.input.read(4, { timeout: 1 });
    yield (environ.cogen.result as Error).name;
    yield ` ${(yield* environ["wsgi.input"].read(4)).length}`;
  });
  const client = stage.ask(post("/", "").replace("Length: 0", "Length: 4"));
  stage.run(1000);
  client.send("1234");
  stage.run();
  assertEquals(client.response().body, "OperationTimeout 4");
  await stage.finish();
});

test("a client that leaves amid its body is a ClientDisconnected in the app", async () => {
  const seen: unknown[] = [];
  const stage = await serving(function* (environ, startResponse) {
    ok(startResponse);
    try {
      yield* environ["wsgi.input"].read();
    } catch (error) {
      seen.push((error as Error).name);
      throw error;
    } finally {
      seen.push("finally");
    }
  });
  const client = stage.ask(post("/", "abc").replace("Length: 3", "Length: 10"));
  client.destroy();
  stage.run();
  assertEquals(seen, ["ClientDisconnected", "finally"]);
  await stage.finish();
});

/** Functions of each kind, called in cogen's style, and the result. */
const CALLS: readonly (readonly [kind: string, plan: (cogen: Cogen) => "", result: unknown])[] = [
  ["a coroutine", (cogen) => cogen.call(double)(21), 42],
  ["a queue's put and get", (cogen) => cogen.call(putAndGet)(new Queue<string>(), "x"), "x"],
  ["a method without its object", (cogen) => cogen.call(new Queue().putNowait)("x"), undefined],
  ["an operation", (cogen) => cogen.call(new PublishSubscribeQueue<string>().publish)("x"), 0],
  [
    "an async function",
    (cogen) => cogen.call(async () => await Promise.resolve("async"))(),
    "async",
  ],
  ["a plain function", (cogen) => cogen.call((a: number, b: number) => a + b)(1, 2), 3],
];

function* double(n: number): Coroutine<number> {
  yield* Sleep(0);
  return 2 * n;
}

function* putAndGet(queue: Queue<string>, item: string): Coroutine<string> {
  yield* queue.put(item);
  return yield* queue.get();
}

for (const [kind, plan, result] of CALLS) {
  test(`environ.cogen.call takes ${kind}`, async () => {
    const seen: unknown[] = [];
    const stage = await serving(function* (environ, startResponse) {
      ok(startResponse);
      yield plan(environ.cogen);
      seen.push(environ.cogen.result, environ.cogen.exception);
    });
    stage.ask(get("/"));
    await Promise.resolve();
    await Promise.resolve();
    stage.run();
    assertEquals(seen, [result, undefined]);
    await stage.finish();
  });
}

test("environ.cogen.call keeps the error of a plain and of an async function", async () => {
  const seen: unknown[] = [];
  const stage = await serving(function* (environ, startResponse) {
    ok(startResponse);
    yield environ.cogen.call((): number => {
      throw new RangeError("plain");
    })();
    seen.push(environ.cogen.exception);
    yield environ.cogen.call(() => Promise.reject(new RangeError("async")))();
    seen.push(environ.cogen.exception);
  });
  stage.ask(get("/"));
  await Promise.resolve();
  await Promise.resolve();
  stage.run();
  assertEquals(seen.map(String), ["RangeError: plain", "RangeError: async"]);
  await stage.finish();
});

test("a wait of run() hears a signal of the next turn, in the first step of an app and later", async () => {
  const stage = await serving(async function* ({ cogen }, start) {
    start("200 OK", []);
    for (let time = 0; time < 2; time++) {
      cogen.scheduler.add(function* () {
        yield* Signal("bell", "rung");
      });
      yield String(await cogen.run(timeout(WaitForSignal("bell"), 1)));
      await Promise.resolve();
    }
  });
  const client = stage.ask(get("/"));
  await stage.settle();
  assertEquals(client.response().body, "rungrung");
  await stage.finish();
});
