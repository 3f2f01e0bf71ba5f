/** The status app: its view, its page, its events and its guard. */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { test } from "node:test";
import { AddCoro, ManualClock, Scheduler, Sleep, WaitForSignal } from "../../src/coroutine/mod.ts";
import { basicAuth } from "../../src/middleware/mod.ts";
import { statusApp, StatusRecorder, type StatusView } from "../../src/status/mod.ts";
import { testClient } from "../../src/testing/mod.ts";
import type { WSGIApp } from "../../src/wsgi/mod.ts";
import { get, type Serving, serving } from "../support/serving.ts";

const app: WSGIApp = function* app(environ, startResponse) {
  startResponse(`${environ.PATH_INFO.slice(1)} Reason`, [["Content-Type", "text/plain"]]);
  if (environ.QUERY_STRING === "") return "hello";
  yield* environ.cogen.wait(AddCoro(function* child() {
    yield* Sleep(5);
  }));
  yield* environ.cogen.wait(Sleep(10));
};

const LOCAL = { Host: "localhost" };

/** Asks the status of a server through a client of the same scheduler's time. */
async function viewOf(stage: Serving): Promise<StatusView> {
  await using client = testClient(statusApp(stage.server));
  const response = await client.get("/status.json", { headers: LOCAL });
  assertEquals(response.headers.get("content-type"), "application/json");
  return response.json() as StatusView;
}

test("each request has its facts, and the tree of its coroutines with their waits and lines", async () => {
  const clock = new ManualClock();
  const scheduler = new Scheduler({ clock, debug: true });
  const stage = await serving(app, { clock, scheduler });
  const alone = scheduler.add(function* alone() {
    yield* WaitForSignal("abc");
  });
  stage.ask(get("/200?slow"));
  stage.run(2500);
  const view = await viewOf(stage);
  const [request] = view.requests;
  const { coroutines, client, ...facts } = request!;
  assertEquals(facts, {
    ...{ method: "GET", target: "/200?slow", scheme: "http", app: "app", connection: "read" },
    ...{ ageMs: 2500, status: null, receivedBytes: 0, sentBytes: 0, worker: null },
  });
  assertMatch(client, /^127\.0\.0\.1:\d+$/);
  assertEquals(
    coroutines.map(({ name, waitsFor, waitedMs, children }) => [
      ...[name, waitsFor, waitedMs, children.map((child) => [child.name, child.waitsFor])],
    ]),
    [["app", "Sleep", 2500, [["child", "Sleep"]]]],
  );
  assertMatch(coroutines[0]!.line ?? "", /status_app_test\.ts:\d+/);
  assertEquals(view.coroutines.map(({ name, waitsFor }) => [name, waitsFor]), [
    ["alone", 'WaitForSignal("abc")'],
  ]);
  assertEquals([view.debug, view.silent], [true, []]);
  assertEquals([view.omittedRequests, view.omittedCoroutines], [0, 0]);
  assertEquals(view.servers[0]!.stats.activeRequests, 1);
  alone.cancel();
  stage.run(10_000);
  await stage.finish();
});

test("without debug, a wait has its operation alone", async () => {
  const stage = await serving(app);
  stage.ask(get("/200?slow"));
  const { requests, debug } = await viewOf(stage);
  const [root] = requests[0]!.coroutines;
  assertEquals([debug, root!.waitsFor, root!.line, root!.waitedMs], [
    ...[false, "Sleep", undefined, undefined],
  ]);
  stage.run(10_000);
  await stage.finish();
});

test("the coroutines of an async app belong to its request", async () => {
  const stage = await serving(async (environ, startResponse) => {
    await environ.cogen.run(Sleep(10));
    startResponse("204 No Content", []);
    return [];
  });
  stage.ask(get("/"));
  await stage.settle();
  const { requests, coroutines } = await viewOf(stage);
  assertEquals(requests[0]!.coroutines.map(({ waitsFor }) => waitsFor), ["until", "Sleep"]);
  assertEquals(coroutines, []);
  await stage.settle(10_000);
  await stage.finish();
});

