/** The report on a finished response: the status, the bytes and the end that the client has seen. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { Sleep } from "../../../src/coroutine/mod.ts";
import type { HeaderList, ResponseReport, WSGIApp } from "../../../src/wsgi/mod.ts";
import {
  get,
  post,
  requestText,
  type Serving,
  serving,
  type ServingOptions,
  type TestClient,
} from "../../support/serving.ts";

const PLAIN: HeaderList = [["Content-Type", "text/plain"]];
const UPGRADE = ["Connection: Upgrade", "Upgrade: echo"];

interface Case {
  readonly title: string;
  readonly app: WSGIApp;
  readonly request?: string;
  readonly options?: ServingOptions;
  /** Acts as the client and the clock after the request. */
  readonly then?: (client: TestClient, stage: Serving) => unknown;
  readonly report: Omit<ResponseReport, "firstByteAtMs" | "error">;
  /** Whether the server logs an error. */
  readonly logs?: boolean;
}

/** Yields blocks, and waits for ten seconds after each. */
function slowly(...blocks: string[]): WSGIApp {
  return function* (environ, startResponse) {
    startResponse("200 OK", PLAIN);
    for (const block of blocks) {
      yield block;
      yield* environ.cogen.wait(Sleep(10));
    }
  };
}

const reading: WSGIApp = function* (environ, startResponse) {
  const body = yield* environ["wsgi.input"].read();
  startResponse("200 OK", PLAIN);
  yield `${body.length}`;
};

const hello: WSGIApp = (_environ, startResponse) => {
  startResponse("201 Created", PLAIN);
  return ["hé", "llo"];
};

const large: WSGIApp = (_environ, startResponse) => {
  startResponse("200 OK", PLAIN);
  return ["x".repeat(3_000_000)];
};

const broken: WSGIApp = () => {
  throw new Error("broken");
};

const leaves = (client: TestClient) => client.destroy();
const ends = (client: TestClient) => client.end();
const begunUpload = requestText("POST", "/", ["Content-Length: 9"]) + "1234";
const sent = (status: number, bytes: number): Case["report"] => ({
  status,
  bytes,
  outcome: "complete",
});
/** The page of an error that the server answers by itself: the status and one line. */
const page = (status: string, detail: string) =>
  sent(Number(status.slice(0, 3)), `${status}\n${detail}\n`.length);

