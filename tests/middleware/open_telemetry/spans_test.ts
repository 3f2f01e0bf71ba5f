/** Spans of parts of an app, for requests that end badly, and the forms of `traceparent`. */

import { assertEquals } from "@std/assert";
import * as api from "@opentelemetry/api";
import { test } from "node:test";
import { AddCoro, Join, Sleep } from "../../../src/coroutine/mod.ts";
import { inSpan, openTelemetry } from "../../../src/middleware/open_telemetry/mod.ts";
import { testClient } from "../../../src/testing/mod.ts";
import type { Environ, GeneratorApp } from "../../../src/wsgi/mod.ts";
import { PLAIN } from "../answering.ts";
import { parentsOf, spansOf, withSDK, work } from "./spans.ts";

const wait = (environ: Environ, seconds: number) => environ.cogen.wait(Sleep(seconds));

test("parts within parts, and coroutines that a part adds, have the part as their parent", async () => {
  const app: GeneratorApp = function* (environ, startResponse) {
    startResponse("200 OK", PLAIN);
    yield* inSpan(api, "outer", function* () {
      yield "a block of a part";
      const task = yield* environ.cogen.wait(AddCoro(function* child() {
        yield* Sleep(1);
        work("in a child");
        yield* inSpan(api, "part of a child", function* () {
          yield* Sleep(3);
          work("in the part of a child");
        });
      }));
      yield* inSpan(api, "inner", function* () {
        yield* wait(environ, 2);
        work("in inner");
      });
      work("after inner");
      yield* environ.cogen.wait(Join(task));
    });
    work("after outer");
  };
  assertEquals(parentsOf(await spansOf(app)), [
    ["in a child", "outer"],
    ["in inner", "inner"],
    ["inner", "outer"],
    ["after inner", "outer"],
    ["in the part of a child", "part of a child"],
    ["part of a child", "outer"],
    ["outer", "GET"],
    ["after outer", "GET"],
    ["GET", undefined],
  ]);
});

test("an error that leaves a part is on its span, and the app that catches it goes on in its own", async () => {
  const app: GeneratorApp = function* (environ, startResponse) {
    try {
      yield* inSpan(api, "part", function* () {
        yield* wait(environ, 1);
        throw new RangeError("too far");
      });
    } catch {
      work("after the error");
    }
    startResponse("200 OK", PLAIN);
  };
  const spans = await spansOf(app);
  assertEquals(parentsOf(spans), [["part", "GET"], ["after the error", "GET"], ["GET", undefined]]);
  const [part, , served] = spans;
  assertEquals(part?.status.code, api.SpanStatusCode.ERROR);
  assertEquals(part?.events[0]?.attributes?.["exception.message"], "too far");
  assertEquals(served?.status.code, api.SpanStatusCode.UNSET);
});

test("each span ends once if the client leaves in a part, and each finally has its context", async () => {
  const app: GeneratorApp = function* (environ, startResponse) {
    startResponse("200 OK", PLAIN);
    yield "begun";
    try {
      yield* inSpan(api, "part", function* () {
        try {
          yield* wait(environ, 1000);
        } finally {
          yield* wait(environ, 1);
          work("finally of the part");
        }
      });
    } finally {
      yield* wait(environ, 1);
      work("finally of the app");
    }
  };
  const spans = await withSDK(async () => {
    await using client = testClient(openTelemetry(app, { api }));
    const stream = await client.open("/");
    await stream.until("begun");
    stream.disconnect("reset");
    await client.advance(5);
  });
  assertEquals(parentsOf(spans), [
    ["finally of the part", "part"],
    ["part", "GET"],
    ["finally of the app", "GET"],
    ["GET", undefined],
  ]);
});

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const GOOD = `00-${TRACE}-${PARENT}-01`;

const FORMS: readonly (readonly [form: string, isTaken: boolean])[] = [
  [GOOD, true],
  [` ${GOOD} `, true],
  [GOOD.replace(/01$/, "ff"), true],
  [`cc${GOOD.slice(2)}`, true],
  [`cc${GOOD.slice(2)}-more`, true],
  [`cc${GOOD.slice(2)}more`, false],
  [`ff${GOOD.slice(2)}`, false],
  [`${GOOD}-`, false],
  [`${GOOD}-more`, false],
  [GOOD.toUpperCase(), false],
  [GOOD.replace(TRACE, "0".repeat(32)), false],
  [GOOD.replace(PARENT, "0".repeat(16)), false],
  [GOOD.replace(TRACE, TRACE.slice(1)), false],
  [GOOD.replace(PARENT, `${PARENT}0`), false],
  [GOOD.replace("4bf9", "4bg9"), false],
  [GOOD.replaceAll("-", "_"), false],
  [`${GOOD},${GOOD}`, false],
  [GOOD.slice(0, -1), false],
  ["", false],
];

for (const [form, isTaken] of FORMS) {
  test(`the traceparent "${form}" is ${isTaken ? "taken" : "ignored"}`, async () => {
    const [span] = await spansOf(function* (_environ, startResponse) {
      startResponse("200 OK", PLAIN);
    }, { headers: { traceparent: form } });
    const { spanId, traceId } = span?.parentSpanContext ?? {};
    assertEquals([traceId, spanId], isTaken ? [TRACE, PARENT] : [undefined, undefined]);
    assertEquals(span?.spanContext().traceId === TRACE, isTaken);
  });
}

test("a trace that its caller has not recorded goes on without a record", async () => {
  let traceId: string | undefined;
  const spans = await spansOf(function* (environ, startResponse) {
    traceId = environ.cogen.traceId;
    work("unrecorded");
    startResponse("200 OK", PLAIN);
  }, { headers: { traceparent: GOOD.replace(/01$/, "00") } });
  assertEquals([spans.length, traceId], [0, TRACE]);
});
