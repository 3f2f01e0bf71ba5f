import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { Signal, Sleep, WaitForSignal } from "../../../src/coroutine/mod.ts";
import { ResponseError } from "../../../src/http/mod.ts";
import type { ByteSocket, SocketHandler } from "../../../src/socket/mod.ts";
import { type Cogen, type HeaderList, type WSGIApp, WSGIError } from "../../../src/wsgi/mod.ts";
import { get, requestText, serving } from "../../support/serving.ts";

const PLAIN: HeaderList = [["Content-Type", "text/plain"]];
const UPGRADE = ["Connection: Upgrade", "Upgrade: echo"];

/** What a call throws, or undefined. */
function thrown(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
}

test("trailers follow a chunked body", async () => {
  const stage = await serving(function* (environ, startResponse) {
    startResponse("200 OK", [["Trailer", "X-Sum, X-Other"]]);
    yield "body";
    environ.cogen.setTrailers([["X-Sum", "1"], ["x-other", "2"]]);
  });
  const client = stage.ask(get("/"));
  assertStringIncludes(client.received(), "Trailer: X-Sum, X-Other\r\n");
  assertStringIncludes(
    client.received(),
    "\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: 1\r\nx-other: 2\r\n\r\n",
  );
  await stage.finish();
});

test("trailers are dropped for HTTP/1.0 and for HEAD", async () => {
  const stage = await serving(function* (environ, startResponse) {
    startResponse("200 OK", [["Trailer", "X-Sum"]]);
    environ.cogen.setTrailers([["X-Sum", "1"]]);
    yield "body";
  });
  const old = stage.ask("GET / HTTP/1.0\r\n\r\n");
  assert(old.received().endsWith("\r\n\r\nbody"));
  const head = stage.ask(requestText("HEAD", "/"));
  assert(head.received().endsWith("\r\n\r\n"));
  assertEquals(head.received().includes("X-Sum: 1"), false);
  await stage.finish();
});

test("trailers that were not announced, or may not be, are refused where they are set", async () => {
  const errors: unknown[] = [];
  const stage = await serving(function* (environ, startResponse) {
    const set = (...trailers: HeaderList) => thrown(() => environ.cogen.setTrailers(trailers));
    errors.push(set(["X-Sum", "1"]));
    startResponse("200 OK", [["Trailer", "X-Sum, Content-Type"]]);
    errors.push(set(["X-Other", "1"]), set(["Content-Type", "a/b"]), set(["X-Sum", "a\r\nb"]));
    yield "body";
  });
  stage.ask(get("/"));
  const [early, unannounced, forbidden, injected] = errors;
  assertInstanceOf(early, WSGIError);
  assertInstanceOf(unannounced, WSGIError);
  assertEquals(
    (early as Error).message,
    "The field Trailer of startResponse() has not announced X-Sum",
  );
  assertInstanceOf(forbidden, ResponseError);
  assertInstanceOf(injected, ResponseError);
  await stage.finish();
});

test("a response with Content-Length has no trailers", async () => {
  let error: unknown;
  const stage = await serving(function* (environ, startResponse) {
    startResponse("200 OK", [["Trailer", "X-Sum"], ["Content-Length", "4"]]);
    error = thrown(() => environ.cogen.setTrailers([["X-Sum", "1"]]));
    yield "body";
  });
  assertEquals(stage.ask(get("/")).response().body, "body");
  assertInstanceOf(error, WSGIError);
  await stage.finish();
});

test("the trailers of a request are there when its body is read", async () => {
  const stage = await serving(function* (environ, startResponse) {
    const input = environ["wsgi.input"];
    yield* input.read(2);
    const before = input.trailers.length;
    yield* input.read();
    startResponse("200 OK", PLAIN);
    return JSON.stringify([before, input.trailers]);
  });
  const client = stage.ask(
    requestText("POST", "/", ["Transfer-Encoding: chunked"]) +
      "4\r\nbody\r\n",
  );
  client.send("0\r\nX-Sum: 1\r\nX-Other: a b\r\n\r\n" + get("/next"));
  stage.run();
  assertEquals(client.responses().map(({ body }) => JSON.parse(body)), [
    [0, [["x-sum", "1"], ["x-other", "a b"]]],
    [0, []],
  ]);
  await stage.finish();
});

