/**
 * Every limit of the parser: a message at the limit is accepted, and one unit more is refused with the
 * right status. The defaults are tested in `reading/request_parser_test.ts`.
 */

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { test } from "node:test";
import { type ParserLimits, ProtocolError, RequestParser } from "../../src/http/mod.ts";
import { latin1Bytes } from "./transcript.ts";

const HEAD = "POST / HTTP/1.1\r\nHost: x\r\n";
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`;

/** One use of a limit. */
interface Bound {
  readonly limit: keyof ParserLimits;
  /** The thing that the limit counts here, as a limit may have several uses. */
  readonly use: string;
  /** The smallest limit that a valid message fits into. */
  readonly least: number;
  /** A message that needs exactly `count`. */
  readonly message: (count: number) => string;
  readonly status: number;
  /** The beginning of the error's message. */
  readonly error: string;
}

const BOUNDS: readonly Bound[] = [
  {
    limit: "maxLineBytes",
    use: "a target",
    least: 14,
    message: (count) => `GET /${"a".repeat(count - 14)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    status: 414,
    error: "Request line too long: over",
  },
  {
    limit: "maxHeadBytes",
    use: "a value",
    least: HEAD.length + 7,
    message: (count) => `${HEAD}A: ${"a".repeat(count - HEAD.length - 7)}\r\n\r\n`,
    status: 431,
    error: "Head too long: over",
  },
  {
    limit: "maxHeadBytes",
    use: "a name",
    least: HEAD.length + 6,
    message: (count) => `${HEAD}${"A".repeat(count - HEAD.length - 5)}:\r\n\r\n`,
    status: 431,
    error: "Head too long: over",
  },
  {
    limit: "maxFieldCount",
    use: "a head",
    least: 1,
    message: (count) => `${HEAD}${"A: b\r\n".repeat(count - 1)}\r\n`,
    status: 431,
    error: "Head too long: over",
  },
  {
    limit: "maxFieldCount",
    use: "trailers",
    least: 2,
    message: (count) => `${CHUNKED}0\r\n${"A: b\r\n".repeat(count)}\r\n`,
    status: 431,
    error: "Trailers too long: over",
  },
  {
    limit: "maxBodyBytes",
    use: "a length",
    least: 0,
    message: (count) => `${HEAD}Content-Length: ${count}\r\n\r\n${"b".repeat(count)}`,
    status: 413,
    error: "Body too large: over",
  },
  {
    limit: "maxBodyBytes",
    use: "chunks",
    least: 0,
    message: (count) => `${CHUNKED}${"1\r\na\r\n".repeat(count)}0\r\n\r\n`,
    status: 413,
    error: "Body too large: over",
  },
  {
    limit: "maxBodyBytes",
    use: "a chunk",
    least: 1,
    message: (count) => `${CHUNKED}${count.toString(16)}\r\n${"b".repeat(count)}\r\n0\r\n\r\n`,
    status: 413,
    error: "Body too large: over",
  },
  {
    limit: "maxChunkExtensionBytes",
    use: "an extension",
    least: 2,
    message: (count) => `${CHUNKED}0;${"e".repeat(count - 1)}\r\n\r\n`,
    status: 413,
    error: "Chunk extensions too long: over",
  },
  {
    limit: "maxChunkExtensionBytes",
    use: "the extensions of all chunks",
    least: 4,
    message: (count) => `${CHUNKED}1;a\r\na\r\n0;${"e".repeat(count - 3)}\r\n\r\n`,
    status: 413,
    error: "Chunk extensions too long: over",
  },
  {
    limit: "maxTrailerBytes",
    use: "a trailer",
    least: 7,
    message: (count) => `${CHUNKED}0\r\nA: ${"a".repeat(count - 7)}\r\n\r\n`,
    status: 431,
    error: "Trailers too long: over",
  },
  {
    limit: "maxEmptyLines",
    use: "lines before a request",
    least: 0,
    message: (count) => `${"\r\n".repeat(count)}${HEAD}\r\n`,
    status: 400,
    error: "Too many empty lines",
  },
];

/** The outcome of reading a message: `"read"`, or the error. */
function outcome(text: string, limits: Partial<ParserLimits>): "read" | ProtocolError {
  const parser = new RequestParser({ limits });
  parser.push(latin1Bytes(text));
  try {
    for (;;) if (parser.next().type === "end") return "read";
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
}

for (const { limit, use, least, message, status, error } of BOUNDS) {
  test(`${limit} holds for ${use}: at the limit it is read, one more is refused`, () => {
    for (let count = least; count < least + 40; count++) {
      assertEquals(outcome(message(count), { [limit]: count }), "read");
      const refused = outcome(message(count + 1), { [limit]: count });
      assertEquals((refused as ProtocolError).status, status);
      assertStringIncludes((refused as ProtocolError).message, error);
    }
  });
}

test("every limit of the parser is tested here", () => {
  const limits: Record<keyof ParserLimits, true> = {
    maxLineBytes: true,
    maxHeadBytes: true,
    maxFieldCount: true,
    maxBodyBytes: true,
    maxChunkExtensionBytes: true,
    maxTrailerBytes: true,
    maxEmptyLines: true,
  };
  assertEquals([...new Set(BOUNDS.map(({ limit }) => limit))].sort(), Object.keys(limits).sort());
});

test("options of a parser of a wrong kind are errors with their names", () => {
  const make = (options: unknown) => () => new RequestParser(options as never);
  const wrong: readonly (readonly [options: unknown, message: string])[] = [
    [
      7,
      "options of RequestParser is of the type number: expected an object",
    ],
    [{ limits: null }, "limits of RequestParser is of the type object: expected an object"],
    [{ limits: 7 }, "limits of RequestParser is of the type number: expected an object"],
    [
      { limits: { maxBody: 7 } },
      'Unknown limit "maxBody" of RequestParser: expected one of maxLineB',
    ],
    [{ latin1: 7 }, "latin1 or equals of RequestParser is of the type number: expected a function"],
    [{ equals: null }, "latin1 or equals of RequestParser is of the type object: expected a func"],
  ];
  for (const [options, message] of wrong) assertThrows(make(options), TypeError, message);
});

test("a parser takes no text for bytes, and goes on afterwards", () => {
  const parser = new RequestParser();
  for (const value of ["GET / HTTP/1.1", 7, undefined, [71], {}]) {
    const push = () => parser.push(value as never);
    assertThrows(push, TypeError, "bytes of RequestParser.push is of the type");
  }
  parser.push(latin1Bytes(`${HEAD}\r\n`));
  assertEquals(parser.next().type, "request");
});
