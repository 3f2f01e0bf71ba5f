/**
 * The work of the parser grows linearly with its input, for messages of many shapes in pieces of many
 * sizes. Work is counted (`counted_bytes.ts`) and not timed.
 */

import { assert } from "@std/assert";
import { test } from "node:test";
import { isMine } from "../../support/shares.ts";
import { DEFAULT_LIMITS, type ParserLimits, RequestParser } from "../../../src/http/mod.ts";
import { InputBuffer } from "../../../src/http/reading/input_buffer.ts";
import { counted, type Meter, uncounted, withCountedArrays } from "./counted_bytes.ts";
import { latin1Bytes, latin1Text } from "../transcript.ts";

const NO_LIMITS = Object.fromEntries(
  Object.keys(DEFAULT_LIMITS).map((name) => [name, Infinity]),
) as unknown as ParserLimits;

/** The size of the small message; the large one has 16 times as many bytes. */
const BASE_BYTES = 500;
/** Linear growth has the exponent 1, quadratic growth 2. */
const MAX_EXPONENT = 1.1;
/**
 * The largest work for a byte: it may be copied in, moved when the storage doubles, read in one or
 * two states, and decoded.
 */
const MAX_WORK_PER_BYTE = 16;

const HEAD = "POST / HTTP/1.1\r\nHost: x\r\n";
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`;

/** Messages, complete or not, of about `bytes` bytes. */
const SHAPES: Readonly<Record<string, (bytes: number) => string>> = {
  "one long value": (bytes) => `${HEAD}A: ${"v".repeat(bytes)}\r\n\r\n`,
  "one value of whitespace": (bytes) => `${HEAD}A: a${" ".repeat(bytes)}b\r\n\r\n`,
  "one value that ends in whitespace": (bytes) => `${HEAD}A: a${" ".repeat(bytes)}\r\n\r\n`,
  "one long name": (bytes) => `${HEAD}${"n".repeat(bytes)}: a\r\n\r\n`,
  "many fields": (bytes) => `${HEAD}${"A: b\r\n".repeat(bytes / 6)}\r\n`,
  "many members of Connection": (bytes) => `${HEAD}${"Connection: a,b\r\n".repeat(bytes / 17)}\r\n`,
  "a long target": (bytes) => `GET /${"a".repeat(bytes)} HTTP/1.1\r\nHost: x\r\n\r\n`,
  "a long method": (bytes) => `${"M".repeat(bytes)} / HTTP/1.1\r\nHost: x\r\n\r\n`,
  "a long body": (bytes) => `${HEAD}Content-Length: ${bytes}\r\n\r\n${"b".repeat(bytes)}`,
  "chunks of one byte": (bytes) => `${CHUNKED}${"1\r\na\r\n".repeat(bytes / 6)}0\r\n\r\n`,
  "one long extension": (bytes) => `${CHUNKED}1;${"e".repeat(bytes)}\r\na\r\n0\r\n\r\n`,
  "one long quoted extension": (bytes) => `${CHUNKED}0;a="${'\\"'.repeat(bytes / 2)}"\r\n\r\n`,
  "whitespace before an extension": (bytes) =>
    `${CHUNKED}1${" ".repeat(bytes)};e\r\na\r\n0\r\n\r\n`,
  "whitespace in many extensions": (bytes) =>
    `${CHUNKED}1${" ;\ta = b".repeat(bytes / 8)}\r\na\r\n0\r\n\r\n`,
  "many extensions": (bytes) => `${CHUNKED}1${";a=b".repeat(bytes / 4)}\r\na\r\n0\r\n\r\n`,
  "one long trailer": (bytes) => `${CHUNKED}0\r\nA: ${"v".repeat(bytes)}\r\n\r\n`,
  "many trailers": (bytes) => `${CHUNKED}0\r\n${"A: b\r\n".repeat(bytes / 6)}\r\n`,
  "many discarded trailers": (bytes) => `${CHUNKED}0\r\n${"Vary: b\r\n".repeat(bytes / 9)}\r\n`,
  "many empty lines": (bytes) => `${"\r\n".repeat(bytes / 2)}${HEAD}\r\n`,
  "many requests": (bytes) => `${HEAD}\r\n`.repeat(bytes / 28),
  "a head that never ends": (bytes) => `${HEAD}A: ${"v".repeat(bytes)}`,
};

