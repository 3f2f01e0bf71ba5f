/**
 * The time of each parser of outside input grows no faster than its input: of the fields of requests, of frames, of
 * headers of proxies, of certificates, of messages on the bus, of files of variables, and of the command line.
 *
 * Each parser gets texts that repeat one piece very often, between a beginning and an end that may not fit. The
 * parser of requests has a test of its own, which counts its work (`tests/http/reading/growth_test.ts`).
 */

import { assert, assertAlmostEquals } from "@std/assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { decodeMessage } from "../../src/bus/message.ts";
import { splitArguments } from "../../src/cli/arguments.ts";
import { findApp } from "../../src/cli/app_loader.ts";
import { readEnvFile } from "../../src/cli/settings_files.ts";
import { type Kind, parseValue } from "../../src/cli/values.ts";
import { hideSecrets } from "../../src/coroutine/option_checks.ts";
import { requestUrl } from "../../src/fetch/request_url.ts";
import { isHostAndPort } from "../../src/http/authority.ts";
import { parseHttpDate } from "../../src/http/http_date.ts";
import { readResponseHead } from "../../src/http/reading/response_head.ts";
import { parseRequestTarget } from "../../src/http/request_target.ts";
import { listMembers } from "../../src/http/grammar.ts";
import { type AccessLogEntry, lineMaker } from "../../src/middleware/access_log_formats.ts";
import { negotiate } from "../../src/middleware/compress/accept_encoding.ts";
import { requestAttributes } from "../../src/middleware/open_telemetry/attributes.ts";
import { parseByteRange } from "../../src/middleware/static_files/byte_range.ts";
import {
  evaluatePreconditions,
  rangeApplies,
} from "../../src/middleware/static_files/preconditions.ts";
import { pathSegments } from "../../src/middleware/static_files/static_path.ts";
import { traceParentOf } from "../../src/middleware/trace_parent.ts";
import { parseForwarded } from "../../src/middleware/trust_proxy/forwarded_field.ts";
import { parseNode } from "../../src/middleware/trust_proxy/forwarded_node.ts";
import { readClaims } from "../../src/middleware/trust_proxy/proxy_claims.ts";
import { readCertificate } from "../../src/server/opening/client_certificate/certificate.ts";
import { parseBindAddress } from "../../src/server/listening/bind_address.ts";
import { latin1Bytes } from "../../src/socket/mod.ts";
import { ProxyHeaderReader } from "../../src/socket/proxy_protocol/mod.ts";
import { EventLog } from "../../src/sse/event_log.ts";
import { EventParser } from "../../src/testing/event_parser.ts";
import { parseExtensions } from "../../src/websocket/codec/extensions.ts";
import { encodeFrame, MessageReader } from "../../src/websocket/mod.ts";
import { shakeHands } from "../../src/websocket/handshake.ts";
import { basicCredentials } from "../../src/wsgi/basic_credentials.ts";
import { unquotePath } from "../../src/wsgi/path_info.ts";
import type { Environ } from "../../src/wsgi/mod.ts";
import { growthOf } from "../support/growth.ts";
import { isMine } from "../support/shares.ts";

/**
 * A measurement ends at this exponent. A large text leaves the caches of the processor and makes more garbage, so
 * the time of a parser whose work is linear has an exponent of up to 1.16 here (Node 20, 2026-11).
 */
const ENOUGH = 1.2;
/** The largest exponent, for a busy machine. Quadratic parsers have 2. */
const MAX_EXPONENT = 1.4;

const folder = mkdtempSync(join(tmpdir(), "growth-"));
after(() => rmSync(folder, { recursive: true }));

function environ(fields: Readonly<Record<string, string>>): Environ {
  return {
    REQUEST_METHOD: "GET",
    SERVER_PROTOCOL: "HTTP/1.1",
    HTTP_HOST: "test",
    PATH_INFO: "/",
    QUERY_STRING: "",
    ...fields,
  } as unknown as Environ;
}

const UPGRADE = {
  HTTP_CONNECTION: "upgrade",
  HTTP_UPGRADE: "websocket",
  HTTP_SEC_WEBSOCKET_VERSION: "13",
  HTTP_SEC_WEBSOCKET_KEY: "dGhlIHNhbXBsZSBub25jZQ==",
};

function upgradeWith(field: string) {
  const terms = { protocols: ["a", "b"], allowsOrigin: () => true, deflate: undefined };
  return (text: string) => shakeHands(environ({ ...UPGRADE, [field]: text }), terms);
}

const VALIDATORS = { etag: '"a"', lastModified: "Sun, 06 Nov 1994 08:49:37 GMT" };
const FORWARDED = ["for", "host", "proto", "port", "prefix"].map((name) =>
  `x-forwarded-${name}` as "x-forwarded-for"
);

