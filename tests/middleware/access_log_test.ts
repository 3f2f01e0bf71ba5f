/** The lines of `accessLog`, for responses that end well, fail or are left by their client. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { Sleep } from "../../src/coroutine/mod.ts";
import type { WSGIApp } from "../../src/wsgi/mod.ts";
import {
  accessLog,
  type AccessLogEntry,
  type AccessLogOptions,
  requestId,
} from "../../src/middleware/mod.ts";
import { testClient } from "../../src/testing/mod.ts";
import { get, serving, WorkingClock } from "../support/serving.ts";
import { MemoryFile, memoryFiles } from "../support/memory_files.ts";
import { PLAIN, settle, throwing } from "./answering.ts";

interface Logged {
  readonly line: string;
  readonly entry: AccessLogEntry;
}

async function logged(app: WSGIApp, request: string, log: string = ""): Promise<Logged> {
  const lines: Logged[] = [];
  const clock = new WorkingClock();
  const stage = await serving(
    accessLog(app, (line, entry) => lines.push({ line, entry })),
    { clock },
  );
  stage.ask(request);
  await settle(stage);
  await stage.settle(1500);
  assertStringIncludes(stage.takeLog().join("\n"), log);
  await stage.finish();
  assertEquals(lines.length, 1);
  return lines[0] as Logged;
}

test("accessLog writes one combined line when the response is done", async () => {
  const { line, entry } = await logged(
    function* (environ, startResponse) {
      environ.PATH_INFO = "changed";
      startResponse("201 Created", PLAIN)("é");
      yield "four";
      yield* environ.cogen.wait(Sleep(1.5));
      yield new Uint8Array(3);
    },
    get(
      "/a?b",
      "Referer: http://x/",
      'User-Agent: a "quoted\\" one\xff',
      "Authorization: Basic YTpi",
    ),
  );
  assertMatch(line, /^127\.0\.0\.1 - a \[\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d \+0000\] /);
  assertStringIncludes(
    line,
    ' "GET /a?b HTTP/1.1" 201 9 "http://x/" "a \\"quoted\\\\\\" one\\xff" 1500000 0 - - -',
  );
  assertEquals([entry.status, entry.bytes, entry.milliseconds], [201, 9, 1500]);
  assertEquals(entry.firstByteMilliseconds, 0);
  assertEquals(entry.environ.PATH_INFO, "/a");
});

test("accessLog tells of an app that failed before its first block", async () => {
  assertMatch(
    (await logged(throwing, get("/"), "a secret")).line,
    / 500 26 "-" "-" \d+ \d+ - - -$/,
  );
});

test("accessLog tells of a client that left", async () => {
  const lines: string[] = [];
  const stage = await serving(accessLog(function* (environ, startResponse) {
    startResponse("200 OK", PLAIN);
    yield "some";
    yield* environ.cogen.wait(Sleep(10));
  }, (line) => lines.push(line)));
  const client = stage.ask(get("/"));
  assertEquals(lines, []);
  client.destroy();
  await settle(stage);
  assertMatch(lines.join(), / 499 4 "-" "-" \d+ \d+ - - -$/);
  await stage.finish();
});

test("accessLog leaves an array and a wrapped file as they are, and a log that throws is reported once", async () => {
  const faulty = () => {
    throw new Error("The disk is full");
  };
  const apps: WSGIApp[] = [
    (_environ, startResponse) => {
      startResponse("200 OK", PLAIN);
      return ["he", "llo"];
    },
    (environ, startResponse) => {
      startResponse("200 OK", PLAIN);
      return environ["wsgi.file_wrapper"]("/a.txt");
    },
  ];
  for (const app of apps) {
    const files = memoryFiles({ "/a.txt": new MemoryFile(5) });
    const stage = await serving(accessLog(app, faulty), { files });
    const client = stage.ask(get("/"));
    await stage.eventually("the response", () => client.isAnswered("GET"));
    assertEquals(client.response().headers["content-length"], "5");
    const reported = stage.takeLog().join("\n");
    assertEquals(reported.split("The disk is full").length, 2, reported);
    await stage.finish();
  }
});

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`;

/** Answers after a wait of half a second, and ends half a second later. */
const slow: WSGIApp = function* (environ, startResponse) {
  yield* environ.cogen.wait(Sleep(0.5));
  startResponse("200 OK", PLAIN);
  yield "hello";
  yield* environ.cogen.wait(Sleep(0.5));
};

/** The lines of one request, on the virtual clock. */
async function linesOf(
  options: AccessLogOptions,
  headers: Readonly<Record<string, string>> = {},
  app: WSGIApp = slow,
): Promise<string[]> {
  const lines: string[] = [];
  await using client = testClient(accessLog(app, (line) => lines.push(line), options));
  await client.get("/a", { headers });
  await client.close();
  return lines;
}

test("the common format has its seven fields", async () => {
  const [line = ""] = await linesOf({ format: "common", worker: "2" }, { "User-Agent": "x" });
  assertMatch(line, /^\S+ - - \[.+ \+0000\] "GET \/a HTTP\/1\.1" 200 5$/);
});

