/** The Range fields of RFC 9110 §14, well-formed and malformed. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { type ByteRange, parseByteRange } from "../../../src/middleware/static_files/byte_range.ts";

type Row = readonly [field: string, size: number, range: ByteRange | "unsatisfiable" | undefined];

const ROWS: readonly Row[] = [
  ["bytes=0-0", 10, { offset: 0, length: 1 }],
  ["bytes=2-5", 10, { offset: 2, length: 4 }],
  ["bytes=2-", 10, { offset: 2, length: 8 }],
  ["bytes=2-99999999999999999999999", 10, { offset: 2, length: 8 }],
  ["bytes=-3", 10, { offset: 7, length: 3 }],
  ["bytes=-30", 10, { offset: 0, length: 10 }],
  ["BYTES=0-1", 10, { offset: 0, length: 2 }],
  ["bytes=10-", 10, "unsatisfiable"],
  ["bytes=99-100", 10, "unsatisfiable"],
  ["bytes=-0", 10, "unsatisfiable"],
  ["bytes=0-", 0, "unsatisfiable"],
  ["bytes=-5", 0, undefined],
  ["bytes=5-2", 10, undefined],
  ["bytes=-", 10, undefined],
  ["bytes=a-b", 10, undefined],
  ["bytes=0-1,3-4", 10, undefined],
  ["lines=0-1", 10, undefined],
  ["", 10, undefined],
];

for (const [field, size, range] of ROWS) {
  test(`"${field}" of ${size} bytes`, () => {
    assertEquals(parseByteRange(field, size), range);
  });
}
