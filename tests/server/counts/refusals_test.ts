/** The refused requests: their counts, and the calls of `onRefused` at a bounded rate. */

import { connect } from "node:net";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import type { Refusal } from "../../../src/server/mod.ts";
import { Sleep } from "../../../src/coroutine/mod.ts";
import type { WSGIApp } from "../../../src/wsgi/mod.ts";
import { serve } from "../../../mod.ts";
import { get, serving } from "../../support/serving.ts";
import { CERT, KEY } from "../../support/tls_fixtures.ts";

const app: WSGIApp = function* (environ, startResponse) {
  if (environ.PATH_INFO === "/sleep") yield Sleep(1_000_000);
  if (environ.PATH_INFO === "/read") yield environ["wsgi.input"].read();
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return "hello";
};

const NONSENSE = "nonsense\r\n\r\n";

const REFUSED: readonly (readonly [number, string, number?])[] = [
  [400, NONSENSE],
  [408, "GET / HTTP/1.1\r\n", 3_600_000],
  [413, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9007199254740991\r\n\r\n"],
  [414, get(`/${"x".repeat(100_000)}`)],
  [417, get("/", "Expect: a-miracle")],
  [431, get("/", `X: ${"x".repeat(100_000)}`)],
  [501, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"],
  [503, get("/sleep"), 3_600_000],
  [505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"],
];

for (const [status, request, waitMs = 0] of REFUSED) {
  test(`a request that is refused with ${status} is counted and told`, async () => {
    const heard: Refusal[] = [];
    const onRefused = (refusal: Refusal) => void heard.push(refusal);
    const stage = await serving(app, { onRefused, timeouts: { request: 60 } });
    const client = stage.ask(request);
    stage.run(waitMs);
    assertStringIncludes(client.pieces.join(""), `HTTP/1.1 ${status} `);
    assertEquals(
      heard.map(({ kind, status, suppressed }) => [kind, status, suppressed]),
      [["request", status, 0]],
    );
    assert(heard[0]!.reason.length > 0);
    assert(heard[0]!.remote.family === "IPv4");
    const { refusedRequests, refusedConnections, failedHandshakes } = stage.server.stats();
    assertEquals([refusedRequests, refusedConnections, failedHandshakes], [1, 0, 0]);
    await stage.finish();
  });
}

test("a request is refused once, however long its app takes to end", async () => {
  const heard: (number | undefined)[] = [];
  const stage = await serving(function* (_environ, startResponse) {
    startResponse("200 OK", []);
    try {
      yield Sleep(60);
    } finally {
      yield Sleep(6);
    }
  }, { onRefused: ({ status }) => void heard.push(status), timeouts: { request: 1 } });
  const client = stage.ask(get("/"));
  for (let second = 0; second < 10; second++) await stage.settle(1000);
  assertEquals(client.response().status, "503 Service Unavailable");
  const { refusedRequests, timeouts } = stage.server.stats();
  assertEquals([heard, refusedRequests, timeouts.request], [[503], 1, 1]);
  await stage.finish();
});

test("a request that is answered is not refused while its app is being closed", async () => {
  const stage = await serving((environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return Object.assign(["hello"], { close: () => environ.cogen.run(Sleep(6)) });
  }, { timeouts: { request: 1 } });
  const client = stage.ask(get("/"));
  for (let second = 0; second < 10; second++) await stage.settle(1000);
  assertEquals([client.response().body, client.ended], ["hello", false]);
  const { refusedRequests, timeouts } = stage.server.stats();
  assertEquals([refusedRequests, timeouts.request], [0, 0]);
  await stage.finish();
});

const REFUSED_HEADS: readonly (readonly [number, string, number?])[] = [
  [400, "HEAD / HTTP/1.1\r\n\r\n"],
  [400, "HEAD / HTTP/1.1\r\nHost: a\r\nA B: c\r\n\r\n"],
  [413, "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 9007199254740991\r\n\r\n"],
  [417, get("/", "Expect: a-miracle").replace("GET", "HEAD")],
  [505, "HEAD / HTTP/2.0\r\nHost: a\r\n\r\n"],
  [431, get("/", `X: ${"x".repeat(100_000)}`).replace("GET", "HEAD")],
  [400, "HEAD / HTTP\r\n"],
  [408, "HEAD /read HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", 3_600_000],
  [408, "HEAD /head", 3_600_000],
  [408, "HEAD / HTTP/1.1\r\nHost:", 3_600_000],
  [414, get(`/${"x".repeat(100_000)}`).replace("GET", "HEAD")],
  [503, get("/sleep").replace("GET", "HEAD"), 3_600_000],
];

for (const [status, request, waitMs = 0] of REFUSED_HEADS) {
  test(`a HEAD that is refused with ${status} is answered without a body: ${request.slice(6, 50)}`, async () => {
    const stage = await serving(app, { timeouts: { request: 60 } });
    const client = stage.ask(request);
    stage.run(waitMs);
    const answer = client.received();
    assertStringIncludes(answer, `HTTP/1.1 ${status} `);
    assertStringIncludes(answer, "\r\nContent-Length: ");
    assertEquals(answer.indexOf("\r\n\r\n"), answer.length - 4, answer);
    await stage.finish();
  });
}

test("a HEAD that its client has not completed is answered without a body", async () => {
  const stage = await serving(app);
  const client = stage.ask("HEAD / HTTP/1.1\r\nHost:");
  client.end();
  await stage.settle();
  const answer = client.received();
  assertStringIncludes(answer, "HTTP/1.1 400 ");
  assertEquals(answer.indexOf("\r\n\r\n"), answer.length - 4, answer);
  await stage.finish();
});

test("a request that the app answers is not refused, whatever its status", async () => {
  const heard: Refusal[] = [];
  const stage = await serving((_environ, startResponse) => {
    startResponse("400 Bad Request", []);
    return [];
  }, { onRefused: (refusal) => void heard.push(refusal) });
  stage.ask(get("/"));
  assertEquals([heard, stage.server.stats().refusedRequests], [[], 0]);
  await stage.finish();
});

test("a connection above the limit is counted and told, and those below it are served", async () => {
  const heard: Refusal[] = [];
  const stage = await serving(app, {
    limits: { maxConnections: 1 },
    onRefused: (refusal) => void heard.push(refusal),
  });
  const first = stage.connect();
  const second = stage.connect();
  stage.run();
  assertEquals([first.closed, second.closed, second.received()], [false, true, ""]);
  const [refusal] = heard;
  assertEquals([heard.length, refusal?.kind, refusal?.status], [1, "connection", undefined]);
  assertStringIncludes(refusal!.reason, "limits.maxConnections is 1");
  assert(refusal!.remote.family === "IPv4");
  const { refusedRequests, refusedConnections, failedHandshakes } = stage.server.stats();
  assertEquals([refusedRequests, refusedConnections, failedHandshakes], [0, 1, 0]);
  first.send(get("/"));
  stage.run();
  assertStringIncludes(first.received(), "hello");
  await stage.finish();
  assertEquals([heard.length, stage.server.stats().refusedConnections], [1, 1]);
});

test("a connection without a descriptor for it is closed, counted and told, and the log has a line a minute", async () => {
  const heard: string[] = [];
  const stage = await serving(app, {
    onRefused: ({ kind, reason }) => void heard.push(kind, reason),
  });
  let hasRoom = false;
  stage.network.adapter.takeDescriptor = () => hasRoom;
  const refused = [stage.connect(), stage.connect()];
  stage.run();
  assertEquals(refused.map(({ closed }) => closed), [true, true]);
  assertEquals(heard, Array(2).fill(["connection", "Too many open files"]).flat());
  const LINES = [
    "Too many open files: new connections are closed until others end. ulimit -n is too low",
  ];
  assertEquals(stage.takeLog(), LINES);
  stage.run(60_000);
  stage.connect();
  assertEquals(stage.takeLog(), LINES);
  hasRoom = true;
  assertStringIncludes(stage.ask(get("/")).received(), "hello");
  assertEquals(stage.server.stats().refusedConnections, 3);
  await stage.finish();
});

test("the calls are ten a second, and the next one tells how many were left out", async () => {
  const suppressed: number[] = [];
  const stage = await serving(app, { onRefused: (refusal) => suppressed.push(refusal.suppressed) });
  for (let request = 0; request < 25; request++) stage.ask(NONSENSE);
  assertEquals(suppressed, Array(10).fill(0));
  stage.run(1000);
  stage.ask(NONSENSE);
  stage.ask(NONSENSE);
  assertEquals(suppressed.slice(10), [15, 0]);
  assertEquals(stage.server.stats().refusedRequests, 27);
  await stage.finish();
});

test("a hook that throws is logged once, and the client is answered", async () => {
  const stage = await serving(app, {
    onRefused() {
      throw new Error("broken hook");
    },
  });
  const clients = [stage.ask(NONSENSE), stage.ask(NONSENSE)];
  for (const client of clients) assertStringIncludes(client.pieces.join(""), "HTTP/1.1 400 ");
  const log = stage.takeLog();
  assertEquals(log.length, 1);
  assertStringIncludes(log[0]!, "onRefused threw Error: broken hook");
  await stage.finish();
});

test("a hook whose promise is rejected is logged once", async () => {
  const onRefused = () => Promise.reject(new Error("broken hook"));
  const stage = await serving(app, { onRefused });
  for (let request = 0; request < 2; request++) stage.ask(NONSENSE);
  await stage.settle();
  assertEquals(stage.takeLog().length, 1);
  await stage.finish();
});

test("a TLS handshake that fails is counted and told", async () => {
  let resolve = (_refusal: Refusal) => {};
  const refused = new Promise<Refusal>((settle) => resolve = settle);
  await using server = await serve({
    bindAddr: ["127.0.0.1", 0],
    tls: { cert: CERT, key: KEY },
    wsgiApp: app,
    onRefused: (it) => resolve(it),
  });
  const client = connect(Number(new URL(server.url).port), "127.0.0.1");
  client.on("error", () => {});
  client.write("GET / HTTP/1.1\r\n\r\n");
  const { kind, status, remote, reason } = await refused;
  client.destroy();
  assertMatch(reason, /^\S.*\S$/); // one line
  assertEquals([kind, status, remote.family], ["handshake", undefined, "IPv4"]);
  assertEquals(server.stats().failedHandshakes, 1);
  assertEquals(server.stats().refusedRequests, 0);
});