test("early hints go out before the app goes on", async () => {
  const stage = await serving(function* (environ, startResponse) {
    environ.cogen.inform(103, [["Link", "</style.css>; rel=preload"]]);
    yield* environ.cogen.wait(Sleep(1));
    startResponse("200 OK", PLAIN);
    yield "page";
  });
  const client = stage.ask(get("/"));
  assertEquals(
    client.take(),
    "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n",
  );
  stage.run(1000);
  assertStringIncludes(client.take(), "HTTP/1.1 200 OK\r\n");
  await stage.finish();
});

test("a client of HTTP/1.0 gets no informational response", async () => {
  const stage = await serving(function* (environ, startResponse) {
    environ.cogen.inform(103, [["Link", "</style.css>; rel=preload"]]);
    startResponse("200 OK", PLAIN);
    yield "page";
  });
  assert(stage.ask("GET / HTTP/1.0\r\n\r\n").received().startsWith("HTTP/1.1 200 OK\r\n"));
  await stage.finish();
});

test("an informational response has status 102 or 103, whatever the client's version", async () => {
  const statuses = [100, 101, 200, 404, "103\r\nX: y", "103", undefined, {}];
  const errors: unknown[] = [];
  const stage = await serving((environ, startResponse) => {
    for (const status of statuses) {
      errors.push(thrown(() => environ.cogen.inform(status as 103, [])));
    }
    startResponse("200 OK", PLAIN);
    return ["body"];
  });
  for (const request of [get("/"), "GET / HTTP/1.0\r\n\r\n"]) {
    assertEquals(stage.ask(request).response().body, "body");
  }
  assertEquals(errors.length, 2 * statuses.length);
  for (const error of errors) {
    assertInstanceOf(error, TypeError);
    assertStringIncludes((error as Error).message, "expected 102 or 103");
  }
  await stage.finish();
});

test("an informational response after the response has begun is refused", async () => {
  let error: unknown;
  const stage = await serving(function* (environ, startResponse) {
    startResponse("200 OK", PLAIN);
    yield "page";
    error = thrown(() => environ.cogen.inform(103, []));
  });
  assertEquals(stage.ask(get("/")).response().body, "page");
  assertInstanceOf(error, WSGIError);
  await stage.finish();
});

/** Takes the socket and gives back what comes on it, between brackets. */
function echo(cogen: Cogen, headers: HeaderList, told: string[] = []): ByteSocket {
  let taken: ByteSocket | undefined;
  cogen.takeSocket(headers, (socket) => {
    taken = socket;
    return {
      onData: (bytes) => void socket.write(`<${String.fromCharCode(...bytes)}>`),
      onEnd: () => {
        told.push("end");
        socket.endWrite();
      },
      onDrain: () => void told.push("drain"),
      onClose: () => void told.push("close"),
    };
  });
  return taken as ByteSocket;
}

test("an app takes the socket of an upgrade; what came with the request is delivered first", async () => {
  const told: string[] = [];
  const stage = await serving(function* (environ) {
    echo(environ.cogen, [["Upgrade", "echo"]], told);
  });
  const client = stage.ask(get("/", ...UPGRADE) + "first");
  assertEquals(
    client.take(),
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n<first>",
  );
  client.send("GET / HTTP/1.1\r\n\r\n");
  stage.run();
  assertEquals(client.take(), "<GET / HTTP/1.1\r\n\r\n>");
  stage.run(3_600_000);
  assertEquals(client.closed, false);
  client.end();
  stage.run();
  assertEquals(told, ["end", "close"]);
  await stage.finish();
});

