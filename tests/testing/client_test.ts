/** `testClient`: requests of any kind, responses as they were sent, cookies, streams, raw bytes. */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { test } from "node:test";
import { WaitForSignal } from "../../src/coroutine/mod.ts";
import { type TestClient, testClient, TruncatedResponse } from "../../src/testing/mod.ts";
import type { WSGIApp } from "../../src/wsgi/mod.ts";
import { mirror, signals } from "./apps.ts";

async function mirrored(send: (client: TestClient) => Promise<{ text: string }>): Promise<string> {
  await using client = testClient(mirror);
  return (await send(client)).text;
}

test("an unknown option of testClient is refused", () => {
  const app = () => [];
  const make = (options: unknown) => () => testClient(app, options as never);
  assertThrows(make({ cookie: true }), TypeError, 'Unknown option of testClient "cookie"');
  assertThrows(make(5), TypeError, "testClient is 5: expected an object");
  assertThrows(make({ window: "5" }), TypeError, 'window of testClient is "5"');
  assertThrows(make({ window: 0 }), TypeError, "window of testClient is 0");
  assertThrows(make({ files: {} }), TypeError, "files of testClient is {}: expected an object");
  assertThrows(make({ autojump: null }), TypeError, "autojump is null");
});

test("wrong arguments of testClient are refused", async () => {
  const make = testClient as unknown as (...args: readonly unknown[]) => unknown;
  const app: WSGIApp = () => [];
  const calls: readonly (readonly [args: readonly unknown[], message: string])[] = [
    [[], "The app of testClient is undefined: expected an app, mounts, or the options"],
    [[{ fetch: app }], "; write fromFetch(app)"],
    [[class Page {}], "wsgiApp is the class Page"],
    [[{ wsgiApp: app, scheduler: {} }], "scheduler of testClient is {}: expected none"],
    [[{ wsgiApp: app, timeout: 5 }], 'Unknown option "timeout": did you mean "timeouts"?'],
    [[app, {}, {}], "Argument 3 of testClient is {}"],
  ];
  for (const [args, message] of calls) assertThrows(() => make(...args), TypeError, message);
  await using client = testClient(app);
  const raw = client.raw.bind(client) as unknown as (...args: unknown[]) => Promise<unknown>;
  await assertRejects(() => raw(5), TypeError, "The bytes of raw is 5");
  await assertRejects(() => raw("", { ends: 1 }), TypeError, 'did you mean "end"?');
  await assertRejects(() => raw("", { end: 1 }), TypeError, "end of raw is 1: expected true");
  const fetch = client.fetch.bind(client) as unknown as (input?: unknown) => Promise<unknown>;
  await assertRejects(
    () => fetch(),
    TypeError,
    "The input of fetch is undefined: expected a Request",
  );
  await assertRejects(() => fetch({}), TypeError, "The input of fetch is {}");
  const wrong = { metod: "PUT" } as never;
  await assertRejects(() => client.open("/", wrong), TypeError, 'did you mean "method"?');
});

test("a response has its status, fields, body and bytes", async () => {
  const app: WSGIApp = (_environ, startResponse) => {
    startResponse("404 Not Here", [["X-One", "1"], ["Set-Cookie", "a=1"], ["Set-Cookie", "b=2"]]);
    return [`{"a":`, `"é"}`];
  };
  await using client = testClient(app);
  const response = await client.get("/");
  assertEquals([response.status, response.reason], [404, "Not Here"]);
  assertEquals(response.headers.get("x-one"), "1");
  assertEquals(response.headers.getSetCookie(), ["a=1", "b=2"]);
  assertEquals(response.rawHeaders[0], ["X-One", "1"]);
  assertEquals([response.text, response.json()], [`{"a":"é"}`, { a: "é" }]);
  assertEquals(response.bytes.length, 10);
  assertEquals(response.complete, true);
  const raw = new TextDecoder().decode(response.raw);
  assertEquals(raw.slice(0, 24), "HTTP/1.1 404 Not Here\r\nX");
  assert(raw.endsWith(`\r\n\r\n{"a":"é"}`));
});

