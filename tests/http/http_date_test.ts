import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { imfFixdate } from "../../src/http/mod.ts";

test("formats as RFC 9110 §5.6.7 does", () => {
  assertEquals(imfFixdate(784_111_777_000), "Sun, 06 Nov 1994 08:49:37 GMT");
  assertEquals(imfFixdate(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  assertEquals(imfFixdate(951_782_400_999), "Tue, 29 Feb 2000 00:00:00 GMT");
});

test("has four digits of year, always", () => {
  assertEquals(imfFixdate(-62_167_219_200_000), "Sat, 01 Jan 0000 00:00:00 GMT");
  assertEquals(imfFixdate(253_402_300_799_999), "Fri, 31 Dec 9999 23:59:59 GMT");
  for (const time of [-62_167_219_200_001, 253_402_300_800_000, NaN, Infinity]) {
    assertThrows(() => imfFixdate(time), RangeError);
  }
});