test("combined and JSON lines have both durations, the request id, the worker and the trace", async () => {
  const headers = { "X-Request-Id": "r-1", traceparent: PARENT, "User-Agent": "x" };
  const app = requestId(slow);
  const [line = ""] = await linesOf({ worker: "web 2" }, headers, app);
  assertMatch(line, new RegExp(`"x" 1000000 500000 r-1 web\\\\x202 ${TRACE}$`));
  const [json = ""] = await linesOf({ format: "json", worker: "2" }, headers, app);
  const { time, remote, ...rest } = JSON.parse(json);
  assertMatch(time, /^\d{4}-.*Z$/);
  assertEquals(typeof remote, "string");
  assertEquals(rest, {
    method: "GET",
    uri: "/a",
    protocol: "HTTP/1.1",
    status: 200,
    bytes: 5,
    outcome: "complete",
    milliseconds: 1000,
    firstByteMilliseconds: 500,
    userAgent: "x",
    requestId: "r-1",
    worker: "2",
    traceId: TRACE,
  });
});

test("a function makes the line or leaves it out, and cannot add a line", async () => {
  const own = await linesOf({
    format: ({ environ, status }) => `${environ.REQUEST_URI}\t${status}\n\x1b[2J\u2028\x85`,
  });
  assertEquals(own, ["/a\t200\\x0a\\x1b[2J\\u2028\\x85"]);
  assertEquals(await linesOf({ format: () => undefined }), []);
});

test("no header field breaks out of its field", async () => {
  const headers = { "User-Agent": 'a" 200 5 "\t\x85\xff', Referer: "\\", traceparent: 'x" y' };
  const [line = ""] = await linesOf({}, headers);
  assertStringIncludes(line, String.raw`"\\" "a\" 200 5 \"\x09\x85\xff" 1000000 500000 - - -`);
  const [json = ""] = await linesOf({ format: "json" }, headers);
  assertMatch(json, /^[ -~\xa0-\xff]+$/);
  assertEquals(JSON.parse(json).userAgent, headers["User-Agent"]);
});

test("no field of any origin breaks out of its field or its line", async () => {
  const evil = '"\\ 200\r\n\0\x1b[2J\x7f\x85\x9b\u2028\u2029\ud800\u202e' + "a".repeat(70_000);
  const hostile: WSGIApp = (environ, startResponse) => {
    environ.cogen.requestId = environ.cogen.traceId = evil;
    return slow(environ, startResponse);
  };
  const keys = ["REMOTE_ADDR", "REMOTE_USER", "REQUEST_METHOD", "REQUEST_URI", "SERVER_PROTOCOL"];
  const fields = [...keys, "HTTP_REFERER", "HTTP_USER_AGENT"];
  const evilEnviron = Object.fromEntries(fields.map((key) => [key, evil]));
  for (const format of ["common", "combined", "json"] as const) {
    const lines: string[] = [];
    const logged = accessLog(hostile, (line) => lines.push(line), { format, worker: evil });
    await using client = testClient((environ, startResponse) =>
      logged(Object.assign(environ, evilEnviron), startResponse)
    );
    await client.get("/");
    await client.close();
    const [line = "", ...more] = lines;
    assertEquals(more, []);
    if (format === "json") {
      assertMatch(line, /^[ -~\u202e]+$/);
      const names = Object.keys(JSON.parse(line)).join();
      const { remote, user, method, uri, protocol, referer, userAgent, worker } = JSON.parse(line);
      const values = [remote, user, method, uri, protocol, referer, userAgent, worker];
      assertEquals(new Set(values), new Set([evil]), names);
      continue;
    }
    assertMatch(line, /^[ -~]+$/);
    // Outside of quotes and brackets, spaces alone divide the fields.
    const words = line.match(/"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[^ ]+/g);
    assertEquals(words?.length, format === "common" ? 7 : 14, line.slice(0, 300));
    assertMatch(line, /\\x9b\\u2028\\u2029\\ud800\\u202ea/);
  }
});

test("the trace id is that of a valid traceparent, or of environ.cogen", async () => {
  const ids: (string | undefined)[] = [];
  const options: AccessLogOptions = { format: ({ traceId }) => void ids.push(traceId) };
  const zeros = "0".repeat(32);
  for (
    const traceparent of [
      PARENT,
      PARENT.replace("00-", "cc-") + "-more",
      PARENT + "-more",
      PARENT.replace("00-", "ff-"),
      PARENT.toUpperCase(),
      PARENT.replace(TRACE, zeros),
    ]
  ) await linesOf(options, { traceparent });
  assertEquals(ids.splice(0), [TRACE, TRACE, undefined, undefined, undefined, undefined]);
  await linesOf(options, { traceparent: PARENT }, (environ, startResponse) => {
    environ.cogen.traceId = "1".repeat(32);
    return slow(environ, startResponse);
  });
  assertEquals(ids, ["1".repeat(32)]);
});
