import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { Sleep } from "../../../src/coroutine/mod.ts";
import type { AppYield, RequestTimeouts, WSGIApp } from "../../../src/wsgi/mod.ts";
import { get, requestText, type Serving, serving } from "../../support/serving.ts";

/** Takes its deadlines from the query, in JSON. */
function withOwn(app: WSGIApp): WSGIApp {
  return (environ, startResponse) => {
    const { QUERY_STRING } = environ;
    if (QUERY_STRING !== "") environ.cogen.setTimeouts(JSON.parse(QUERY_STRING));
    return app(environ, startResponse);
  };
}

function own(path: string, timeouts: RequestTimeouts): string {
  return `${path}?${JSON.stringify(timeouts)}`;
}

const uploaded: WSGIApp = function* (environ, startResponse) {
  const body = yield* environ["wsgi.input"].read();
  startResponse("200 OK", []);
  return `${body.length}`;
};

/** Gives what a client is told that sends a body of two bytes after so many seconds. */
function upload(stage: Serving, path: string, seconds: number): string {
  const client = stage.ask(requestText("POST", path, ["Content-Length: 2"]));
  stage.run(seconds * 1000);
  if (!client.ended) client.send("12");
  stage.run();
  return client.response().status;
}

test("an upload gets the time for its body that the app says, more or less", async () => {
  const stage = await serving(withOwn(uploaded), { timeouts: { body: 5 } });
  assertEquals(upload(stage, "/", 7), "408 Request Timeout");
  assertEquals(upload(stage, own("/", { body: 20 }), 19), "200 OK");
  assertEquals(upload(stage, own("/", { body: 20 }), 22), "408 Request Timeout");
  assertEquals(upload(stage, own("/", { body: 1 }), 3), "408 Request Timeout");
  await stage.finish();
});

test("a new time for the body takes effect while the body is waited for", async () => {
  const stage = await serving(function* (environ, startResponse) {
    environ.cogen.scheduler.add(function* () {
      yield* Sleep(3);
      environ.cogen.setTimeouts({ body: { minutes: 1 } });
    });
    return yield* uploaded(environ, startResponse) as Generator<AppYield>;
  }, { timeouts: { body: 5 } });
  assertEquals(upload(stage, "/", 60), "200 OK");
  assertEquals(upload(stage, "/", 65), "408 Request Timeout");
  await stage.finish();
});

test("the time of the whole request counts from its head, whenever it is set", async () => {
  const stage = await serving(function* (environ, startResponse) {
    yield* environ.cogen.wait(Sleep(3));
    environ.cogen.setTimeouts({ request: Number(environ.QUERY_STRING) });
    yield* environ.cogen.wait(Sleep(30));
    startResponse("200 OK", []);
    return "late";
  }, { timeouts: { request: 10 } });
  const cut = stage.ask(get("/?5"));
  const longer = stage.ask(get("/?40"));
  const endless = stage.ask(get("/?Infinity"));
  stage.run(4000);
  assertEquals(cut.received(), "");
  stage.run(2500);
  assertEquals(cut.response().status, "503 Service Unavailable");
  stage.run(30_000);
  assertEquals([longer.response().body, endless.response().body], ["late", "late"]);
  await stage.finish();
});

const endless: WSGIApp = function* (_environ, startResponse) {
  startResponse("200 OK", []);
  for (;;) yield "x".repeat(10_000);
};

/** Gives how many seconds pass until a client that takes nothing is cut. */
function timeToCut(stage: Serving, path: string): number {
  const client = stage.connect();
  client.pause();
  client.send(get(path));
  for (let seconds = 0; seconds < 100; seconds++) {
    if (stage.server.stats().connections === 0) return seconds;
    stage.run(1000);
  }
  return Infinity;
}

test("a client that takes nothing is waited for as long as the app says", async () => {
  const stage = await serving(withOwn(endless), { timeouts: { write: 5 } });
  assertEquals(timeToCut(stage, "/"), 5);
  assertEquals(timeToCut(stage, own("/", { write: 20 })), 20);
  assertEquals(timeToCut(stage, own("/", { write: 2 })), 2);
  await stage.finish();
});

test("what an app has left to be sent keeps its time when the app is done", async () => {
  const whole: WSGIApp = (_environ, startResponse) => {
    startResponse("200 OK", []);
    return ["x".repeat(1_000_000)];
  };
  const stage = await serving(withOwn(whole), { timeouts: { write: 5 } });
  assertEquals(timeToCut(stage, own("/", { write: 20 })), 20);
  await stage.finish();
});

test("the end of an app may take as long as it says", async () => {
  const ended: string[] = [];
  const stage = await serving(
    withOwn(function* (environ, startResponse) {
      try {
        startResponse("200 OK", []);
        yield* environ.cogen.wait(Sleep(60));
      } finally {
        yield* environ.cogen.wait(Sleep(10));
        ended.push(environ.PATH_INFO);
      }
    }),
    { timeouts: { close: 5 } },
  );
  for (const path of ["/short", own("/long", { close: 20 })]) {
    stage.ask(get(path)).destroy();
    stage.run(15_000);
  }
  assertEquals(ended, ["/long"]);
  assertEquals(stage.takeLog().length, 1);
  await stage.finish();
});

test("the next request has the server's deadlines again, pipelined or not", async () => {
  const stage = await serving(
    withOwn(function* (environ, startResponse) {
      yield* environ.cogen.wait(Sleep(8));
      startResponse("200 OK", []);
      return "late";
    }),
    { timeouts: { request: 5 } },
  );
  const pipelined = stage.ask(get(own("/", { request: 20 })) + get("/"));
  stage.run(16_000);
  const statuses = pipelined.responses().map(({ status }) => status);
  assertEquals(statuses, ["200 OK", "503 Service Unavailable"]);
  await stage.finish();
});

test("what is set after the end of an app does not reach the next request", async () => {
  const stage = await serving(function* (environ, startResponse) {
    startResponse("200 OK", []);
    if (environ.PATH_INFO === "/first") {
      environ.cogen.scheduler.add(function* () {
        yield* Sleep(1);
        environ.cogen.setTimeouts({ request: 1 });
      });
      return "first";
    }
    yield* environ.cogen.wait(Sleep(5));
    return "second";
  });
  const client = stage.ask(get("/first") + get("/second"));
  stage.run(6000);
  assertEquals(client.responses().map(({ body }) => body), ["first", "second"]);
  await stage.finish();
});

test("a deadline that a request has not, or that is negative, is refused and changes nothing", async () => {
  const stage = await serving(function* (environ, startResponse) {
    const { cogen } = environ;
    const set = (timeouts: object) => () => cogen.setTimeouts(timeouts);
    assertThrows(
      set({ close: 1, idle: 5 }),
      TypeError,
      'A request has no timeout "idle": expected one of body, request, write, close',
    );
    const wrong = 'Timeout "request" is -1 seconds: expected 0 or more';
    assertThrows(set({ body: 1, request: -1 }), RangeError, wrong);
    assertThrows(set({ body: { minutes: -1 } }), RangeError);
    assertThrows(set({ write: NaN }), RangeError);
    assertThrows(set({ request: "5" }), TypeError, 'Timeout "request" is "5"');
    assertThrows(set({ close: { day: 1 } }), TypeError, 'Timeout "close" is {"day":1}');
    set({ write: undefined })();
    startResponse("200 OK", []);
    return `${(yield* environ["wsgi.input"].read()).length}`;
  });
  assertEquals(upload(stage, "/", 10), "200 OK");
  await stage.finish();
});
