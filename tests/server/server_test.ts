import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { test } from "node:test";
import { memoryNetwork, socketPair } from "../../adapters/memory.ts";
import { AddCoro, ManualClock, Scheduler, Sleep, WaitForSignal } from "../../src/coroutine/mod.ts";
import { ServerShutdown, type WSGIConnection, WSGIServer } from "../../src/server/mod.ts";
import type { Socket } from "../../src/socket/mod.ts";
import type { StartResponse, WSGIApp } from "../../src/wsgi/mod.ts";
import { get, post, requestText, serving, type TestClient } from "../support/serving.ts";

function ok(startResponse: StartResponse): void {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
}

/** Waits as many seconds as its path says. */
const waits: WSGIApp = function* (environ, startResponse) {
  ok(startResponse);
  yield* environ.cogen.wait(Sleep(Number(environ.PATH_INFO.slice(1))));
  return "done";
};

const forEver: WSGIApp = function* (_environ, startResponse) {
  ok(startResponse);
  yield WaitForSignal("never");
};

function newServer(options: Record<string, unknown> = {}): WSGIServer {
  const { adapter } = memoryNetwork({ clock: new ManualClock() });
  return new WSGIServer({ adapter, wsgiApp: waits, bindAddr: ["127.0.0.1", 80], ...options });
}

test("tells where it listens", async () => {
  const cases: [options: Record<string, unknown>, url: string][] = [
    [{ bindAddr: ["127.0.0.1", 8080] }, "http://127.0.0.1:8080/"],
    [{ bindAddr: ["0.0.0.0", 8080] }, "http://127.0.0.1:8080/"],
    [{ bindAddr: ["::", 8080] }, "http://[::1]:8080/"],
    [{ bindAddr: ["[::1]", 8080] }, "http://[::1]:8080/"],
    [{ bindAddr: "/run/app.sock" }, "http+unix://%2Frun%2Fapp.sock/"],
  ];
  for (const [options, url] of cases) {
    const server = newServer(options);
    assertThrows(() => server.address, TypeError, "does not listen");
    await server.listen();
    assertEquals(server.url, url);
  }
});

test("port 0 picks a port", async () => {
  const server = await newServer({ bindAddr: ["127.0.0.1", 0] }).listen();
  const { address } = server;
  assert(address.family !== "unix" && address.port > 0);
});

test("an address in use rejects with the address in the message, and may be tried again", async () => {
  const network = memoryNetwork({ clock: new ManualClock() });
  const options = { adapter: network.adapter, wsgiApp: waits, bindAddr: ["::1", 80] as const };
  const first = await new WSGIServer(options).listen();
  const second = new WSGIServer(options);
  await assertRejects(() => second.listen(), Error, "[::1]:80");
  await first.close();
  await second.listen();
  await second.close();
});

test("listens only once", async () => {
  const server = newServer();
  const first = server.listen();
  await assertRejects(() => server.listen(), TypeError, "only once");
  await first;
  await assertRejects(() => server.listen(), TypeError, "only once");
  await server.close();
  await assertRejects(() => server.listen(), TypeError, "only once");
});

test("a server that is shut down before it listens does not listen", async () => {
  const network = memoryNetwork({ clock: new ManualClock() });
  const { adapter } = network;
  const server = new WSGIServer({ adapter, wsgiApp: waits, bindAddr: ["127.0.0.1", 80] });
  const listening = server.listen();
  const closing = server.close();
  await assertRejects(() => listening, ServerShutdown);
  await closing;
  const where = { host: "127.0.0.1", port: 80 };
  assertThrows(() => network.connect(where, () => ({}) as never), Error, "ECONNREFUSED");
});

test("onListen hears of the server; if it throws, nothing listens", async () => {
  const network = memoryNetwork({ clock: new ManualClock() });
  const options = {
    adapter: network.adapter,
    wsgiApp: waits,
    bindAddr: ["127.0.0.1", 80],
  } as const;
  const urls: string[] = [];
  const onListen = (server: WSGIServer) => void urls.push(server.url);
  const server = await new WSGIServer({ ...options, onListen }).listen();
  assertEquals(urls, ["http://127.0.0.1:80/"]);
  await server.close();
  const failing = () => {
    throw new Error("not today");
  };
  const broken = new WSGIServer({ ...options, onListen: failing });
  await assertRejects(() => broken.listen(), Error, "not today");
  await (await new WSGIServer(options).listen()).close();
});