function claimsOf(field: string) {
  const fields = new Set(field === "HTTP_FORWARDED" ? ["forwarded" as const] : FORWARDED);
  return (text: string) => {
    const { nodes, at } = readClaims(environ({ [field]: text }), fields);
    return nodes.length > 0 ? at(nodes.length) : at(1);
  };
}

const variablesBefore = new Set(Object.keys(process.env));
after(() => {
  for (const name of Object.keys(process.env)) {
    if (!variablesBefore.has(name)) delete process.env[name];
  }
});
/** The text of each file that was written, by its path. */
const written = new Map<string, string>();

/** A text has a file for its length, so that it is written once for all measurements. */
function readVariables(text: string): void {
  const file = join(folder, String(text.length));
  if (written.get(file) !== text) writeFileSync(file, text);
  written.set(file, text);
  readEnvFile(file);
}

function events(text: string): void {
  const parser = new EventParser();
  parser.push(latin1Bytes(text));
}

const LINES = (["common", "combined", "json"] as const).map(lineMaker);

/** Makes a line of the access log in each format, for a request with this text. */
function logLines(text: string): readonly unknown[] {
  const fields = { REQUEST_URI: text, HTTP_USER_AGENT: text, HTTP_REFERER: text };
  const entry: AccessLogEntry = {
    environ: environ({ ...fields, REMOTE_ADDR: "::1" }),
    status: 200,
    bytes: 0,
    outcome: "complete",
    milliseconds: 1,
    firstByteMilliseconds: 1,
    requestId: undefined,
    worker: undefined,
    traceId: undefined,
    date: new Date(0),
  };
  return LINES.map((line) => line(entry));
}

const history = new EventLog(
  { maxCount: 10, maxBytes: 1000, maxAgeMs: Infinity, epoch: "e", clock: Date },
  false,
);

/** The parsers of texts, by name. */
const PARSERS: Readonly<Record<string, (text: string) => unknown>> = {
  "a target": (text) => parseRequestTarget("GET", text),
  "a path": unquotePath,
  "a path of a file": (text) => pathSegments(text, false),
  "an address of a request": (text) => requestUrl(environ({ REQUEST_URI: text, PATH_INFO: text })),
  "Host": isHostAndPort,
  "Host for an address": (text) => requestUrl(environ({ HTTP_HOST: text })),
  "a list of members": listMembers,
  "a date": parseHttpDate,
  "Authorization": basicCredentials,
  "Accept-Encoding": (text) => negotiate(text, ["gzip", "br"]),
  "Range": (text) => parseByteRange(text, 1000),
  "If-None-Match": (text) =>
    evaluatePreconditions(environ({ HTTP_IF_NONE_MATCH: text }), VALIDATORS),
  "If-Match": (text) => evaluatePreconditions(environ({ HTTP_IF_MATCH: text }), VALIDATORS),
  "If-Range": (text) => rangeApplies(environ({ HTTP_IF_RANGE: text }), VALIDATORS),
  "traceparent": (text) => traceParentOf(environ({ HTTP_TRACEPARENT: text })),
  "attributes of a trace": (text) =>
    requestAttributes(environ({ REQUEST_URI: text, HTTP_HOST: text })),
  "Forwarded": parseForwarded,
  "Forwarded of a proxy": claimsOf("HTTP_FORWARDED"),
  "a node": parseNode,
  "X-Forwarded-For": claimsOf("HTTP_X_FORWARDED_FOR"),
  "X-Forwarded-Host": claimsOf("HTTP_X_FORWARDED_HOST"),
  "X-Forwarded-Proto": claimsOf("HTTP_X_FORWARDED_PROTO"),
  "X-Forwarded-Port": claimsOf("HTTP_X_FORWARDED_PORT"),
  "X-Forwarded-Prefix": claimsOf("HTTP_X_FORWARDED_PREFIX"),
  "Connection of a WebSocket": upgradeWith("HTTP_CONNECTION"),
  "Upgrade": upgradeWith("HTTP_UPGRADE"),
  "Sec-WebSocket-Protocol": upgradeWith("HTTP_SEC_WEBSOCKET_PROTOCOL"),
  "Sec-WebSocket-Extensions": parseExtensions,
  "Sec-WebSocket-Key": upgradeWith("HTTP_SEC_WEBSOCKET_KEY"),
  "a head of a response": (text) => readResponseHead(`HTTP/1.1 200 OK\r\n${text}`),
  "events": events,
  "Last-Event-ID": (text) => history.numberOf(text),
  "a line of the access log": logLines,
  "the PROXY line": (text) => new ProxyHeaderReader("auto").read(latin1Bytes(`PROXY ${text}`)),
  "a certificate": (text) => readCertificate(latin1Bytes(text)),
  "a message of the bus": decodeMessage,
  "bytes of the bus": (text) => decodeMessage(JSON.stringify({ v: 1, b: text })),
  "a file of variables": readVariables,
  "an option": (text) => splitArguments([`--${text}`]),
  "a short option": (text) => splitArguments([`-${text}`]),
  "the name of an app": findApp,
  "an address to listen on": parseBindAddress,
  "a value of an option": (text) => VALUES.map((kind) => parseValue(kind, text)),
  "a secret in an error": hideSecrets,
};
const VALUES: readonly Kind[] = [
  ...["bind", "bus", "bytes", "certificate", "count", "duration", "fields"] as const,
  ...["mode", "port", "text", "trust", "workers"] as const,
];

