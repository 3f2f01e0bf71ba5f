/**
 * The interface of the request parser: the order of calls, borrowed bytes, offsets, defaults of
 * limits, and laws about any bytes in any split. The syntax of messages is covered by `tests/corpus`.
 */

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { SlicedBytes } from "../../support/sliced_bytes.ts";
import {
  type DataEvent,
  DEFAULT_LIMITS,
  type ParserLimits,
  ProtocolError,
  RequestParser,
} from "../../../src/http/mod.ts";
import { readCorpus } from "../corpus.ts";
import { everyByte, latin1Bytes, latin1Text, splitAt, transcript } from "../transcript.ts";
import { assertLaw } from "../../support/shares.ts";

const GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const PUT = "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n";
const PUT_CHUNKED = "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";

/** The two framings: the fields that announce a body, and the text of a body. */
const FRAMINGS: readonly [(size: number) => string, (text: string) => string][] = [
  [(size) => `Content-Length: ${size}\r\n\r\n`, (text) => text],
  [
    () => "Transfer-Encoding: chunked\r\n\r\n",
    (text) => `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`,
  ],
];

function parserOf(text: string, limits: Partial<ParserLimits> = {}): RequestParser {
  const parser = new RequestParser({ limits });
  parser.push(latin1Bytes(text));
  return parser;
}

function typesOf(parser: RequestParser): string[] {
  const types: string[] = [];
  for (;;) {
    const { type } = parser.next();
    types.push(type);
    if (type === "need-data" || type === "closed") return types;
  }
}

/** The status of the refusal of a message, or 0. */
function statusOf(text: string, limits: Partial<ParserLimits> = {}): number {
  try {
    typesOf(parserOf(text, limits));
    return 0;
  } catch (error) {
    assert(error instanceof ProtocolError);
    return error.status;
  }
}

test("asks for data before anything was pushed, always with the same object", () => {
  const parser = new RequestParser();
  assertStrictEquals(parser.next(), parser.next());
  assertStrictEquals(parser.next(), new RequestParser().next());
});

test("begins the next request only when its event is asked for", () => {
  const parser = parserOf(GET + GET);
  assertEquals(parser.next().type, "request");
  assertEquals(parser.bufferedBytes, GET.length);
  assertEquals(parser.next().type, "end");
  assertEquals(parser.bufferedBytes, GET.length);
});

test("counts a head that is not complete as buffered", () => {
  const parser = parserOf(GET.slice(0, -1));
  parser.next();
  assertEquals(parser.bufferedBytes, GET.length - 1);
  parser.detach();
  assertEquals(parser.bufferedBytes, GET.length - 1);
  parser.push(latin1Bytes("\n"));
  assertEquals(typesOf(parser), ["request", "end", "need-data"]);
  assertEquals(parser.bufferedBytes, 0);
});

test("keeps the pushed bytes when the buffer is used again after detach", () => {
  const buffer = latin1Bytes(GET);
  const parser = new RequestParser();
  parser.push(buffer.subarray(0, 10));
  parser.detach();
  buffer.fill(0);
  parser.push(latin1Bytes(GET).subarray(10));
  assertEquals(parser.next().type, "request");
});

test("takes several pushes before the first event", () => {
  const parser = parserOf(GET.slice(0, 7));
  parser.push(latin1Bytes(GET.slice(7)));
  parser.push(latin1Bytes(GET));
  assertEquals(typesOf(parser), ["request", "end", "request", "end", "need-data"]);
});

test("ignores an empty push", () => {
  const parser = parserOf("");
  assertEquals(parser.next().type, "need-data");
  parser.push(latin1Bytes(GET));
  parser.push(latin1Bytes(""));
  assertEquals(typesOf(parser), ["request", "end", "need-data"]);
});