// Shutdown

test("shutdown lets requests finish, then closes", async () => {
  const stage = await serving(waits);
  const client = stage.ask(get("/2"));
  let finished = false;
  void stage.server.finished.then(() => finished = true);
  const shutdown = stage.server.shutdown({ grace: 10 });
  await stage.settle(1900);
  assertEquals([finished, client.ended], [false, false]);
  await stage.settle(200);
  const { body, headers } = client.response();
  assertEquals([body, headers["connection"], client.ended], ["done", "close", true]);
  client.end();
  await stage.settle();
  assertEquals(finished, true);
  await shutdown;
  await stage.finish();
});

test("after a pause of the process, a shutdown reads the bytes that came before its grace is over", async () => {
  const stage = await serving(function* (environ, startResponse) {
    const body = yield* environ["wsgi.input"].read();
    ok(startResponse);
    return body;
  });
  const [late, silent] = [1, 2].map(() =>
    stage.ask(requestText("POST", "/", ["Content-Length: 4"]) + "bo")
  ) as [TestClient, TestClient];
  let isOver = false;
  const shutdown = stage.server.shutdown({ grace: 10 }).then(() => isOver = true);
  await stage.settle(1000);
  stage.clock.moveTo(60_000);
  stage.clock.turn(); // all timers are due before the poll
  await stage.settle();
  late.send("dy");
  await stage.settle();
  assertEquals([late.response().body, silent.closed], ["body", false]);
  late.end();
  await stage.settle(8000);
  assertEquals(isOver, false);
  await stage.settle(2000);
  assertEquals([isOver, silent.response().status], [true, "503 Service Unavailable"]);
  await shutdown;
  await stage.finish();
});

test("a request on its way when a shutdown begins is served", async () => {
  const stage = await serving(waits);
  const client = stage.connect();
  const shutdown = stage.server.shutdown({ grace: 10 });
  await stage.settle(20);
  client.send(get("/0"));
  await stage.settle(100);
  assertEquals(client.response().headers["connection"], "close");
  client.end();
  await stage.until(shutdown);
  await stage.finish();
});

test("a client that was connected when a shutdown began, but not taken in yet, is served", async () => {
  const stage = await serving(waits);
  const shutdown = stage.server.shutdown({ grace: 10 });
  const client = stage.ask(get("/0"));
  await stage.settle(100);
  assertEquals(client.response().headers["connection"], "close");
  client.end();
  await stage.until(shutdown);
  await stage.finish();
});

test("a shutdown accepts no connection after three turns without one", async () => {
  const stage = await serving(waits);
  const shutdown = stage.server.shutdown({ grace: 10 });
  await stage.settle(1);
  assertThrows(() => stage.connect(), Error, "the connection is refused (ECONNREFUSED)");
  await stage.until(shutdown);
  await stage.finish();
});

test("requests that have begun to come when a shutdown begins are served, pipelined ones too", async () => {
  const stage = await serving(waits);
  const client = stage.ask("GET /1 HTTP/1.1\r\nHo");
  const piped = stage.ask(get("/1") + get("/0"));
  const shutdown = stage.server.shutdown({ grace: 10 });
  await stage.settle(500);
  assertEquals(client.ended, false);
  client.send("st: a\r\n\r\n");
  await stage.settle(2000);
  assertEquals([client.response().body, client.ended], ["done", true]);
  const closes = piped.responses().map(({ headers }) => headers["connection"]);
  assertEquals(closes, [undefined, "close"]);
  for (const one of [client, piped]) one.end();
  await stage.settle();
  await shutdown;
  await stage.finish();
});

test("shutdown closes connections without a request soon, whether their clients close or not", async () => {
  const stage = await serving(waits);
  const silent = stage.connect();
  const idle = stage.ask(get("/0"));
  const lingering = stage.ask(get("/0", "Connection: close"));
  const shutdown = stage.server.shutdown({ grace: 10 });
  await stage.settle(60);
  assertEquals([silent.ended, idle.ended, lingering.ended], [true, true, true]);
  await stage.settle(80);
  assertEquals([silent.closed, idle.closed, lingering.closed], [true, true, true]);
  await shutdown;
  await stage.finish();
});