/** The pieces that are repeated. */
const PIECES = [
  ...[
    " ",
    "\t",
    ",",
    ", ",
    " , ",
    ";",
    "=",
    '"',
    "\\",
    '\\"',
    "a",
    "a ",
    "a,",
    "a, ",
    "a=b;",
    "a=b,",
    'a="b";',
  ],
  ...[
    "0",
    "1,",
    "-",
    "a-0",
    ":",
    "a:",
    "/",
    "/a",
    "/../",
    "..",
    "%41",
    "%",
    "(",
    "[",
    "{",
    "@",
    "://",
    "http://",
  ],
  ...[
    "?",
    "&a=",
    "#",
    "\r",
    "\n",
    "\r\n",
    "a\n",
    "A: b\r\n",
    "a: b\n",
    "A=b\n",
    " \n",
    '"a", ',
    'W/"a",',
    "\xe9",
  ],
];
/** The texts around them. */
const AFFIXES: readonly (readonly [before: string, after: string])[] = [
  ...[["", ""], ["a", "a"], ['a="', ""], ["/", "\0"], ["a=b", "b="]] as const,
  ...[["A: ", "\x7f"], ["bytes=", "!"], ["Basic ", "!"], ["[", "]!"], ["http://", "\0"]] as const,
];

function quietly(parse: (text: string) => unknown): (text: string) => void {
  return (text) => {
    try {
      parse(text);
    } catch {
      // The text is refused.
    }
  };
}

for (const [row, [name, parse]] of Object.entries(PARSERS).entries()) {
  test(`the time for ${name} grows no faster than the text`, () => {
    for (const [column, piece] of PIECES.entries()) {
      const affixes = AFFIXES.filter((_, index) => isMine(row + column + index));
      for (const [before, after] of affixes) {
        const text = (size: number) => before + piece.repeat(size / piece.length) + after;
        const exponent = growthOf(quietly(parse), text, ENOUGH);
        const shape = JSON.stringify([before, piece, after]);
        assert(exponent <= MAX_EXPONENT, `${shape}: the exponent ${exponent.toFixed(2)}`);
      }
    }
  });
}

const MASK = Uint8Array.of(1, 2, 3, 4);

/** Frames of a client, by name. */
const FRAMES: Readonly<Record<string, () => Uint8Array>> = {
  "Pings": () => encodeFrame("ping", "", { mask: MASK }),
  "messages": () => encodeFrame("text", "a", { mask: MASK }),
  "fragments": () => encodeFrame("continuation", "a", { mask: MASK, isFinal: false }),
};

test("the time for frames grows no faster than their number, in pieces of any size", () => {
  for (const [name, makeFrame] of Object.entries(FRAMES)) {
    const frame = makeFrame();
    const start = name === "fragments"
      ? encodeFrame("text", "a", { mask: MASK, isFinal: false })
      : "";
    for (const pieceBytes of [1, 7, 65_536]) {
      const inputOf = (size: number) => {
        const bytes = [...start, ...Array(Math.ceil(size / 8)).fill([...frame])].flat();
        return Uint8Array.from(bytes as number[]);
      };
      const read = (bytes: Uint8Array) => {
        const reader = new MessageReader({ from: "client" });
        for (let at = 0; at < bytes.length; at += pieceBytes) {
          reader.push(bytes.subarray(at, at + pieceBytes));
          while (reader.next().type !== "need-data");
          reader.detach();
        }
      };
      const exponent = growthOf(read, inputOf, ENOUGH);
      assert(exponent <= MAX_EXPONENT, `${name}: the exponent ${exponent.toFixed(2)}`);
    }
  }
});

test("the measure finds a time that grows faster, and no step of a time", () => {
  let nowMs = 0;
  const exponentOf = (msOf: (size: number) => number) =>
    growthOf((size: number) => nowMs += msOf(size), (size) => size, ENOUGH, () => nowMs);
  assertAlmostEquals(exponentOf((size) => size / 1000), 1);
  assertAlmostEquals(exponentOf((size) => size * size / 1000), 2);
  assert(exponentOf((size) => size / 1000 + size * size / 1_000_000) > MAX_EXPONENT);
  assertAlmostEquals(exponentOf((size) => size / (size > 10_000 ? 200 : 1000)), 1);
  assertAlmostEquals(exponentOf((size) => size / (size > 1000 ? 200 : 1000)), 1);
});