test("passes a large body through without a copy", () => {
  const text = "hello".repeat(1000);
  const bytes = latin1Bytes(`${PUT.replace("5", "5000")}${text}`);
  const parser = new RequestParser();
  parser.push(bytes);
  parser.next();
  const event = parser.next();
  assert(event.type === "data");
  assertStrictEquals(event.bytes.buffer, bytes.buffer);
  assertEquals(latin1Text(event.bytes), text);
});

test("passes large chunk data through without a copy", () => {
  const bytes = latin1Bytes(`${PUT_CHUNKED}1000\r\n${"x".repeat(4096)}\r\n0\r\n\r\n`);
  const parser = new RequestParser();
  parser.push(bytes);
  parser.next();
  const event = parser.next();
  assert(event.type === "data");
  assertStrictEquals(event.bytes.buffer, bytes.buffer);
});

test("throws the same error for ever, and drops later bytes", () => {
  const parser = parserOf("GET / HTTP/1.1\r\nHost : x\r\n\r\n");
  const first = assertThrows(() => parser.next(), ProtocolError);
  parser.push(latin1Bytes(GET));
  const held = parser.bufferedBytes;
  parser.push(latin1Bytes(GET));
  assertEquals(parser.bufferedBytes, held);
  assertStrictEquals(assertThrows(() => parser.next(), ProtocolError), first);
});

test("restarts with another connection from every state", () => {
  const beginnings = [
    "",
    "\r",
    "G",
    GET.slice(0, -3),
    PUT,
    `${PUT_CHUNKED}5\r\nhe`,
    `${PUT}hello`,
    "G\0",
  ];
  for (const beginning of [...beginnings, "GET / HTTP/1.0\r\n\r\n"]) {
    const parser = parserOf(beginning);
    try {
      typesOf(parser);
    } catch (error) {
      assert(error instanceof ProtocolError);
    }
    if (beginning.endsWith("he")) parser.end();
    parser.restart(1000);
    assertEquals(parser.idle, true);
    parser.push(latin1Bytes(`${GET}${PUT}hello\0`));
    assertEquals(
      Array.from({ length: 5 }, () => parser.next().type),
      ["request", "end", "request", "data", "end"],
    );
    const { offset } = assertThrows(() => parser.next(), ProtocolError);
    assertEquals(offset, 1000 + GET.length + PUT.length + 5);
  }
});

test("is idle between messages only", () => {
  for (const text of ["\r\n", "G", GET.slice(0, -3), PUT, `${PUT}hell`, `${GET}G`, "G\0"]) {
    const parser = parserOf(text);
    try {
      typesOf(parser);
    } catch (error) {
      assert(error instanceof ProtocolError);
    }
    assertEquals(parser.idle, false, text);
  }
  const parser = parserOf(GET);
  typesOf(parser);
  assertEquals(parser.idle, true);
  parser.end();
  assertEquals(parser.idle, false);
});

test("counts the offset of an error from the connection's first byte", () => {
  const parser = parserOf(GET);
  typesOf(parser);
  parser.detach();
  parser.push(latin1Bytes(GET + "\0"));
  assertEquals(parser.next().type, "request");
  assertEquals(parser.next().type, "end");
  assertEquals(assertThrows(() => parser.next(), ProtocolError).offset, 2 * GET.length);
});

test("is closed after the peer's end, once all bytes are read", () => {
  const parser = parserOf(GET);
  parser.end();
  assertEquals(typesOf(parser), ["request", "end", "closed"]);
  assertEquals(parser.next().type, "closed");
});

test("refuses a push after the end", () => {
  const parser = new RequestParser();
  parser.end();
  assertThrows(() => parser.push(latin1Bytes(GET)), TypeError);
});

