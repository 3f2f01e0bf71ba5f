import { assertAlmostEquals, assertEquals } from "@std/assert";
import { test } from "node:test";
import { fromNow, toMilliseconds } from "../../src/coroutine/mod.ts";

test("a number is seconds", () => {
  assertEquals(toMilliseconds(0.25), 250);
  assertEquals(toMilliseconds(Infinity), Infinity);
});

test("named parts add up", () => {
  assertEquals(toMilliseconds({ hours: 1, minutes: 1, seconds: 1, milliseconds: 1 }), 3_661_001);
  assertEquals(toMilliseconds({}), 0);
});

test("a Date is as far away as the wall clock says", () => {
  assertAlmostEquals(fromNow(new Date(Date.now() + 60_000)), 60_000, 1000);
});
