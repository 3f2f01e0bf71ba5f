/**
 * This program measures the cost of parsing a head by its size. The cost should grow no faster than
 * the size. The program prints JSON.
 *
 * @module
 */

import { RequestParser } from "../../src/http/mod.ts";

export interface HeadSample {
  readonly bytes: number;
  readonly nanoseconds: number;
}

const SIZES = [100, 300, 1_000, 3_000, 10_000, 30_000, 60_000];
/** Limits above the defaults, so that larger heads can be measured. */
const LIMITS = { maxHeadBytes: 65_536, maxFieldCount: 2_000 };
/** The number of bytes that are parsed for a figure. */
const BYTES_A_RUN = 8_000_000;
const RUNS = 5;

/** Heads with different fields, so that no parse of an earlier one can be used again. */
function makeHead(bytes: number, variant: number): Uint8Array {
  const fields = [`Host: localhost`];
  let head = "";
  for (let index = 0; head.length < bytes; index++) {
    head = ["GET /path HTTP/1.1", ...fields, "", ""].join("\r\n");
    fields.push(`X-Field-${index}: ${variant} some value that is neither short nor long`);
  }
  return new TextEncoder().encode(head);
}

function parseAll(parser: RequestParser, heads: readonly Uint8Array[], count: number): void {
  for (let index = 0; index < count; index++) {
    parser.push(heads[index % heads.length] as Uint8Array);
    if (parser.next().type !== "request" || parser.next().type !== "end") {
      throw new Error("A head was not parsed");
    }
    parser.detach();
  }
}

function measure(bytes: number): HeadSample {
  const heads = [0, 1, 2, 3].map((variant) => makeHead(bytes, variant));
  const size = heads[0]?.length ?? 0;
  const count = Math.ceil(BYTES_A_RUN / size);
  const times = Array.from({ length: RUNS }, () => {
    const begin = performance.now();
    parseAll(new RequestParser({ limits: LIMITS }), heads, count);
    return (performance.now() - begin) * 1e6 / count;
  });
  times.sort((a, b) => a - b);
  return { bytes: size, nanoseconds: times[RUNS >> 1] ?? NaN };
}

// The first pass warms the compilers up with all sizes, so that the code fits each of them.
for (const bytes of SIZES) measure(bytes);
console.log(JSON.stringify(SIZES.map(measure)));
