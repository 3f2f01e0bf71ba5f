/** Server spans of `openTelemetry`, as the SDK of OpenTelemetry exports them into memory. */

import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import * as api from "@opentelemetry/api";
import { test } from "node:test";
import { AddCoro, Call, Join, Sleep, WaitForSignal } from "../../../src/coroutine/mod.ts";
import { accessLog, basicAuth } from "../../../src/middleware/mod.ts";
import {
  contextOf,
  inSpan,
  openTelemetry,
  type OpenTelemetryOptions,
} from "../../../src/middleware/open_telemetry/mod.ts";
import { testClient } from "../../../src/testing/mod.ts";
import type { GeneratorApp, WSGIApp } from "../../../src/wsgi/mod.ts";
import { PLAIN } from "../answering.ts";
import { parentsOf, spansOf, withSDK, work } from "./spans.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const traceparent = `00-${TRACE}-${PARENT}-01`;

const hello: WSGIApp = (_environ, startResponse) => {
  startResponse("201 Created", PLAIN);
  return ["hello"];
};

test("a request is a server span with the stable attributes", async () => {
  const headers = { Host: "[::1]:81", "User-Agent": "agent" };
  const [span] = await spansOf(hello, { headers, path: "/caf%C3%A9?a=1&sig=secret&b=2" });
  assertEquals([span?.name, span?.kind], ["GET", api.SpanKind.SERVER]);
  const { "client.address": client, "network.peer.address": peer, ...attributes } =
    span?.attributes ?? {};
  assertEquals(client, peer);
  delete attributes["network.peer.port"];
  assertEquals(attributes, {
    "http.request.method": "GET",
    "url.scheme": "http",
    "url.path": "/caf%C3%A9",
    "url.query": "a=1&sig=REDACTED&b=2",
    "server.address": "[::1]",
    "server.port": 81,
    "network.protocol.version": "1.1",
    "user_agent.original": "agent",
    "http.response.status_code": 201,
  });
  assertEquals(span?.status, { code: api.SpanStatusCode.UNSET });
  assertEquals(span?.parentSpanContext, undefined);
});

test("an unknown method is _OTHER, and a route names the span", async () => {
  const route = ({ PATH_INFO }: { PATH_INFO: string }) => PATH_INFO === "/" ? "/" : undefined;
  const [span] = await spansOf(hello, { method: "BREW", route });
  assertEquals(span?.name, "HTTP /");
  const { attributes = {} } = span ?? {};
  assertEquals(attributes["http.request.method"], "_OTHER");
  assertEquals(attributes["http.request.method_original"], "BREW");
  assertEquals(attributes["http.route"], "/");
});

test("a route that throws is recorded by the span of its request", async () => {
  const route = () => {
    throw new RangeError("no route");
  };
  const [span] = await spansOf(hello, { route });
  assertEquals(span?.name, "GET");
  assertEquals(span?.attributes["http.response.status_code"], 500);
  assertEquals(span?.attributes["error.type"], "RangeError");
});

test("QUERY is a method by name, as in the metrics", async () => {
  const [span] = await spansOf(hello, { method: "QUERY" });
  assertEquals([span?.name, span?.attributes["http.request.method"]], ["QUERY", "QUERY"]);
});

test("the trace of a traceparent goes on, unless the option says otherwise", async () => {
  const headers = { traceparent };
  const [span] = await spansOf(hello, { headers });
  assertEquals(span?.spanContext().traceId, TRACE);
  const { spanId, isRemote } = span?.parentSpanContext ?? {};
  assertEquals([spanId, isRemote], [PARENT, true]);
  const [own] = await spansOf(hello, { headers, fromRequest: false });
  assertEquals([own?.spanContext().traceId === TRACE, own?.parentSpanContext], [false, undefined]);
});

test("the propagator of the program reads the fields of the request", async () => {
  const seen: unknown[] = [];
  api.propagation.setGlobalPropagator({
    inject() {},
    fields: () => ["x-trace"],
    extract(context, carrier, getter) {
      seen.push(getter.get(carrier, "x-trace"), getter.keys(carrier).includes("x-trace"));
      return api.trace.setSpanContext(context, { traceId: TRACE, spanId: PARENT, traceFlags: 1 });
    },
  });
  try {
    const [span] = await spansOf(hello, { headers: { "X-Trace": "a" } });
    assertEquals([seen, span?.parentSpanContext?.spanId], [["a", true], PARENT]);
  } finally {
    api.propagation.disable();
  }
});

