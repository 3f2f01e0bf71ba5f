/**
 * The states of parser and writer: every byte in every state of the parser, and both in any order of
 * calls.
 */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import {
  type HttpEvent,
  ProtocolError,
  RequestParser,
  type ResponseContext,
  ResponseError,
  ResponseWriter,
} from "../../../src/http/mod.ts";
import { latin1Bytes } from "../transcript.ts";
import { assertLaw } from "../../support/shares.ts";

const HEAD = "POST / HTTP/1.1\r\nHost: x\r\n";
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`;

/** For each state of a parser between two bytes: the bytes that lead into it. */
const WAYS_IN: Readonly<Record<string, string>> = {
  "nothing": "",
  "the CR of an empty line": "\r",
  "an empty line": "\r\n",
  "the method": "PO",
  "the space before the target": "POST ",
  "the target": "POST /",
  "the space before the version": "POST / ",
  "the name of the version": "POST / HT",
  "the slash of the version": "POST / HTTP/",
  "the major version": "POST / HTTP/1",
  "the dot of the version": "POST / HTTP/1.",
  "the version": "POST / HTTP/1.1",
  "the CR of the request line": "POST / HTTP/1.1\r",
  "the request line": "POST / HTTP/1.1\r\n",
  "a field name": `${HEAD}A`,
  "a colon": `${HEAD}A:`,
  "the whitespace before a value": `${HEAD}A: `,
  "a value": `${HEAD}A: b`,
  "the CR of a field line": `${HEAD}A: b\r`,
  "a field line": `${HEAD}A: b\r\n`,
  "the last CR of a head": `${HEAD}\r`,
  "a head without a body": `${HEAD}\r\n`,
  "a head that forbids another": `${HEAD}Connection: close\r\n\r\n`,
  "a head with a length": `${HEAD}Content-Length: 2\r\n\r\n`,
  "a part of a body": `${HEAD}Content-Length: 2\r\n\r\na`,
  "a body": `${HEAD}Content-Length: 2\r\n\r\nab`,
  "a head with a coding": CHUNKED,
  "a chunk size": `${CHUNKED}2`,
  "a last chunk size": `${CHUNKED}0`,
  "a semicolon": `${CHUNKED}2;`,
  "the name of an extension": `${CHUNKED}2;a`,
  "the equals sign of an extension": `${CHUNKED}2;a=`,
  "the value of an extension": `${CHUNKED}2;a=b`,
  "a quote": `${CHUNKED}2;a="`,
  "a backslash in quotes": `${CHUNKED}2;a="\\`,
  "a closing quote": `${CHUNKED}2;a="b"`,
  "the CR of a chunk line": `${CHUNKED}2\r`,
  "a chunk line": `${CHUNKED}2\r\n`,
  "a part of a chunk": `${CHUNKED}2\r\na`,
  "the data of a chunk": `${CHUNKED}2\r\nab`,
  "the CR behind a chunk": `${CHUNKED}2\r\nab\r`,
  "a chunk": `${CHUNKED}2\r\nab\r\n`,
  "the last chunk": `${CHUNKED}0\r\n`,
  "a trailer's name": `${CHUNKED}0\r\nA`,
  "a trailer's value": `${CHUNKED}0\r\nA: b`,
  "a trailer": `${CHUNKED}0\r\nA: b\r\n`,
  "the last CR of trailers": `${CHUNKED}0\r\nA: b\r\n\r`,
  "a chunked body": `${CHUNKED}0\r\n\r\n`,
};

const TYPES: readonly string[] = ["request", "data", "end", "need-data", "closed"];

