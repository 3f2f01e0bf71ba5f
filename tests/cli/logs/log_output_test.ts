/** The output of a log on a device without a system: batches, full disks, slow pipes, and files that are moved. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import type { LogDevice, WriteDone } from "../../../src/cli/host/mod.ts";
import { LogOutput, TOO_SLOW } from "../../../src/cli/logs/log_output.ts";

const text = new TextDecoder();

/** A device with files in memory. A write is done when the test says so. */
class FakeDevice implements LogDevice {
  maxWholeBytes = Infinity;
  /** The bytes of each descriptor. */
  readonly files: string[] = [];
  readonly closed: number[] = [];
  readonly jobs: (() => void)[] = [];
  cannotOpen = false;
  #write: { descriptor: number; bytes: Uint8Array; done: WriteDone } | undefined;

  open(): number {
    if (this.cannotOpen) throw new Error("no such folder");
    return this.files.push("") - 1;
  }

  close(descriptor: number): void {
    this.closed.push(descriptor);
  }

  write(descriptor: number, bytes: Uint8Array, done: WriteDone): void {
    assert(this.#write === undefined, "one write is on its way at a time");
    this.#write = { descriptor, bytes, done };
  }

  writeNow(descriptor: number, bytes: Uint8Array): void {
    this.files[descriptor] += text.decode(bytes);
  }

  later(job: () => void): void {
    this.jobs.push(job);
  }

  /** Runs the planned jobs. */
  turn(): void {
    for (const job of this.jobs.splice(0)) job();
  }

  get isWriting(): boolean {
    return this.#write !== undefined;
  }

  /** Ends the write on its way: all bytes are taken, some of them, or none because of an error. */
  finish(taken = Infinity, error?: unknown): void {
    assert(this.#write !== undefined);
    const { descriptor, bytes, done } = this.#write;
    this.#write = undefined;
    const part = error === undefined ? bytes.subarray(0, taken) : bytes.subarray(0, 0);
    this.files[descriptor] += text.decode(part);
    done(error, part.length);
  }

  /** Lets the device take everything. */
  settle(): void {
    while (this.jobs.length > 0 || this.isWriting) {
      this.turn();
      if (this.isWriting) this.finish();
    }
  }
}

function stage() {
  const device = new FakeDevice();
  const news: unknown[] = [];
  const output = new LogOutput(device, {
    dropping: (reason) => news.push(reason),
    dropped: (lines) => news.push(lines),
  });
  return { device, output, news };
}

test("the lines of one turn leave in one write, and the next ones in their order", async () => {
  const { device, output, news } = stage();
  output.write("a");
  output.write("b");
  device.turn();
  output.write("c");
  device.finish(1);
  device.finish();
  assertEquals(device.files, ["a\nb\n"]);
  const flushed = output.flushed();
  device.finish();
  await flushed;
  assertEquals([device.files, news, device.isWriting], [["a\nb\nc\n"], [], false]);
});

test("a write to a pipe has whole lines, as far as the system keeps them together", () => {
  const { device, output } = stage();
  device.maxWholeBytes = 8;
  for (const line of ["abc", "def", "a long line", "g"]) output.write(line);
  device.turn();
  const writes: string[] = [];
  while (device.isWriting) {
    device.finish();
    writes.push(device.files[0] as string);
  }
  assertEquals(writes.at(-1), "abc\ndef\na long line\ng\n");
  assertEquals(writes[0], "abc\ndef\n");
});

test("a full disk drops lines, and tells its beginning and the count at its end", () => {
  const { device, output, news } = stage();
  const full = new Error("ENOSPC");
  for (const line of ["a", "b"]) output.write(line);
  device.turn();
  device.finish(2);
  device.finish(0, full);
  output.write("c");
  device.turn();
  device.finish(0, full);
  assertEquals(news, [full]);
  output.write("d");
  device.settle();
  assertEquals([device.files, news], [["a\nd\n"], [full, 2]]);
});

test("a line that was taken in part is ended before the next one", () => {
  const { device, output, news } = stage();
  output.write("abcdef");
  device.turn();
  device.finish(3);
  device.finish(0, new Error("ENOSPC"));
  output.write("next");
  device.settle();
  output.write("whole");
  device.turn();
  device.finish(5);
  device.finish(0, new Error("ENOSPC"));
  output.write("last");
  device.settle();
  assertEquals(device.files, ["abc\nnext\nwhole\nlast\n"]);
  assertEquals(news.length, 2, "only the first one was lost");
});

test("a pipe without room is tried again, and loses nothing", () => {
  const { device, output, news } = stage();
  output.write("a");
  device.turn();
  for (const error of [{ code: "EAGAIN" }, { name: "WouldBlock" }, { code: "EINTR" }]) {
    device.finish(0, error);
    device.turn();
  }
  device.settle();
  assertEquals([device.files, news], [["a\n"], []]);
});

test("a pipe that is not read costs a bounded memory", () => {
  const { device, output, news } = stage();
  output.write("first");
  device.turn();
  const line = "x".repeat(65_535);
  for (let count = 0; count < 20; count++) output.write(line);
  assertEquals(news, [TOO_SLOW]);
  device.settle();
  assertEquals(news, [TOO_SLOW, 4]);
  assertEquals(device.files[0]?.length, "first\n".length + 16 * 65_536);
});

test("a file is opened again, and the lines on their way go to the old one", () => {
  const { device, output } = stage();
  output.write("a");
  device.turn();
  output.reopen();
  output.write("b");
  device.finish(1);
  assertEquals(device.closed, []);
  device.settle();
  assertEquals([device.files, device.closed], [["a\n", "b\n"], [0]]);
  output.reopen();
  assertEquals(device.closed, [0, 1]);
  device.cannotOpen = true;
  assertThrows(() => output.reopen(), Error, "no such folder");
  output.write("c");
  device.settle();
  assertEquals(device.files, ["a\n", "b\n", "c\n"]);
});

test("the lines that wait are written at the end of the process", () => {
  const { device, output } = stage();
  output.write("a");
  output.write("b");
  output.writeNow();
  assertEquals(device.files, ["a\nb\n"]);
});
