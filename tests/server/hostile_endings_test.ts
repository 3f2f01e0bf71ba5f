/**
 * Faults at the end of an exchange: in hooks, when the client leaves, when a socket is taken, when the
 * server shuts down. The process lives, the exchange ends, and the log has one entry.
 */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { Sleep } from "../../src/coroutine/mod.ts";
import { passThrough } from "../../src/middleware/mod.ts";
import type { ServerOptions } from "../../src/server/mod.ts";
import type { Environ, WSGIApp } from "../../src/wsgi/mod.ts";
import { get, post, requestText, serving } from "../support/serving.ts";
import { FAULT, fault, revoked, trapped } from "./hostile_apps.ts";

type Untyped = (environ: Environ, start: Parameters<WSGIApp>[1]) => unknown;

const rejected = () => Promise.reject(new Error("own"));

const HOOKS: Readonly<Record<string, Partial<ServerOptions>>> = {
  "an onError that throws": { onError: fault },
  "an onError that throws a revoked proxy": {
    onError: () => {
      throw revoked();
    },
  },
  "an onError that rejects": { onError: rejected },
  "an onError that rejects without a reason": { onError: () => Promise.reject() },
  "an onError that never settles": { onError: () => new Promise(() => {}) },
  "an onError with a then that throws": { onError: () => trapped("then") },
};

for (const [what, hooks] of Object.entries(HOOKS)) {
  test(`one entry of the log in spite of ${what}`, async () => {
    const stage = await serving(fault, hooks);
    const client = stage.ask(get("/"));
    await stage.settle();
    assertEquals(client.response().status, "500 Internal Server Error");
    const log = stage.takeLog();
    assertEquals(log.length, 1, log.join("\n---\n"));
    assertMatch(log[0] as string, new RegExp(`^GET / failed: Error: ${FAULT}\n`));
    if (/reject/.test(what)) assertStringIncludes(log[0] as string, "\n    onError rejected with ");
    await stage.finish();
  });
}

for (const [what, log] of Object.entries({ throws: fault, rejects: rejected })) {
  test(`a log that ${what} costs no request, and no entry`, async () => {
    const stage = await serving(fault, { log });
    const client = stage.ask(get("/") + get("/"));
    await stage.settle();
    assertEquals(client.responses().length, 2);
    const begins = stage.takeLog().map((entry) => /^[^:]*/.exec(entry)?.[0]);
    const told = what === "throws" ? "log threw Error" : "log rejected with Error";
    assertEquals(begins, ["GET / failed", told, "GET / failed"]);
    await stage.finish();
  });
}

/** Apps that wait when the client leaves, or when a shutdown cancels them. */
const LEFT: Readonly<Record<string, Untyped>> = {
  "a listener of the signal that throws": function* (environ) {
    environ.cogen.signal.addEventListener("abort", fault);
    yield environ.cogen.core.events.Sleep(60);
  },
  "an async listener of the signal": function* (environ) {
    environ.cogen.signal.addEventListener("abort", async () => {
      await Promise.resolve();
      fault();
    });
    yield environ.cogen.core.events.Sleep(60);
  },
  "a listener object that throws": function* (environ) {
    environ.cogen.signal.addEventListener("abort", { handleEvent: fault });
    yield environ.cogen.core.events.Sleep(60);
  },
  "an onabort that throws": function* (environ) {
    environ.cogen.signal.onabort = fault;
    yield environ.cogen.core.events.Sleep(60);
  },
  "a finally that throws": function* (environ) {
    try {
      yield environ.cogen.core.events.Sleep(60);
    } finally {
      fault();
    }
  },
  "a finally of an async generator that throws": async function* (environ) {
    try {
      await environ.cogen.run(Sleep(60));
    } finally {
      fault();
    }
  },
  "a finally of an async generator that throws after a block": async function* (environ, start) {
    start("200 OK", []);
    try {
      yield "a";
      await environ.cogen.run(Sleep(60));
    } finally {
      await Promise.resolve();
      fault();
    }
  },
  "an async app that rejects": async (environ) => {
    try {
      await environ.cogen.run(Sleep(60));
    } finally {
      fault();
    }
  },
  "a finally with an operation that fails, behind passThrough": (environ) =>
    passThrough(
      () =>
        (function* () {
          try {
            yield environ.cogen.core.events.Sleep(60);
          } finally {
            let caught: unknown;
            try {
              yield Promise.reject(new Error(FAULT));
            } catch (error) {
              caught = error;
            }
            environ.cogen.report(caught);
          }
        })(),
      environ.cogen,
      {},
    ),
  "a return getter that throws": (environ) => ({
    [Symbol.iterator]: () =>
      trapped("return", {
        next: () => ({ done: false, value: environ.cogen.core.events.Sleep(60) }),
      }),
  }),
  "an abort of cogen that throws": function* (environ) {
    Object.assign(environ.cogen, { abort: fault });
    yield environ.cogen.core.events.Sleep(60);
  },
  "a return that throws": (environ) => ({
    [Symbol.iterator]: () => ({
      next: () => ({ done: false, value: environ.cogen.core.events.Sleep(60) }),
      return: fault,
    }),
  }),
  "a return that gives a number": (environ) => ({
    [Symbol.iterator]: () => ({
      next: () => ({ done: false, value: environ.cogen.core.events.Sleep(60) }),
      return: () => 5,
    }),
  }),
  "a close getter that throws": (environ) =>
    trapped("close", {
      *[Symbol.iterator]() {
        yield environ.cogen.core.events.Sleep(60);
      },
    }),
  "a close that throws after a return that is fine": (environ) => ({
    *[Symbol.iterator]() {
      yield environ.cogen.core.events.Sleep(60);
    },
    close: fault,
  }),
  "an abort of an operation that throws": function* () {
    yield { name: "hostile", start: () => fault };
  },
  "an abort that is no function": function* () {
    yield { name: "hostile", start: () => 5 };
  },
};

