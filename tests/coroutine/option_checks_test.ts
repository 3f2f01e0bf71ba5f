import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  Accept,
  AddCoro,
  all,
  allSettled,
  checkNames,
  checkOption,
  Connect,
  hideSecrets,
  Iterate,
  optionError,
  PublishSubscribeQueue,
  Queue,
  race,
  Semaphore,
  showValue,
  Signal,
  Sleep,
  timeout,
  until,
} from "../../src/coroutine/mod.ts";

class Own {
  readonly member = 5;
}

const SHOWN: readonly (readonly [value: unknown, shown: string])[] = [
  ["5", '"5"'],
  ["a\nb", '"a\\nb"'],
  [5, "5"],
  [-0.5, "-0.5"],
  [NaN, "NaN"],
  [5n, "5n"],
  [null, "null"],
  [undefined, "undefined"],
  [Symbol("s"), "Symbol(s)"],
  [{ a: [1, NaN, 2n] }, '{"a":[1,"NaN","2"]}'],
  [{ f() {} }, '{"f":"a function"}'],
  [[], "[]"],
  [() => 5, "a function"],
  [Own, "the class Own"],
  [Promise.resolve(), "a Promise"],
  [new Map(), "a Map"],
  [new Own(), "an Own"],
  [new Date(NaN), "a Date"],
  [new Uint8Array(1), "a Uint8Array"],
  [Object.create(null), "{}"],
  ["x".repeat(500), `"${"x".repeat(99)}...`],
];

test("a value is shown as it stands in a program", () => {
  for (const [value, shown] of SHOWN) assertEquals(showValue(value), shown);
});

test("a hostile value is shown without an error", () => {
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const throwing = {
    get member() {
      throw new Error("no");
    },
  };
  for (const value of [circle, proxy, throwing]) assertEquals(showValue(value), "an object");
});

test("the error of an option advises to await a promise", () => {
  assertEquals(
    optionError("log", Promise.resolve(), "a function").message,
    "log is a Promise: expected a function; await the promise first",
  );
});

test("an option that is missing is of every kind", () => {
  for (const kind of ["function", "string", "boolean"] as const) checkOption("a", undefined, kind);
  assertThrows(() => checkOption("a", null, "string"), TypeError, "a is null: expected a string");
  assertThrows(() => checkOption("a", 0, "boolean"), TypeError, "a is 0: expected true or false");
});

const KNOWN = ["maxsize", "bindAddr", "log"];

const SUGGESTIONS: readonly (readonly [given: string, suggestion: string | undefined])[] = [
  ["maxSize", "maxsize"],
  ["max_size", "maxsize"],
  ["bindAdr", "bindAddr"],
  ["bindAddress", "bindAddr"],
  ["bind-addr", "bindAddr"],
  ["logs", "log"],
  ["port", undefined],
  ["x".repeat(1_000_000), undefined],
];

test("an unknown name gets the nearest known one", () => {
  for (const [given, suggestion] of SUGGESTIONS) {
    const error = assertThrows(() => checkNames("a", { [given]: 1 }, KNOWN), TypeError);
    assertEquals(/did you mean "(\w+)"/.exec(error.message)?.[1], suggestion, given.slice(0, 20));
  }
});

test("a count as text is refused, and quoted", () => {
  const five = "5" as unknown as number;
  assertThrows(() => new Queue(five), RangeError, '"5" items: expected');
  assertThrows(() => new Semaphore(five), RangeError, '"5"');
  assertThrows(() => new PublishSubscribeQueue({ capacity: five }), RangeError, '"5"');
  assertThrows(() => Signal("a", 1, { recipients: five }), RangeError, '"5"');
});

test("an argument of a wrong kind is refused at the call, and shown", () => {
  const calls: readonly (readonly [call: () => unknown, message: string])[] = [
    [() => race(5 as never), "The argument of race is 5: expected an array"],
    [() => race([Sleep(1), 5 as never]), "An argument of race is 5: expected an operation"],
    [() => all(null as never), "The argument of all is null: expected an array"],
    [() => all([Promise.resolve() as never]), "An argument of all is a Promise: expected an op"],
    [() => allSettled(["x" as never]), 'An argument of allSettled is "x": expected an operation'],
    [() => timeout(1 as never, 2), "An argument of timeout is 1: expected an operation"],
    [() => until(5 as never), "The argument of until is 5: expected a promise"],
    [() => until(null as never), "The argument of until is null: expected a promise"],
    [() => AddCoro("x" as never), 'The coroutine of AddCoro is "x": expected a generator function'],
    [() => Iterate(5 as never), "The coroutine of Iterate is 5: expected a generator function"],
    [() => Accept({} as never), "The first argument of Accept is {}: expected an Acceptor"],
    [
      () => new PublishSubscribeQueue({ maxsize: 5 } as never),
      'Unknown option of PublishSubscribeQueue "maxsize"',
    ],
    [() => new PublishSubscribeQueue(null as never), "PublishSubscribeQueue is null: expected an"],
    [() => Connect(5 as never), "The first argument of Connect is 5: expected a function"],
  ];
  for (const [call, message] of calls) assertThrows(call, TypeError, message);
});

test("the secrets of addresses are hidden, in texts and in values", () => {
  const texts: Readonly<Record<string, string>> = {
    "redis://:x@h:6379?password=y": "redis://***@h:6379?***",
    "rediss://ann:a/b@c@h": "rediss://***@h",
    "no argument nats://token@h:4222: expected": "no argument nats://***@h:4222: expected",
    "https://ann:pw@h/path": "https://***@h/path",
    "redis//:x@h": "redis//***@h",
    "ann:secret@redis:6379": "***@redis:6379",
    "--bus=redis://u:p@h": "--bus=redis://***@h",
    // No secrets.
    "https://h/a@b?x=1": "https://h/a@b?x=1",
    "file:///a/node_modules/@s/x.js:3:4": "file:///a/node_modules/@s/x.js:3:4",
    "http://localhost:5173/@fs/x.ts:3:1": "http://localhost:5173/@fs/x.ts:3:1",
    "npm:@x/y and Ann <ann@x.example>": "npm:@x/y and Ann <ann@x.example>",
    "C:\\a\\node_modules\\@s at 10:30 @ home": "C:\\a\\node_modules\\@s at 10:30 @ home",
  };
  for (const [text, hidden] of Object.entries(texts)) assertEquals(hideSecrets(text), hidden);
  const shown = showValue({ url: "redis://:x@h", others: ["nats://t@h"] });
  assertEquals(shown, '{"url":"redis://***@h","others":["nats://***@h"]}');
});

test("the time to hide secrets grows with the length of the text alone", () => {
  // Work that grows with the square of the length takes minutes here.
  const long = (part: string) => part.repeat(500_000 / part.length);
  assertEquals(hideSecrets(`${long("a.")}@`).length, 500_001);
  for (const part of ["a:", ":", "a://", "a:a", "http://", "file://", "a://@", "?", "@", ":a "]) {
    for (const text of [`?${long(part)}`, `@${long(part)}`, `${long(part)}?`, `${long(part)}*@`]) {
      assertEquals(hideSecrets(text).length <= text.length + 3 * text.split("@").length, true);
    }
  }
});

test("a promise of a wrong kind has a handler for its rejection", async () => {
  const error = optionError("log", Promise.reject(new Error("late")), "a function");
  assertEquals(error.message, "log is a Promise: expected a function; await the promise first");
  // The runner fails a test with an unhandled rejection.
  await new Promise((resolve) => setTimeout(resolve));
});