test("gives the rest to the protocol that takes over the connection", () => {
  const head = "CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n";
  const bytes = latin1Bytes(`${head}\x16\x03`);
  const parser = new RequestParser();
  parser.push(bytes);
  assertEquals(parser.next().type, "request");
  assertEquals(parser.next().type, "end");
  const rest = parser.takeBuffered();
  bytes.fill(0);
  assertEquals(rest, new Uint8Array([0x16, 3]));
  assertEquals(parser.bufferedBytes, 0);
  assertEquals(parser.next().type, "closed");
  assertThrows(() => parser.push(bytes), TypeError);
});

function sliced(text: string): SlicedBytes {
  return SlicedBytes.from(latin1Bytes(text)) as SlicedBytes;
}

test("a rest that was pushed as a Buffer is a copy, too", () => {
  const bytes = sliced("CONNECT x:1 HTTP/1.0\r\n\r\nraw");
  const parser = new RequestParser();
  parser.push(bytes);
  assertEquals(typesOf(parser), ["request", "end", "closed"]);
  const rest = parser.takeBuffered();
  bytes.fill(0);
  assertEquals(latin1Text(rest), "raw");
});

test("a short piece of a body is a copy that may be kept, a long one is a view", () => {
  for (const [framing, wrap] of FRAMINGS) {
    for (const size of [1, 5, 2048, 2049, 100_000]) {
      const text = "x".repeat(size);
      const bytes = sliced(`PUT / HTTP/1.1\r\nHost: x\r\n${framing(size)}${wrap(text)}`);
      const parser = new RequestParser();
      parser.push(bytes);
      parser.next();
      const event = parser.next() as DataEvent;
      assertEquals([event.owned, latin1Text(event.bytes)], [size <= 2048, text]);
      bytes.fill(0);
      assertEquals(latin1Text(event.bytes) === text, event.owned);
    }
  }
});

test("a long piece of an owned array belongs to the receiver, if it is most of the array", () => {
  for (const size of [2049, 100_000]) {
    const head = `PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\n`;
    for (const [after, owned] of [["", true], ["y".repeat(2 * size), false]] as const) {
      const bytes = Uint8Array.from(head + "x".repeat(size) + after, (text) => text.charCodeAt(0));
      const parser = new RequestParser();
      parser.push(bytes, true);
      parser.next();
      const event = parser.next() as DataEvent;
      assertEquals([event.owned, event.bytes.length], [owned, size]);
      assertStrictEquals(event.bytes.buffer, bytes.buffer);
    }
  }
});

test("an owned array of which nothing was read waits without a copy", () => {
  const head = "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 6000\r\n\r\n";
  for (const [isOwned, isKept] of [[true, true], [false, false]] as const) {
    const bytes = Uint8Array.from(head + "x".repeat(5000), (text) => text.charCodeAt(0));
    const parser = new RequestParser();
    parser.push(bytes, isOwned);
    parser.detach();
    parser.next();
    const event = parser.next() as DataEvent;
    assertEquals([event.owned, event.bytes.length], [isKept, 5000]);
    assertEquals(event.bytes.buffer === bytes.buffer, isKept);
    parser.push(latin1Bytes("y".repeat(1000)));
    assertEquals(latin1Text((parser.next() as DataEvent).bytes), "y".repeat(1000));
  }
});

test("the rest of an owned array is copied once a piece of it was given away, or if it is small", () => {
  const head = "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n";
  const whole = latin1Bytes(head + "x".repeat(5000) + GET);
  const parser = new RequestParser();
  parser.push(whole, true);
  parser.next();
  assertEquals((parser.next() as DataEvent).owned, true);
  parser.detach();
  whole.fill(0); // the receiver of the piece
  assertEquals(typesOf(parser).slice(0, 2), ["end", "request"]);
  const small = new Uint8Array(1000);
  small.set(latin1Bytes(GET));
  const other = new RequestParser();
  other.push(small.subarray(0, GET.length - 1), true);
  other.detach();
  small.fill(0);
  other.push(latin1Bytes("\n"));
  assertEquals(other.next().type, "request");
});