for (const [what, app] of Object.entries(LEFT)) {
  for (const end of ["the client leaves", "a shutdown cancels"]) {
    test(`one entry of the log when ${end}: ${what}`, async () => {
      const stage = await serving(app as WSGIApp);
      const client = stage.ask(get("/"));
      await stage.settle();
      assertEquals(stage.server.stats().activeRequests, 1);
      if (end === "the client leaves") client.destroy();
      else await stage.until(stage.server.close());
      await stage.settle();
      await stage.settle();
      assertEquals(stage.server.stats().activeRequests, 0);
      const log = stage.takeLog();
      assertEquals(log.length, 1, log.join("\n---\n"));
      await stage.finish();
    });
  }
}

test("the signal of a request is one of the runtime, and its listeners can be removed", async () => {
  const heard: string[] = [];
  const stage = await serving(function* ({ cogen }) {
    const { signal } = cogen;
    const removed = () => heard.push("removed");
    const twice = () => heard.push("twice");
    signal.addEventListener("abort", removed);
    signal.removeEventListener("abort", removed);
    signal.addEventListener("abort", twice);
    signal.addEventListener("abort", twice);
    signal.onabort = removed;
    signal.onabort = () => heard.push("onabort");
    AbortSignal.any([signal]).addEventListener("abort", () => heard.push("any"));
    assertEquals(signal instanceof AbortSignal, true);
    yield cogen.core.events.Sleep(60);
  });
  stage.ask(get("/")).destroy();
  await stage.settle();
  assertEquals(heard.sort(), ["any", "onabort", "twice"]);
  await stage.finish();
});

test("the AbortError that a runtime makes of a client's leaving is not reported", async () => {
  const stage = await serving(async function* ({ cogen }) {
    await new Promise((_resolve, reject) => {
      cogen.signal.addEventListener("abort", () => {
        const error = new Error("aborted", { cause: cogen.signal.reason });
        reject(Object.assign(error, { name: "AbortError" }));
      });
    });
    yield "";
  });
  stage.ask(get("/")).destroy();
  await stage.settle();
  await stage.finish();
});

for (
  const [what, app] of Object.entries<Untyped>({
    "a generator": function* (environ) {
      yield* environ["wsgi.input"].read();
    },
    "an async app": async (environ) => {
      for await (const _piece of environ["wsgi.input"]);
    },
    "a generator that waits": function* (environ) {
      yield environ.cogen.core.events.Sleep(60);
    },
  })
) {
  test(`a shutdown that cancels ${what} in the middle of a body answers 503`, async () => {
    const stage = await serving(app as WSGIApp);
    const client = stage.ask(post("/", "abc").replace("Length: 3", "Length: 9"));
    await stage.settle();
    await stage.until(stage.server.close());
    assertMatch(client.received(), /^HTTP\/1\.1 503 /);
    await stage.finish();
  });
}

const UPGRADE = requestText("GET", "/", ["Connection: Upgrade", "Upgrade: raw"]);

