import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  ConnectionClosed,
  OperationTimeout,
  readline,
  readlines,
  Recv,
  RecvAll,
  Send,
  SendAll,
} from "../../../src/coroutine/mod.ts";
import { bytes, streamStage, text } from "./stream_stage.ts";

test("Recv gives the bytes that have arrived, at most its count, and no bytes at the end", () => {
  const { stream, perform, arrives, run, assertEmpty } = streamStage();
  const waiting = perform(Recv(stream));
  arrives("hello");
  assertEquals(text(waiting.result), "hello");
  arrives("wor");
  arrives("ld");
  assertEquals(text(perform(Recv(stream, 4)).result), "worl");
  stream.onEnd();
  assertEquals(text(perform(Recv(stream)).result), "d");
  assertEquals(perform(Recv(stream)).result?.length, 0);
  assertThrows(() => Recv(stream, 0), RangeError, "1 or more");
  run();
  assertEmpty();
});

test("RecvAll gives exactly the requested bytes, or fails at the end", () => {
  const { stream, perform, arrives, run, assertEmpty } = streamStage();
  const task = perform(RecvAll(stream, 6));
  arrives("abcd");
  assertEquals(task.done, false);
  arrives("efgh");
  assertEquals(text(task.result), "abcdef");
  const short = perform(RecvAll(stream, 3));
  stream.onEnd();
  run();
  assertInstanceOf(short.error, ConnectionClosed);
  assertEquals(text(perform(Recv(stream)).result), "gh");
  assertEmpty();
});

test("readlines finds all lines, wherever the bytes are split", () => {
  const data = "one\n\ntwo and\r\nlast";
  for (let first = 0; first <= data.length; first++) {
    for (let second = first; second <= data.length; second++) {
      const { stream, perform, arrives, run, assertEmpty } = streamStage();
      const task = perform(readlines(stream));
      for (const part of [data.slice(0, first), data.slice(first, second), data.slice(second)]) {
        if (part !== "") arrives(part);
      }
      stream.onEnd();
      run();
      assertEquals(task.result?.map(text), ["one\n", "\n", "two and\r\n", "last"]);
      assertEmpty();
    }
  }
});

test("readline refuses a line that is too long, complete or not", () => {
  const { stream, perform, arrives } = streamStage();
  arrives("abcdef");
  assertInstanceOf(perform(readline(stream, 5)).error, RangeError);
  arrives("\n");
  assertInstanceOf(perform(readline(stream, 6)).error, RangeError);
  assertEquals(text(perform(readline(stream, 7)).result), "abcdef\n");
});

test("a weak timeout bounds the silence of the peer, and keeps the bytes that arrived", () => {
  const { stream, perform, arrives, run, assertEmpty } = streamStage();
  const task = perform(readline(stream, 100, { timeout: 1, weakTimeout: true }));
  for (const part of ["a", "b", "c"]) {
    run(999);
    arrives(part);
  }
  assertEquals(task.done, false);
  run(1000);
  assertInstanceOf(task.error, OperationTimeout);
  assertEquals(text(perform(Recv(stream)).result), "abc");
  assertEmpty();
});

test("sends wait while the socket is full, in order of arrival, and can be aborted", () => {
  const { stream, perform, calls, setSocketFull, run, assertEmpty } = streamStage();
  setSocketFull(true);
  const wholly = perform(SendAll(stream, "a"));
  const late = perform(Send(stream, "b", { timeout: 1 }));
  const cancelled = perform(SendAll(stream, bytes("c")));
  const last = perform(Send(stream, "d"));
  cancelled.cancel();
  run(1000);
  assertInstanceOf(late.error, OperationTimeout);
  assertEquals([wholly.done, last.done, calls], [false, false, ["write a"]]);
  stream.onDrain();
  run();
  assertEquals([wholly.done, last.done, calls], [true, true, ["write a", "write d"]]);
  const waiting = perform(SendAll(stream, "e"));
  setSocketFull(false);
  stream.onDrain();
  run();
  assertEquals([waiting.state, calls.at(-1)], ["returned", "write e"]);
  assertEmpty();
});