test("shutdown does not wait for a client that keeps its answered connection open", async () => {
  const stage = await serving(waits);
  const client = stage.ask(get("/2"));
  const shutdown = stage.server.shutdown({ grace: 10 });
  await stage.settle(2010);
  assertEquals([client.response().body, client.closed], ["done", false]);
  await stage.settle(210);
  assertEquals(client.closed, true);
  await shutdown;
  await stage.finish();
});

test("shutdown gives a client time that still sends a refused message", async () => {
  const stage = await serving(waits, { timeouts: { linger: 5 } });
  const client = stage.ask("GET / HTTP/1.1\r\nHost : x\r\n");
  const shutdown = stage.server.shutdown({ grace: 10 });
  await stage.settle(1000);
  assertEquals([client.response().status, client.closed], ["400 Bad Request", false]);
  await stage.settle(5000);
  assertEquals(client.closed, true);
  await shutdown;
  await stage.finish();
});

test("shutdown closes a connection whose head promised to keep it, after its response", async () => {
  const stage = await serving(function* (environ, startResponse) {
    ok(startResponse);
    yield "begun ";
    yield* environ.cogen.wait(Sleep(2));
    yield "ended";
  });
  const client = stage.ask(get("/"));
  const shutdown = stage.server.shutdown({ grace: 10 });
  await stage.settle(1500);
  assertEquals(client.ended, false);
  await stage.settle(600);
  assertEquals([client.response().complete, client.ended], [true, true]);
  client.end();
  await stage.settle();
  await shutdown;
  await stage.finish();
});

test("shutdown does not wait for a body that nobody reads", async () => {
  const stage = await serving((_environ, startResponse) => {
    ok(startResponse);
    return ["answered"];
  });
  const client = stage.ask(requestText("POST", "/", ["Content-Length: 100"]));
  const shutdown = stage.server.shutdown({ grace: 10 });
  await stage.settle(300);
  assertEquals(client.ended, true);
  client.end();
  await stage.settle();
  await shutdown;
  await stage.finish();
});

test("what outlives the grace period is cancelled through finally, and answered 503", async () => {
  let ended = false;
  const stage = await serving(function* (_environ, startResponse) {
    ok(startResponse);
    try {
      yield WaitForSignal("never");
    } finally {
      ended = true;
    }
  });
  const client = stage.ask(get("/"));
  const shutdown = stage.server.shutdown({ grace: 2 });
  await stage.settle(1900);
  assertEquals(ended, false);
  await stage.settle(200);
  assertEquals([ended, client.response().status], [true, "503 Service Unavailable"]);
  await stage.until(shutdown);
  assertEquals(client.closed, true);
  await stage.finish();
});

test("a response that has begun is cut when the grace period is over", async () => {
  const stage = await serving(function* (_environ, startResponse) {
    ok(startResponse);
    yield "begun";
    yield WaitForSignal("never");
  });
  const client = stage.ask(get("/"));
  await stage.until(stage.server.close());
  assertEquals([client.response().complete, client.closed], [false, true]);
  await stage.finish();
});

test("a pipelined request does not begin after the grace period", async () => {
  const called: string[] = [];
  const stage = await serving((environ, startResponse) => {
    called.push(environ.PATH_INFO);
    ok(startResponse);
    return Object.assign(["answer"], { close: () => environ.cogen.run(Sleep(1.5)) });
  });
  const client = stage.ask(get("/first") + get("/second"));
  await stage.until(stage.server.shutdown({ grace: 1 }));
  assertEquals([called, client.response().body, client.closed], [["/first"], "answer", true]);
  await stage.finish();
});

test("shutdown waits for the finally of a request whose client has left", async () => {
  let ended = false;
  const stage = await serving(function* (environ, startResponse) {
    ok(startResponse);
    try {
      yield WaitForSignal("never");
    } finally {
      yield environ.cogen.core.events.Sleep(2);
      ended = true;
    }
  });
  const client = stage.ask(get("/"));
  client.destroy();
  await stage.settle();
  assertEquals(stage.server.stats().connections, 0);
  const shutdown = stage.server.shutdown({ grace: 10 }).then(() => ended);
  await stage.settle(2100);
  assertEquals(await shutdown, true);
  await stage.finish();
});

