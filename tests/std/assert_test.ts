/**
 * The tests of the replacement of `@std/assert`. If JSR is in reach, Deno runs them with the
 * original.
 */

import { test } from "node:test";
import {
  assert,
  assertAlmostEquals,
  assertArrayIncludes,
  assertEquals,
  assertExists,
  assertFalse,
  assertGreater,
  assertInstanceOf,
  AssertionError,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  fail,
  unreachable,
} from "@std/assert";

class Point {
  readonly x: number;

  constructor(x: number) {
    this.x = x;
  }
}

const EQUAL: readonly (readonly [string, unknown, unknown])[] = [
  ["NaN", NaN, NaN],
  ["zeros of both signs", 0, -0],
  ["objects with keys in another order", { a: 1, b: 2 }, { b: 2, a: 1 }],
  ["nested arrays", [1, [2, [3]]], [1, [2, [3]]]],
  ["bytes", new Uint8Array([1, 2]), new Uint8Array([1, 2])],
  ["dates", new Date(5), new Date(5)],
  ["expressions", /a/g, /a/g],
  ["maps in another order", new Map([["a", {}], ["b", {}]]), new Map([["b", {}], ["a", {}]])],
  ["sets of objects", new Set([{ a: 1 }]), new Set([{ a: 1 }])],
  ["instances", new Point(1), new Point(1)],
  ["an object without prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
];

const DIFFERENT: readonly (readonly [string, unknown, unknown])[] = [
  ["a number and its string", 1, "1"],
  ["null and undefined", null, undefined],
  ["a missing and an undefined property", {}, { a: undefined }],
  ["arrays of other lengths", [1], [1, 2]],
  ["an array and an object", [1], { 0: 1 }],
  ["bytes", new Uint8Array([1, 2]), new Uint8Array([1, 3])],
  ["bytes and numbers", new Uint8Array([1]), [1]],
  ["maps", new Map([["a", 1]]), new Map([["a", 2]])],
  ["sets", new Set([1]), new Set([2])],
  ["an instance and a plain object", new Point(1), { x: 1 }],
  ["symbol keys", { [Symbol.iterator]: 1 }, { [Symbol.iterator]: 2 }],
  ["expressions", /a/g, /a/i],
  ["dates", new Date(5), new Date(6)],
];

for (const [name, left, right] of EQUAL) {
  test(`finds equal: ${name}`, () => {
    assertEquals(left, right);
    assertThrows(() => assertNotEquals(left, right), AssertionError);
  });
}

for (const [name, left, right] of DIFFERENT) {
  test(`finds different: ${name}`, () => {
    assertNotEquals(left, right);
    assertThrows(() => assertEquals(left, right), AssertionError);
    assertThrows(() => assertEquals(right, left), AssertionError);
  });
}

test("compares cyclic values", () => {
  const [left, right] = [{ self: {} }, { self: {} }];
  left.self = left;
  right.self = right;
  assertEquals(left, right);
});

test("shows which line differs", () => {
  const error = assertThrows(
    () => assertEquals({ a: 1, list: ["long ".repeat(20)] }, { a: 2, list: ["long ".repeat(20)] }),
    AssertionError,
  );
  assertMatch(error.message, /^-\s+a: 1,$/m);
  assertMatch(error.message, /^\+\s+a: 2,$/m);
});

test("each assertion throws when it should, with the caller's message", () => {
  const failing: readonly (() => unknown)[] = [
    () => assert(0, "my words"),
    () => assertFalse("x", "my words"),
    () => assertExists(null, "my words"),
    () => assertStrictEquals<unknown>([], [], "my words"),
    () => assertInstanceOf({}, Point, "my words"),
    () => assertGreater(1, 1, "my words"),
    () => assertLessOrEqual(2, 1, "my words"),
    () => assertAlmostEquals(1, 1.1, 0.01, "my words"),
    () => assertMatch("abc", /d/, "my words"),
    () => assertStringIncludes("abc", "d", "my words"),
    () => assertArrayIncludes([1, 2], [3], "my words"),
    () => assertObjectMatch({ a: { b: 1 } }, { a: { b: 2 } }, "my words"),
    () => assertThrows(() => {}, "my words"),
    () => fail("my words"),
    () => unreachable("my words"),
  ];
  for (const assertion of failing) assertThrows(assertion, AssertionError, "my words");
});

test("each assertion is silent when it should be", () => {
  assert([]);
  assertFalse("");
  assertExists(0);
  assertStrictEquals(NaN, NaN);
  assertInstanceOf(new Point(1), Point);
  assertGreater(2, 1);
  assertLessOrEqual(1, 1);
  assertAlmostEquals(0.1 + 0.2, 0.3);
  assertArrayIncludes([{ a: 1 }, 2], [{ a: 1 }]);
  assertObjectMatch({ a: { b: 1, c: 2 }, d: [1, 2] }, { a: { b: 1 }, d: [1, 2] });
});

test("assertThrows checks the class and the text, and returns the error", () => {
  const boom = () => {
    throw new RangeError("too far");
  };
  assertStrictEquals(assertThrows(boom, RangeError, "far").message, "too far");
  assertThrows(() => assertThrows(boom, SyntaxError), AssertionError);
  assertThrows(() => assertThrows(boom, RangeError, "near"), AssertionError);
});

test("assertRejects fails if the function throws instead of rejecting", async () => {
  const error = await assertRejects(() => Promise.reject(new TypeError("no")), TypeError, "no");
  assertInstanceOf(error, TypeError);
  await assertRejects(() => assertRejects(() => Promise.resolve(1)), AssertionError);
  await assertRejects(
    () =>
      assertRejects(() => {
        throw new TypeError("thrown");
      }),
    AssertionError,
  );
});
