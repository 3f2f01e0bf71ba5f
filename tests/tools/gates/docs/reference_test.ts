/**
 * The pages of reference agree with the code: each option, limit, timeout, key of the environ and class of
 * errors has one row, each row has its counterpart in the code, and the defaults are equal.
 */

import { assertEquals, assertNotEquals } from "@std/assert";
import { test } from "node:test";
import { memoryNetwork } from "../../../../adapters/memory.ts";
import type { WSGIApp } from "../../../../mod.ts";
import { BLOCKING_DEFAULTS } from "../../../../src/blocking/blocking.ts";
import { QUEUE_DEFAULTS } from "../../../../src/bus/queue_options.ts";
import { BUS_DEFAULTS } from "../../../../src/bus/settings.ts";
import { MEMORY_DEFAULTS } from "../../../../src/bus/transports/memory.ts";
import { NATS_DEFAULTS } from "../../../../src/bus/transports/nats.ts";
import { REDIS_DEFAULTS } from "../../../../src/bus/transports/redis.ts";
import { OPTIONS as COMMAND_OPTIONS } from "../../../../src/cli/options.ts";
import { formatValue } from "../../../../src/cli/values.ts";
import { KNOWN_OPTIONS, resolveOptions } from "../../../../src/server/options.ts";
import { completeLimits } from "../../../../src/server/server_limits.ts";
import { resolveTimeouts } from "../../../../src/server/timeouts.ts";
import { KNOWN_MEMBERS, resolveTls } from "../../../../src/server/listening/tls_options.ts";
import { testClient } from "../../../../src/testing/mod.ts";
import { readJson, readText } from "../sources.ts";
import { codeOf, rowsOf } from "./page_tables.ts";

const options = readText("docs/reference/options.md");
const environ = readText("docs/reference/environ.md");
const errors = readText("docs/reference/errors.md");

const plain: WSGIApp = (_environ, startResponse) => {
  startResponse("200 OK", []);
  return ["plain"];
};

/** The names in the first column of the tables with this head. */
function namesIn(page: string, head: string): string[] {
  return rowsOf(page, head).map((row) => codeOf(row[head]));
}

/** The defaults of the tables with this head, as numbers. */
function defaultsIn(page: string, head: string): Record<string, number> {
  return Object.fromEntries(
    rowsOf(page, head).map((row) => [codeOf(row[head]), Number(codeOf(row["default"]))]),
  );
}

/** The default of one option, as the page has it. */
function defaultOf(option: string): string {
  return codeOf(
    rowsOf(options, "option").find((row) => codeOf(row["option"]) === option)?.["default"],
  );
}

test("each option of serve and of tls has one row", () => {
  const names = namesIn(options, "option");
  assertEquals(names.toSorted(), [...KNOWN_OPTIONS, ...KNOWN_MEMBERS].toSorted());
});

test("the options have the defaults of the code", () => {
  const { adapter } = memoryNetwork();
  const settings = resolveOptions({ wsgiApp: plain }, adapter);
  const [host, port] = JSON.parse(defaultOf("bindAddr"));
  assertEquals(settings.bind, { host, port });
  assertEquals(settings.protocol, JSON.parse(defaultOf("protocol")));
  assertEquals(settings.burstMs, Number(defaultOf("burst")) * 1000);
  assertEquals([settings.serverHeader, settings.tls, settings.backlog], [
    undefined,
    undefined,
    undefined,
  ]);
  const pem = "-----BEGIN X-----";
  const { handshakeTimeoutMs } = resolveTls({ cert: pem, key: pem });
  assertEquals(handshakeTimeoutMs, Number(defaultOf("handshakeTimeout")) * 1000);
});

test("each limit has one row, with its default", () => {
  assertEquals(defaultsIn(options, "limit"), { ...completeLimits() });
  assertEquals(namesIn(options, "limit").length, Object.keys(completeLimits()).length);
});

test("each timeout has one row, with its default in seconds", () => {
  const seconds = Object.entries(resolveTimeouts()).map(([name, ms]) => [name, ms / 1000]);
  assertEquals(defaultsIn(options, "timeout"), Object.fromEntries(seconds));
  assertEquals(namesIn(options, "timeout").length, seconds.length);
});

/** The options of the rooms by the function that takes them, with their defaults. */
const ROOMS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  openBus: { ...BUS_DEFAULTS, scheduler: undefined, onError: undefined },
  queue: QUEUE_DEFAULTS,
  subscribe: { after: "end" },
  memoryTransport: { ...MEMORY_DEFAULTS, clock: undefined },
  redisTransport: REDIS_DEFAULTS,
  natsTransport: NATS_DEFAULTS,
  connectBus: { load: undefined },
  blocking: BLOCKING_DEFAULTS,
};