test("close cancels at once", async () => {
  const stage = await serving(forEver);
  const client = stage.ask(get("/"));
  const closing = stage.server.close();
  await stage.settle();
  assertEquals(stage.server.stats().activeRequests, 0);
  client.end();
  await stage.settle();
  await closing;
  await stage.finish();
});

test("a second shutdown may shorten the grace period, even at once, but not lengthen it", async () => {
  for (const wait of [0, 100, 1000]) {
    const stage = await serving(forEver);
    stage.ask(get("/"));
    const shutdown = stage.server.shutdown({ grace: 60 });
    await stage.settle(wait);
    void stage.server.shutdown({ grace: 5 });
    void stage.server.shutdown({ grace: 100 });
    await stage.settle(4900);
    assertEquals(stage.server.stats().activeRequests, 1);
    await stage.settle(200);
    assertEquals(stage.server.stats().activeRequests, 0);
    await stage.until(shutdown);
    await stage.finish();
  }
});

test("a second shutdown may shorten the time for idle connections, even at once, but not lengthen it", async () => {
  for (const wait of [0, 100, 1000]) {
    const stage = await serving(waits);
    const client = stage.ask(get("/0"));
    await assertRejects(() => stage.server.shutdown({ idle: 0, grace: NaN }), RangeError);
    const shutdown = stage.server.shutdown({ grace: 60, idle: 30 });
    await stage.settle(wait);
    void stage.server.shutdown({ grace: 60 });
    await stage.settle(1000);
    void stage.server.shutdown({ grace: 60, idle: 2 });
    void stage.server.shutdown({ grace: 60, idle: 100 });
    await stage.settle(1900);
    assertEquals(client.ended, false);
    await stage.settle(200);
    assertEquals(client.ended, true);
    client.end();
    await stage.until(shutdown);
    await stage.finish();
  }
});

test("close hurries a shutdown that has just begun", async () => {
  const stage = await serving(forEver);
  const client = stage.ask(get("/"));
  const shutdown = stage.server.shutdown({ grace: 60 });
  await stage.settle(10);
  void stage.server.close();
  await stage.settle();
  assertEquals(stage.server.stats().activeRequests, 0);
  client.end();
  await stage.settle();
  await shutdown;
  await stage.finish();
});

test("an app that cannot be ended does not keep close from ending", async () => {
  const stage = await serving(function* (_environ, startResponse) {
    ok(startResponse);
    try {
      yield WaitForSignal("never");
    } finally {
      yield WaitForSignal("never either");
    }
  }, { timeouts: { close: 10 } });
  const client = stage.ask(get("/"));
  const closing = stage.server.close();
  await stage.settle(2100);
  await closing;
  assertEquals(client.closed, true);
  await stage.settle(10_000);
  assertEquals(stage.takeLog().length, 1);
  await stage.finish();
});

test("the signal option begins a graceful shutdown", async () => {
  const controller = new AbortController();
  const stage = await serving(waits, { signal: controller.signal });
  const client = stage.ask(get("/1"));
  controller.abort();
  assertEquals(stage.server.stopping, true);
  await stage.settle(1000);
  assertEquals(client.response().body, "done");
  client.end();
  await stage.settle();
  await stage.server.finished;
  await stage.finish();
});

test("a signal that has aborted before rejects listen with its reason", async () => {
  const server = newServer({ signal: AbortSignal.abort(new Error("stopped before")) });
  await assertRejects(() => server.listen(), Error, "stopped before");
});

test("disposing of a server shuts it down", async () => {
  const stage = await serving(waits);
  const disposed = stage.server[Symbol.asyncDispose]();
  await stage.settle();
  await disposed;
  await stage.server.finished;
  await stage.finish();
});

// Options with effects

test("more connections than maxConnections are closed at once, and others later served", async () => {
  const stage = await serving(waits, { limits: { maxConnections: 2 } });
  const [first, second, third] = [stage.connect(), stage.connect(), stage.connect()];
  stage.run();
  assertEquals([first, second, third].map(({ closed }) => closed), [false, false, true]);
  first.destroy();
  stage.run();
  assertEquals(stage.ask(get("/0")).response().body, "done");
  await stage.finish();
});