test("each method sends its name", async () => {
  for (const method of ["get", "post", "put", "patch", "delete"] as const) {
    const text = await mirrored((client) => client[method]("/x"));
    assertEquals(text.split("\n")[0], `${method.toUpperCase()} /x`);
  }
  assertEquals((await mirrored((client) => client.request("PURGE", "/"))).slice(0, 7), "PURGE /");
  assertEquals(
    (await mirrored((client) => client.request("OPTIONS", "*"))).slice(0, 9),
    "OPTIONS *",
  );
  await using client = testClient(mirror);
  const head = await client.head("/x");
  assertEquals([head.status, head.text], [200, ""]);
});

/** Options of a request, and a part of its mirror image. */
const BODIES: Readonly<Record<string, readonly [Parameters<TestClient["post"]>[1], string]>> = {
  "no body": [{}, "CONTENT_LENGTH: 0\n"],
  text: [{ body: "é" }, "CONTENT_LENGTH: 2\nCONTENT_TYPE: text/plain;charset=UTF-8\n"],
  bytes: [{ body: new Uint8Array([104, 105]) }, "CONTENT_LENGTH: 2\n"],
  "an ArrayBuffer": [{ body: new Uint8Array([104, 105]).buffer }, "\n\nhi"],
  "a Blob": [{ body: new Blob(["hi"], { type: "a/b" }) }, "CONTENT_TYPE: a/b\nHTTP_HOST"],
  JSON: [{ json: { a: [1] } }, `CONTENT_TYPE: application/json\nHTTP_HOST: localhost\n\n{"a":[1]}`],
  "JSON null": [{ json: null }, "\n\nnull"],
  "a form": [
    { form: { a: "1 2", b: ["x", "y"], c: 3 } },
    "CONTENT_TYPE: application/x-www-form-urlencoded\nHTTP_HOST: localhost\n\na=1+2&b=x&b=y&c=3",
  ],
  "search parameters": [{ form: new URLSearchParams([["a", "&"]]) }, "\n\na=%26"],
  pieces: [{ body: ["a", "", "bc"] }, "HTTP_TRANSFER_ENCODING: chunked\n\nabc"],
  "own fields": [{ body: "x", headers: { "content-type": "a/b", Host: "other" } }, "TYPE: a/b\n"],
  "repeated fields": [{ headers: { "X-A": ["1", "2"] } }, "HTTP_X_A: 1, 2\n"],
  "pairs of fields": [{ headers: [["X-A", "1"], ["X-A", "2"]] }, "HTTP_X_A: 1, 2\n"],
  "a Headers": [{ headers: new Headers({ "X-A": "1" }) }, "HTTP_X_A: 1\n"],
  "a query": [{ query: { a: "é", b: ["1", "2"], c: true } }, "POST /?a=%C3%A9&b=1&b=2&c=true\n"],
};

for (const [name, [options, expected]] of Object.entries(BODIES)) {
  test(`a request with ${name}`, async () => {
    assertStringIncludes(await mirrored((client) => client.post("/", options)), expected);
  });
}

test("a multipart form is sent as one", async () => {
  const form = new FormData();
  form.set("a", "1");
  form.set("file", new Blob(["content"], { type: "text/x" }), "name.txt");
  const text = await mirrored((client) => client.post("/", { form }));
  assertStringIncludes(text, "CONTENT_TYPE: multipart/form-data; boundary=");
  assertStringIncludes(text, 'filename="name.txt"');
});

test("an async iterable is sent piece by piece, as the app reads", async () => {
  const order: string[] = [];
  await using client = testClient(function* (environ, startResponse) {
    for (let read = ""; read !== "bb";) {
      read = new TextDecoder().decode(yield* environ["wsgi.input"].read(2));
      order.push(`read ${read}`);
    }
    startResponse("200 OK", []);
    return "";
  });
  async function* pieces() {
    for (const piece of ["aa", "bb"]) {
      order.push(`send ${piece}`);
      yield await Promise.resolve(piece);
    }
  }
  await client.post("/", { body: pieces() });
  assertEquals(order, ["send aa", "read aa", "send bb", "read bb"]);
});

