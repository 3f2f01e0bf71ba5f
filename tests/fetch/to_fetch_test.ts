/** `toFetch`: WSGI apps as fetch handlers, alone and behind the runtime's own server. */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import process from "node:process";
import { test } from "node:test";
import { Signal, WaitForSignal } from "../../src/coroutine/mod.ts";
import { installFastResponse, toFetch } from "../../src/fetch/mod.ts";
import type { GeneratorApp, WSGIApp } from "../../src/wsgi/mod.ts";

const PLAIN: [string, string][] = [["Content-Type", "text/plain"]];

const mirror: GeneratorApp = function* (environ, startResponse) {
  const body = yield* environ["wsgi.input"].read();
  startResponse("201 Made", [...PLAIN, ["Set-Cookie", "a=1"], ["Set-Cookie", "b=2"]]);
  const { REQUEST_METHOD, REQUEST_URI, HTTP_HOST, HTTP_X_A, SERVER_NAME, SERVER_PORT } = environ;
  const names = [REQUEST_METHOD, REQUEST_URI, HTTP_HOST, HTTP_X_A, SERVER_NAME, SERVER_PORT];
  const { REMOTE_ADDR, REMOTE_PORT } = environ;
  const rest = [environ["wsgi.url_scheme"], REMOTE_ADDR, REMOTE_PORT, body.length];
  return JSON.stringify([...names, ...rest]);
};

test("a request and its response arrive", async () => {
  const request = new Request("https://example.org/a%20b?c=d", {
    method: "PUT",
    body: "x".repeat(300_000),
    headers: { "X-A": "b" },
  });
  const info = { remoteAddr: { hostname: "10.0.0.1", port: 5 } };
  const response = await toFetch(mirror)(request, info);
  assertEquals([response.status, response.statusText], [201, "Made"]);
  assertEquals(response.headers.getSetCookie(), ["a=1", "b=2"]);
  assertEquals(await response.json(), [
    ...["PUT", "/a%20b?c=d", "example.org", "b", "example.org", "443"],
    ...["https", "10.0.0.1", "5", 300_000],
  ]);
});

test("HEAD, 204 and an empty body", async () => {
  const handler = toFetch((environ, startResponse) => {
    const isEmpty = environ.PATH_INFO === "/204";
    startResponse(isEmpty ? "204 No Content" : "200 OK", []);
    return [isEmpty || environ.PATH_INFO === "/empty" ? "" : "body"];
  });
  const head = await handler(new Request("http://a/", { method: "HEAD" }));
  assertEquals([head.body, head.headers.get("content-length")], [null, "4"]);
  assertEquals((await handler(new Request("http://a/204"))).status, 204);
  assertEquals(await (await handler(new Request("http://a/empty"))).text(), "");
});

/** An app that yields for ever, and the events of its life. */
function endless(): { app: WSGIApp; events: string[]; closed: Promise<void> } {
  const events: string[] = [];
  let close = () => {};
  const closed = new Promise<void>((resolve) => close = resolve);
  const app: WSGIApp = function* (environ, startResponse) {
    environ.cogen.signal.addEventListener("abort", () => events.push("abort"));
    startResponse("200 OK", PLAIN);
    try {
      for (;;) yield "x".repeat(1000);
    } finally {
      events.push("closed");
      close();
    }
  };
  return { app, events, closed };
}

test("a cancelled body aborts the signal once, and closes the app", async () => {
  const { app, events, closed } = endless();
  const response = await toFetch(app)(new Request("http://a/"));
  const reader = response.body?.getReader();
  await reader?.read();
  await reader?.cancel();
  await closed;
  assertEquals(events.toSorted(), ["abort", "closed"]);
});

test("the signal of the request aborts the app", async () => {
  const { app, events, closed } = endless();
  const controller = new AbortController();
  const response = await toFetch(app)(new Request("http://a/", { signal: controller.signal }));
  controller.abort(new Error("gone"));
  await closed;
  assertEquals(events.toSorted(), ["abort", "closed"]);
  await assertRejects(() => response.text());
});

test("the signal does not abort after a success", async () => {
  let signal: { readonly aborted: boolean } | undefined;
  const handler = toFetch(function* (environ, startResponse) {
    signal = environ.cogen.signal;
    startResponse("200 OK", PLAIN);
    yield "one";
    yield "two";
  });
  const controller = new AbortController();
  const request = new Request("http://a/", { signal: controller.signal });
  assertEquals(await (await handler(request)).text(), "onetwo");
  controller.abort();
  assertEquals(signal?.aborted, false);
});

test("an app that fails after its first block gives no whole response, and before the head is a 500", async () => {
  const errors: unknown[] = [];
  const handler = toFetch(function* (environ, startResponse) {
    if (environ.PATH_INFO === "/early") throw new Error("early");
    startResponse("200 OK", PLAIN);
    yield "part";
    throw new Error("late");
  }, { log: () => {}, onError: (error) => void errors.push((error as Error).message) });
  assertEquals((await handler(new Request("http://a/early"))).status, 500);
  // The bytes of the head may still be on their way when the app fails.
  await assertRejects(async () => await (await handler(new Request("http://a/"))).text());
  assertEquals(errors, ["early", "late"]);
});

