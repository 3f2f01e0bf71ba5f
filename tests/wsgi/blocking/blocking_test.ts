/** Synchronous apps in threads: their bodies, their environ, their errors. One thread serves all these tests. */

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { createRequire } from "node:module";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { blocking } from "../../../src/blocking/mod.ts";
import { type TestClient, testClient, TruncatedResponse } from "../../../src/testing/mod.ts";
import type { WSGIApp } from "../../../src/wsgi/mod.ts";
import { moduleAddress } from "../../tools/gates/compiled/sources.ts";

const APPS = moduleAddress("tests/wsgi/blocking/apps.ts");
const app = blocking(APPS, { threads: 1 });
after(() => app.close());

test("a body of bytes comes back unchanged, with its length", async () => {
  await using client = testClient(app, { autojump: false });
  for (const size of [0, 1, 131_072, 300_001]) {
    const body = Uint8Array.from({ length: size }, (_, index) => index * 7 % 256);
    const { status, bytes, headers } = await client.post("/echo", { body });
    assertEquals([status, headers.get("content-length")], [200, `${size}`]);
    assertEquals(bytes, body);
  }
});

test("the main thread answers no call of a short request, and each of a middleware's", async () => {
  const replacing: WSGIApp = (environ, startResponse) =>
    app(environ, (...head) => startResponse(...head));
  const { notify } = Atomics;
  let answers = 0;
  Atomics.notify = (cells: Int32Array | BigInt64Array, index: number, count?: number) => {
    answers++;
    return notify(cells as Int32Array, index, count);
  };
  try {
    for (const [served, expected] of [[app, 0], [replacing, 1]] as const) {
      await using client = testClient(served, { autojump: false });
      answers = 0;
      assertEquals((await client.post("/echo", { body: "abc" })).text, "abc");
      assertEquals(answers, expected);
    }
  } finally {
    Atomics.notify = notify;
  }
});