/** Reads to the end of the input, and returns the last event or the error. */
function settle(parser: RequestParser): HttpEvent | ProtocolError {
  try {
    for (;;) {
      const event = parser.next();
      assert(TYPES.includes(event.type), `gives ${event.type}`);
      if (event.type === "need-data" || event.type === "closed") return event;
    }
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
}

function parserAfter(text: string): RequestParser {
  const parser = new RequestParser();
  parser.push(latin1Bytes(text));
  const reached = settle(parser);
  assert(!(reached instanceof ProtocolError), `is not reached: ${reached}`);
  parser.detach();
  return parser;
}

for (const [state, wayIn] of Object.entries(WAYS_IN)) {
  test(`after ${state}, every byte is read or refused`, () => {
    for (let byte = 0; byte < 256; byte++) {
      const parser = parserAfter(wayIn);
      parser.push(Uint8Array.of(byte));
      const outcome = settle(parser);
      if (outcome instanceof ProtocolError) assertStrictEquals(settle(parser), outcome);
    }
  });

  test(`after ${state}, the peer's end closes or is an error, and stays so`, () => {
    const parser = parserAfter(wayIn);
    parser.end();
    const outcome = settle(parser);
    assert(outcome instanceof ProtocolError || outcome.type === "closed");
    assertStrictEquals(settle(parser), outcome);
  });

  test(`after ${state}, the rest can be taken, which closes`, () => {
    const parser = parserAfter(wayIn);
    const held = parser.bufferedBytes;
    assertEquals(parser.takeBuffered().length, held);
    assertEquals(parser.next().type, "closed");
  });
}

const step = fc.oneof(
  fc.record({
    call: fc.constant("push"),
    text: fc.constantFrom(...Object.values(WAYS_IN), "\r\n", "x", "2\r\nab\r\n", ""),
  }),
  fc.record({ call: fc.constantFrom("next", "next", "detach", "end", "takeBuffered") }),
);

test("law: in any order of calls, a parser gives an event or one of its errors", () => {
  assertLaw(fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
    const parser = new RequestParser();
    let isOver = false;
    let inRequest = false;
    let failure: unknown;
    let closed = false;
    for (const { call, ...rest } of steps) {
      try {
        if (call === "push") parser.push(latin1Bytes((rest as { text: string }).text));
        if (call === "detach") parser.detach();
        if (call === "end") parser.end();
        if (call === "takeBuffered") parser.takeBuffered();
        isOver ||= call === "end" || call === "takeBuffered";
        if (call !== "next") continue;
        const { type } = parser.next();
        assertEquals(failure, undefined);
        if (closed) assertEquals(type, "closed");
        if (type === "request") assertEquals(inRequest, false);
        if (type === "data" || type === "end") assertEquals(inRequest, true);
        inRequest = type === "request" || (inRequest && type !== "end");
        closed = type === "closed";
      } catch (error) {
        if (call === "push" && error instanceof TypeError) assert(isOver);
        else if (!(error instanceof ProtocolError) || call !== "next") throw error;
        else failure ??= error;
        if (call === "next") assertStrictEquals(error, failure);
      }
    }
  }));
});

const PHASES = ["new", "headed", "ended"] as const;
const CALLS = ["head", "data", "end"] as const;
/** The phase after a call; undefined if the call is an error and changes nothing. */
const TABLE: Readonly<Record<string, Readonly<Record<string, string | undefined>>>> = {
  new: { head: "headed", data: undefined, end: undefined },
  headed: { head: undefined, data: "headed", end: "ended" },
  ended: { head: undefined, data: undefined, end: undefined },
};

const contexts = fc.record({
  method: fc.constantFrom("GET", "HEAD", "CONNECT"),
  minorVersion: fc.constantFrom<0 | 1>(0, 1),
  keepAlive: fc.boolean(),
  protocol: fc.constantFrom<ResponseContext["protocol"]>("HTTP/1.1", "HTTP/1.0"),
});

test("law: in any order of calls, a writer does what its table says", () => {
  const calls = fc.array(fc.constantFrom(...CALLS), { maxLength: 12 });
  const statuses = fc.constantFrom("200 OK", "204 No Content", "304 Not Modified", "404 Not Found");
  assertLaw(fc.property(contexts, statuses, calls, (context, status, calls) => {
    const writer = new ResponseWriter(context);
    let phase: string = PHASES[0];
    for (const call of calls) {
      const next = TABLE[phase]![call];
      let failed = false;
      try {
        if (call === "head") assert(writer.head(status, []).endsWith("\r\n\r\n"));
        if (call === "data") writer.data("block", () => {});
        if (call === "end") writer.end(() => {});
      } catch (error) {
        if (!(error instanceof ResponseError)) throw error;
        failed = true;
      }
      assertEquals(failed, next === undefined, `${call} when ${phase}`);
      phase = next ?? phase;
    }
  }));
});
