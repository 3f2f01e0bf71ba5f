import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { BlockPool } from "../../src/socket/block_pool.ts";
import { BLOCK_SIZE, OutputQueue } from "../../src/socket/output_queue.ts";

function writeLatin1(text: string, target: Uint8Array, at: number): void {
  for (let index = 0; index < text.length; index++) target[at + index] = text.charCodeAt(index);
}

function newQueue(pool: BlockPool = new BlockPool(BLOCK_SIZE, 4)): OutputQueue {
  return new OutputQueue(pool, writeLatin1);
}

/** Takes everything out, at most `step` bytes at a time. */
function drain(queue: OutputQueue, step: number): number[] {
  const out: number[] = [];
  while (queue.size > 0) {
    const part = queue.head().subarray(0, step);
    for (const byte of part) out.push(byte);
    queue.advance(part.length);
  }
  return out;
}

test("gives back what was pushed, whatever the sizes and however much is taken", () => {
  const sizes = [0, 1, 2048, 2049, 100, BLOCK_SIZE - 1, 2, BLOCK_SIZE, BLOCK_SIZE * 2 + 7, 3];
  for (const step of [BLOCK_SIZE, 1000, 333]) {
    const queue = newQueue();
    const expected: number[] = [];
    sizes.forEach((size, seed) => {
      const bytes = Uint8Array.from({ length: size }, (_, at) => at * 7 + seed);
      for (const byte of bytes) expected.push(byte);
      queue.push(
        seed % 2 === 0 ? bytes : Array.from(bytes, (b) => String.fromCharCode(b)).join(""),
      );
    });
    assertEquals(queue.size, expected.length);
    const out = drain(queue, step);
    assertEquals(out.length, expected.length);
    assertEquals(out.findIndex((byte, at) => byte !== expected[at]), -1);
  }
});

test("gathers small writes, so that they leave together", () => {
  const queue = newQueue();
  queue.push("one ");
  queue.push(new Uint8Array([0x74, 0x77, 0x6f]));
  assertEquals(queue.head().length, 7);
});

test("keeps a large array by reference, and a small one that comes first", () => {
  const queue = newQueue();
  const small = new Uint8Array(10);
  const large = new Uint8Array(100_000);
  for (const bytes of [small, small, large]) queue.push(bytes);
  assertEquals([queue.head().buffer, queue.head().length], [small.buffer, 10]);
  queue.advance(10);
  assert(queue.head().buffer !== small.buffer, "a small array behind another one is copied");
  queue.advance(10);
  assertEquals(queue.head().buffer, large.buffer);
});

test("leaves the bytes under way alone while more is pushed behind them", () => {
  const queue = newQueue();
  queue.push("under way");
  const head = queue.head();
  queue.push("!".repeat(50));
  assertEquals(String.fromCharCode(...head), "under way");
  queue.advance(head.length);
  assertEquals(queue.head().length, 50);
});

test("gives its blocks back to the pool when they are empty", () => {
  const pool = new BlockPool(BLOCK_SIZE, 4);
  const queue = newQueue(pool);
  queue.push("a");
  const block = queue.head().buffer;
  queue.advance(1);
  assertEquals(pool.take().buffer, block);
  assert(pool.take().buffer !== block, "a block was given out twice");
});

test("forgets everything when cleared, and lets no block that is under way be used again", () => {
  const pool = new BlockPool(BLOCK_SIZE, 4);
  const queue = newQueue(pool);
  queue.push("a");
  const block = queue.head().buffer;
  queue.clear();
  assertEquals(queue.size, 0);
  assertEquals(queue.head().length, 0);
  queue.advance(1);
  assertEquals(queue.size, 0);
  assert(pool.take().buffer !== block);
});