test("a middleware that puts another input in place sees each piece that the thread reads", async () => {
  let bytes = 0;
  const counted = async function* (pieces: AsyncIterable<Uint8Array<ArrayBuffer>>) {
    for await (const piece of pieces) {
      bytes += piece.length;
      yield piece;
    }
  };
  const middleware: WSGIApp = (environ, startResponse) => {
    const input = new Proxy(environ["wsgi.input"], {
      get(target, name) {
        if (name === Symbol.asyncIterator) return () => counted(target);
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    return app({ ...environ, "wsgi.input": input }, startResponse);
  };
  await using client = testClient(middleware, { autojump: false });
  assertEquals((await client.post("/echo", { body: "hello" })).text, "hello");
  assertEquals(bytes, 5);
});

test("reads, lines and iteration", async () => {
  await using client = testClient(app, { autojump: false });
  const pieces = ["abcde", "f\nxy", "z\none\ntwo\nth", "ree"];
  const { text, headers } = await client.post("/reads", { body: pieces });
  assertEquals(text, "abc|def\n|xy|z\n/one\n+two\n+three!0");
  assertEquals(headers.get("content-length"), null);
});

test("the environ has the keys that can be cloned", async () => {
  const middleware: WSGIApp = (environ, startResponse) =>
    app({
      ...environ,
      "a.user": { name: "Ann", since: new Date(0) },
      "a.function": () => {},
      "a.mixed": { call() {} },
    }, startResponse);
  await using client = testClient(middleware, { autojump: false });
  const environ = JSON.parse((await client.get("/environ?a=1", { headers: { "X-A": "b" } })).text);
  assertEquals(environ["a.user"], { name: "Ann", since: "1970-01-01T00:00:00.000Z" });
  assertEquals([environ["QUERY_STRING"], environ["HTTP_X_A"]], ["a=1", "b"]);
  assertEquals([environ["wsgi.multithread"], environ["wsgi.version"]], [true, [1, 0]]);
  assertEquals(environ["wsgi.file_wrapper"], "function");
  const missing = ["cogen", "a.function", "a.mixed"].filter((key) => key in environ);
  assertEquals(missing, []);
});

test("an array has its length, also if it is larger than the shared memory; so has a file", async () => {
  await using client = testClient(app, { autojump: false });
  const { headers, bytes } = await client.get("/large?400000");
  assertEquals([headers.get("content-length"), bytes.length], ["400003", 400_003]);
  const path = fileURLToPath(APPS);
  const file = await client.get(`/file?${encodeURIComponent(path)}`);
  assertEquals(file.headers.get("content-length"), `${file.bytes.length}`);
  assertStringIncludes(file.text, "the app has failed");
});

test("HEAD has the head of GET, and ends the app through finally", async () => {
  await using client = testClient(app, { autojump: false });
  const large = await client.head("/large?400000");
  assertEquals([large.headers.get("content-length"), large.bytes.length], ["400003", 0]);
  const { status, bytes } = await client.head("/stream?10");
  assertEquals([status, bytes.length], [200, 0]);
  await free(client);
  assertEquals(client.log.join(""), "finally");
});

/** The reason why this runtime cannot run the test, if there is one. */
function skipWithoutSqlite(): string | false {
  try {
    createRequire(import.meta.url)("node:sqlite");
    return false;
  } catch {
    return "there is no node:sqlite";
  }
}

test("an app reads a synchronous database", { skip: skipWithoutSqlite() }, async () => {
  await using client = testClient(app, { autojump: false });
  const { status, text } = await client.post("/sqlite", { body: ["two\nthr", "ee\none\n"] });
  assertEquals([status, text], [200, "one three two"]);
});

test("write, wsgi.errors and close", async () => {
  await using client = testClient(app, { autojump: false });
  const { bytes } = await client.get("/write");
  assertEquals(new TextDecoder("latin1").decode(bytes), "written a\xff returned");
  assertEquals((await client.get("/closing")).text, "body");
  await free(client);
  assertEquals(client.log, ["one", "two", "closed"]);
});

test("startResponse with excInfo replaces a head, and throws after the first block", async () => {
  await using client = testClient(app, { autojump: false });
  const { status, text } = await client.get("/replaced");
  assertEquals([status, text], [503, "replaced"]);
  assertEquals((await client.get("/replaced?late")).text, "sent rethrown");
  assertStringIncludes((await client.get("/twice")).text, "WSGIError: startResponse() was called");
});

test("an error before the first block is a 500, and its stack is in the log", async () => {
  await using client = testClient(app, { autojump: false });
  assertEquals((await client.get("/throws")).status, 500);
  const [error] = client.takeErrors() as Error[];
  assertEquals([error?.name, error?.message], ["RangeError", "the app has failed"]);
  assertStringIncludes(client.log.join("\n"), "blocking/apps.");
  const before = app.stats().died;
  for (const path of ["/number", "/promised", "/rejected", "/promises", "/primitiveSteps"]) {
    assertEquals((await client.get(path)).status, 500);
    assertEquals(client.takeErrors().map((error) => (error as Error).name), ["TypeError"]);
  }
  // A rejection without a handler would end the thread.
  assertEquals((await client.get("/environ")).status, 200);
  assertEquals(app.stats().died - before, 0);
});

test("the error of a body and that of its close are both told, without a wait for the deadline", async () => {
  await using client = testClient(app, { autojump: false });
  const before = app.stats().expired;
  assertEquals((await client.get("/failsTwice")).status, 500);
  const errors = client.takeErrors().map((error) => (error as Error).message).sort();
  assertEquals(errors, ["its close has failed", "the body has failed"]);
  assertEquals(app.stats().expired - before, 0);
});

test("a thrown value of any kind is told, and its thread goes on", async () => {
  await using client = testClient(app, { autojump: false });
  const before = app.stats().died;
  const told: Readonly<Record<string, string>> = {
    ...{ object: '{"code":5} was thrown', null: "null was thrown", text: '"why" was thrown' },
    symbol: "Symbol(id) was thrown",
    ...{ revoked: "cannot be read was thrown", unreadable: "cannot be read was thrown" },
  };
  for (const [name, message] of Object.entries(told)) {
    assertEquals((await client.get(`/throwsAny?${name}`)).status, 500);
    const [error] = client.takeErrors() as Error[];
    assertStringIncludes(error?.message ?? "", message);
  }
  assertEquals(app.stats().died - before, 0);
});

test("the refusal of a middleware's startResponse is an error at the call in the app", async () => {
  const middleware: WSGIApp = (environ, startResponse) =>
    app(environ, (status, headers, excInfo) => {
      if (status === "200 OK") throw new TypeError("no 200 here");
      return startResponse(status, headers, excInfo);
    });
  await using client = testClient(middleware, { autojump: false });
  const { status, text } = await client.get("/headRefused");
  assertEquals([status, text], [418, "no 200 here"]);
});

test("an error after the head, before the first block, is a 500", async () => {
  await using client = testClient(app, { autojump: false });
  assertEquals((await client.get("/startedThrows")).status, 500);
  const [error] = client.takeErrors() as Error[];
  assertEquals([error?.name, error?.message], ["RangeError", "after the head"]);
  assertEquals((await client.post("/echo", { body: "next" })).text, "next");
});

test("the validator checks an app inside the thread", async () => {
  await using client = testClient(app, { autojump: false });
  assertEquals((await client.post("/validated?echo", { body: "abc" })).text, "abc");
  const { text } = await client.post("/validated?reads", { body: "abcde\nxyz\none\n" });
  assertEquals(text, "abc|de\n|xy|z\n/one\n!0");
  assertEquals((await client.get("/validated?replaced")).text, "replaced");
  assertEquals((await client.get("/validated?closing")).text, "body");
  await free(client);
  assertEquals(client.log.splice(0), ["closed"]);
  assertEquals((await client.get("/validated?bareStatus")).status, 500);
  const [error] = client.takeErrors() as Error[];
  assertEquals(error?.name, "WSGIValidationError");
});

test("errors and heads of any length come back whole", async () => {
  await using client = testClient(app, { autojump: false });
  assertEquals((await client.get("/throwsLong")).status, 500);
  const [error] = client.takeErrors() as Error[];
  assertEquals([error?.message.slice(0, 3), (error?.message.length ?? 0) > 1000], ["\0\0\0", true]);
  for (const kind of ["text", "bytes"]) {
    const { status, headers, bytes } = await client.get(`/throwsLarge?${kind}`);
    assertEquals([status, headers.get("x-long")?.length, bytes.length], [404, 200_000, 300_000]);
  }
  const { headers, text } = await client.get("/longHead");
  assertEquals([headers.get("x-long")?.length, text], [300_000, "body"]);
  assertEquals((await client.get("/badHead")).text, "ResponseError");
});

test("an error that is called HTTPException and cannot be sent is a 500", async () => {
  await using client = testClient(app, { autojump: false });
  for (const kind of ["status", "headers", "line", "body"]) {
    assertEquals((await client.get(`/throwsFalse?${kind}`)).status, 500, kind);
    assertEquals(client.takeErrors().length, 1);
  }
  assertEquals((await client.post("/echo", { body: "after" })).text, "after");
});

test("a log of a middleware that throws is an error in the app", async () => {
  const middleware: WSGIApp = (environ, startResponse) => {
    const errors = {
      ...environ["wsgi.errors"],
      write() {
        throw new Error("the log is full");
      },
    };
    return app({ ...environ, "wsgi.errors": errors }, startResponse);
  };
  await using client = testClient(middleware, { autojump: false });
  assertEquals((await client.get("/logs")).text, "the log is full");
});

test("an error after the first block cuts the response", async () => {
  await using client = testClient(app, { autojump: false });
  await client.get("/late").then(
    () => assert(false),
    (error) => assert(error instanceof TruncatedResponse),
  );
  assertEquals((client.takeErrors()[0] as Error).message, "after the first block");
});

test("an HTTPException is the response", async () => {
  await using client = testClient(app, { autojump: false });
  const { status, headers, text } = await client.get("/found");
  assertEquals([status, headers.get("location"), text], [302, "/", "moved"]);
});

test("a block beyond Content-Length is refused where the app yields it", async () => {
  await using client = testClient(app, { autojump: false });
  assertEquals((await client.get("/lies?1234")).text, "1234");
  await client.get("/lies?12345").catch(() => {});
  await free(client);
  await client.settle();
  assertEquals(client.takeErrors().length > 0, true);
  assertStringIncludes(client.log.join("\n"), "refused: ResponseError");
});

test("a thread that is ahead of its client waits", async () => {
  await using client = testClient(app, { autojump: false });
  const stream = await client.open("/stream?50000");
  stream.stall();
  await stream.read(1);
  await until(client, () => app.stats().busy === 1);
  await client.settle();
  const blocks = client.log.length;
  assert(blocks < 10, `${blocks} blocks`);
  stream.resume();
  await stream.response();
  await free(client);
  assertEquals(client.log.length, 65);
});

test("the disconnect of a client ends the app through finally, and the thread serves again", async () => {
  await using client = testClient(app, { autojump: false });
  const stream = await client.open("/stream?50000");
  stream.stall();
  await stream.disconnect();
  await free(client);
  assertEquals((await client.post("/echo", { body: "next" })).text, "next");
  assertEquals(client.log.at(-1), "finally");
  assertEquals(app.stats().threads, 1);
});

test("the options and the module are checked", () => {
  assertThrows(() => blocking("./app.ts"), TypeError, "new URL(");
  assertThrows(() => blocking(APPS, { threads: 0 }), RangeError, "threads of blocking is 0");
  assertThrows(() => blocking(APPS, { deadline: -1 }), RangeError, "deadline of blocking");
  assertThrows(
    () => blocking(APPS, { thread: 1 } as never),
    TypeError,
    'did you mean "threads"?',
  );
});

/** Waits until the thread has ended its request. */
async function free(client: TestClient): Promise<void> {
  await until(client, () => app.stats().busy === 0);
}

/** Lets the threads and the server go on until a condition holds. */
async function until(client: TestClient, reached: () => boolean): Promise<void> {
  while (!reached()) {
    await client.settle();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
