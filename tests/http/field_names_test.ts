/**
 * Field names in lower case, and the cutting of scanned fields.
 */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { lowercaseName, sliceFields } from "../../src/http/field_names.ts";

test("gives names in lower case, known or not, in whatever case they came", () => {
  for (const name of ["Content-Length", "content-length", "CONTENT-LENGTH", "cOnTeNt-LeNgTh"]) {
    assertEquals(lowercaseName(name), "content-length");
  }
  assertEquals(lowercaseName("X-Mine"), "x-mine");
});

test("cuts names and values at their marks", () => {
  assertEquals(sliceFields("A: b\r\nC:\r\n", [0, 1, 3, 4, 6, 7, 8, 8]), ["a", "b", "c", ""]);
});