test("the bytes of a taken socket follow those of the response before, which the client has not read", async () => {
  const app: WSGIApp = function* (environ, startResponse) {
    if (environ.PATH_INFO === "/echo") return void echo(environ.cogen, [["Upgrade", "echo"]]);
    startResponse("200 OK", PLAIN);
    yield new Uint8Array(20_000).fill(0x61);
    yield new Uint8Array(20_000).fill(0x62);
  };
  const stage = await serving(app, { window: 1000 });
  const client = stage.ask(`${get("/")}${get("/echo", ...UPGRADE)}first`);
  stage.run();
  assert(
    client.take().endsWith(
      "bb\r\n0\r\n\r\nHTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n<first>",
    ),
  );
  await stage.finish();
});

test("CONNECT opens a tunnel when an app takes the socket", async () => {
  const stage = await serving(function* (environ) {
    echo(environ.cogen, []);
  });
  const client = stage.ask(
    "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\nhello",
  );
  assertEquals(client.take(), "HTTP/1.1 200 OK\r\n\r\n<hello>");
  await stage.finish();
});

test("an app that goes on beside its socket is cancelled when the client leaves", async () => {
  const seen: string[] = [];
  const stage = await serving(function* (environ) {
    const socket = echo(environ.cogen, [["Upgrade", "echo"]]);
    try {
      for (;;) {
        yield* environ.cogen.wait(Sleep(1));
        socket.write("tick ");
      }
    } finally {
      seen.push("finally");
    }
  });
  const client = stage.ask(get("/", ...UPGRADE));
  stage.run(2000);
  assert(client.received().endsWith("tick tick "));
  client.destroy();
  stage.run();
  assertEquals(seen, ["finally"]);
  await stage.finish();
});

test("an upgrade that no app asks for is ignored", async () => {
  const stage = await serving(function* (_environ, startResponse) {
    startResponse("200 OK", PLAIN);
    yield "as ever";
  });
  const client = stage.ask(get("/", ...UPGRADE) + get("/"));
  assertEquals(client.responses().map(({ body }) => body), ["as ever", "as ever"]);
  await stage.finish();
});

test("a socket is refused without an upgrade, without Upgrade, with a body unread, and too late", async () => {
  const errors: unknown[] = [];
  const stage = await serving(function* (environ, startResponse) {
    const headers: HeaderList = environ.PATH_INFO === "/without" ? [] : [["Upgrade", "echo"]];
    if (environ.PATH_INFO === "/late") {
      startResponse("200 OK", PLAIN);
      yield "begun";
    }
    errors.push(thrown(() => echo(environ.cogen, headers)));
    if (environ.PATH_INFO !== "/late") startResponse("200 OK", PLAIN);
    yield ".";
  });
  const body = "Transfer-Encoding: chunked";
  stage.ask(get("/"));
  stage.ask(get("/without", ...UPGRADE));
  stage.ask(requestText("POST", "/body", [...UPGRADE, body]));
  stage.ask(get("/late", ...UPGRADE));
  assertEquals(errors.length, 4);
  for (const error of errors) assertInstanceOf(error, WSGIError);
  await stage.finish();
});

test("a request that is cancelled gives no socket away", async () => {
  const errors: string[] = [];
  const stage = await serving(function* ({ cogen }) {
    try {
      yield Sleep(60);
    } finally {
      errors.push((thrown(() => echo(cogen, [["Upgrade", "echo"]])) as Error).name);
    }
  }, { timeouts: { request: 1, linger: 1 } });
  stage.ask(get("/", ...UPGRADE)).destroy();
  await stage.settle();
  assertEquals(errors, ["ClientDisconnected"]);
  const client = stage.ask(get("/", ...UPGRADE));
  for (let second = 0; second < 5; second++) await stage.settle(1000);
  assertEquals(errors, ["ClientDisconnected", "ProtocolError"]);
  assertEquals([client.response().status, client.closed], ["503 Service Unavailable", true]);
  assertEquals(stage.server.stats().responses["1xx"], 0);
  await stage.finish();
});

test("nothing more can be answered once the socket is taken", async () => {
  const errors: unknown[] = [];
  const stage = await serving(function* (environ, startResponse) {
    echo(environ.cogen, [["Upgrade", "echo"]]);
    errors.push(thrown(() => startResponse("200 OK", PLAIN)));
    try {
      yield "block";
    } catch (error) {
      errors.push(error);
    }
  });
  const client = stage.ask(get("/", ...UPGRADE));
  assert(client.received().endsWith("upgrade\r\n\r\n"));
  for (const error of errors) assertInstanceOf(error, WSGIError);
  assertEquals(errors.length, 2);
  await stage.finish();
});