test("no time passes while the body of a request waits for the runtime", async () => {
  const inRealTime = () => new Promise((resolve) => setTimeout(resolve, 20));
  const app: WSGIApp = function* (environ, startResponse) {
    const body = yield* environ["wsgi.input"].read();
    startResponse("200 OK", []);
    return `${body.length}`;
  };
  async function* pieces() {
    for (const piece of ["aa", "bb"]) {
      await inRealTime();
      yield piece;
    }
  }
  await using client = testClient(app);
  assertEquals((await client.post("/", { body: pieces() })).text, "4");
  const body = new ReadableStream({
    async pull(controller) {
      await inRealTime();
      controller.enqueue(new Uint8Array(3));
      controller.close();
    },
  });
  const init = { method: "POST", body, duplex: "half" } as RequestInit;
  assertEquals(await (await client.fetch("/", init)).text(), "3");
  // Another thread of later Nodes reads a file of a form.
  const form = new FormData();
  form.set("file", new File(["a".repeat(100_000)], "a.txt"));
  const sent = await client.fetch("/", { method: "POST", body: form });
  assert(Number(await sent.text()) > 100_000);
  assertEquals(client.now, 0);
});

test("a body that never ends is refused by the deadline of the server, or not read", async () => {
  async function* endless() {
    yield "a";
    await new Promise(() => {});
  }
  const reading = testClient(function* (environ, startResponse) {
    yield* environ["wsgi.input"].read();
    startResponse("200 OK", []);
  });
  assertEquals((await reading.post("/", { body: endless() })).status, 408);
  await reading.close();
  await using ignoring = testClient((_environ, startResponse) => {
    startResponse("200 OK", []);
    return ["not read"];
  });
  assertEquals((await ignoring.post("/", { body: endless() })).text, "not read");
});

test("paths are sent as written; other characters than ASCII are percent-encoded", async () => {
  for (
    const [path, line] of [
      ["/a/../b//c%2f?x=%zz", "/a/../b//c%2f?x=%zz"],
      ["/é b", "/%C3%A9%20b"],
      ["http://example.org/x", "/x"],
      ["http://example.org?x", "/?x"],
    ] as const
  ) {
    assertEquals((await mirrored((client) => client.get(path))).split("\n")[0], `GET ${line}`);
  }
  const text = await mirrored((client) => client.get("http://example.org:81/x"));
  assertStringIncludes(text, "HTTP_HOST: example.org:81\n");
});

test("a request that cannot be sent is a TypeError", async () => {
  await using client = testClient(mirror);
  const wrong: [string, Parameters<TestClient["post"]>[1], string][] = [
    ["x", {}, 'The path "x" does not begin with "/"'],
    ["/", { headers: { "a b": "1" } }, 'Cannot send the field "a b: 1"'],
    ["/", { headers: { a: 1 as never } }, "The field a is 1: expected a string"],
    ["/", { query: { a: null as never } }, "The value of a is null: expected a string, a number"],
    ["/", { data: "x" } as never, 'Unknown option of a request "data": did you mean "body"'],
    ["/", { fault: { then: "reset" } as never }, "A fault has one place: give sent or received"],
    ["/", { fault: { sent: -1, then: "fin" } }, "The place of the fault is -1"],
    ["/", { fault: { sent: 1, then: "end" as never } }, 'then of the fault is "end"'],
    [undefined as never, {}, "The path is undefined: expected a string"],
    ["/", { headers: { a: "1\r\nb: 2" } }, "client.raw(), which sends any bytes"],
    ["/", { body: "x", json: 1 }, "A request has one body"],
    ["/", { body: 5 as never }, "Cannot send 5 as a body"],
  ];
  for (const [path, options, message] of wrong) {
    await assertRejects(() => client.post(path, options), TypeError, message);
  }
  await assertRejects(() => client.request("GE T", "/"), TypeError, 'The method is "GE T"');
  assertThrows(() => testClient(mirror, { cookies: 1 as never }), TypeError, "cookies is 1");
});