test("errors of coroutines of a shared scheduler reach the server's onError and log, once each", async () => {
  const clock = new ManualClock();
  const loose: string[] = [];
  const scheduler = new Scheduler({ clock, log: (line) => loose.push(line) });
  const heard: string[] = [];
  const lines: string[] = [];
  const server = new WSGIServer({
    adapter: memoryNetwork({ clock }).adapter,
    wsgiApp: waits,
    scheduler,
    onError: (error) => heard.push((error as Error).message),
    log: (line) => lines.push(line),
  });
  const fail = function* child(message: string) {
    yield* Sleep(1);
    throw new Error(message);
  };
  scheduler.add(function* parent() {
    yield* AddCoro(fail, "while it lives");
  });
  clock.advance(1000);
  assertEquals(heard, ["while it lives"]);
  assertEquals(lines.length, 1);
  assertStringIncludes(
    lines[0] as string,
    "Coroutine child, added by parent, failed: Error: while it lives",
  );
  scheduler.add(fail, "after its end");
  const closed = server.close();
  for (let turn = 0; turn < 20; turn++) {
    clock.advance(0);
    await Promise.resolve();
  }
  await closed;
  clock.advance(1000);
  assertEquals([heard.length, lines.length, loose.length], [1, 1, 1]);
  assertStringIncludes(loose[0] as string, "Coroutine child failed: Error: after its end");
});

test("a shared scheduler with an onError of its own reports to that alone", async () => {
  const clock = new ManualClock();
  const heard: string[] = [];
  const lines: string[] = [];
  const scheduler = new Scheduler({
    clock,
    onError: (error, task) => heard.push(`${task.name}: ${error}`),
  });
  const { adapter } = memoryNetwork({ clock });
  const server = new WSGIServer({
    adapter,
    wsgiApp: waits,
    scheduler,
    log: (line) => lines.push(line),
  });
  scheduler.add(function* child() {
    throw new Error("own");
  });
  clock.advance(0);
  assertEquals([heard, lines], [["child: Error: own"], []]);
  await server.close();
});

test("a body beyond maxBodyBytes is refused before any of it is read", async () => {
  const stage = await serving(waits, { limits: { maxBodyBytes: 3 } });
  assertEquals(stage.ask(post("/0", "1234")).response().status, "413 Content Too Large");
  assertEquals(stage.ask(post("/0", "123")).response().status, "200 OK");
  await stage.finish();
});

test("onError hears of an app's errors with the environ; its own errors are logged", async () => {
  const heard: unknown[] = [];
  const stage = await serving(() => {
    throw new Error("from the app");
  }, {
    onError: (error, environ) => {
      heard.push((error as Error).message, environ?.PATH_INFO);
      throw new Error("from onError");
    },
  });
  assertEquals(stage.ask(get("/a")).response().status, "500 Internal Server Error");
  assertEquals(heard, ["from the app", "/a"]);
  const log = stage.takeLog();
  assertEquals(log.length, 1);
  assertStringIncludes(log[0] ?? "", "GET /a failed: Error: from the app");
  assertStringIncludes(log[0] ?? "", "\n    onError threw Error: from onError");
  await stage.finish();
});

test("the log option takes the place of the adapter's log; one that throws harms nobody", async () => {
  const lines: string[] = [];
  const app: WSGIApp = () => {
    throw new Error("from the app");
  };
  const stage = await serving(app, { log: (line) => lines.push(line) });
  stage.ask(get("/"));
  assertEquals(lines.length, 1);
  await stage.finish();
  const log = () => {
    throw new Error("disk full");
  };
  const other = await serving(app, { log });
  const client = other.ask(get("/") + get("/"));
  assertEquals(client.responses().length, 2);
  const begins = other.takeLog().map((entry) => /^[^:]*/.exec(entry)?.[0]);
  assertEquals(begins, ["GET / failed", "log threw Error", "GET / failed"]);
  await other.finish();
});

test("errors of coroutines that an app has started are logged", async () => {
  const stage = await serving((environ, startResponse) => {
    environ.cogen.scheduler.add(function* background() {
      throw new Error("from the background");
    });
    ok(startResponse);
    return [];
  });
  stage.ask(get("/"));
  const log = stage.takeLog().join("\n");
  assertStringIncludes(log, "Coroutine background, added by runApp, failed");
  assertStringIncludes(log, "from the background");
  await stage.finish();
});

