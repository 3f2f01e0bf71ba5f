/**
 * HTTP dates: the format that is written, the three formats that are read, and texts that are no date.
 */

import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { imfFixdate, parseHttpDate } from "../../src/http/mod.ts";

test("formats as RFC 9110 §5.6.7 does", () => {
  assertEquals(imfFixdate(784_111_777_000), "Sun, 06 Nov 1994 08:49:37 GMT");
  assertEquals(imfFixdate(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  assertEquals(imfFixdate(951_782_400_999), "Tue, 29 Feb 2000 00:00:00 GMT");
});

test("always has a year of four digits", () => {
  assertEquals(imfFixdate(-62_167_219_200_000), "Sat, 01 Jan 0000 00:00:00 GMT");
  assertEquals(imfFixdate(253_402_300_799_999), "Fri, 31 Dec 9999 23:59:59 GMT");
  for (const time of [-62_167_219_200_001, 253_402_300_800_000, NaN, Infinity]) {
    assertThrows(() => imfFixdate(time), RangeError);
  }
});

const NOW = Date.UTC(2026, 0, 1);
const INSTANT = Date.UTC(1994, 10, 6, 8, 49, 37);

const VALID: readonly (readonly [string, number])[] = [
  ["Sun, 06 Nov 1994 08:49:37 GMT", INSTANT],
  ["Sunday, 06-Nov-94 08:49:37 GMT", INSTANT],
  ["Sun Nov  6 08:49:37 1994", INSTANT],
  ["Thu, 29 Feb 2024 00:00:00 GMT", Date.UTC(2024, 1, 29)],
  ["Monday, 01-Jan-76 00:00:00 GMT", Date.UTC(2076, 0, 1)],
  ["Monday, 01-Jan-77 00:00:00 GMT", Date.UTC(1977, 0, 1)],
  ["Sat, 31 Dec 2016 23:59:60 GMT", Date.UTC(2017, 0, 1)],
];

for (const [text, instant] of VALID) {
  test(`reads "${text}"`, () => {
    assertEquals(parseHttpDate(text, NOW), instant);
  });
}

const INVALID: readonly string[] = [
  "",
  "yesterday",
  "Sun, 06 Nov 1994 08:49:37",
  "Sun, 06 Nov 1994 08:49:37 CET",
  "Sun, 6 Nov 1994 08:49:37 GMT",
  "Sun, 30 Feb 1994 08:49:37 GMT",
  "Sun, 06 Nov 1994 24:49:37 GMT",
  "Sun, 06 ovD 1994 08:49:37 GMT",
  "1994-11-06T08:49:37Z",
];

for (const text of INVALID) {
  test(`"${text}" is no date`, () => {
    assertEquals(parseHttpDate(text, NOW), undefined);
  });
}

test("formats no value that is not a number", () => {
  for (const value of [undefined, null, "7", new Date(0), NaN]) {
    assertThrows(() => imfFixdate(value as never), RangeError, "expected milliseconds of a four-d");
  }
});