test("a view has at most 200 requests, and counts the others", async () => {
  const stage = await serving(app);
  for (let count = 0; count < 203; count++) stage.ask(get("/200?slow"));
  const { requests, omittedRequests } = await viewOf(stage);
  assertEquals([requests.length, omittedRequests], [200, 3]);
  stage.run(10_000);
  await stage.finish();
});

test("the views of other processes are shown with those of this one", async () => {
  const stages = [await serving(app, { worker: "1" }), await serving(app, { worker: "2" })];
  const [one, two] = stages.map(({ server }) => new StatusRecorder(server)) as [
    ...[StatusRecorder, StatusRecorder],
  ];
  for (const [at, stage] of stages.entries()) {
    for (let count = 0; count < 150 + at; count++) stage.ask(get("/200?slow"));
    stage.run(1000 * at);
  }
  const alone = stages[1]!.server.scheduler.add(function* alone() {
    yield* WaitForSignal("abc");
  });
  stages[1]!.run();
  const silent = { ...new StatusRecorder([]).view(), silent: ["worker 3"] };
  const received = structuredClone([two.view(), silent]);
  const others = () => Promise.resolve([one.view(), ...received]);
  await using client = testClient(statusApp([], { others }));
  const stream = await client.open("/events", { headers: LOCAL });
  const text = (await client.get("/status.json", { headers: LOCAL })).text;
  await stream.until(`data: ${text.trim()}`);
  await stream.disconnect();
  const view = JSON.parse(text) as StatusView;
  assertEquals(view.silent, ["worker 3"]);
  assertEquals(view.servers.map(({ stats }) => stats.worker), ["1", "2"]);
  assertEquals([view.requests.length, view.omittedRequests], [200, 101]);
  assertEquals([view.requests[0]!.worker, view.requests[199]!.worker], ["2", "1"]);
  assertEquals(view.coroutines.map(({ name, worker }) => [name, worker]), [["alone", "2"]]);
  alone.cancel();
  for (const stage of stages) {
    stage.run(10_000);
    await stage.finish();
  }
});

test("rates and percentiles of the last minute", async () => {
  const stage = await serving(app);
  await using client = testClient(statusApp(stage.server));
  stage.ask(get("/200"));
  stage.ask(get("/500"));
  stage.ask(get("/200?slow")).destroy();
  stage.ask(get("/200?slow"));
  stage.run(10_000);
  stage.run(1000);
  const view = (await client.get("/status.json", { headers: LOCAL })).json() as StatusView;
  const { responses, errors, left, rate, errorRate, p50Ms, p99Ms } = view.servers[0]!.lastMinute;
  assertEquals([responses, errors, left, rate.length], [4, 1, 1, 59]);
  assertEquals([rate.slice(-11).join(), errorRate.slice(-11).join()], [
    ...["3,0,0,0,0,0,0,0,0,0,1", "1,0,0,0,0,0,0,0,0,0,0"],
  ]);
  assertEquals(p50Ms, 0.05);
  assert(p99Ms !== null && p99Ms >= 10_000 && p99Ms < 12_500, `${p99Ms}`);
  await stage.finish();
});

test("the page, its style and its script have no content of others", async () => {
  const stage = await serving(app);
  await using client = testClient(statusApp(stage.server));
  const page = await client.get("/", { headers: LOCAL });
  assertMatch(page.text, /name="viewport"/);
  assertMatch(page.headers.get("content-security-policy") ?? "", /default-src 'none'/);
  for (const [, file] of page.text.matchAll(/(?:src|href)="([^"]+)"/g)) {
    const response = await client.get(`/${file}`, { headers: LOCAL });
    assertEquals([response.status, response.headers.get("x-content-type-options")], [
      ...[200, "nosniff"],
    ]);
    if (file!.endsWith(".js")) new Function(response.text);
  }
  const json = await client.get("/", { headers: { ...LOCAL, Accept: "application/json" } });
  assertEquals(json.headers.get("content-type"), "application/json");
  await stage.finish();
});

