import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { ManualClock, Sleep, WaitForSignal } from "../../src/coroutine/mod.ts";
import type { StartResponse, WSGIApp } from "../../src/wsgi/mod.ts";
import {
  get,
  latin1Bytes,
  post,
  requestText,
  serving,
  type TestClient,
} from "../support/serving.ts";

function ok(startResponse: StartResponse): void {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
}

const echoPath: WSGIApp = (environ, startResponse) => {
  ok(startResponse);
  return [environ.PATH_INFO];
};

/** Waits a second, and tells its path. */
const slow: WSGIApp = function* (environ, startResponse) {
  ok(startResponse);
  yield* environ.cogen.wait(Sleep(1));
  return environ.PATH_INFO;
};

function bodies(client: TestClient): string[] {
  return client.responses().map(({ body }) => body);
}

// Keep-alive and pipelining

test("a connection serves one request after the other", async () => {
  const stage = await serving(echoPath);
  const client = stage.ask(get("/a"));
  stage.run(1000);
  client.send(get("/b"));
  stage.run();
  assertEquals(bodies(client), ["/a", "/b"]);
  assertEquals(client.ended, false);
  await stage.finish();
});

test("pipelined requests are answered in order, one at a time", async () => {
  let running = 0;
  let most = 0;
  const stage = await serving(function* (environ, startResponse) {
    most = Math.max(most, ++running);
    ok(startResponse);
    yield* environ.cogen.wait(Sleep(environ.PATH_INFO === "/slow" ? 1 : 0.1));
    running--;
    return environ.PATH_INFO;
  });
  const client = stage.ask(get("/slow") + get("/b") + get("/slow") + get("/d"));
  stage.run(5000);
  assertEquals(bodies(client), ["/slow", "/b", "/slow", "/d"]);
  assertEquals(most, 1);
  await stage.finish();
});

test("pipelined requests that do not wait are answered in one write", async () => {
  const stage = await serving(echoPath);
  const client = stage.ask(get("/a") + get("/b") + get("/c"));
  assertEquals(bodies(client), ["/a", "/b", "/c"]);
  assertEquals(client.pieces.length, 1);
  await stage.finish();
});

test("requests that come byte by byte are answered as well", async () => {
  const stage = await serving(function* (environ, startResponse) {
    ok(startResponse);
    const body = yield* environ["wsgi.input"].read();
    return `${environ.PATH_INFO} ${body.length}`;
  });
  const client = stage.connect();
  for (const byte of post("/a", "body") + get("/b")) {
    client.send(byte);
    stage.run();
  }
  assertEquals(bodies(client), ["/a 4", "/b 0"]);
  await stage.finish();
});

test("Connection: close ends the connection after its response", async () => {
  const stage = await serving(echoPath);
  const client = stage.ask(get("/a", "Connection: close") + get("/b"));
  assertEquals(bodies(client), ["/a"]);
  assertEquals(client.response().headers["connection"], "close");
  assertEquals(client.ended, true);
  client.end();
  stage.run();
  assertEquals(client.closed, true);
  await stage.finish();
});

test("thousands of pipelined requests from a client that does not read stay bounded", async () => {
  let served = 0;
  const stage = await serving((_environ, startResponse) => {
    served++;
    ok(startResponse);
    return ["x".repeat(1000)];
  });
  const client = stage.connect();
  client.pause();
  const requests = get("/").repeat(16_000);
  client.send(requests);
  for (let turn = 0; turn < 5000; turn++) stage.clock.turn();
  assert(served < 1000, `${served} served`);
  assert(client.unsent > requests.length / 2, `${client.unsent} of ${requests.length} unsent`);
  client.resume();
  stage.run();
  assertEquals([served, client.responses().length, client.unsent], [16_000, 16_000, 0]);
  await stage.finish();
});

test("a client that pipelines while its first request is served is paused", async () => {
  const stage = await serving(slow);
  const client = stage.connect();
  const requests = get("/").repeat(20_000);
  client.send(requests);
  stage.run();
  assert(client.unsent > requests.length / 2, `${client.unsent} of ${requests.length} unsent`);
  client.destroy();
  await stage.finish();
});

test("a limit on pipelined bytes below the size of a head holds up nobody", async () => {
  const stage = await serving(echoPath, { limits: { maxPipelinedBytes: 0 } });
  const client = stage.connect();
  const request = get("/a", `X-Long: ${"x".repeat(5000)}`) + get("/b");
  for (let at = 0; at < request.length; at += 100) {
    client.send(request.slice(at, at + 100));
    stage.run();
  }
  assertEquals(bodies(client), ["/a", "/b"]);
  await stage.finish();
});

