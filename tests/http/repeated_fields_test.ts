/**
 * Repeated fields: their combination, and the refusal of repeated singletons by the parser.
 */

import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  combineFieldLines,
  isSingleton,
  ProtocolError,
  RequestParser,
} from "../../src/http/mod.ts";
import { latin1Bytes } from "./transcript.ts";

const SINGLETONS = [
  ...["authorization", "content-length", "content-type", "host", "origin", "proxy-authorization"],
];
/** Lists (RFC 9110 §5.6.1), and fields in which a second member is visibly wrong. */
const COMBINED = [
  ...["accept", "cache-control", "if-none-match", "via", "x-forwarded-for", "x-mine"],
  ...["date", "from", "if-modified-since", "if-range", "if-unmodified-since", "max-forwards"],
  ...["range", "referer", "user-agent"],
];

/** The fields of a GET with Host and `lines`, or the status of its refusal. */
function read(...lines: string[]): readonly string[] | number {
  const parser = new RequestParser();
  parser.push(latin1Bytes(["GET / HTTP/1.1", "Host: x", ...lines, "", ""].join("\r\n")));
  try {
    const event = parser.next();
    return event.type === "request" ? event.fields : 0;
  } catch (error) {
    return (error as ProtocolError).status;
  }
}

test("joins lines by commas in their order", () => {
  for (const name of COMBINED) {
    assertEquals(combineFieldLines(name, combineFieldLines(name, "a", "b"), "c"), "a, b, c", name);
  }
});

test("joins the pairs of cookies by semicolons", () => {
  assertEquals(combineFieldLines("cookie", "a=1; b=2", "c=3"), "a=1; b=2; c=3");
});

test("never joins Set-Cookie", () => {
  assertEquals(combineFieldLines("set-cookie", "a=1; Path=/", "b=2"), "a=1; Path=/");
});

test("keeps an empty line as an empty member", () => {
  assertEquals(combineFieldLines("accept", "", "a"), ", a");
});

for (const name of SINGLETONS) {
  test(`refuses to combine two lines of ${name}, even equal ones`, () => {
    assertEquals(isSingleton(name), true);
    const error = assertThrows(() => combineFieldLines(name, "a", "a"), ProtocolError);
    assertEquals(error.status, 400);
  });

  test(`the parser refuses a second ${name}`, () => {
    const value = name === "content-length" ? "0" : "x";
    const others = name === "host" ? [] : [`${name}: ${value}`];
    assertEquals(read(...others, `${name.toUpperCase()}: ${value}`), 400);
  });
}

test("the parser lets every other field come twice", () => {
  for (const name of [...COMBINED, "cookie", "set-cookie"]) {
    assertEquals(isSingleton(name), false);
    assertEquals(read(`${name}: a`, "x: y", `${name}: b`), [
      ...["host", "x", name, "a", "x", "y", name, "b"],
    ]);
  }
});

test("a line that is no text is an error, and is not combined", () => {
  const combine = combineFieldLines as (...args: readonly unknown[]) => string;
  for (const [combined, line] of [["a", undefined], [undefined, "a"], ["a", 7]]) {
    const message = "A value of combineFieldLines is of the type";
    assertThrows(() => combine("accept", combined, line), TypeError, message);
  }
});