test("the context reaches each step of a generator app, and the coroutines that it adds", async () => {
  const app: GeneratorApp = function* (environ, startResponse) {
    work("at the call");
    yield* environ.cogen.wait(Sleep(1));
    work("after yield*");
    yield environ.cogen.core.events.Sleep(1);
    work("after yield");
    function* child() {
      yield* Sleep(1);
      work("in a child");
    }
    yield* environ.cogen.wait(Join(yield* environ.cogen.wait(AddCoro(child))));
    yield Call(child);
    const result = yield* inSpan(api, "part", function* (span) {
      span.setAttribute("a", 1);
      yield* environ.cogen.wait(Sleep(1));
      work("in the part");
      return "done";
    });
    work("after the part");
    startResponse("200 OK", PLAIN);
    yield result;
  };
  const spans = await spansOf(app);
  assertEquals(parentsOf(spans), [
    ["at the call", "GET"],
    ["after yield*", "GET"],
    ["after yield", "GET"],
    ["in a child", "GET"],
    ["in a child", "GET"],
    ["in the part", "part"],
    ["part", "GET"],
    ["after the part", "GET"],
    ["GET", undefined],
  ]);
});

test("the context reaches the app also behind a middleware that waits for a promise", async () => {
  const apps: Readonly<Record<string, WSGIApp>> = {
    *generator(environ, startResponse) {
      startResponse("200 OK", PLAIN);
      work("first step");
      yield* environ.cogen.wait(Sleep(1));
      work("later step");
      yield "hello";
    },
    array(_environ, startResponse) {
      startResponse("200 OK", PLAIN);
      work("first step");
      return ["hello"];
    },
  };
  for (const [name, app] of Object.entries(apps)) {
    const check = async () => await Promise.resolve(true);
    const wsgiApp = basicAuth(openTelemetry(app, { api }), { check });
    const spans = await withSDK(async () => {
      await using client = testClient({ wsgiApp });
      const headers = { Authorization: `Basic ${btoa("ann:open sesame")}` };
      const { text, headers: fields } = await client.get("/", { headers });
      assertEquals(text, "hello");
      assertEquals(fields.get("content-length"), name === "array" ? "5" : null);
    });
    const server = spans.find(({ kind }) => kind === api.SpanKind.SERVER)!;
    const inner = spans.filter((span) => span !== server);
    assertEquals(inner.length, name === "array" ? 1 : 2);
    for (const { parentSpanContext } of inner) {
      assertEquals(parentSpanContext?.spanId, server.spanContext().spanId, name);
    }
  }
});

test("requests that run at the same time keep their contexts apart", async () => {
  const app = openTelemetry(function* (environ, startResponse) {
    yield* environ.cogen.wait(Sleep(environ.PATH_INFO === "/slow" ? 2 : 1));
    work(environ.PATH_INFO);
    startResponse("200 OK", PLAIN);
  }, { api });
  const spans = await withSDK(async () => {
    await using client = testClient(app);
    await Promise.all([client.get("/slow"), client.get("/fast")]);
    assertEquals(api.trace.getActiveSpan(), undefined);
  });
  const served = spans.filter(({ kind }) => kind === api.SpanKind.SERVER);
  for (const path of ["/slow", "/fast"]) {
    const parent = served.find(({ attributes }) => attributes["url.path"] === path);
    const own = spans.find(({ name }) => name === path);
    assertEquals(own?.parentSpanContext?.spanId, parent?.spanContext().spanId);
  }
});

test("an async app finds the context in its environ, also in a copy", async () => {
  const spans = await spansOf(async (environ, startResponse) => {
    await environ.cogen.run(Sleep(1));
    const context = contextOf<api.Context>({ ...environ });
    api.context.with(context ?? api.ROOT_CONTEXT, () => work("inside"));
    work("outside");
    startResponse("200 OK", PLAIN);
    return [];
  });
  const [inside, outside, served] = spans;
  assertEquals(inside?.parentSpanContext?.spanId, served?.spanContext().spanId);
  assertEquals(outside?.parentSpanContext, undefined);
});

test("bound functions keep their context, and with restores it after an error", async () => {
  await withSDK(() => {
    const key = api.createContextKey("key");
    const context = api.ROOT_CONTEXT.setValue(key, "value");
    const read = api.context.bind(context, () => api.context.active().getValue(key));
    assertEquals(read(), "value");
    assertEquals(api.context.bind(context, 5), 5);
    assertThrows(() =>
      api.context.with(context, () => {
        throw new Error("inside");
      })
    );
    assertEquals(api.context.active(), api.ROOT_CONTEXT);
    return Promise.resolve();
  });
});