test("reading stops one byte beyond the limit on pipelined bytes, and not before", async () => {
  const stage = await serving(slow, { limits: { maxPipelinedBytes: 100 } });
  const pausesAfter = (surplus: number): number => {
    let pauses = 0;
    const address = { family: "unix", path: "" } as const;
    const handler = stage.server.accept({
      ...{ remote: address, local: address, encrypted: false },
      ...{ endWrite() {}, destroy: () => handler.onClose(), resumeReading() {} },
      write: () => true,
      pauseReading: () => void pauses++,
    });
    handler.onData(latin1Bytes(get("/") + "G".repeat(surplus)));
    handler.onClose();
    return pauses;
  };
  assertEquals([pausesAfter(100), pausesAfter(101)], [0, 1]);
  await stage.finish();
});

// Bodies that nobody reads

test("a small body that the app does not read is skipped, and the connection goes on", async () => {
  const stage = await serving(echoPath);
  const client = stage.ask(post("/a", "GET /evil HTTP/1.1\r\n\r\n") + get("/b"));
  assertEquals(bodies(client), ["/a", "/b"]);
  await stage.finish();
});

test("a body that comes after the response is skipped as well", async () => {
  const stage = await serving(echoPath);
  const client = stage.ask(requestText("POST", "/a", ["Content-Length: 1000"]));
  assertEquals(bodies(client), ["/a"]);
  client.send("x".repeat(1000) + get("/b"));
  stage.run();
  assertEquals(bodies(client), ["/a", "/b"]);
  await stage.finish();
});

test("a body as long as may be skipped keeps the connection", async () => {
  const stage = await serving(echoPath);
  const client = stage.ask(requestText("POST", "/a", ["Content-Length: 65536"]));
  assertEquals(client.response().headers["connection"], undefined);
  client.send("x".repeat(65536) + get("/b"));
  stage.run();
  assertEquals(bodies(client), ["/a", "/b"]);
  await stage.finish();
});

test("a body too long to be skipped closes the connection, and the response says so", async () => {
  const stage = await serving(echoPath);
  const client = stage.ask(requestText("POST", "/a", ["Content-Length: 65537"]));
  assertEquals(client.response().headers["connection"], "close");
  assertEquals(client.ended, true);
  client.send("x".repeat(65537) + get("/b"));
  stage.run();
  assertEquals(bodies(client), ["/a"]);
  await stage.finish();
});

test("a chunked body is skipped up to the limit, then the connection is closed", async () => {
  const stage = await serving(echoPath, { limits: { maxDrainedBytes: 100 } });
  const client = stage.ask(requestText("POST", "/a", ["Transfer-Encoding: chunked"]));
  client.send(`32\r\n${"x".repeat(50)}\r\n`);
  stage.run();
  assertEquals([bodies(client), client.ended], [["/a"], false]);
  client.send(`33\r\n${"x".repeat(51)}\r\n`);
  stage.run();
  assertEquals([bodies(client), client.ended], [["/a"], true]);
  await stage.finish();
});

test("a body that is never sent on closes the connection in time", async () => {
  const stage = await serving(echoPath);
  const client = stage.ask(requestText("POST", "/a", ["Content-Length: 10"]));
  stage.run(29_000);
  assertEquals(client.closed, false);
  stage.run(2000);
  assertEquals([bodies(client), client.closed], [["/a"], true]);
  await stage.finish();
});

test("an app that reads a part of the body leaves the next request whole", async () => {
  const stage = await serving(function* (environ, startResponse) {
    ok(startResponse);
    const start = yield* environ["wsgi.input"].read(2);
    return `${environ.PATH_INFO} ${start.length}`;
  });
  const client = stage.ask(post("/a", "GET /evil") + get("/b"));
  assertEquals(bodies(client), ["/a 2", "/b 0"]);
  await stage.finish();
});

test("a client that uploads to an app that does not read is paused", async () => {
  const stage = await serving(slow);
  const client = stage.connect();
  client.send(requestText("POST", "/", ["Content-Length: 10000000"]));
  client.send(new Uint8Array(10_000_000));
  stage.run();
  assert(client.unsent > 9_000_000, `${client.unsent} unsent`);
  client.destroy();
  await stage.finish();
});