test("informational responses and trailers are visible", async () => {
  await using client = testClient(function* (environ, startResponse) {
    environ.cogen.inform(103, [["Link", "</a.css>"]]);
    startResponse("200 OK", [["Trailer", "X-Sum"]]);
    yield "a";
    environ.cogen.setTrailers([["X-Sum", "1"]]);
  });
  const response = await client.get("/", { headers: { TE: "trailers" } });
  assertEquals(response.informational.map(({ status }) => status), [103]);
  assertEquals(response.informational[0]?.headers.get("link"), "</a.css>");
  assertEquals([response.text, response.trailers.get("x-sum")], ["a", "1"]);
});

test("cookies are kept on request only", async () => {
  const app: WSGIApp = (environ, startResponse) => {
    const set: [string, string][] = environ.PATH_INFO === "/in"
      ? [
        ["Set-Cookie", "a=1; Path=/; HttpOnly"],
        ["Set-Cookie", "b=2; Max-Age=60; Path=/"],
        ["Set-Cookie", "c=3; Path=/deep"],
      ]
      : environ.PATH_INFO === "/out"
      ? [["Set-Cookie", "a=; Max-Age=0; Path=/"]]
      : [];
    startResponse("200 OK", set);
    return [String(environ["HTTP_COOKIE"] ?? "none")];
  };
  await using forgetful = testClient(app);
  await forgetful.get("/in");
  assertEquals((await forgetful.get("/")).text, "none");
  await using client = testClient(app, { cookies: true });
  await client.get("/in");
  assertEquals((await client.get("/")).text, "a=1; b=2");
  assertEquals((await client.get("/deep/x")).text, "c=3; a=1; b=2");
  await client.advance(61);
  assertEquals((await client.get("/")).text, "a=1");
  await client.get("/out");
  assertEquals((await client.get("/")).text, "none");
  await using streaming = testClient(app, { cookies: true });
  await using stream = await streaming.open("http://localhost/in");
  await stream.response();
  assertEquals((await streaming.get("/")).text, "a=1; b=2");
});

test("two requests at the same time wake each other", async () => {
  await using client = testClient(signals);
  const waiting = client.get("/wait");
  assertEquals((await client.get("/send?hello")).text, "sent");
  assertEquals((await waiting).text, "waiting, hello");
});

test("a stream is read to its end", async () => {
  await using client = testClient(signals);
  await using stream = await client.open("/wait");
  const rest = stream.read(Infinity);
  await client.get("/send?hello");
  assertEquals(new TextDecoder().decode(await rest), "waiting, hello");
});

test("a stream is read piece by piece", async () => {
  await using client = testClient(signals);
  await using stream = await client.open("/wait");
  assertEquals(stream.status, 200);
  assertEquals(new TextDecoder().decode(await stream.read(4)), "wait");
  assertEquals(await stream.until(", "), "ing, ");
  await client.get("/send?hello");
  assertEquals(new TextDecoder().decode(await stream.read()), "hello");
  assertEquals((await stream.read()).length, 0);
  assertEquals((await stream.response()).text, "waiting, hello");
});

test("the pieces of a stream are those of the server", async () => {
  await using client = testClient(function* (_environ, startResponse) {
    startResponse("200 OK", []);
    for (const block of ["one", "two", "three"]) {
      yield block;
      yield "";
    }
  });
  const pieces: string[] = [];
  for await (const piece of await client.open("/")) pieces.push(new TextDecoder().decode(piece));
  assertEquals(pieces.join(), "one,two,three");
});

