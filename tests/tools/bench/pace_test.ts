import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { Pace } from "../../../bench/measure/pace.ts";

test("a run is late when what has begun has used up its share", () => {
  let now = 1000;
  const pace = new Pace(100, 10, () => now);
  pace.begin(2);
  now += 20;
  assertEquals(pace.isLate, false);
  now += 1;
  assertEquals(pace.isLate, true);
  pace.begin(3);
  assertEquals(pace.isLate, false);
  now += 30;
  assertEquals(pace.isLate, true);
});

test("without a budget nothing is ever late", () => {
  let now = 0;
  const pace = new Pace(Infinity, 1, () => now);
  pace.begin(1);
  now = 1e9;
  assertEquals(pace.isLate, false);
});