const handlerWith = (members: object) => () => ({
  onData() {},
  onEnd() {},
  onDrain() {},
  onClose() {},
  ...members,
});

const TAKEN: Readonly<Record<string, (socket: unknown) => unknown>> = {
  "an accept that throws": fault,
  "an accept that gives nothing": () => {},
  "an accept that gives null": () => null,
  "an accept that rejects": () => Promise.reject(new Error(FAULT)),
  "an accept that resolves": () => Promise.resolve(handlerWith({})()),
  "an accept that gives a revoked proxy": () => revoked(),
  "a handler with a getter that throws": () => trapped("onClose", handlerWith({})()),
  "a handler without onDrain": handlerWith({ onDrain: undefined }),
  "an onData that throws": handlerWith({ onData: fault }),
  "an onData that rejects": handlerWith({ onData: () => Promise.reject(new Error(FAULT)) }),
  "an onData that throws, and an onClose": handlerWith({ onData: fault, onClose: fault }),
};

for (const [what, accept] of Object.entries(TAKEN)) {
  test(`a taken socket is destroyed, with one entry of the log: ${what}`, async () => {
    const stage = await serving(function* takes(environ) {
      environ.cogen.takeSocket([["Upgrade", "raw"]], accept as never);
    });
    const client = stage.ask(UPGRADE + "first bytes");
    await stage.settle();
    assertEquals(client.closed, true);
    const log = stage.takeLog();
    assertEquals(log.length, 1, log.join("\n---\n"));
    assertMatch(log[0] as string, /^GET \/ failed: /);
    await stage.finish();
  });
}

/** A field with a value that is another one at each reading. */
const changing = () => {
  let reads = 0;
  return Object.defineProperty(["A", ""], 1, {
    get: () => reads++ === 0 ? "harmless" : "x\r\nSet-Cookie: split",
  }) as never;
};

const CHANGES: Readonly<Record<string, Untyped>> = {
  "in the head": (_environ, start) => {
    start("200 OK", [changing()]);
    return [];
  },
  "in an informational response": (environ, start) => {
    environ.cogen.inform(103, [changing()]);
    start("200 OK", []);
    return [];
  },
  "of the head, later": function* (_environ, start) {
    const headers: [string, string][] = [["A", "harmless"]];
    start("200 OK", headers);
    (headers[0] as string[])[1] = "x\r\nSet-Cookie: split";
    headers.push(["Set-Cookie", "split"]);
    yield "a";
  },
  "of a trailer": function* (environ, start) {
    start("200 OK", [["Trailer", "A"]]);
    environ.cogen.setTrailers([changing()]);
    yield "a";
  },
  "of a trailer, later": function* (environ, start) {
    start("200 OK", [["Trailer", "A"]]);
    const trailers: [string, string][] = [["A", "harmless"]];
    environ.cogen.setTrailers(trailers);
    (trailers[0] as string[])[0] = "Set-Cookie";
    yield "a";
  },
};

for (const [what, app] of Object.entries(CHANGES)) {
  test(`a field that changes after its check splits no response: ${what}`, async () => {
    const stage = await serving(app as WSGIApp);
    for (const _ of [1, 2]) {
      const client = stage.ask(get("/"));
      await stage.settle();
      assertStringIncludes(client.received(), "A: harmless\r\n");
      assertEquals(client.received().includes("Set-Cookie"), false);
    }
    await stage.finish();
  });
}

/** The wrong results of an app, and the messages that name the app. */
const NAMED: readonly (readonly [WSGIApp, string])[] = [
  [function noStart() {
    return [];
  }, "The app noStart ended without startResponse()"],
  [function block() {
    return ["block"];
  }, "A block came before startResponse() in the app block"],
  [function nothing() {} as unknown as WSGIApp, "The app nothing gave undefined"],
  [async function promised() {} as unknown as WSGIApp, "The app promised gave undefined"],
  [function twice(_environ, start) {
    start("200 OK", []);
    start("200 OK", []);
    return [];
  }, "startResponse() was called twice without excInfo in the app twice"],
];

for (const [app, message] of NAMED) {
  test(`a message names the app, also a mounted one: ${message}`, async () => {
    for (const served of [app, { "/": app }, { "/a": app }, [["/a", app]]] as const) {
      const stage = await serving(served as WSGIApp);
      stage.ask(get("/a/b"));
      await stage.settle();
      const log = stage.takeLog();
      assertEquals(log.length, 1);
      assertStringIncludes(log[0] as string, message);
      await stage.finish();
    }
  });
}