const CASES: readonly Case[] = [
  { title: "an array", app: hello, report: sent(201, 6) },
  {
    title: "an array, asked for by HEAD",
    app: hello,
    request: requestText("HEAD", "/"),
    report: sent(201, 0),
  },
  {
    title: "chunks",
    app: slowly("ab", "c"),
    then: (_, stage) => stage.settle(20_000),
    report: sent(200, 3),
  },
  {
    title: "a status without a body",
    app: (_environ, startResponse) => {
      startResponse("304 Not Modified", []);
      return [];
    },
    report: sent(304, 0),
  },
  { title: "an app that fails when called", app: broken, logs: true, report: sent(500, 26) },
  {
    title: "an app that never starts a response",
    app: () => [],
    logs: true,
    report: sent(500, 26),
  },
  {
    title: "an app that starts a response and fails before its first block",
    *app(_environ, startResponse) {
      startResponse("200 OK", PLAIN);
      throw new Error("broken");
    },
    logs: true,
    report: sent(500, 26),
  },
  {
    title: "an app that fails in the middle of its body",
    *app(environ, startResponse) {
      startResponse("200 OK", PLAIN);
      yield "some";
      yield* environ.cogen.wait(Sleep(0));
      throw new Error("broken");
    },
    logs: true,
    report: { status: 200, bytes: 4, outcome: "cut" },
  },
  {
    title: "a body shorter than its Content-Length",
    app: (_environ, startResponse) => {
      startResponse("200 OK", [["Content-Length", "9"]]);
      return ["some"];
    },
    logs: true,
    report: { status: 200, bytes: 4, outcome: "cut" },
  },
  {
    title: "timeouts.request before the head",
    *app(environ, startResponse) {
      yield* environ.cogen.wait(Sleep(100));
      startResponse("200 OK", PLAIN);
    },
    options: { timeouts: { request: 5 } },
    then: (_, stage) => stage.settle(7000),
    report: page("503 Service Unavailable", "The request took too long"),
  },
  {
    title: "timeouts.request in the middle of the body",
    app: slowly("some", "more"),
    options: { timeouts: { request: 5 } },
    then: (_, stage) => stage.settle(7000),
    report: { status: 200, bytes: 4, outcome: "cut" },
  },
  {
    title: "a client that left before the first block",
    *app(environ, startResponse) {
      startResponse("200 OK", PLAIN);
      yield* environ.cogen.wait(Sleep(10));
      yield "late";
    },
    then: leaves,
    report: { status: undefined, bytes: 0, outcome: "left" },
  },
  {
    title: "a client that left in the middle of a stream",
    app: slowly("some", "more"),
    then: leaves,
    report: { status: 200, bytes: 4, outcome: "left" },
  },
  {
    title: "a client that left before it had taken the whole response",
    app: large,
    then: async (client, stage) => {
      client.pause();
      client.send(get("/"));
      await stage.settle();
      client.destroy();
    },
    request: "",
    report: { status: 200, bytes: 3_000_000, outcome: "left" },
  },
  {
    title: "a client that takes a large response slowly",
    app: large,
    then: async (client, stage) => {
      client.pause();
      client.send(get("/"));
      await stage.settle(3000);
      client.resume();
    },
    request: "",
    report: sent(200, 3_000_000),
  },
  {
    title: "a client that takes nothing until timeouts.write",
    app: large,
    options: { timeouts: { write: 5 } },
    then: async (client, stage) => {
      client.pause();
      client.send(get("/"));
      await stage.settle();
      await stage.settle(8000);
    },
    request: "",
    report: { status: 200, bytes: 3_000_000, outcome: "cut" },
  },
  {
    title: "a client that asked for the end of the connection, and takes a large response slowly",
    app: large,
    then: async (client, stage) => {
      client.pause();
      client.send(get("/", "Connection: close"));
      await stage.settle(3000);
      client.resume();
      await stage.settle();
      client.end();
    },
    request: "",
    report: sent(200, 3_000_000),
  },
  {
    title: "an upload that its client aborted by a reset",
    app: reading,
    request: begunUpload,
    then: leaves,
    report: { status: undefined, bytes: 0, outcome: "left" },
  },
  {
    title: "an upload that its client aborted by a FIN",
    app: reading,
    request: begunUpload,
    then: ends,
    report: {
      ...page("400 Bad Request", "Connection ended inside a request body"),
      outcome: "left",
    },
  },
  {
    title: "an upload that stalls",
    app: reading,
    request: begunUpload,
    options: { timeouts: { body: 5 } },
    then: (_, stage) => stage.settle(7000),
    report: page("408 Request Timeout", "The request body did not come in time"),
  },
  {
    title: "a chunked upload that is too long",
    app: reading,
    request: requestText("POST", "/", ["Transfer-Encoding: chunked"]) + "9\r\n123456789\r\n",
    options: { limits: { maxBodyBytes: 5 } },
    report: sent(413, 51),
  },
  {
    title: "a malformed chunk",
    app: reading,
    request: requestText("POST", "/", ["Transfer-Encoding: chunked"]) + "x\r\n",
    report: sent(400, 75),
  },
  {
    title: "an upgrade",
    app: (environ, startResponse) => {
      environ.cogen.takeSocket([["Upgrade", "echo"]], (socket) => ({
        onData: (bytes) => void socket.write(bytes),
        onEnd: () => socket.endWrite(),
        onDrain: () => {},
        onClose: () => {},
      }));
      void startResponse;
      return [];
    },
    request: get("/", ...UPGRADE),
    report: sent(101, 0),
  },
];

