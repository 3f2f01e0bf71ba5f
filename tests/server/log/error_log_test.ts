/** The entries of the error log, as text and as JSON. */

import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { test } from "node:test";
import { requestId } from "../../../src/middleware/mod.ts";
import { testClient } from "../../../src/testing/mod.ts";
import type { WSGIApp } from "../../../src/wsgi/mod.ts";
import { get, serving } from "../../support/serving.ts";

const FORGED = "bad name a\nGET /admin failed: forged\r\x1b[2J\x9b\u2028";

/** The entries of a request to an app that is given. */
async function entriesOf(
  wsgiApp: WSGIApp,
  logFormat: "text" | "json",
  headers: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const entries: string[] = [];
  await using client = testClient({
    wsgiApp,
    logFormat,
    log: (entry: string) => entries.push(entry),
  });
  await client.get("/a?b", { headers });
  client.takeErrors();
  return entries;
}

const failing: WSGIApp = () => {
  throw new RangeError(FORGED, { cause: new Error("the cause") });
};

test("the text of a client cannot look like another entry, nor command a terminal", async () => {
  const [entry = "", ...more] = await entriesOf(failing, "text");
  assertEquals(more, []);
  assertMatch(entry, /^GET \/a\?b failed: RangeError: bad name a\n {4}GET \/admin failed: forged/);
  assertStringIncludes(entry, "forged\\x0d\\x1b[2J\\x9b\\u2028\n");
  assertStringIncludes(entry, "\n    caused by Error: the cause");
  for (const line of entry.split("\n").slice(1)) assertMatch(line, /^ /);
});

test("a line of wsgi.errors has no control characters but its tabs", async () => {
  const app: WSGIApp = (environ, startResponse) => {
    environ["wsgi.errors"].write("a\tb\x1b[2J\x85\x9b\u2028\0\r\nsecond");
    startResponse("204 No Content", []);
    return [];
  };
  const lines = await entriesOf(app, "text");
  assertEquals(lines, ["a\tb\\x1b[2J\\x85\\x9b\\u2028\\x00\\x0d", "second"]);
});

/** The logs that fail, each with the fault that the adapter's log tells once. */
const FAULTS: Readonly<Record<string, [log: () => unknown, fault: RegExp]>> = {
  "throws": [() => {
    throw new Error("disk full\x1b\nforged");
  }, /^log threw Error: disk full\\x1b\n {4}forged/],
  "rejects": [() => Promise.reject(new Error("disk full")), /^log rejected with Error: disk full/],
  "rejects later": [async () => {
    await Promise.resolve();
    throw new Error("disk full");
  }, /^log rejected with Error: disk full/],
};

for (const [kind, [log, fault]] of Object.entries(FAULTS)) {
  test(`the entries of a log that ${kind} go to the log of the adapter, with its fault once`, async () => {
    const stage = await serving((environ) => {
      environ["wsgi.errors"].write(`line of ${environ.PATH_INFO}\n`);
      throw new RangeError("broken");
    }, { log });
    for (const path of ["/1", "/2"]) {
      stage.ask(get(path, "Connection: close"));
      await stage.settle();
    }
    const lines = stage.takeLog();
    assertEquals(lines.length, 5);
    assertEquals(lines[0], "line of /1");
    assertEquals(lines.filter((line) => fault.test(line)).length, 1);
    assertEquals(lines.filter((line) => line.startsWith("GET /1 failed: RangeError")).length, 1);
    assertEquals(lines.filter((line) => line.startsWith("GET /2 failed: RangeError")).length, 1);
    await stage.finish();
  });
}

test("an error is one JSON object on one line", async () => {
  const entries = await entriesOf(requestId(failing), "json", { "X-Request-Id": "r-1" });
  assertEquals(entries.length, 1);
  assertMatch(entries[0] ?? "", /^\{[ -~]+\}$/);
  const { time, stack, ...rest } = JSON.parse(entries[0] ?? "");
  assertMatch(time, /^\d{4}-.*Z$/);
  assertStringIncludes(stack, FORGED);
  assertStringIncludes(stack, "caused by Error: the cause");
  assertEquals(rest, {
    level: "error",
    message: "GET /a?b (request r-1) failed: RangeError: bad name a",
    method: "GET",
    uri: "/a?b",
    requestId: "r-1",
    error: "RangeError",
  });
});

test("lines of wsgi.errors, and errors that cannot be read, are JSON as well", async () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const entries = await entriesOf((environ, startResponse) => {
    environ["wsgi.errors"].write('one "line"\n');
    environ.cogen.report(proxy);
    environ.cogen.report("text");
    Object.defineProperty(environ, "REQUEST_METHOD", { get: () => proxy });
    startResponse("200 OK", []);
    return [];
  }, "json");
  const told = entries.map((entry) => JSON.parse(entry));
  const line = told.find(({ level }) => level === "info");
  assertEquals(line?.message, 'one "line"');
  assertEquals(told.filter(({ level }) => level === "error").map(({ error }) => error), [
    "unknown",
    "string",
  ]);
});

test("an unknown format is an error", () => {
  assertThrows(
    () => testClient({ wsgiApp: failing, logFormat: "xml" as never }),
    TypeError,
    'logFormat is "xml": expected "text" or "json"',
  );
});
