import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { describeError, LogStream } from "../../src/server/error_log.ts";

test("an error is told with its name, message and stack", () => {
  const text = describeError(new TypeError("no such thing"));
  assertStringIncludes(text, "TypeError: no such thing");
  assertStringIncludes(text, "error_log_test");
});

test("causes are told, too", () => {
  const error = new Error("outer", { cause: new Error("inner", { cause: "innermost" }) });
  const text = describeError(error);
  assertStringIncludes(text, "outer");
  assertStringIncludes(text, "caused by Error: inner");
  assertStringIncludes(text, "caused by string thrown: innermost");
});

test("causes that go round in a circle are told a few times", () => {
  const error = new Error("first");
  error.cause = new Error("second", { cause: error });
  const text = describeError(error);
  assertStringIncludes(text, "second");
  assert(text.split("caused by").length < 20);
});

test("what is no error is told as it is", () => {
  assertEquals(describeError("text"), "string thrown: text");
  assertEquals(describeError(undefined), "undefined thrown: undefined");
  assertEquals(describeError(Symbol("s")), "symbol thrown: Symbol(s)");
  assertEquals(describeError(Object.create(null)), "object thrown: a value without text");
});

test("an error whose parts are not what they should be is told all the same", () => {
  const error = new Error("message");
  Object.assign(error, { stack: 5, name: Symbol("name"), message: { toString: undefined } });
  assertEquals(typeof describeError(error), "string");
  const noStack = new Error("message");
  Object.assign(noStack, { stack: undefined });
  assertEquals(describeError(noStack), "Error: message");
});

test("a stream passes whole lines on, the rest when flushed", () => {
  const lines: string[] = [];
  const stream = new LogStream((line) => lines.push(line));
  stream.write("one\ntw");
  assertEquals(lines, ["one"]);
  stream.writelines(["o\n", "three"]);
  assertEquals(lines, ["one", "two"]);
  stream.flush();
  stream.flush();
  assertEquals(lines, ["one", "two", "three"]);
});