for (const [taker, defaults] of Object.entries(ROOMS)) {
  test(`each option of ${taker} has one row, with its default`, () => {
    const head = `option of \`${taker}\``;
    const rows = rowsOf(readText("docs/reference/bus.md"), head).map((row) => {
      const name = codeOf(row[head]);
      // A default in words has no counterpart in the code.
      return [name, defaults[name] === undefined ? undefined : JSON.parse(codeOf(row["default"]))];
    });
    assertEquals(rows, Object.entries(defaults));
  });
}

test("each option of the command has one row of its default, and its letter", () => {
  const rows = rowsOf(readText("docs/reference/command_line.md"), "option").map((row) => {
    const fallback = codeOf(row["default"]);
    return [row["option"]?.replaceAll("`", ""), codeOf(row["value"]), fallback];
  });
  const options = COMMAND_OPTIONS.map(({ name, short, value = "", kind, fallback }) => [
    `--${name}${short === undefined ? "" : `, -${short}`}`,
    value,
    fallback === undefined ? "" : formatValue(kind, fallback),
  ]);
  assertEquals(rows, options);
});

test("each key of the environ has one row, and each row a key", async () => {
  const keys = new Set<string>();
  await using client = testClient((environ, startResponse) => {
    for (const key of Object.keys(environ)) keys.add(key);
    return plain(environ, startResponse);
  });
  await client.get("/", { headers: { Authorization: "Basic QW5uOnNlc2FtZQ==" } });
  keys.delete("HTTP_AUTHORIZATION");
  const rows = namesIn(environ, "key").filter((key) => key !== "HTTP_*");
  assertEquals(rows.toSorted(), [...keys].toSorted());
});

test("each member of environ.cogen and of wsgi.input has one row", () => {
  const cogen = ["cogen", "request_controls", "waiting"].flatMap((file) => membersOf(file));
  const rows = namesIn(environ, "member").map((name) => name.replace(/\(.*/, ""));
  assertEquals(rows.toSorted(), [...new Set(cogen)].toSorted());
  const input = namesIn(environ, 'member of `environ["wsgi.input"]`')
    .map((name) => name.replace(/ ?\(.*/, ""));
  assertEquals(input, ["read", "readline", "readlines", "trailers", "for await"]);
});

/** The members that the interfaces of `environ.cogen` in a file of `src/wsgi` declare. */
function membersOf(file: string): string[] {
  const source = readText(`src/wsgi/${file}.ts`);
  const bodies = source.matchAll(
    /^export interface (?:Cogen|RequestControls|Waiter)\b[^{]*\{\n([\s\S]*?)^\}/gm,
  );
  return [...bodies].flatMap(([, body = ""]) =>
    [...body.matchAll(/^ {2}(?:readonly )?(\w+)[(<:]/gm)].map(([, name = ""]) => name)
  );
}

test("the example of the environ has the values of its table", async () => {
  let seen: Readonly<Record<string, unknown>> = {};
  const app: WSGIApp = (environ, startResponse) => {
    seen = environ;
    return plain(environ, startResponse);
  };
  await using client = testClient({ wsgiApp: { "/shop": app }, serverName: "web-1" });
  const [, request = ""] = /```http\n([\s\S]*?)```/.exec(environ) ?? [];
  const message = request.trimEnd().replaceAll("\n", "\r\n");
  await client.raw(message.replace("Accept:", "Connection: close\r\nAccept:"));
  /** The addresses and the port are those of a server on a network. */
  const others = ["SERVER_PORT", "SERVER_SOFTWARE", "REMOTE_ADDR", "REMOTE_PORT"];
  let compared = 0;
  for (const row of rowsOf(environ, "key")) {
    const key = codeOf(row["key"]);
    const example = codeOf(row["example"]);
    if (others.includes(key) || !/^["\[]|^(?:true|false)$/.test(example)) continue;
    assertEquals(seen[key], JSON.parse(example), key);
    compared++;
  }
  assertEquals(seen["HTTP_ACCEPT"], "text/html, application/json");
  assertNotEquals(compared, 0);
});

test("each class of errors has one row, with the subpath that exports it", async () => {
  const { exports } = readJson("deno.json") as { exports: Record<string, string> };
  /** The first subpath that exports each class; `.` comes first. */
  const found = new Map<string, string>();
  for (const [path, file] of Object.entries(exports)) {
    if (path.startsWith("./adapters/")) continue;
    const module: Record<string, unknown> = await import(`../../../../${file}`);
    for (const [name, value] of Object.entries(module)) {
      const isError = typeof value === "function" && value.prototype instanceof Error;
      if (isError && !found.has(name)) found.set(name, path);
    }
  }
  const rows = rowsOf(errors, "class").map((row) => [codeOf(row["class"]), codeOf(row["where"])]);
  assertEquals(rows.toSorted(), [...found].toSorted(), "the rows of docs/reference/errors.md");
});