test("servers may share a scheduler, and so signals", async () => {
  const clock = new ManualClock();
  const scheduler = new Scheduler({ clock });
  const waiting = await serving(function* (environ, startResponse) {
    ok(startResponse);
    return `${yield* environ.cogen.wait(WaitForSignal("abc"))}`;
  }, { clock, scheduler });
  const signalling = await serving(function* (environ, startResponse) {
    ok(startResponse);
    yield environ.cogen.core.events.Signal("abc", "across");
    return `${environ.cogen.result}`;
  }, { clock, scheduler });
  const client = waiting.ask(get("/"));
  const other = signalling.ask(get("/"));
  assertEquals(other.response().body, "1");
  assertEquals(client.response().body, "across");
  client.destroy();
  other.destroy();
  clock.advance(2000); // until neither looks after deadlines any more
  await waiting.finish();
  await signalling.finish();
});

test("apps are mounted by prefix", async () => {
  const where: WSGIApp = (environ, startResponse) => {
    ok(startResponse);
    return [`${environ.SCRIPT_NAME}|${environ.PATH_INFO}`];
  };
  const stage = await serving({ "/a": where, "/a/b": where });
  const client = stage.ask(get("/a/x") + get("/a/b/x") + get("/c"));
  assertEquals(client.responses().map(({ status, body }) => `${status} ${body}`), [
    "200 OK /a|/x",
    "200 OK /a/b|/x",
    "404 Not Found 404 Not Found\n",
  ]);
  await stage.finish();
});

test("requests that come before the first answer of a shutdown are answered, later ones are not", async () => {
  const stage = await serving(function* (environ, startResponse) {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    yield* environ.cogen.wait(Sleep(1));
    return environ.PATH_INFO;
  });
  const client = stage.ask(get("/a"));
  void stage.server.shutdown();
  stage.run(500);
  client.send(get("/b"));
  stage.run(600);
  client.send(get("/c"));
  stage.run(3000);
  const seen = client.responses().map(({ body, headers }) => `${body} ${headers["connection"]}`);
  assertEquals([seen, client.ended], [["/a undefined", "/b close"], true]);
  await stage.finish();
});

test("serverHeader is sent as Server, unless the app sends its own; by default there is none", async () => {
  const app: WSGIApp = (environ, startResponse) => {
    startResponse("200 OK", environ.PATH_INFO === "/own" ? [["Server", "own"]] : []);
    return ["x"];
  };
  const seen: (string | undefined)[] = [];
  for (const options of [{}, { serverHeader: "demo/1.0 (test)" }]) {
    const stage = await serving(app, options);
    const responses = stage.ask(get("/") + get("/own") + get("/")).responses();
    seen.push(...responses.map(({ headers }) => headers["server"]));
    await stage.finish();
  }
  assertEquals(seen, [undefined, "own", undefined, "demo/1.0 (test)", "own", "demo/1.0 (test)"]);
});

test("serverHeader is sent as Server in the server's own answers, too", async () => {
  const broken = () => {
    throw new Error("broken");
  };
  for (const serverHeader of [undefined, "demo/1.0"]) {
    const stage = await serving(broken, { ...(serverHeader && { serverHeader }) });
    const answers = ["GET / HTTP/1.1\r\n\r\n", get("/")].map((text) => stage.ask(text).response());
    assertEquals(answers.map(({ status }) => parseInt(status)), [400, 500]);
    assertEquals(answers.map(({ headers }) => headers["server"]), [serverHeader, serverHeader]);
    stage.takeLog();
    await stage.finish();
  }
});

