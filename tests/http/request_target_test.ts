/**
 * The forms of a request target that depend on the method. More targets are in
 * `tests/corpus/target.md`.
 */

import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { parseRequestTarget, ProtocolError } from "../../src/http/mod.ts";

test("tells the four forms apart", () => {
  assertEquals(parseRequestTarget("GET", "/").form, "origin");
  assertEquals(parseRequestTarget("GET", "http://x/").form, "absolute");
  assertEquals(parseRequestTarget("CONNECT", "x:1").form, "authority");
  assertEquals(parseRequestTarget("OPTIONS", "*").form, "asterisk");
});

test("methods are case-sensitive: connect is not CONNECT", () => {
  assertThrows(() => parseRequestTarget("connect", "x:1"), ProtocolError);
});

test("ends an authority at a question mark", () => {
  const target = parseRequestTarget("GET", "http://x?@y/");
  assertEquals([target.authority, target.path, target.query], ["x", "/", "@y/"]);
});

test("a target that is no text is an error with its name", () => {
  const parse = parseRequestTarget as (...args: readonly unknown[]) => unknown;
  for (const method of ["GET", "CONNECT", undefined]) {
    const message = "target of parseRequestTarget is of the type undefined: expected a string";
    assertThrows(() => parse(method), TypeError, message);
  }
});
