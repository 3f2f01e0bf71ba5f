import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { joinBytes } from "../../src/socket/mod.ts";

test("joinBytes keeps the order of pieces, and takes empty ones", () => {
  const pieces = [[1, 2], [], [3], [4, 5]].map((numbers) => new Uint8Array(numbers));
  assertEquals(joinBytes(pieces), new Uint8Array([1, 2, 3, 4, 5]));
  assertEquals(joinBytes([]), new Uint8Array(0));
});

test("joinBytes copies a single piece, which its caller may change", () => {
  const piece = new Uint8Array([1, 2, 3]).subarray(1);
  const whole = joinBytes([piece]);
  piece[0] = 9;
  assertEquals(whole, new Uint8Array([2, 3]));
  assertEquals(whole.buffer.byteLength, 2);
});