const WRONG: readonly (readonly [options: Record<string, unknown>, message: string])[] = [
  [{ wsgiapp: waits }, 'Unknown option "wsgiapp"'],
  [{ tsl: { cert: "", key: "" } }, 'Unknown option "tsl"'],
  [{ wsgiApp: undefined }, "wsgiApp is missing"],
  [{ wsgiApp: [["a", waits]] }, 'begins with "/"'],
  [{ bindAddr: ["", 8000] }, 'write ["127.0.0.1", 8000]'],
  [{ bindAddr: [undefined, 8000] }, 'write ["127.0.0.1", 8000]'],
  [{ bindAddr: [8000] }, 'write ["127.0.0.1", 8000]'],
  [{ bindAddr: 8000 }, 'write ["127.0.0.1", 8000]'],
  [{ bindAddr: "" }, 'write ["127.0.0.1", 8000]'],
  [{ bindAddr: ["127.0.0.1", "8000"] }, 'the port "8000", which is text'],
  [{ bindAddr: ["127.0.0.1", 65536] }, "the port 65536"],
  [{ bindAddr: ["127.0.0.1", 1.5] }, "the port 1.5"],
  [{ bindAddr: "a\0b" }, "NUL"],
  [{ protocol: "HTTP/2" }, 'protocol is "HTTP/2"'],
  [{ requestQueueSize: 0 }, "requestQueueSize is 0"],
  [{ requestQueueSize: 1.5 }, "requestQueueSize is 1.5"],
  [{ serverHeader: "" }, 'serverHeader is ""'],
  [{ serverHeader: 7 }, "serverHeader is 7"],
  [{ serverHeader: "demo\r\nX: y" }, 'serverHeader is "demo\\r\\nX: y"'],
  [{ burst: -1 }, "-1"],
  [{ limits: { maxConections: 5 } }, 'Unknown limit "maxConections"'],
  [{ limits: { toString: 5 } }, 'Unknown limit "toString"'],
  [{ limits: { maxConnections: -1 } }, "maxConnections is -1"],
  [{ limits: { maxHeadBytes: 1.5 } }, "maxHeadBytes is 1.5"],
  [{ timeouts: { heads: 5 } }, 'Unknown timeout "heads"'],
  [{ timeouts: { valueOf: 5 } }, 'Unknown timeout "valueOf"'],
  [{ timeouts: { head: -1 } }, "-1"],
  [{ timeouts: { head: NaN } }, "NaN"],
  [{ timeouts: { request: "5" } }, 'Timeout "request" is "5"'],
  [{ timeouts: { close: "30s" } }, 'Timeout "close" is "30s"'],
  [{ timeouts: { body: {} } }, 'Timeout "body" is {}'],
  [{ timeouts: { write: { second: 1 } } }, 'Timeout "write" is {"second":1}'],
  [{ timeouts: { idle: { months: 1 } } }, "no fixed length"],
  [{ burst: "1ms" }, 'burst is "1ms"'],
  [{ burst: true }, "burst is true"],
];

for (const [options, message] of WRONG) {
  test(`refuses ${JSON.stringify(options)}, and says what is wrong`, () => {
    const error = assertThrows(() => newServer(options), Error, message);
    assert(error instanceof TypeError || error instanceof RangeError, error.name);
  });
}

test("a connection that comes after the end is closed", async () => {
  const clock = new ManualClock();
  const { adapter } = memoryNetwork({ clock });
  const server = new WSGIServer({ adapter, wsgiApp: waits });
  await server.close();
  let closed = false;
  const ignore = { onData() {}, onEnd() {}, onDrain() {} };
  socketPair((socket) => server.accept(socket), () => ({
    ...ignore,
    onClose: () => void (closed = true),
  }), { clock });
  clock.advance(2000);
  assertEquals([closed, server.stats().connections, clock.idle], [true, 0, true]);
});

test("a subclass looks at each connection, and may end it", async () => {
  const clock = new ManualClock();
  const network = memoryNetwork({ clock });
  const { adapter } = network;
  const seen: WSGIConnection[] = [];
  class CountingServer extends WSGIServer {
    override accept(socket: Socket): WSGIConnection {
      const connection = super.accept(socket);
      seen.push(connection);
      return connection;
    }
  }
  const server = new CountingServer({ adapter, bindAddr: ["127.0.0.1", 80], wsgiApp: waits });
  await server.listen();
  const handler = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };
  network.connect({ host: "127.0.0.1", port: 80 }, () => handler);
  network.connect({ host: "127.0.0.1", port: 80 }, () => handler);
  clock.advance(1);
  assertEquals(seen.map(({ idle }) => idle), [true, true]);
  seen[0]?.destroy();
  clock.advance(1);
  assertEquals(server.stats().connections, 1);
  let closed = false;
  void server.close().then(() => closed = true);
  for (let turns = 0; !closed && turns < 100; turns++) {
    clock.advance(100);
    await Promise.resolve();
  }
  assertEquals(closed, true);
});