/** The server answers HEAD without a body, also in place of the app. */
const HEAD_CASES: readonly Case[] = [
  {
    title: "HEAD that takes too long",
    *app(environ) {
      yield* environ.cogen.wait(Sleep(60));
    },
    request: requestText("HEAD", "/"),
    options: { timeouts: { request: 5 } },
    then: (_, stage) => stage.settle(10_000),
    report: sent(503, 0),
  },
  {
    title: "HEAD with a chunk that is no chunk",
    app: reading,
    request: requestText("HEAD", "/", ["Transfer-Encoding: chunked"]) + "x\r\n",
    report: sent(400, 0),
  },
  {
    title: "HEAD with a body that does not come in time",
    app: reading,
    request: requestText("HEAD", "/", ["Content-Length: 5"]),
    options: { timeouts: { body: 5 } },
    then: (_, stage) => stage.settle(10_000),
    report: sent(408, 0),
  },
  {
    title: "HEAD that a shutdown ends",
    app: reading,
    request: requestText("HEAD", "/", ["Content-Length: 5"]),
    then: (_, stage) => stage.until(stage.server.close()),
    report: sent(503, 0),
  },
];

for (
  const { title, app, request = get("/"), options, then, report, logs = false } of [
    ...CASES,
    ...HEAD_CASES,
  ]
) {
  test(`the report on ${title}`, async () => {
    const reports: ResponseReport[] = [];
    const method = request.startsWith("HEAD") ? "HEAD" : "GET";
    const stage = await serving((environ, startResponse) => {
      environ.cogen.onFinished((given) => reports.push(given));
      return app(environ, startResponse);
    }, options);
    const client = stage.ask(request);
    await stage.settle();
    await then?.(client, stage);
    for (let round = 0; round < 5; round++) await stage.settle();
    const [{ firstByteAtMs, error, ...told }] = reports as [ResponseReport];
    assertEquals([told, reports.length], [report, 1]);
    if (error !== undefined) assert(logs);
    assertEquals(firstByteAtMs === undefined, report.status === undefined);
    if (report.outcome === "complete" && report.status !== 101) {
      const { status, body } = client.response(method);
      assertEquals([Number(status.slice(0, 3)), body.length], [report.status, report.bytes]);
    }
    assertEquals(stage.takeLog().length > 0, logs);
    await stage.finish();
  });
}

test("a shutdown that ends a request reports its 503", async () => {
  const reports: ResponseReport[] = [];
  const stage = await serving(function* (environ) {
    environ.cogen.onFinished((report) => reports.push(report));
    yield* environ.cogen.wait(Sleep(100));
  });
  stage.ask(get("/"));
  await stage.until(stage.server.shutdown({ grace: 1 }));
  assertEquals(reports.map(({ status, outcome }) => [status, outcome]), [[503, "complete"]]);
  await stage.finish();
});

test("pipelined responses are reported in their order", async () => {
  const reports: string[] = [];
  const stage = await serving((environ, startResponse) => {
    const { PATH_INFO } = environ;
    environ.cogen.onFinished(({ outcome }) => reports.push(`${PATH_INFO} ${outcome}`));
    startResponse("200 OK", PLAIN);
    return ["hello"];
  });
  stage.ask(get("/1") + get("/2") + post("/3", "body") + get("/4"));
  assertEquals(reports, ["/1 complete", "/2 complete", "/3 complete", "/4 complete"]);
  await stage.finish();
});

test("a listener that throws or rejects is reported once, and others are called", async () => {
  const heard: string[] = [];
  const stage = await serving((environ, startResponse) => {
    const { cogen } = environ;
    cogen.onFinished(() => {
      throw new Error("first");
    });
    cogen.onFinished(() => Promise.reject(new Error("second")));
    cogen.onFinished(() => heard.push("third"));
    startResponse("200 OK", PLAIN);
    return ["hello"];
  }, { onError: (error) => heard.push((error as Error).message) });
  const client = stage.ask(get("/"));
  await stage.settle();
  assertEquals(client.response().body, "hello");
  assertEquals(heard, ["first", "third", "second"]);
  assertEquals(stage.takeLog().length, 2);
  await stage.finish();
});

test("a listener that comes late is called at once, and only a function is taken", async () => {
  let register: ((heard: unknown[]) => void) | undefined;
  const stage = await serving((environ, startResponse) => {
    register = (heard) => environ.cogen.onFinished(({ status }) => heard.push(status));
    assertThrows(() => environ.cogen.onFinished("log" as never), TypeError, "expected a function");
    startResponse("200 OK", PLAIN);
    return ["hello"];
  });
  stage.ask(get("/"));
  const heard: unknown[] = [];
  assert(register !== undefined);
  register(heard);
  assertEquals(heard, [200]);
  await stage.finish();
});
