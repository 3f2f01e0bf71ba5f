/** The lines of `accessLog`, for responses that end well, fail or are left by their client. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { Sleep } from "../../src/coroutine/mod.ts";
import type { WSGIApp } from "../../src/wsgi/mod.ts";
import { accessLog, type AccessLogEntry } from "../../src/middleware/mod.ts";
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
    ' "GET /a?b HTTP/1.1" 201 9 "http://x/" "a \\"quoted\\\\\\" one\\xff" 1500000',
  );
  assertEquals([entry.status, entry.bytes, entry.milliseconds], [201, 9, 1500]);
  assertEquals(entry.environ.PATH_INFO, "/a");
});

test("accessLog tells of an app that failed before its first block", async () => {
  assertMatch((await logged(throwing, get("/"), "a secret")).line, / 500 26 "-" "-" \d+$/);
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
  assertMatch(lines.join(), / 499 4 "-" "-" \d+$/);
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
