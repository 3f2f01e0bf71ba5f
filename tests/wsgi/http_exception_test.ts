/** `HTTPException`: the response that it becomes, from everywhere in an app, and no line in the log. */

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { test } from "node:test";
import { Call, Sleep } from "../../src/coroutine/mod.ts";
import { ResponseError } from "../../src/http/mod.ts";
import { errorPage } from "../../src/middleware/mod.ts";
import { HTTPException, type WSGIApp } from "../../src/wsgi/mod.ts";
import { get, requestText, serving } from "../support/serving.ts";

const missing = () => new HTTPException(404, [["X-A", "1"]], "No such page");

const APPS: Readonly<Record<string, WSGIApp>> = {
  "the call of an app": () => {
    throw missing();
  },
  "a generator": function* () {
    throw missing();
  },
  "a generator that has started another response": function* (environ, startResponse) {
    startResponse("200 OK", [["Content-Length", "3"], ["X-B", "2"]]);
    yield "";
    yield* environ.cogen.wait(Sleep(0));
    throw missing();
  },
  "a coroutine that the app calls": function* (environ) {
    yield* environ.cogen.wait(Call(function* () {
      yield Sleep(0);
      throw missing();
    }));
  },
  "an async function": async () => {
    await Promise.resolve();
    throw missing();
  },
  "an async generator": async function* (environ) {
    await environ.cogen.run(Sleep(0));
    yield "";
    throw missing();
  },
};

async function ask(app: WSGIApp, request = get("/")) {
  const reported: unknown[] = [];
  const stage = await serving(app, { onError: (error) => reported.push(error) });
  const client = stage.ask(request);
  const [method = "GET"] = request.split(" ");
  await stage.eventually("the response", () => client.isAnswered(method));
  const response = client.response(method);
  const log = stage.takeLog();
  await stage.finish();
  return { ...response, log, reported };
}

const page = () => ({ status: "500 Page", headers: [], body: "page" });

for (const [where, app] of Object.entries(APPS)) {
  test(`an HTTPException of ${where} is answered, and not logged`, async () => {
    for (const served of [app, errorPage(app, page)]) {
      const { status, headers, body, log, reported } = await ask(served);
      const { "x-a": own, "x-b": other, "content-type": type, "content-length": length } = headers;
      assertEquals([status, body, own, other], ["404 Not Found", "No such page", "1", undefined]);
      assertEquals([type, length], ["text/plain; charset=utf-8", "12"]);
      assertEquals([log, reported], [[], []]);
    }
  });
}

function thrower(...args: ConstructorParameters<typeof HTTPException>): WSGIApp {
  return () => {
    throw new HTTPException(...args);
  };
}

test("an HTTPException has defaults, and takes a phrase, fields and bytes", async () => {
  const plain = await ask(thrower(403));
  assertEquals([plain.status, plain.body], ["403 Forbidden", "403 Forbidden\n"]);
  const unknown = await ask(thrower(499));
  assertEquals([unknown.status, unknown.body], ["499 ", "499 \n"]);
  const phrase = await ask(thrower("418 I'm a teapot", [["content-type", "text/html"]], "<p>"));
  assertEquals([phrase.status, phrase.headers["content-type"]], ["418 I'm a teapot", "text/html"]);
  const redirect = await ask(thrower(303, [["Location", "/a"]], new Uint8Array(0)));
  assertEquals([redirect.headers["location"], redirect.body], ["/a", ""]);
  assertEquals(redirect.headers["content-length"], "0");
  const unchanged = await ask(thrower(304, [["ETag", '"a"']]));
  assertEquals([unchanged.status, unchanged.headers["content-type"]], [
    "304 Not Modified",
    undefined,
  ]);
  const upgrade = await ask(thrower(426, [["Upgrade", "websocket"]]));
  assertEquals([upgrade.headers["upgrade"], upgrade.headers["connection"]], [
    "websocket",
    "upgrade",
  ]);
});

test("the answer to HEAD has no body", async () => {
  const { status, headers, body } = await ask(thrower(404), requestText("HEAD", "/"));
  assertEquals([status, headers["content-length"], body], ["404 Not Found", "14", ""]);
});

test("an HTTPException after the first block is an error like any other", async () => {
  const app: WSGIApp = function* (environ, startResponse) {
    startResponse("200 OK", []);
    yield "some";
    yield* environ.cogen.wait(Sleep(0));
    throw missing();
  };
  for (const served of [app, errorPage(app, page)]) {
    const { status, complete, log, reported } = await ask(served);
    assertEquals([status, complete, reported.length], ["200 OK", false, 1]);
    assertStringIncludes(log.join(), "HTTPException: 404 Not Found");
  }
});

test("a connection goes on after an HTTPException", async () => {
  const stage = await serving(thrower(404));
  const client = stage.ask(get("/1") + get("/2"));
  assertEquals(client.responses().map(({ status }) => status), ["404 Not Found", "404 Not Found"]);
  await stage.finish();
});

test("an HTTPException that could not be sent is refused where it is made", () => {
  const make = (...args: readonly unknown[]) => () => new HTTPException(...args as [number]);
  assertThrows(make(101), ResponseError, "informational");
  assertThrows(make(99), ResponseError, "99");
  assertThrows(make("Not Found"), ResponseError, "expected three digits");
  assertThrows(make(404, [["X", "a\r\nb"]]), ResponseError);
  assertThrows(make(404, "No such page"), TypeError, "the body comes after them");
  assertThrows(make(404, [], {}), TypeError, "expected a string or a Uint8Array");
  assertThrows(make(undefined), TypeError, "a code such as 404");
});

test("an error that cannot be inspected, or an exception with a faulty member, is a plain 500", async () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const faulty = Object.create(HTTPException.prototype, {
    status: {
      get() {
        throw new HTTPException(404);
      },
    },
  });
  const formless = Object.create(HTTPException.prototype, { status: { value: "1 \r\n" } });
  for (const thrown of [proxy, faulty, formless]) {
    const app: WSGIApp = () => {
      throw thrown;
    };
    const { status, reported } = await ask(app);
    assertEquals([status, reported.length], ["500 Internal Server Error", 1]);
    // The member of `faulty` throws an exception that is whole, which is answered.
    const behindPage = await ask(errorPage(app, page));
    assertEquals(behindPage.status.slice(0, 3), thrown === faulty ? "404" : "500");
  }
});