test("both bodies stream at the same time", async () => {
  const handler = toFetch(async function* (environ, startResponse) {
    startResponse("200 OK", PLAIN);
    for await (const piece of environ["wsgi.input"]) yield piece;
  });
  const body = new Blob(["x".repeat(500_000), "end"]).stream();
  const init: RequestInit & { duplex: "half" } = { method: "POST", body, duplex: "half" };
  const text = await (await handler(new Request("http://a/", init))).text();
  assert(text.length === 500_003 && text.endsWith("end"));
});

/** Bodies that cannot be sent, and the beginning of the error. */
const BAD_BODIES: Readonly<Record<string, readonly [() => Promise<Request>, string]>> = {
  "gives strings": [async () => await post(["text"]), "gave a piece of type string"],
  "is shorter than its length": [
    async () => await post([new Uint8Array(3)], "5"),
    "has fewer bytes than its Content-Length 5",
  ],
  "is longer than its length": [
    async () => await post([new Uint8Array(3), new Uint8Array(3)], "4"),
    "has more bytes than its Content-Length 4",
  ],
  "was read": [async () => {
    const request = await post([new Uint8Array(3)]);
    await request.arrayBuffer();
    return request;
  }, "has been read or is locked"],
  "is locked": [async () => {
    const request = await post([new Uint8Array(3)]);
    request.body?.getReader();
    return request;
  }, "has been read or is locked"],
};

/** A request with a stream of pieces as its body. */
function post(pieces: readonly unknown[], length?: string): Promise<Request> {
  const body = new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
  const headers = length === undefined ? [] : [["Content-Length", length] as [string, string]];
  const init: RequestInit & { duplex: "half" } = { method: "POST", body, headers, duplex: "half" };
  return Promise.resolve(new Request("http://a/", init));
}

for (const [name, [make, message]] of Object.entries(BAD_BODIES)) {
  test(`a request whose body ${name} is refused, and leaves nothing behind`, async () => {
    const handler = toFetch(mirror);
    const request = await make();
    const error = await assertRejects(() => handler(request), TypeError);
    assertStringIncludes(error.message, message);
    await handler.shutdown();
  });
}

test("an error of the server that tells no address opens no connection", async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  try {
    const handler = toFetch(mirror);
    await (await handler(new Request("http://a/"))).text();
    const info = {
      requestIP() {
        throw new Error("no address");
      },
    };
    await assertRejects(
      async () => await handler(new Request("http://a/"), info),
      Error,
      "no address",
    );
    await handler.shutdown();
    await new Promise((resolve) => setTimeout(resolve, 0));
    assertEquals(unhandled, []);
  } finally {
    process.off("unhandledRejection", note);
  }
});

test("a response is the runtime's own, also beside an installed FastResponse", async () => {
  const Own = Response;
  const restore = installFastResponse(globalThis);
  try {
    const handler = toFetch((_environ, startResponse) => {
      startResponse("200 OK", PLAIN);
      return ["a"];
    });
    const { constructor } = await handler(new Request("http://a/"));
    assertEquals(constructor, Own);
  } finally {
    restore();
  }
});

test("a shutdown tells the app, waits for its end, and later requests are 503", async () => {
  const handler = toFetch(function* (environ, startResponse) {
    startResponse("200 OK", PLAIN);
    yield "begin,";
    yield* environ.cogen.untilStopping();
    yield "end";
  });
  const response = await handler(new Request("http://a/"));
  const text = response.text();
  await handler.shutdown();
  assertEquals(await text, "begin,end");
  assertEquals((await handler(new Request("http://a/"))).status, 503);
  await handler.shutdown();
});

test("a shutdown ends an app that does not end by itself after the grace period", async () => {
  const { app, events } = endless();
  const handler = toFetch(app);
  const response = await handler(new Request("http://a/"));
  await handler.shutdown({ grace: 0 });
  await assertRejects(() => response.text());
  assertEquals(events.toSorted(), ["abort", "closed"]);
});

test("a shutdown before the first request, and a disposal", async () => {
  const handler = toFetch(mirror);
  await (handler as unknown as AsyncDisposable)[Symbol.asyncDispose]();
  assertEquals((await handler(new Request("http://a/"))).status, 503);
});

test("a request of one client ends the wait of another, behind the runtime's own server", async () => {
  const handler = toFetch(function* (environ, startResponse) {
    startResponse("200 OK", PLAIN);
    if (environ.PATH_INFO === "/send") {
      return `${yield* environ.cogen.wait(Signal("go", "news"))} heard`;
    }
    yield "waiting,";
    yield yield* environ.cogen.wait(WaitForSignal<string>("go"));
  });
  const server = await serveOwn(handler);
  const base = `http://127.0.0.1:${server.port}`;
  const waiting = await fetch(`${base}/wait`);
  assertEquals(await (await fetch(`${base}/send`)).text(), "1 heard");
  assertEquals(await waiting.text(), "waiting,news");
  await server.close();
  await handler.shutdown();
});

test("something that is no app is refused at once", () => {
  assertThrows(() => toFetch(5 as unknown as WSGIApp), TypeError, "toFetch");
});