test("a piece after bytes that the parser had to keep is not given away", () => {
  const parser = new RequestParser();
  const head = "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n";
  parser.push(sliced(head.slice(0, 10)), true);
  assertEquals(parser.next().type, "need-data");
  parser.push(sliced(head.slice(10) + "x".repeat(5000)), true);
  parser.next();
  assertEquals((parser.next() as DataEvent).owned, false);
});

test("gives the rest also after a request that does not let the connection persist", () => {
  const parser = parserOf("CONNECT x:1 HTTP/1.0\r\n\r\nraw");
  assertEquals(typesOf(parser), ["request", "end", "closed"]);
  assertEquals(latin1Text(parser.takeBuffered()), "raw");
});

test("decodes with the decoder of its options", () => {
  const latin1 = (bytes: Uint8Array, start: number, end: number): string =>
    latin1Text(bytes.subarray(start, end)).replace("/a", "/b");
  const parser = new RequestParser({ latin1 });
  parser.push(latin1Bytes(GET.replace("/", "/a")));
  const event = parser.next();
  assert(event.type === "request");
  assertEquals(event.path, "/b");
});

test("reads a head of many pieces of the decoder's size", () => {
  const value = "v".repeat(20_000);
  const parser = parserOf(GET.replace("x", `x\r\nA: ${value}`));
  const event = parser.next();
  assert(event.type === "request");
  assertEquals(event.fields, ["host", "x", "a", value]);
});

test("refuses limits that are not whole numbers", () => {
  for (const limit of [-1, 1.5, NaN]) {
    const limits = { maxHeadBytes: limit };
    assertThrows(() => new RequestParser({ limits }), RangeError, "maxHeadBytes");
  }
});

test("Infinity as a limit is no limit", () => {
  assertEquals(statusOf(GET.replace("/", `/${"a".repeat(20_000)}`), { maxLineBytes: Infinity }), 0);
});

test("holds the default limit of the request line, exactly", () => {
  const target = "/".padEnd(DEFAULT_LIMITS.maxLineBytes - "GET  HTTP/1.1".length, "a");
  assertEquals(statusOf(GET.replace("/", target)), 0);
  assertEquals(statusOf(GET.replace("/", `${target}a`)), 414);
});

test("holds the default limit of the head, exactly", () => {
  const value = "v".repeat(DEFAULT_LIMITS.maxHeadBytes - GET.length - "A: \r\n".length);
  assertEquals(statusOf(GET.replace("x", `x\r\nA: ${value}`)), 0);
  assertEquals(statusOf(GET.replace("x", `x\r\nA: ${value}v`)), 431);
});

test("holds the default limit of the fields' count, exactly", () => {
  const fields = "\r\nA: 1".repeat(DEFAULT_LIMITS.maxFieldCount - 1);
  assertEquals(statusOf(GET.replace("x", `x${fields}`)), 0);
  assertEquals(statusOf(GET.replace("x", `x${fields}\r\nA: 1`)), 431);
});

test("holds the default limit of a body, exactly", () => {
  const { maxBodyBytes } = DEFAULT_LIMITS;
  assertEquals(statusOf(PUT.replace("5", `${maxBodyBytes}`)), 0);
  assertEquals(statusOf(PUT.replace("5", `${maxBodyBytes + 1}`)), 413);
  assertEquals(statusOf(`${PUT_CHUNKED}${maxBodyBytes.toString(16)}\r\n`), 0);
  assertEquals(statusOf(`${PUT_CHUNKED}${(maxBodyBytes + 1).toString(16)}\r\n`), 413);
});

test("holds the default limit of chunk extensions, exactly", () => {
  const extension = ";".padEnd(DEFAULT_LIMITS.maxChunkExtensionBytes, "a");
  assertEquals(statusOf(`${PUT_CHUNKED}0${extension}\r\n\r\n`), 0);
  assertEquals(statusOf(`${PUT_CHUNKED}0${extension}a\r\n\r\n`), 413);
});

