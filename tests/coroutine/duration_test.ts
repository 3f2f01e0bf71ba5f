import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  type Duration,
  fromNow,
  PublishSubscribeQueue,
  Queue,
  Signal,
  Sleep,
  timeout,
  toMilliseconds,
  WaitForSignal,
} from "../../src/coroutine/mod.ts";
import { stage } from "../support/scheduling.ts";

/** A duration with accessors on its class, as `Temporal.Duration` has them. */
class TemporalLike {
  readonly #parts: Readonly<Record<string, number>>;

  constructor(parts: Readonly<Record<string, number>>) {
    this.#parts = parts;
  }

  get years(): number {
    return this.#parts["years"] ?? 0;
  }
  get months(): number {
    return this.#parts["months"] ?? 0;
  }
  get weeks(): number {
    return this.#parts["weeks"] ?? 0;
  }
  get days(): number {
    return this.#parts["days"] ?? 0;
  }
  get hours(): number {
    return this.#parts["hours"] ?? 0;
  }
  get minutes(): number {
    return this.#parts["minutes"] ?? 0;
  }
  get seconds(): number {
    return this.#parts["seconds"] ?? 0;
  }
  get milliseconds(): number {
    return this.#parts["milliseconds"] ?? 0;
  }
  get microseconds(): number {
    return this.#parts["microseconds"] ?? 0;
  }
  get nanoseconds(): number {
    return this.#parts["nanoseconds"] ?? 0;
  }
  toString(): string {
    return "P?";
  }
}

test("a number is seconds", () => {
  assertEquals(toMilliseconds(0.25), 250);
  assertEquals(toMilliseconds(0), 0);
  assertEquals(toMilliseconds(Infinity), Infinity);
});

test("named parts add up", () => {
  assertEquals(toMilliseconds({ hours: 1, minutes: 1, seconds: 1, milliseconds: 1 }), 3_661_001);
  assertEquals(toMilliseconds({ weeks: 1, days: 1 }), 8 * 86_400_000);
  assertEquals(toMilliseconds({ microseconds: 1500, nanoseconds: 500_000 }), 2);
  assertEquals(toMilliseconds({ minutes: 1, seconds: -10 }), 50_000);
  assertEquals(toMilliseconds({ seconds: 0 }), 0);
});

test("a Temporal.Duration counts with all of its parts", () => {
  assertEquals(toMilliseconds(new TemporalLike({ days: 1 })), 86_400_000);
  assertEquals(toMilliseconds(new TemporalLike({ weeks: 1 })), 7 * 86_400_000);
  assertEquals(toMilliseconds(new TemporalLike({})), 0);
});

test("a Date is as far away as the wall clock says", () => {
  assertAlmostEquals(fromNow(new Date(Date.now() + 60_000)), 60_000, 1000);
  assertEquals(fromNow(new Date(0)), 0);
});

const NO_DURATIONS: readonly (readonly [unknown, string])[] = [
  ["5", '"5"'],
  ["30s", '"30s"'],
  [true, "true"],
  [null, "null"],
  [undefined, "undefined"],
  [5n, "5n"],
  [{}, "{}"],
  [[5], "[5]"],
  [{ second: 1 }, '"second"'],
  [{ seconds: 1, minute: 1 }, '"minute"'],
  [{ seconds: "5" }, '"5"'],
  [{ seconds: null }, "null"],
  [() => 5, "function"],
  [Symbol("x"), "Symbol(x)"],
  [Object.create(null), "{}"],
];

test("a value that is no duration is refused, and the message shows it", () => {
  for (const [wrong, shown] of NO_DURATIONS) {
    assertThrows(() => toMilliseconds(wrong as Duration), TypeError, shown);
    assertThrows(() => fromNow(wrong as Duration), TypeError, shown);
    assertThrows(() => Sleep(wrong as Duration), TypeError, shown);
    if (wrong === undefined) continue;
    assertThrows(() => WaitForSignal("abc", { timeout: wrong as Duration }), TypeError, shown);
  }
  assertThrows(() => toMilliseconds(new Date() as unknown as Duration), TypeError, "Date");
});

test("a duration outside the range is refused", () => {
  for (const wrong of [NaN, -1, -Infinity, { seconds: -1 }, { seconds: NaN }]) {
    assertThrows(() => toMilliseconds(wrong), RangeError, "0 or more");
  }
  for (const wrong of [{ minutes: Infinity, seconds: -Infinity }, new TemporalLike({ days: -1 })]) {
    assertThrows(() => toMilliseconds(wrong), RangeError);
  }
  assertThrows(() => fromNow(new Date(NaN)), RangeError, "Date");
});

test("years and months are refused, as they have no fixed length", () => {
  for (const wrong of [{ years: 1 }, { months: 1 }, new TemporalLike({ months: 2 })]) {
    assertThrows(() => toMilliseconds(wrong as Duration), RangeError, "no fixed length");
  }
  assertEquals(toMilliseconds({ years: 0, months: 0, days: 1 } as Duration), 86_400_000);
});

test("the message names the option", () => {
  const five = "5" as unknown as Duration;
  const named = (make: () => unknown, name: string) => assertThrows(make, TypeError, name);
  named(() => new Queue().get({ timeout: five }), 'timeout is "5"');
  named(() => Signal("abc", 1, { timeout: five }), 'timeout is "5"');
  named(() => timeout(Sleep(1), five), 'timeout is "5"');
  named(() => Sleep(five), 'The time to sleep is "5"');
  named(() => new PublishSubscribeQueue({ lease: five }), 'lease is "5"');
  named(() => stage({ quantum: five }), 'quantum is "5"');
  named(() => stage({ defaultTimeout: five }), 'defaultTimeout is "5"');
  assertThrows(() => stage({ defaultTimeout: -2 }), RangeError, "defaultTimeout is -2");
});