/** The runtime's own server with a handler, on a port that the system picks. */
async function serveOwn(handler: ReturnType<typeof toFetch>) {
  const { Deno, Bun } = globalThis as unknown as {
    Deno?: {
      serve(options: object, handler: unknown): {
        addr: { port: number };
        shutdown(): Promise<void>;
      };
    };
    Bun?: { serve(options: object): { port: number; stop(now: boolean): Promise<void> } };
  };
  if (Deno !== undefined) {
    const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, handler);
    return { port: server.addr.port, close: () => server.shutdown() };
  }
  if (Bun !== undefined) {
    const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: handler });
    return { port: server.port, close: () => server.stop(true) };
  }
  const { serve } = await import("@hono/node-server");
  return await new Promise<{ port: number; close: () => Promise<void> }>((resolve) => {
    const server = serve(
      { port: 0, hostname: "127.0.0.1", fetch: handler, overrideGlobalObjects: false },
      ({ port }) =>
        resolve({ port, close: () => new Promise((done) => void server.close(() => done())) }),
    );
  });
}

test("an app behind the runtime's own server", async () => {
  const { app, events, closed } = endless();
  const server = await serveOwn(toFetch((environ, startResponse) => {
    return environ.PATH_INFO === "/endless"
      ? app(environ, startResponse)
      : mirror(environ, startResponse);
  }));
  const base = `http://127.0.0.1:${server.port}`;
  const response = await fetch(`${base}/a`, { method: "POST", body: "hello" });
  const parts = await response.json() as unknown[];
  assertEquals([response.status, parts[1], parts[7], parts[9]], [201, "/a", "127.0.0.1", 5]);
  const controller = new AbortController();
  const stream = await fetch(`${base}/endless`, { signal: controller.signal });
  await stream.body?.getReader().read();
  controller.abort();
  await closed;
  assertEquals(events.toSorted(), ["abort", "closed"]);
  await server.close();
});

test("wrong arguments are told when the handler is made", () => {
  const make = toFetch as unknown as (...args: readonly unknown[]) => unknown;
  const app: WSGIApp = () => [];
  const calls: readonly (readonly [args: readonly unknown[], message: string])[] = [
    [[5], "The app of toFetch is 5: expected a WSGI app"],
    [[], "The app of toFetch is undefined: expected a WSGI app, which is a function (environ, "],
    [[{ "/": app }], "; write toFetch(WSGIPathInfoDispatcher(mounts))"],
    [[{ wsgiApp: app }], "; write toFetch(app, options)"],
    [[{ fetch: app }], "; an object with fetch needs no toFetch"],
    [[class Page {}], "The app of toFetch is the class Page"],
    [[app, 5], "The options of toFetch is 5: expected an object"],
    [[app, null], "The options of toFetch is null"],
    [[app, { timeout: 5 }], 'Unknown option of toFetch "timeout": did you mean "timeouts"?'],
    [[app, { bindAddr: "/a" }], 'Unknown option of toFetch "bindAddr"'],
    [[app, { scheduler: {} }], 'Unknown option of toFetch "scheduler"'],
    [[app, { limits: { maxHead: 5 } }], 'Unknown limit "maxHead"'],
    [[app, { timeouts: { request: "5" } }], '"5"'],
    [[app, { log: "x" }], 'log is "x": expected a function'],
    [[app, {}, {}], "Argument 3 of toFetch is {}"],
  ];
  for (const [args, message] of calls) {
    const error = assertThrows(() => make(...args), TypeError);
    assertStringIncludes(error.message, message);
  }
  make(app, { limits: { maxHeadBytes: 5000 }, onError: undefined });
});

test("a handler that is called with something else tells the way to its Request", async () => {
  const handler = toFetch(() => []) as unknown as (...args: readonly unknown[]) => Promise<unknown>;
  const request = new Request("http://a/");
  class FetchEvent {
    request = request;
  }
  const calls: readonly (readonly [args: readonly unknown[], message: string])[] = [
    [[], "The argument of a handler of toFetch is undefined: expected a Request"],
    [["http://a/"], 'is "http://a/": expected a Request; write handler(new Request(url))'],
    [[new URL("http://a/")], "; write handler(new Request(url))"],
    [[new FetchEvent()], "is a FetchEvent: expected a Request; write handler(event.request)"],
    [[{ req: { raw: request } }], "; write handler(context.req.raw)"],
    [[{ req: request }], "; write handler(event.req)"],
    [[Promise.resolve(request)], "is a Promise: expected a Request; await the promise first"],
    [[{ url: "/", method: "GET", headers: {} }, {}], "expected a Request"],
    [[new Response()], "is a Response: expected a Request"],
  ];
  for (const [args, message] of calls) {
    const error = await assertRejects(() => handler(...args), TypeError);
    assertStringIncludes(error.message, message);
  }
});

test("a wrong grace period is an error, also before the first request", async () => {
  const handler = toFetch(() => []);
  await assertRejects(
    () => handler.shutdown({ grac: 5 } as never),
    TypeError,
    'did you mean "grace"?',
  );
});
