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
