/** `delegate`: an app of any kind inside a generator. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { Sleep } from "../../src/coroutine/mod.ts";
import { delegate } from "../../src/middleware/mod.ts";
import { type Middleware, type WSGIApp, WSGIFileWrapper } from "../../src/wsgi/mod.ts";
import { get, serving } from "../support/serving.ts";

/** Notes when the app has ended or failed, and adds a last block. */
function around(seen: string[]): Middleware {
  return (app) =>
    function* (environ, startResponse) {
      try {
        yield* delegate(app, environ, startResponse);
        yield "!";
      } catch (error) {
        seen.push(`caught ${(error as Error).message}`);
        throw error;
      } finally {
        seen.push("ended");
      }
    };
}

/** The body of the response of an app behind the middleware, and the notes. */
async function answered(app: WSGIApp, log?: string): Promise<[string, string[]]> {
  const seen: string[] = [];
  const stage = await serving(around(seen)(app), log === undefined ? {} : { log: () => {} });
  const client = stage.ask(get("/"));
  for (let second = 0; second < 3; second++) await stage.settle(1000);
  const { body } = client.response();
  await stage.finish();
  return [body, seen];
}

const KINDS: Readonly<Record<string, WSGIApp>> = {
  "an array": (_environ, startResponse) => {
    startResponse("200 OK", []);
    return ["on", "", "e"];
  },
  *"a generator that yields"(_environ, startResponse) {
    startResponse("200 OK", []);
    yield "on";
    yield "e";
  },
  *"a generator that returns a block"(_environ, startResponse) {
    startResponse("200 OK", []);
    return "one";
  },
  *"a generator that waits in both styles"(environ, startResponse) {
    yield environ.cogen.core.events.Sleep(0.1);
    yield* environ.cogen.wait(Sleep(0.1));
    startResponse("200 OK", []);
    yield (yield Promise.resolve("on")) as string;
    yield Sleep(0.1);
    return "e";
  },
  async *"an async generator"(environ, startResponse) {
    startResponse("200 OK", []);
    yield "on";
    await environ.cogen.run(Sleep(0.1));
    yield "e";
  },
  // deno-lint-ignore require-await
  "a promise of an array": async (_environ, startResponse) => {
    startResponse("200 OK", []);
    return ["one"];
  },
  "an iterable": (_environ, startResponse) => {
    startResponse("200 OK", []);
    return new Set(["on", "e"]);
  },
  "a wrapped file": (environ, startResponse) => {
    startResponse("200 OK", []);
    return new WSGIFileWrapper(["on", "e"], environ.cogen);
  },
  *"a generator that returns a wrapped file"(environ, startResponse) {
    startResponse("200 OK", []);
    return new WSGIFileWrapper(["on", "e"], environ.cogen);
  },
  "an app that writes": (_environ, startResponse) => {
    startResponse("200 OK", [])("on");
    return ["e"];
  },
};

for (const [kind, app] of Object.entries(KINDS)) {
  test(`delegate runs ${kind}`, async () => {
    assertEquals(await answered(app), ["one!", ["ended"]]);
  });
}

test("delegate closes the app once, after its end", async () => {
  const seen: string[] = [];
  await answered((_environ, startResponse) => {
    startResponse("200 OK", []);
    return Object.assign(["one"], { close: () => void seen.push("close") });
  });
  assertEquals(seen, ["close"]);
});

const FAILING: Readonly<Record<string, WSGIApp>> = {
  "the call": () => {
    throw new Error("broken");
  },
  *"a step"() {
    yield Sleep(0.1);
    throw new Error("broken");
  },
  "a promise": () => Promise.reject(new Error("broken")),
  *"a promise that it waits for"() {
    yield Promise.reject(new Error("broken"));
  },
};

for (const [place, app] of Object.entries(FAILING)) {
  test(`an error of ${place} is thrown where the middleware delegates`, async () => {
    const [, seen] = await answered(app, "silent");
    assertEquals(seen, ["caught broken", "ended"]);
  });
}

test("an error of a wait is thrown in the app, which may catch it", async () => {
  const [body, seen] = await answered(function* (_environ, startResponse) {
    startResponse("200 OK", []);
    try {
      yield Promise.reject(new Error("refused"));
    } catch (error) {
      yield (error as Error).message;
    }
  });
  assertEquals([body, seen], ["refused!", ["ended"]]);
});

test("when the client leaves, a finally that waits comes to its end, then the middleware's", async () => {
  const seen: string[] = [];
  const stage = await serving(
    around(seen)(function* (environ, startResponse) {
      try {
        startResponse("200 OK", []);
        yield "block";
        yield* environ.cogen.wait(Sleep(60));
      } finally {
        seen.push("finally");
        yield* environ.cogen.wait(Sleep(1));
        seen.push("after its wait");
      }
    }),
  );
  stage.ask(get("/")).destroy();
  stage.run(2000);
  await stage.finish();
  assertEquals(seen, ["finally", "after its wait", "ended"]);
});