test("holds the default limit of trailers, exactly", () => {
  const value = "v".repeat(DEFAULT_LIMITS.maxTrailerBytes - "A: \r\n\r\n".length);
  assertEquals(statusOf(`${PUT_CHUNKED}0\r\nA: ${value}\r\n\r\n`), 0);
  assertEquals(statusOf(`${PUT_CHUNKED}0\r\nA: ${value}v\r\n\r\n`), 431);
});

test("counts chunk sizes exactly if bodies have no limit", () => {
  const limits = { maxBodyBytes: Infinity };
  assertEquals(statusOf(`${PUT_CHUNKED}1fffffffffffff\r\n`, limits), 0);
  assertEquals(statusOf(`${PUT_CHUNKED}20000000000000\r\n`, limits), 413);
});

test("law: pieces of any sizes give the events of the whole message", () => {
  const messages = readCorpus();
  const sizes = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 30 });
  assertLaw(fc.property(fc.constantFrom(...messages), sizes, (message, lengths) => {
    const pieces: Uint8Array[] = [];
    let rest = message.bytes;
    for (const length of lengths) {
      pieces.push(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
    assertEquals(transcript([...pieces, rest], { limits: message.limits }), message.events);
  }));
});

const words = fc.constantFrom(
  ...["GET ", "/", " HTTP/1.1", "\r\n", "Host: x", "Content-Length: ", "5", "\r", "\n", ":", " "],
  ...["Transfer-Encoding: chunked", "0\r\n\r\n", "\0", "\xff", "PUT * HTTP/1.0", ';a="', GET, PUT],
  ...[PUT_CHUNKED, "\t", "hello", "Expect: 100-continue", "Connection: close", "OPTIONS http://x"],
  ...["5;a=b\r\nhello\r\n", "0\r\nA: b\r\nC: d\r\n\r\n", "3\r\nyou\r\n"],
);
const anyByte = fc.integer({ min: 0, max: 255 });
const anyText = fc.array(
  fc.oneof({ weight: 5, arbitrary: words }, anyByte.map((byte) => String.fromCharCode(byte))),
  { maxLength: 30 },
).map((parts) => parts.join(""));

test("law: any bytes, whole or cut in two, throw no error but a ProtocolError", () => {
  assertLaw(fc.property(anyText, fc.nat(), (text, cut) => {
    // The transcript rethrows every other error.
    const bytes = latin1Bytes(text);
    assertEquals(transcript(splitAt(bytes, cut % (bytes.length + 1))), transcript([bytes]));
  }));
});

test("law: with any limits, every split gives the same events", () => {
  const limit = fc.oneof(fc.integer({ min: 0, max: 80 }), fc.constant(Infinity));
  const limits = fc.record({
    maxLineBytes: limit,
    maxHeadBytes: limit,
    maxFieldCount: fc.nat({ max: 4 }),
    maxBodyBytes: fc.nat({ max: 12 }),
    maxChunkExtensionBytes: fc.nat({ max: 8 }),
    maxTrailerBytes: fc.nat({ max: 20 }),
    maxEmptyLines: fc.nat({ max: 2 }),
  });
  assertLaw(fc.property(anyText, limits, fc.nat(), (text, limits, cut) => {
    const bytes = latin1Bytes(text);
    const whole = transcript([bytes], { limits });
    assertEquals(transcript(everyByte(bytes), { limits }), whole);
    assertEquals(transcript(splitAt(bytes, cut % (bytes.length + 1)), { limits }), whole);
  }));
});

test("law: a change of one byte in a valid message throws no error but a ProtocolError", () => {
  const messages = readCorpus();
  assertLaw(
    fc.property(fc.constantFrom(...messages), fc.nat(), anyByte, ({ bytes }, place, value) => {
      const changed = bytes.slice();
      if (changed.length > 0) changed[place % changed.length] = value;
      transcript([changed]);
    }),
  );
});
