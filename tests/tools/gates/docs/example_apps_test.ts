import { test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { Sleep, WaitForSignal, type WSGIApp } from "../../../../mod.ts";
import type { Annotation } from "./blocks.ts";
import { appsOf, requestApp } from "./example_apps.ts";

const PLAIN: Annotation = { requests: [], waits: false, declares: false };

const hello: WSGIApp = function* (_environ, startResponse) {
  startResponse("200 OK", []);
  yield "hello";
};
const endless: WSGIApp = function* (environ, startResponse) {
  startResponse("200 OK", []);
  for (;;) {
    yield "again";
    yield* environ.cogen.wait(Sleep(3600));
  }
};
const waiting: WSGIApp = function* (environ) {
  yield* environ.cogen.wait(WaitForSignal("never"));
};
const broken: WSGIApp = () => {
  throw new SyntaxError("broken");
};
const missing: WSGIApp = (environ, startResponse) => {
  startResponse(environ.PATH_INFO === "/a" ? "404 Not Found" : "200 OK", []);
  return [];
};

test("the apps among the exports are the functions of a request, and middleware around an app", () => {
  const found = appsOf({
    hello,
    missing,
    wrapped: (app: WSGIApp): WSGIApp => app,
    default: () => [],
    handler: { fetch: () => new Response("hello") },
    Helper: class {},
    add: (a: number) => a + 1,
    limit: 5,
  });
  assertEquals(found.map(({ name }) => name), [
    ...["hello", "missing", "wrapped(app)", "default", "handler"],
  ]);
});

const ANSWERED: readonly (readonly [string, WSGIApp, Partial<Annotation>])[] = [
  ["a status below 500", hello, {}],
  ["a stream without an end", endless, {}],
  ["a wait for another request", waiting, { waits: true }],
  ["the expected status", missing, { requests: [{ method: "GET", path: "/a", status: 404 }] }],
  ["the expected error", broken, {
    requests: [{ method: "GET", path: "/", status: 500, error: "SyntaxError" }],
  }],
];

for (const [title, app, annotation] of ANSWERED) {
  test(`an app does its job by ${title}`, async () => {
    await requestApp({ name: "app", app }, { ...PLAIN, ...annotation });
  });
}

const FAILING: readonly (readonly [string, WSGIApp, Partial<Annotation>])[] = [
  ["GET / of app: 500 SyntaxError", broken, {}],
  ["GET / of app: waits", waiting, {}],
  ["GET / of app: 200", hello, { waits: true }],
  ["GET /b of app: 200", missing, { requests: [{ method: "GET", path: "/b", status: 404 }] }],
  ["GET / of app: 500 SyntaxError", broken, {
    requests: [{ method: "GET", path: "/", status: 500, error: "TypeError" }],
  }],
];

for (const [message, app, annotation] of FAILING) {
  test(`an app that does not do its job is a failure: ${message}`, async () => {
    await assertRejects(
      () => requestApp({ name: "app", app }, { ...PLAIN, ...annotation }),
      Error,
      message,
    );
  });
}