test("other paths and methods are refused, and a mount without a slash is redirected", async () => {
  const stage = await serving(app);
  await using client = testClient({ "/status": statusApp(stage.server), "/": app });
  const redirect = await client.get("/status", { headers: LOCAL });
  assertEquals([redirect.status, redirect.headers.get("location")], [308, "/status/"]);
  await using other = testClient({ "/a é": statusApp(stage.server), "/": app });
  const encoded = await other.get("/a%20%C3%A9", { headers: LOCAL });
  assertEquals(encoded.headers.get("location"), "/a%20%C3%A9/");
  assertEquals((await client.get("/status/toString", { headers: LOCAL })).status, 404);
  assertEquals((await client.request("POST", "/status/", { headers: LOCAL })).status, 405);
  await stage.finish();
});

test("the events have a new view each second", async () => {
  const stage = await serving(app);
  await using client = testClient(statusApp(stage.server));
  const stream = await client.open("/events", { headers: LOCAL });
  await stream.until('data: {"date":');
  const before = client.now;
  await stream.until('data: {"date":');
  assertEquals(client.now - before, 1);
  await stream.disconnect();
  await stage.finish();
});

const STRANGERS: readonly (readonly [name: string, headers: Record<string, string>])[] = [
  ["a Host by DNS rebinding", { Host: "evil.example" }],
  ["a Host that begins like loopback", { Host: "127.0.0.1.evil.example" }],
  ...["localhost.", "127.1", "0.0.0.0", "[::]", "2130706433", "app.localhost", "localhost:", ""]
    .map(
      (Host) => [`the Host "${Host}"`, { Host }] as const,
    ),
  ["Forwarded", { ...LOCAL, Forwarded: "for=192.0.2.1" }],
  ["X-Forwarded-For", { ...LOCAL, "X-Forwarded-For": "192.0.2.1" }],
  ["X-Forwarded-Proto", { ...LOCAL, "X-Forwarded-Proto": "https" }],
  ["Via", { ...LOCAL, Via: "1.1 proxy" }],
  ...[
    ...[
      "X-FORWARDED",
      "x-forwarded-anything",
      "X-Real-IP",
      "X-Client-IP",
      "Cf-Connecting-Ip",
      "CDN-Loop",
    ],
    ...["True-Client-IP", "X-Cluster-Client-IP", "X-Original-Forwarded-For", "X-Azure-ClientIP"],
    ...["X-Envoy-External-Address", "X-ProxyUser-Ip"],
  ].map((field) => [field, { ...LOCAL, [field]: "" }] as const),
];

for (const [name, headers] of STRANGERS) {
  test(`without a guard, a request with ${name} is refused`, async () => {
    const stage = await serving(app);
    await using client = testClient(statusApp(stage.server));
    const response = await client.get("/status.json", { headers });
    assertEquals(response.status, 403);
    assertMatch(response.text, /give it a guard/);
    await stage.finish();
  });
}

for (const host of ["localhost", "LOCALHOST", "localhost:80", "127.0.0.1:8000", "[::1]:8000"]) {
  test(`without a guard, the Host ${host} is answered`, async () => {
    const stage = await serving(app);
    await using client = testClient(statusApp(stage.server));
    assertEquals((await client.get("/", { headers: { Host: host } })).status, 200);
    await stage.finish();
  });
}

for (const method of ["HEAD", "OPTIONS", "POST"]) {
  test(`without a guard, a stranger gets no answer to ${method} either, also below a mount`, async () => {
    const stage = await serving(app);
    await using client = testClient({ "/status": statusApp(stage.server), "/": app });
    for (const path of ["/status", "/status/", "/status/events", "/status/status%2ejson"]) {
      const headers = { Host: "evil.example" };
      assertEquals((await client.request(method, path, { headers })).status, 403);
    }
    await stage.finish();
  });
}