test("the error of an app and a status from 500 on are errors, and 404 is none", async () => {
  const [failed] = await spansOf(function* (environ) {
    yield* environ.cogen.wait(Sleep(1));
    throw new RangeError("too far");
  });
  assertEquals(failed?.status.code, api.SpanStatusCode.ERROR);
  assertEquals(failed?.attributes["error.type"], "RangeError");
  assertEquals(failed?.attributes["http.response.status_code"], 500);
  assertEquals(failed?.events[0]?.attributes?.["exception.message"], "too far");
  const answers = (status: string): WSGIApp => (_environ, startResponse) => {
    startResponse(status, PLAIN);
    return [];
  };
  const [unavailable] = await spansOf(answers("503 Service Unavailable"));
  assertEquals(unavailable?.status.code, api.SpanStatusCode.ERROR);
  assertEquals(unavailable?.attributes["error.type"], "503");
  const [missing] = await spansOf(answers("404 Not Found"));
  assertEquals(missing?.status.code, api.SpanStatusCode.UNSET);
});

test("a span ends when the socket has taken the last byte", async () => {
  await withSDK(async (exporter) => {
    let isDone = false;
    const large: GeneratorApp = function* (environ, startResponse) {
      startResponse("200 OK", PLAIN);
      yield "first";
      yield* environ.cogen.wait(Sleep(1));
      isDone = true;
      return "x".repeat(3_000_000);
    };
    await using client = testClient(openTelemetry(large, { api }));
    const stream = await client.open("/");
    stream.stall();
    await client.advance(2);
    assertEquals([isDone, exporter.getFinishedSpans().length], [true, 0]);
    stream.resume();
    for await (const _ of stream);
    assertEquals(exporter.getFinishedSpans().length, 1);
  });
});

test("a client that leaves is no error", async () => {
  const app: GeneratorApp = function* (environ, startResponse) {
    startResponse("200 OK", PLAIN);
    yield "one";
    yield* environ.cogen.wait(Sleep(1000));
  };
  const spans = await withSDK(async () => {
    await using client = testClient(openTelemetry(app, { api }));
    const stream = await client.open("/");
    await stream.until("one");
    stream.disconnect("reset");
    await client.settle();
  });
  assertEquals(spans.length, 1);
  assertEquals(spans[0]?.status.code, api.SpanStatusCode.UNSET);
  assertEquals(spans[0]?.attributes["cogen_wsgi.response.outcome"], "left");
});

test("waits that take long are spans, if asked for", async () => {
  const app: GeneratorApp = function* (environ, startResponse) {
    yield* environ.cogen.wait(Sleep(0.4));
    yield environ.cogen.core.events.Sleep(0.5);
    try {
      yield* environ.cogen.wait(WaitForSignal("never", { timeout: 2 }));
    } catch {
      // The time has passed.
    }
    startResponse("200 OK", PLAIN);
    yield new Promise<void>((resolve) => resolve());
  };
  const spans = await spansOf(app, { slowWait: 0.5 });
  const told = spans.map(({ name, attributes, duration: [seconds, nanoseconds] }) => [
    name,
    attributes["cogen_wsgi.operation"],
    Math.round((seconds + nanoseconds / 1e9) * 10) / 10,
  ]);
  assertEquals(told.slice(0, 2), [
    ["wait Sleep", "Sleep", 0.5],
    ["wait WaitForSignal", 'WaitForSignal("never")', 2],
  ]);
  assertEquals(spans.length, 3);
});

test("the access log around or inside the middleware has the trace id", async () => {
  for (const around of [true, false]) {
    const ids: (string | undefined)[] = [];
    const log = (app: WSGIApp) =>
      accessLog(app, () => {}, { format: ({ traceId }) => void ids.push(traceId) });
    const traced = (app: WSGIApp) => openTelemetry(app, { api });
    const app = around ? log(traced(hello)) : traced(log(hello));
    const [span] = await withSDK(async () => {
      await using client = testClient(app);
      await client.get("/");
      await client.close();
    });
    assertMatch(ids[0] ?? "", /^[0-9a-f]{32}$/);
    assertEquals(ids, [span?.spanContext().traceId]);
  }
});

test("wrong options are errors that name them", () => {
  const make = (options: unknown) => () => openTelemetry(hello, options as OpenTelemetryOptions);
  for (const wrong of [undefined, null, {}, { trace: {} }]) {
    assertThrows(make({ api: wrong }), TypeError, "api of openTelemetry is ");
  }
  assertThrows(make({ api, fromRequest: 1 }), TypeError, "fromRequest of openTelemetry");
  assertThrows(make({ api, route: "/" }), TypeError, "route of openTelemetry");
  assertThrows(make({ api, slowWait: -1 }), RangeError, "slowWait");
  assertThrows(make({ api, slow: 1 }), TypeError, "Unknown option of openTelemetry");
});
