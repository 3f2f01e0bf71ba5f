/** Middleware around an app, when the client leaves: a `finally` that waits must run to its end. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { serve } from "../../mod.ts";
import { Sleep } from "../../src/coroutine/mod.ts";
import { testClient } from "../../src/testing/mod.ts";
import type {
  AppIterable,
  AppYield,
  Middleware,
  StartResponse,
  WSGIApp,
} from "../../src/wsgi/mod.ts";
import { passThrough } from "../../src/middleware/mod.ts";
import { get, serving } from "../support/serving.ts";

const looping: Middleware = (app) =>
  function* (environ, startResponse) {
    for (const block of app(environ, startResponse) as Iterable<AppYield>) yield block;
  };

const delegating: Middleware = (app) =>
  function* (environ, startResponse) {
    return yield* app(environ, startResponse) as Generator<AppYield>;
  };

const passing: Middleware = (app) => (environ, startResponse) =>
  passThrough(() => app(environ, startResponse), environ.cogen, {
    *block(block) {
      yield block;
    },
  });

/** The steps of an app that waits when the client leaves. */
async function left(middleware: Middleware): Promise<string[]> {
  const seen: string[] = [];
  const stage = await serving(middleware(function* (environ, startResponse) {
    try {
      startResponse("200 OK", []);
      yield "block";
      yield* environ.cogen.wait(Sleep(60));
    } finally {
      seen.push("finally");
      yield* environ.cogen.wait(Sleep(1));
      seen.push("after its wait");
    }
  }));
  stage.ask(get("/")).destroy();
  stage.run(2000);
  await stage.finish();
  return seen;
}

test("a loop cuts short a finally that waits", async () => {
  assertEquals(await left(looping), ["finally"]);
});

test("delegation and passThrough let a finally that waits come to its end", async () => {
  assertEquals(await left(delegating), ["finally", "after its wait"]);
  assertEquals(await left(passing), ["finally", "after its wait"]);
});

/** The body of the response of an app behind a middleware. */
async function body(middleware: Middleware, app: () => AppIterable): Promise<string> {
  const stage = await serving(middleware((_environ, startResponse) => {
    startResponse("200 OK", []);
    return app();
  }));
  const client = stage.ask(get("/"));
  for (let second = 0; second < 3; second++) await stage.settle(1000);
  const text = client.response().body;
  await stage.finish();
  return text;
}

/** Apps, and what a stage is told of each: every step of an async app counts as a wait. */
const HOOKED: Readonly<Record<string, WSGIApp>> = {
  *"a generator: one two wait resume three end"(environ, startResponse) {
    startResponse("200 OK", []);
    yield "one";
    yield "two";
    yield* environ.cogen.wait(Sleep(0.02));
    yield "three";
  },
  async *"an async generator: wait resume one wait resume two wait resume three wait resume end"(
    environ,
    startResponse,
  ) {
    startResponse("200 OK", []);
    yield "one";
    yield "two";
    await environ.cogen.run(Sleep(0.02));
    yield "three";
  },
};

for (const [name, app] of Object.entries(HOOKED)) {
  test(`a stage is told when the app waits and when it goes on: ${name}`, async () => {
    const seen: string[] = [];
    const told = (event: string): [] => {
      seen.push(event);
      return [];
    };
    const wsgiApp: WSGIApp = (environ, startResponse) =>
      passThrough(() => app(environ, startResponse), environ.cogen, {
        *block(block) {
          seen.push(String(block));
          yield block;
        },
        wait: () => told("wait"),
        resume: () => void seen.push("resume"),
        end: () => told("end"),
      });
    await using server = await serve({ bindAddr: ["127.0.0.1", 0], wsgiApp });
    assertEquals(await (await fetch(server.url)).text(), "onetwothree");
    assertEquals(seen.join(" "), name.split(": ")[1]);
  });
}

test("a stage that holds a block while an async app waits is asked for it", async () => {
  const held: string[] = [];
  let notify = () => {};
  const stage = await serving((environ, startResponse) =>
    passThrough(
      async () => {
        startResponse("200 OK", []);
        for (const block of ["one ", "two "]) {
          await environ.cogen.run(Sleep(1));
          held.push(block);
          notify();
        }
        await environ.cogen.run(Sleep(1));
        return ["three"];
      },
      environ.cogen,
      { wait: () => held.splice(0), whenHeld: (given) => void (notify = given) },
    )
  );
  const client = stage.ask(get("/"));
  for (const expected of ["one ", "one two ", "one two three"]) {
    await stage.settle(1000);
    assertEquals(client.response().body, expected);
  }
  await stage.finish();
});

test("a loop drops the value of a yield and the return value of a generator", async () => {
  function* app(): Generator<AppYield, string, unknown> {
    yield `${yield Promise.resolve("resolved")}, `;
    return "returned";
  }
  assertEquals(await body(looping, app), "undefined, ");
  assertEquals(await body(delegating, app), "resolved, returned");
  assertEquals(await body(passing, app), "resolved, returned");
});

test("a wrong result of the app has the same error as without the middleware", async () => {
  const wrong: readonly unknown[] = [undefined, null, 5, "text", new Uint8Array(2), {}];
  for (const result of wrong) {
    for (const isAsync of [false, true]) {
      const messages: string[] = [];
      for (const middleware of [(app: WSGIApp) => app, passing]) {
        const app = (_environ: unknown, startResponse: StartResponse) => {
          startResponse("200 OK", []);
          return (isAsync ? Promise.resolve(result) : result) as AppIterable;
        };
        await using client = testClient(middleware(app));
        assertEquals((await client.get("/")).status, 500);
        const [error] = client.takeErrors() as Error[];
        messages.push(error?.message.replace("The app app gave", "The app gave") ?? "none");
      }
      assertEquals(messages[1], messages[0]);
      assertStringIncludes(messages[0] ?? "", "expected an iterable of blocks");
    }
  }
});