test("an upload is taken as fast as the app reads it", async () => {
  const stage = await serving(function* (environ, startResponse) {
    ok(startResponse);
    const input = environ["wsgi.input"];
    let size = 0;
    for (let chunk; (chunk = yield* input.read(100_000)).length > 0;) {
      size += chunk.length;
      yield* environ.cogen.wait(Sleep(0.01));
    }
    return `${size}`;
  });
  const client = stage.connect();
  client.send(requestText("POST", "/", ["Content-Length: 5000000"]));
  client.send(new Uint8Array(5_000_000));
  client.send(get("/"));
  stage.run(100);
  assert(client.unsent > 3_000_000, `${client.unsent} unsent`);
  stage.run(1000);
  assertEquals(bodies(client), ["5000000", "0"]);
  await stage.finish();
});

// Expect: 100-continue

const readsAll: WSGIApp = function* (environ, startResponse) {
  const body = yield* environ["wsgi.input"].read();
  ok(startResponse);
  return `${body.length}`;
};

const EXPECTING = requestText("POST", "/", ["Content-Length: 4", "Expect: 100-continue"]);

test("100 Continue is sent when the app asks for the body, once", async () => {
  const stage = await serving(function* (environ, startResponse) {
    yield* environ.cogen.wait(Sleep(1));
    const input = environ["wsgi.input"];
    const one = yield* input.read(2);
    const two = yield* input.read();
    ok(startResponse);
    return `${one.length + two.length}`;
  });
  const client = stage.ask(EXPECTING);
  stage.run(500);
  assertEquals(client.received(), "");
  stage.run(500);
  assertEquals(client.received(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("12");
  stage.run();
  client.send("34");
  stage.run();
  assertEquals(client.responses().map(({ status }) => status), ["100 Continue", "200 OK"]);
  assertEquals(client.ended, false);
  await stage.finish();
});

test("100 Continue is sent to a client whose app asks in its first step", async () => {
  const stage = await serving(readsAll);
  const client = stage.ask(EXPECTING);
  assertEquals(client.received(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("1234" + get("/"));
  stage.run();
  assertEquals(bodies(client), ["", "4", "0"]);
  await stage.finish();
});

test("100 Continue is not sent when the body is here already", async () => {
  const stage = await serving(function* (environ, startResponse) {
    yield* environ.cogen.wait(Sleep(1));
    const body = yield* environ["wsgi.input"].read();
    ok(startResponse);
    return `${body.length}`;
  });
  const client = stage.ask(EXPECTING + "1234");
  stage.run(1000);
  assertEquals(bodies(client), ["4"]);
  await stage.finish();
});

test("an app that does not ask for the body closes the connection: none may follow", async () => {
  const stage = await serving(echoPath);
  const client = stage.ask(EXPECTING);
  assertEquals(client.response().headers["connection"], "close");
  assertEquals(client.ended, true);
  await stage.finish();
});

test("100 Continue is not sent after the response has begun", async () => {
  const stage = await serving(function* (environ, startResponse) {
    ok(startResponse);
    yield "begun ";
    yield* environ.cogen.wait(Sleep(1));
    yield `${(yield* environ["wsgi.input"].read()).length}`;
  });
  const client = stage.ask(EXPECTING);
  stage.run(1000);
  client.send("1234");
  stage.run();
  assertEquals(client.response().body, "begun 4");
  await stage.finish();
});

test("a server of HTTP/1.0 sends no 100 Continue", async () => {
  const stage = await serving(readsAll, { protocol: "HTTP/1.0" });
  const client = stage.ask(EXPECTING);
  assertEquals(client.received(), "");
  client.send("1234");
  stage.run();
  assertEquals(client.response().body, "4");
  await stage.finish();
});

// Bad requests

const BAD: readonly (readonly [name: string, request: string, status: string])[] = [
  ["no HTTP", "hello\r\n\r\n", "400 Bad Request"],
  ["a version to come", "GET / HTTP/2.0\r\n\r\n", "505 HTTP Version Not Supported"],
  ["no Host", "GET / HTTP/1.1\r\n\r\n", "400 Bad Request"],
  ["a bare LF", "GET / HTTP/1.1\nHost: a\n\n", "400 Bad Request"],
  ["a long target", get(`/${"x".repeat(9000)}`), "414 URI Too Long"],
  [
    "a long head",
    get("/", ...Array.from({ length: 90 }, (_, i) => `X${i}: ${"x".repeat(500)}`)),
    "431 Request Header Fields Too Large",
  ],
  ["a length of two kinds", get("/", "Content-Length: 1", "Transfer-Encoding: chunked"), "400 "],
];

for (const [name, request, status] of BAD) {
  test(`a request with ${name} is answered ${status}, short and plain, and the last`, async () => {
    let called = false;
    const stage = await serving(() => {
      called = true;
      return [];
    });
    const client = stage.ask(request + get("/next"));
    const response = client.response();
    assert(response.status.startsWith(status), response.status);
    assertEquals(response.headers["connection"], "close");
    assertEquals(response.headers["content-type"], "text/plain");
    assert(response.body.length < 200, response.body);
    assertEquals([called, client.ended], [false, true]);
    await stage.finish();
  });
}

test("a malformed request after good ones does not harm their answers", async () => {
  const stage = await serving(slow);
  const client = stage.ask(get("/a") + get("/b") + "broken\r\n\r\n");
  stage.run(3000);
  assertEquals(client.responses().map(({ status }) => status), [
    "200 OK",
    "200 OK",
    "400 Bad Request",
  ]);
  await stage.finish();
});

const BROKEN_BODY = requestText("POST", "/", ["Transfer-Encoding: chunked"]) + "xyz\r\n";

test("a malformed body is answered 400 if nothing has gone, and is an error in the app", async () => {
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
  const client = stage.ask(BROKEN_BODY);
  assertEquals(client.response().status, "400 Bad Request");
  assertEquals(seen, ["ProtocolError", "finally"]);
  assertEquals(client.ended, true);
  await stage.finish();
});

test("a malformed body cuts a response that has begun", async () => {
  const stage = await serving(function* (environ, startResponse) {
    ok(startResponse);
    yield "begun";
    yield* environ["wsgi.input"].read();
    yield "never";
  });
  const client = stage.ask(BROKEN_BODY);
  const { body, complete } = client.response();
  assertEquals([body, complete, client.ended], ["begun", false, true]);
  await stage.finish();
});

// Disconnects and half-closed clients

test("a client that ends its side gets an answer that comes soon", async () => {
  const stage = await serving(function* (environ, startResponse) {
    ok(startResponse);
    yield* environ.cogen.wait(Sleep(0.04));
    return "soon";
  });
  const client = stage.ask(get("/"));
  client.end();
  stage.run(100);
  assertEquals([client.response().body, client.closed], ["soon", true]);
  await stage.finish();
});

test("a client that ends its side and waits for long is taken for gone", async () => {
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
  client.end();
  stage.run(49);
  assertEquals(ended, false);
  stage.run(2);
  assertEquals([ended, client.closed], [true, true]);
  await stage.finish();
});

for (const [framing, isWhole] of [["a length", true], ["chunks", false]] as const) {
  test(`a client that ends its side after a body in ${framing} ${isWhole ? "lets" : "cuts"} the finally`, async () => {
    const steps: string[] = [];
    const stage = await serving(function* (environ, startResponse) {
      environ.cogen.onFinished(({ outcome }) => void steps.push(outcome));
      startResponse("200 OK", isWhole ? [["Content-Length", "5"]] : []);
      try {
        yield "hello";
      } finally {
        yield* environ.cogen.wait(Sleep(1));
        steps.push("finally");
      }
    });
    const client = stage.ask(get("/"));
    assertEquals(client.response().body, "hello");
    client.end();
    stage.run(1100);
    assertEquals(steps, isWhole ? ["finally", "complete"] : ["left"]);
    assertEquals(client.closed, true);
    await stage.finish();
  });
}

test("an app that goes on after its whole response is ended with its client, in the time of a close", async () => {
  const stage = await serving(function* (_environ, startResponse) {
    startResponse("200 OK", [["Content-Length", "5"]]);
    yield "hello";
    yield WaitForSignal("never");
  }, { timeouts: { close: 2 } });
  stage.ask(get("/")).end();
  stage.run(2000);
  assertEquals(stage.server.stats().activeRequests, 1);
  stage.run(100);
  assertEquals(stage.server.stats().activeRequests, 0);
  await stage.finish();
});

test("a half-closed client is served although the process had to wait for the processor", async () => {
  const stage = await serving(function* (environ, startResponse) {
    ok(startResponse);
    for (let wait = 0; wait < 3; wait++) yield* environ.cogen.wait(Sleep(0.005));
    return environ.PATH_INFO;
  });
  const client = stage.ask(get("/a") + get("/b"));
  client.end();
  // After each round of the loop, a second has passed: all timers are due at once.
  for (let round = 0; round < 40; round++) {
    stage.clock.moveTo(stage.clock.now() + 1000);
    stage.clock.turn();
  }
  assertEquals([bodies(client), client.closed], [["/a", "/b"], true]);
  await stage.finish();
});

/** A clock whose last timer runs when a test says so, before anything else that is due. */
class PausedClock extends ManualClock {
  runLastTimer = (): void => {};

  override setTimer(delay: number, turn: () => void): () => void {
    this.runLastTimer = turn;
    return super.setTimer(delay, () => this.runLastTimer === turn && turn());
  }
}

/** A client that has sent a request line, and no field. */
async function withHalfAHead() {
  const clock = new PausedClock();
  const stage = await serving(echoPath, { clock });
  const client = stage.connect();
  stage.run();
  client.send("GET /late HTTP/1.1\r\n");
  stage.run();
  /** The process is paused for a minute. Then the loop calls its timers first. */
  const pause = () => {
    clock.moveTo(clock.now() + 60_000);
    clock.runLastTimer();
  };
  return { stage, client, pause };
}

test("after a pause of the process, the bytes that came meanwhile are read before a deadline holds", async () => {
  const { stage, client, pause } = await withHalfAHead();
  client.send("Host: test\r\n\r\n");
  pause();
  stage.run();
  assertEquals(bodies(client), ["/late"]);
  await stage.finish();
});

test("after a pause that is a little longer than a deadline, the bytes that came meanwhile are read first", async () => {
  const clock = new PausedClock();
  const stage = await serving(echoPath, { clock, timeouts: { head: 1 } });
  const client = stage.connect();
  stage.run();
  client.send("GET /late HTTP/1.1\r\n");
  stage.run();
  client.send("Host: test\r\n\r\n");
  clock.moveTo(clock.now() + 1500);
  clock.runLastTimer();
  stage.run();
  assertEquals(bodies(client), ["/late"]);
  await stage.finish();
});

test("when pauses follow each other, the bytes of each one are read before a deadline holds", async () => {
  const { stage, client, pause } = await withHalfAHead();
  for (let count = 0; count < 5; count++) {
    client.send("Host: test\r\n\r\nGET /late HTTP/1.1\r\n");
    pause();
    stage.run();
    assertEquals(bodies(client).length, count + 1);
    stage.run(500);
  }
  stage.run(40_000);
  assertStringIncludes(client.received(), "HTTP/1.1 408 ");
  await stage.finish();
});

test("pauses that follow each other count for no deadline, and what was left of it holds afterwards", async () => {
  const { stage, client, pause } = await withHalfAHead();
  for (let count = 0; count < 5; count++) {
    pause();
    stage.run();
    stage.run(500);
  }
  assertEquals(client.received(), "");
  stage.run(31_000);
  assertStringIncludes(client.received(), "HTTP/1.1 408 ");
  await stage.finish();
});

test("a pause gives no time to the connections that come later", async () => {
  const { stage, pause } = await withHalfAHead();
  pause();
  stage.run(31_000);
  const late = stage.connect();
  stage.run();
  late.send("GET /late HTTP/1.1\r\n");
  stage.run(32_000);
  assertStringIncludes(late.received(), "HTTP/1.1 408 ");
  await stage.finish();
});

test("in a process that is always late, a deadline passes by a second with each check", async () => {
  const { stage, client, pause } = await withHalfAHead();
  for (let check = 0; check < 30; check++) {
    assertEquals(client.received(), "");
    pause();
    stage.run();
  }
  assertStringIncludes(client.received(), "HTTP/1.1 408 ");
  await stage.finish();
});

test("with halfClosed: Infinity a client that ends its side is served in full", async () => {
  const stage = await serving(slow, { timeouts: { halfClosed: Infinity } });
  const client = stage.ask(get("/a") + get("/b"));
  client.end();
  stage.run(3000);
  assertEquals([bodies(client), client.closed], [["/a", "/b"], true]);
  await stage.finish();
});

test("a half-closed client that pipelined is taken for gone in its later requests, too", async () => {
  const stage = await serving(function* (environ, startResponse) {
    ok(startResponse);
    if (environ.PATH_INFO === "/wait") yield WaitForSignal("never");
    return "x".repeat(100_000);
  });
  const client = stage.connect();
  client.pause();
  client.send(get("/a") + get("/b") + get("/wait"));
  stage.run();
  client.end();
  stage.run(10);
  client.resume();
  stage.run(40);
  assertEquals(stage.server.stats().activeRequests, 1);
  stage.run(100);
  assertEquals([stage.server.stats().activeRequests, client.closed], [0, true]);
  await stage.finish();
});

test("a client that ends amid its head is told, and gone", async () => {
  const stage = await serving(echoPath);
  const client = stage.ask("GET / HT");
  client.end();
  stage.run();
  assertEquals([client.response().status, client.closed], ["400 Bad Request", true]);
  await stage.finish();
});

test("a client that ends between requests is closed without a word", async () => {
  const stage = await serving(echoPath);
  const client = stage.ask(get("/"));
  client.take();
  client.end();
  stage.run();
  assertEquals([client.take(), client.closed], ["", true]);
  await stage.finish();
});

test("a client that ends amid a body that nobody reads is noticed", async () => {
  const stage = await serving(function* (_environ, startResponse) {
    ok(startResponse);
    yield WaitForSignal("never");
  });
  for (const sent of [0, 500, 100_000]) {
    const client = stage.ask(requestText("POST", "/", ["Content-Length: 1000000"]));
    client.send(new Uint8Array(sent));
    stage.run();
    client.end();
    stage.run(100);
    assertEquals(stage.server.stats().activeRequests, 0, `after ${sent} bytes`);
  }
  await stage.finish();
});

test("a client that leaves is noticed though reading is paused", async () => {
  const stage = await serving(function* (_environ, startResponse) {
    ok(startResponse);
    yield WaitForSignal("never");
  });
  const client = stage.ask(requestText("POST", "/", ["Content-Length: 10000000"]));
  client.send(new Uint8Array(10_000_000));
  stage.run();
  client.destroy();
  stage.run();
  assertEquals(stage.server.stats().activeRequests, 0);
  await stage.finish();
});

test("a client that leaves while the app waits for room is noticed", async () => {
  let ended = 0;
  const stage = await serving(function* (_environ, startResponse) {
    ok(startResponse);
    try {
      for (;;) yield "x".repeat(10_000);
    } finally {
      ended++;
    }
  });
  const client = stage.connect();
  client.pause();
  client.send(get("/"));
  stage.run();
  assertEquals(ended, 0);
  client.destroy();
  stage.run();
  assertEquals(ended, 1);
  await stage.finish();
});

// Deadlines

test("a connection that says nothing is closed when it has been idle", async () => {
  const stage = await serving(echoPath, { timeouts: { idle: 5 } });
  const client = stage.connect();
  stage.run(4900);
  assertEquals(client.ended, false);
  stage.run(1200);
  assertEquals([client.received(), client.ended], ["", true]);
  await stage.finish();
});

test("a kept connection is closed when it has been idle since its last response", async () => {
  const stage = await serving(slow, { timeouts: { idle: 5 } });
  const client = stage.connect();
  stage.run(4000);
  client.send(get("/"));
  stage.run(5500);
  assertEquals(client.ended, false);
  stage.run(1500);
  assertEquals([bodies(client), client.ended], [["/"], true]);
  await stage.finish();
});

test("an app may take as long as it likes", async () => {
  const stage = await serving(function* (environ, startResponse) {
    ok(startResponse);
    yield* environ.cogen.wait(Sleep({ hours: 1 }));
    return "late";
  });
  const client = stage.ask(get("/"));
  stage.run(3_600_000);
  assertEquals(client.response().body, "late");
  await stage.finish();
});

test("a head that does not come to its end is answered 408", async () => {
  const stage = await serving(echoPath, { timeouts: { head: 5 } });
  const client = stage.ask("GET / HTTP/1.1\r\n");
  for (let second = 0; second < 7; second++) {
    client.send(`X-${second}: slow\r\n`);
    stage.run(1000);
  }
  assertEquals([client.response().status, client.ended], ["408 Request Timeout", true]);
  await stage.finish();
});

test("an empty line after a request does not begin another", async () => {
  const stage = await serving(echoPath, { timeouts: { head: 5, idle: 60 } });
  const client = stage.ask(post("/", "body") + "\r\n");
  stage.run(20_000);
  assertEquals([client.response().body, client.ended], ["/", false]);
  client.send(get("/next"));
  stage.run();
  assertEquals(bodies(client), ["/", "/next"]);
  await stage.finish();
});

test("a body that the app waits for and that does not come is a 408 and an error in the app", async () => {
  const seen: unknown[] = [];
  const stage = await serving(function* (environ) {
    try {
      yield* environ["wsgi.input"].read();
    } catch (error) {
      seen.push((error as Error).message);
      throw error;
    }
  }, { timeouts: { body: 5 } });
  const client = stage.ask(requestText("POST", "/", ["Content-Length: 10"]));
  stage.run(4000);
  assertEquals(seen, []);
  stage.run(3000);
  assertEquals([client.response().status, client.ended], ["408 Request Timeout", true]);
  assertEquals(seen, ["The request body did not come in time"]);
  await stage.finish();
});

const reading: WSGIApp = function* (environ, startResponse) {
  let size = 0;
  for (let piece; (piece = yield* environ["wsgi.input"].read(1)).length > 0;) size += piece.length;
  startResponse("200 OK", []);
  return `${size}`;
};

/** Sends a body of 60 bytes, so many a second. */
async function trickle(bytesASecond: number, minBodyRate: number): Promise<string> {
  const stage = await serving(reading, { timeouts: { body: 5 }, limits: { minBodyRate } });
  const client = stage.ask(requestText("POST", "/", ["Content-Length: 60"]));
  for (let sent = 0; sent < 60 && !client.ended; sent += bytesASecond) {
    client.send("x".repeat(bytesASecond));
    stage.run(1000);
  }
  const { status } = client.response();
  await stage.finish();
  return status;
}

test("a body that trickles in is late, in however many pieces it is read", async () => {
  assertEquals(await trickle(2, 10), "408 Request Timeout");
  assertEquals(await trickle(4, 10), "408 Request Timeout");
});

test("a body at the least rate, or with none asked for, may take its time", async () => {
  assertEquals(await trickle(10, 10), "200 OK");
  assertEquals(await trickle(2, 2), "200 OK");
  assertEquals(await trickle(2, 0), "200 OK");
});

test("a read that was given up does not make the request late", async () => {
  const stage = await serving(function* (environ, startResponse) {
    const timeouts: unknown[] = [];
    try {
      yield* environ["wsgi.input"].read(10, { timeout: 1 });
    } catch (error) {
      timeouts.push(error);
    }
    yield* environ.cogen.wait(Sleep(60));
    startResponse("200 OK", []);
    return `${timeouts.length}`;
  }, { timeouts: { body: 5 } });
  const client = stage.ask(requestText("POST", "/", ["Content-Length: 10"]));
  stage.run(70_000);
  assertEquals(client.response().body, "1");
  await stage.finish();
});

test("a request that takes too long is cancelled: 503, or cut if something was sent", async () => {
  const events: string[] = [];
  const stage = await serving(function* (environ, startResponse) {
    try {
      startResponse("200 OK", []);
      if (environ.PATH_INFO === "/begun") yield "begun";
      yield* environ.cogen.wait(Sleep(60));
    } finally {
      events.push(`finally ${environ.PATH_INFO} ${environ.cogen.signal.aborted}`);
    }
  }, { timeouts: { request: 5 } });
  const early = stage.ask(get("/"));
  const begun = stage.ask(get("/begun"));
  stage.run(4000);
  assertEquals(events, []);
  stage.run(2500);
  assertEquals(events, ["finally / true", "finally /begun true"]);
  assertEquals(early.response().status, "503 Service Unavailable");
  assertEquals([begun.response().complete, begun.ended], [false, true]);
  await stage.finish();
});

test("a body that nobody waits for has no deadline", async () => {
  const stage = await serving(function* (environ, startResponse) {
    ok(startResponse);
    yield* environ.cogen.wait(Sleep(60));
    return `${(yield* environ["wsgi.input"].read()).length}`;
  }, { timeouts: { body: 5 } });
  const client = stage.ask(requestText("POST", "/", ["Content-Length: 2"]));
  stage.run(61_000);
  client.send("12");
  stage.run();
  assertEquals(client.response().body, "2");
  await stage.finish();
});

test("a client that takes nothing of its response is cut", async () => {
  let ended = false;
  const stage = await serving(function* (_environ, startResponse) {
    ok(startResponse);
    try {
      for (;;) yield "x".repeat(10_000);
    } finally {
      ended = true;
    }
  }, { timeouts: { write: 5 } });
  const client = stage.connect();
  client.pause();
  client.send(get("/"));
  stage.run(4000);
  assertEquals(ended, false);
  stage.run(3000);
  assertEquals([ended, stage.server.stats().connections], [true, 0]);
  await stage.finish();
});

test("who takes a response slowly is neither idle nor late with the next head", async () => {
  const stage = await serving((environ, startResponse) => {
    ok(startResponse);
    return [environ.PATH_INFO === "/big" ? "x".repeat(3_000_000) : "small"];
  }, { timeouts: { idle: 5, head: 5, write: 20 } });
  const client = stage.connect();
  client.send(get("/big") + get("/small"));
  for (let round = 0; round < 10; round++) {
    client.pause();
    stage.run(3000);
    client.resume();
    stage.clock.turn();
    stage.clock.turn();
  }
  client.resume();
  stage.run(1000);
  assertEquals(client.responses().map(({ body }) => body.length), [3_000_000, 5]);
  await stage.finish();
});

test("a client that does not close after the last response is cut", async () => {
  const stage = await serving(echoPath, { timeouts: { linger: 5 } });
  const client = stage.ask(get("/", "Connection: close"));
  stage.run(4000);
  client.send("still talking");
  assertEquals([client.ended, client.closed], [true, false]);
  stage.run(3000);
  assertEquals(client.closed, true);
  await stage.finish();
});

test("methods that are no more than names reach the app", async () => {
  const stage = await serving((environ, startResponse) => {
    ok(startResponse);
    return [environ.REQUEST_METHOD];
  });
  const client = stage.ask(requestText("BREW", "/") + requestText("get", "/"));
  assertEquals(bodies(client), ["BREW", "get"]);
  await stage.finish();
});

const CONNECT = "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n";

/** Apps that answer every method alike. */
const UNAWARE_APPS: Readonly<Record<string, WSGIApp>> = {
  "an array": (_environ, startResponse) => {
    ok(startResponse);
    return ["block"];
  },
  "an empty array": (_environ, startResponse) => {
    startResponse("204 No Content", []);
    return [];
  },
  "a generator that waits before its block": slow,
  "a generator that waits behind its block": function* (environ, startResponse) {
    ok(startResponse);
    yield "block";
    yield* environ.cogen.wait(Sleep(1));
  },
  "a generator with a length": function* (_environ, startResponse) {
    startResponse("299 Fine", [["Content-Length", "5"]]);
    yield "block";
  },
  "an async generator": async function* (_environ, startResponse) {
    ok(startResponse);
    await Promise.resolve();
    yield "block";
  },
};

for (const [kind, app] of Object.entries(UNAWARE_APPS)) {
  test(`a CONNECT is answered 501 if the app takes no socket: ${kind}`, async () => {
    const stage = await serving(app);
    const client = stage.ask(CONNECT + get("/smuggled"));
    for (let count = 0; count < 20; count++) {
      stage.run(1000);
      await Promise.resolve();
    }
    assert(client.received().startsWith("HTTP/1.1 501 Not Implemented\r\n"), client.received());
    assertStringIncludes(client.received(), "Connection: close\r\n");
    assert(client.received().endsWith("\r\n\r\n501 Not Implemented\n"), client.received());
    assertEquals(stage.takeLog(), [], "the client chose the method");
    await stage.finish();
  });
}

test("a CONNECT that the app refuses has the app's answer, and is the last request", async () => {
  const stage = await serving((_environ, startResponse) => {
    startResponse("405 Method Not Allowed", [["Allow", "GET"]]);
    return ["no tunnel"];
  });
  const client = stage.ask(CONNECT + get("/smuggled"));
  assert(client.received().startsWith("HTTP/1.1 405 Method Not Allowed\r\n"));
  assertStringIncludes(client.received(), "Connection: close\r\n");
  assert(client.received().endsWith("\r\n\r\nno tunnel"));
  await stage.finish();
});

test("an app can answer a CONNECT anew once its 2xx is refused", async () => {
  const stage = await serving(function* (_environ, startResponse) {
    startResponse("200 OK", [["Content-Length", "5"]]);
    try {
      yield "block";
    } catch (error) {
      startResponse("403 Forbidden", [], error);
      yield "no tunnel";
    }
  });
  const client = stage.ask(CONNECT);
  assert(client.received().startsWith("HTTP/1.1 403 Forbidden\r\n"), client.received());
  await stage.finish();
});

test("each late request has an error of its own", async () => {
  const reasons: Error[] = [];
  const stage = await serving(function* (environ, startResponse) {
    startResponse("200 OK", []);
    try {
      yield* environ.cogen.wait(Sleep(60));
    } finally {
      const reason = environ.cogen.signal.reason as Error;
      reason.cause ??= environ.PATH_INFO;
      reasons.push(reason);
    }
  }, { timeouts: { request: 5 } });
  stage.ask(get("/a"));
  stage.ask(get("/b"));
  stage.run(7000);
  assertEquals(reasons.map(({ cause }) => cause), ["/a", "/b"]);
  await stage.finish();
});