test("without a guard, a connection with a PROXY header is refused, also over a Unix socket", async () => {
  const stage = await serving(app);
  const preambles = ["PROXY UNKNOWN\r\n", "PROXY TCP4 127.0.0.1 127.0.0.1 5 6\r\n"];
  for (const bindAddr of ["/run/status.sock", ["127.0.0.1", 0] as const]) {
    for (const preamble of preambles) {
      const trust = typeof bindAddr === "string" ? "unix" : "127.0.0.1";
      const options = { bindAddr, proxyProtocol: { trust: [trust] } };
      const other = await serving(statusApp(stage.server), options);
      const client = other.ask(preamble + get("/status.json").replace("test", "localhost"));
      await other.settle();
      assertMatch(client.received(), / 403 [^]*by the PROXY protocol/);
      await other.finish();
    }
  }
  await stage.finish();
});

test("without a guard, the host of an absolute target counts, and two Hosts are none", async () => {
  const stage = await serving(app);
  const other = await serving(statusApp(stage.server));
  const target = "GET http://evil.example/status.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
  assertMatch(other.ask(target).received(), / 403 /);
  const twice = get("/status.json", "Host: evil.example").replace("test", "localhost");
  assertMatch(other.ask(twice).received(), / 400 /);
  await other.finish();
  await stage.finish();
});

test("without a guard, a client of another machine and one of HTTP/1.0 are refused", async () => {
  const stage = await serving(app);
  const status = statusApp(stage.server);
  const away: WSGIApp = (environ, start) => status({ ...environ, REMOTE_ADDR: "192.0.2.1" }, start);
  const other = await serving({ "/away": away, "/": status });
  assertMatch(
    other.ask(get("/away/", "Host: localhost").replace("Host: test\r\n", "")).received(),
    / 403 /,
  );
  assertMatch(other.ask("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n").received(), / 403 /);
  await other.finish();
  await stage.finish();
});

test("without a guard, a client of a Unix socket is answered with any Host", async () => {
  const stage = await serving(app);
  const other = await serving(statusApp(stage.server), { bindAddr: "/run/status.sock" });
  assertMatch(other.ask(get("/status.json")).received(), / 200 /);
  assertMatch(other.ask(get("/status.json", "X-Forwarded-For: a")).received(), / 403 /);
  await other.finish();
  await stage.finish();
});

test("basicAuth is a guard, and none is none", async () => {
  const stage = await serving(app);
  const users = { ann: "open sesame" };
  const guard = (inner: WSGIApp) => basicAuth(inner, { users });
  await using client = testClient({
    "/guarded": statusApp(stage.server, { guard }),
    "/open": statusApp(stage.server, { guard: "none" }),
  });
  const Authorization = `Basic ${btoa("ann:open sesame")}`;
  const headers = { Host: "status.example", Via: "1.1 proxy" };
  assertEquals((await client.get("/guarded/", { headers })).status, 401);
  assertEquals(
    (await client.get("/guarded/", { headers: { ...headers, Authorization } })).status,
    200,
  );
  assertEquals((await client.get("/open/", { headers })).status, 200);
  await stage.finish();
});

test("a wrong argument is a named error", async () => {
  const stage = await serving(app);
  const cases: [call: () => unknown, message: string][] = [
    [() => statusApp(undefined as never), "The argument of statusApp"],
    [() => statusApp([]), "The argument of statusApp"],
    [() => statusApp(stage.server, { others: [] } as never), "others of statusApp"],
    [() => new StatusRecorder({} as never), "The argument of StatusRecorder"],
    [() => statusApp([stage.server, {} as never]), "The argument of statusApp"],
    [() => statusApp(stage.server, { guard: "loopback" as never }), "guard of statusApp"],
    [() => statusApp(stage.server, { guard: (() => {}) as never }), "guard of statusApp"],
    [() => statusApp(stage.server, { guards: "none" } as never), "guards"],
  ];
  for (const [call, message] of cases) assertThrows(call, TypeError, message);
  await stage.finish();
});