test("a shutdown ends taken sockets when its grace is over", async () => {
  const told: string[] = [];
  const stage = await serving(function* (environ) {
    echo(environ.cogen, [["Upgrade", "echo"]], told);
    yield* environ.cogen.wait(WaitForSignal("never"));
  });
  const client = stage.ask(get("/", ...UPGRADE));
  await stage.until(stage.server.shutdown({ grace: 2 }));
  assertEquals([client.closed, told.includes("close")], [true, true]);
  await stage.finish();
});

test("an app that hears of its end outlives the connection, and a shutdown cancels it", async () => {
  for (const isCancelled of [false, true]) {
    const told: unknown[] = [];
    const stage = await serving(function* ({ cogen }) {
      const events = {
        onAppEnd: (outcome: unknown) => told.push(outcome),
        onStopping: () => told.push("stopping"),
      };
      cogen.takeSocket([["Upgrade", "echo"]], () => silent(() => told.push("close")), events);
      try {
        yield* cogen.wait(WaitForSignal("go"));
      } finally {
        told.push("finally");
      }
    });
    const client = stage.ask(get("/", ...UPGRADE));
    client.destroy();
    await stage.settle();
    assertEquals([told, stage.server.stats().activeRequests], [["close"], 1]);
    if (isCancelled) await stage.until(stage.server.shutdown({ grace: 2 }));
    else {
      stage.server.scheduler.add(function* () {
        yield* Signal("go");
      });
      await stage.settle();
    }
    assertEquals(told, ["close", "finally", isCancelled ? "cancelled" : "complete"]);
    assertEquals(stage.server.stats().connections, 0);
    await stage.finish();
  }
});

test("the taker hears of the beginning of a shutdown, once, and of an app that failed", async () => {
  const told: unknown[] = [];
  const stage = await serving(function* ({ cogen }) {
    const events = {
      onAppEnd: (outcome: unknown) => told.push(outcome),
      onStopping: () => told.push("stopping"),
    };
    cogen.takeSocket([["Upgrade", "echo"]], () => silent(() => {}), events);
    yield* cogen.untilStopping();
    throw new Error("a fault");
  });
  stage.ask(get("/", ...UPGRADE));
  await stage.until(stage.server.shutdown({ grace: 2 }));
  assertEquals(told, ["stopping", "failed"]);
  assertEquals(stage.takeLog().length, 1);
  await stage.finish();
});

test("no deadline of the server holds for a taken socket and its app", async () => {
  const told: string[] = [];
  const stage = await serving(function* ({ cogen }) {
    echo(cogen, [["Upgrade", "echo"]], told);
    yield* cogen.wait(Sleep(100));
    told.push("the app has ended");
  }, { timeouts: { request: 1, idle: 1, write: 1 } });
  const client = stage.ask(get("/", ...UPGRADE));
  await stage.settle(50_000);
  client.send("late");
  await stage.settle(60_000);
  assert(client.received().endsWith("<late>"));
  assertEquals(told, ["the app has ended"]);
  client.destroy();
  await stage.finish();
});

/** A handler that only hears of the end. */
function silent(onClose: () => void): SocketHandler {
  return { onData() {}, onEnd() {}, onDrain() {}, onClose };
}

test("closeConnection ends the connection after the response, with the field if the head is not made", async () => {
  for (const isEarly of [true, false]) {
    const stage = await serving(function* (environ, startResponse) {
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      if (isEarly) environ.cogen.closeConnection();
      yield "a";
      yield "";
      environ.cogen.closeConnection();
      yield "b";
    });
    const client = stage.ask(get("/1") + get("/2"));
    await stage.settle();
    const { body, complete, headers } = client.response();
    assertEquals([body, complete, client.ended], ["ab", true, true]);
    assertEquals(headers["connection"], isEarly ? "close" : undefined);
    await stage.finish();
  }
});
