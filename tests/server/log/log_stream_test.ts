import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { LogStream } from "../../../src/server/log/log_stream.ts";

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

test("a promise in place of a text has a handler for its rejection", async () => {
  const lines: string[] = [];
  const stream = new LogStream((line) => lines.push(line));
  const rejected = () => Promise.reject(new Error("late")) as never;
  stream.write(rejected());
  stream.writelines([rejected()]);
  stream.flush();
  assertEquals(lines, ["[object Promise][object Promise]"]);
  // The runner fails a test with an unhandled rejection.
  await new Promise((resolve) => setTimeout(resolve));
});