test("a text that does not come is an error that quotes the body", async () => {
  await using client = testClient(mirror);
  const stream = await client.open("/");
  await assertRejects(() => stream.until("nothing"), Error, `The body ends without "nothing"`);
});

test("fetch takes a Request and gives a Response", async () => {
  await using client = testClient(mirror);
  const request = new Request("http://example.org/a?b", {
    method: "PUT",
    body: "content",
    headers: { "X-A": "1" },
  });
  const response = await client.fetch(request);
  const text = await response.text();
  assertEquals([response.status, text.split("\n")[0]], [200, "PUT /a?b"]);
  assertStringIncludes(text, "HTTP_HOST: example.org\n");
  assertStringIncludes(text, "HTTP_X_A: 1\n");
  assert(text.endsWith("\n\ncontent"));
  assertEquals(await (await client.fetch("/x", { method: "HEAD" })).text(), "");
});

test("an aborted fetch is a client that leaves", async () => {
  await using client = testClient(signals);
  const controller = new AbortController();
  const response = await client.fetch("/wait", { signal: controller.signal });
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  assertEquals(new TextDecoder().decode((await reader.read()).value), "waiting, ");
  controller.abort();
  await client.settle();
  assertEquals(client.stats.activeRequests, 0);
  await reader.cancel();
});

test("raw bytes are sent as they are", async () => {
  await using client = testClient(mirror);
  const refused = await client.raw("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n");
  assertEquals(refused.text.slice(0, 24), "HTTP/1.1 400 Bad Request");
  const pipelined = await client.raw(
    "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
  );
  assertEquals(pipelined.text.match(/GET \/\d/g), ["GET /1", "GET /2"]);
  assertEquals((await client.raw("GET / HT", { end: true })).bytes.length > 0, true);
});

test("mounts, and the options of a server", async () => {
  await using mounted = testClient([["/a", mirror], ["/b", signals]]);
  assertEquals((await mounted.get("/c")).status, 404);
  assertEquals((await mounted.get("/a/x")).status, 200);
  await using limited = testClient({ wsgiApp: mirror, limits: { maxBodyBytes: 3 } });
  assertEquals((await limited.post("/", { body: "1234" })).status, 413);
});

test("connections are kept from one request to the next", async () => {
  const ports = new Set<unknown>();
  await using client = testClient((environ, startResponse) => {
    ports.add(environ.REMOTE_PORT);
    startResponse("200 OK", []);
    return ["x"];
  });
  for (let request = 0; request < 5; request++) await client.get("/");
  assertEquals(ports.size, 1);
});

test("a body that is no JSON is quoted by the error", async () => {
  await using client = testClient((environ, startResponse) => {
    startResponse("404 Not Found", [["Content-Type", "text/plain"]]);
    return [environ.PATH_INFO === "/" ? "no such page" : "x".repeat(500)];
  });
  const short = await client.get("/");
  assertThrows(
    () => short.json(),
    SyntaxError,
    'response 404 Not Found is no JSON: "no such page"',
  );
  const long = await client.get("/long");
  assertThrows(() => long.json(), SyntaxError, '" and 300 more');
});

test("a request that waits when the client is closed is left alone", async () => {
  const client = testClient(function* (environ, startResponse) {
    startResponse("200 OK", []);
    yield* environ.cogen.wait(WaitForSignal("news"));
    return "";
  });
  let settled = false;
  void client.get("/").finally(() => settled = true);
  await client.settle();
  await client.close();
  assertEquals(settled, false);
});

test("a response that the server cuts is an error with the part that has come", async () => {
  const client = testClient(function* (_environ, startResponse) {
    startResponse("200 OK", []);
    yield "part";
    yield "";
    throw new Error("too late");
  });
  const error = await assertRejects(
    () => client.get("/"),
    TruncatedResponse,
    "The server ended the connection in the middle of the response to GET /",
  );
  assertEquals([error.response.text, error.response.complete], ["part", false]);
  assertEquals(client.takeErrors().map(String), ["Error: too late"]);
  await client.close();
});