/** Ways to deliver bytes: the size of a piece, and whether all are pushed before the first is read. */
const WAYS: Readonly<Record<string, readonly [size: number, hoarded: boolean]>> = {
  "whole": [Infinity, false],
  "one byte at a time": [1, false],
  "seven bytes at a time": [7, false],
  "one byte at a time, all pushed before the first is read": [1, true],
};

/** The work of a parser with `text`: bytes read, written, copied, allocated and decoded; and calls. */
function workOf(text: string, [size, hoarded]: readonly [number, boolean]): number {
  const bytes = latin1Bytes(text);
  const meter: Meter = { work: 0 };
  withCountedArrays(meter, () => {
    const parser = new RequestParser({
      limits: NO_LIMITS,
      latin1(source, start, end): string {
        meter.work += end - start;
        return latin1Text(uncounted(source).subarray(start, end));
      },
    });
    for (let from = 0; from < bytes.length; from += size) {
      parser.push(counted(bytes.subarray(from, from + size), meter));
      if (hoarded) continue;
      readAll(parser, meter);
      parser.detach();
    }
    readAll(parser, meter);
  });
  return meter.work;
}

function readAll(parser: RequestParser, meter: Meter): void {
  let type: string;
  do {
    meter.work++;
    type = parser.next().type;
  } while (type !== "need-data" && type !== "closed");
}

for (const [row, [shape, makeText]] of Object.entries(SHAPES).entries()) {
  for (const [column, [way, pieces]] of Object.entries(WAYS).entries()) {
    if (!isMine(row + column)) continue;
    test(`the work for ${shape}, ${way}, grows no faster than its bytes`, () => {
      const small = makeText(BASE_BYTES);
      const large = makeText(16 * BASE_BYTES);
      const works = [small, large].map((text) => workOf(text, pieces));
      const growth = Math.log(works[1]! / works[0]!) / Math.log(large.length / small.length);
      assert(growth <= MAX_EXPONENT, `grows with exponent ${growth.toFixed(2)}`);
      const perByte = works[1]! / large.length;
      assert(perByte <= MAX_WORK_PER_BYTE, `costs ${perByte.toFixed(1)} a byte`);
    });
  }
}

test("bytes that nearly fill the storage are not moved for every new byte", () => {
  const workFor = (bytes: number): number => {
    const meter: Meter = { work: 0 };
    withCountedArrays(meter, () => {
      const input = new InputBuffer();
      input.push(new Uint8Array(bytes));
      input.detach();
      input.push(new Uint8Array(bytes));
      for (let count = 0; count < bytes; count++) {
        input.take(1);
        input.push(new Uint8Array(1));
      }
    });
    return meter.work;
  };
  assert(Math.log(workFor(8000) / workFor(500)) / Math.log(16) <= MAX_EXPONENT);
});

test("the measure finds work that grows faster", () => {
  const quadratic = (bytes: number): number => {
    const meter: Meter = { work: 0 };
    withCountedArrays(meter, () => {
      const input = new InputBuffer();
      // For each new byte, this program searches the whole buffer again.
      for (let length = 0; length < bytes; length++) {
        input.push(new Uint8Array([0x61]));
        input.detach();
        for (let index = input.start; index < input.end; index++) void input.bytes[index];
      }
    });
    return meter.work;
  };
  assert(Math.log(quadratic(800) / quadratic(100)) / Math.log(8) > 1.5);
});
