import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { test } from "node:test";
import { ByteQueue } from "../../../src/wsgi/input/byte_queue.ts";
import { CountingPool } from "../../support/counting_pool.ts";
import { isMine } from "../../support/shares.ts";

const BLOCK = 65_536;
const NEWLINE = 0x0a;

function queued(): { readonly queue: ByteQueue; readonly pool: CountingPool } {
  const pool = new CountingPool(BLOCK, 4);
  return { queue: new ByteQueue(pool), pool };
}

/** So many bytes that can be told apart, beginning with the one of index `from`. */
function counted(length: number, from = 0): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = (from + at) % 251;
  return bytes;
}

test("gives what came, in order, across blocks and pieces of any size", () => {
  let index = 0;
  for (const pieceSize of [1, 100, 4096, 10_000, 65_536, 200_000]) {
    for (const partSize of [7, 4096, 65_536, 150_000, Infinity]) {
      if (!isMine(index++)) continue;
      const { queue, pool } = queued();
      const all = counted(200_000);
      for (let at = 0; at < all.length; at += pieceSize) {
        queue.push(all.subarray(at, at + pieceSize));
      }
      for (let at = 0; at < all.length;) {
        assertEquals(queue.size, all.length - at);
        const part = queue.take(partSize);
        // `assertEquals` of arrays takes minutes here.
        const expected = all.subarray(at, at + partSize);
        assertEquals(part.length, expected.length);
        assert(part.every((byte, index) => byte === expected[index]), `${part.length} from ${at}`);
        at += part.length;
      }
      assertEquals([queue.size, queue.take(1).length, pool.taken], [0, 0, 0]);
    }
  }
});

test("a small body that comes in one piece is given as it is kept", () => {
  const { queue, pool } = queued();
  queue.push(counted(1000));
  const given = queue.take(Infinity);
  assertEquals(given, counted(1000));
  assertEquals([given.buffer.byteLength, pool.made], [1000, 0]);
});

test("what was copied already is kept as it is, if it comes first", () => {
  const { queue } = queued();
  const first = counted(1000);
  const second = counted(500, 1000);
  queue.push(first, true);
  queue.push(second, true);
  assertStrictEquals(queue.take(1000), first);
  const given = queue.take(Infinity);
  assertEquals(given, second);
  assertNotStrictEquals(given.buffer, second.buffer);
});

test("a large array that is owned is given as it is, also behind other bytes", () => {
  const queue = new ByteQueue();
  const array = new Uint8Array(65_536).fill(7);
  queue.push(Uint8Array.of(1, 2));
  queue.push(array, true);
  assertEquals(queue.take(2), Uint8Array.of(1, 2));
  const part = queue.take(60_000);
  assertStrictEquals(part.buffer, array.buffer);
  assertStrictEquals(queue.take(Infinity).buffer, array.buffer);
  assertEquals([part.length, queue.size], [60_000, 0]);
});

test("little is kept without a block, in whatever pieces it comes", () => {
  for (const pieceSize of [1, 1000, 5000]) {
    const { queue, pool } = queued();
    for (let size = pieceSize; size < 16_384; size += pieceSize) queue.push(counted(pieceSize));
    assertEquals(pool.made, 0);
  }
});

test("blocks take no more than four times what is kept", () => {
  const { queue, pool } = queued();
  for (let size = 1000; size < 1_000_000; size += 1000) {
    queue.push(counted(1000));
    assert(pool.taken * BLOCK <= 4 * size, `${pool.taken} blocks for ${size} bytes`);
  }
});

test("bytes that pass through need no more blocks than are kept at a time", () => {
  const { queue, pool } = queued();
  for (let round = 0; round < 100; round++) {
    queue.push(counted(65_400));
    queue.take(65_400);
  }
  assertEquals([pool.made, pool.taken], [1, 0]);
});

test("what is forgotten gives its blocks back", () => {
  const { queue, pool } = queued();
  queue.push(counted(300_000));
  queue.take(1000);
  assert(pool.taken > 0);
  queue.clear();
  queue.clear();
  assertEquals([queue.size, queue.take(1).length, pool.taken], [0, 0, 0]);
  queue.push(counted(3));
  assertEquals(queue.take(3), counted(3));
});

test("what is given never lies in a block", () => {
  const { queue, pool } = queued();
  queue.push(counted(100_000));
  const given = [queue.take(10), queue.take(65_526), queue.take(Infinity)];
  queue.push(counted(100_000, 99));
  for (const bytes of given) assert(bytes.buffer.byteLength < BLOCK);
  assertEquals(given.map((bytes) => bytes[0]), [0, 10, 65_536 % 251]);
  assertEquals(pool.taken, 2);
});

test("small parts of a block share an array of their own", () => {
  const { queue, pool } = queued();
  queue.push(counted(20_000));
  const arrays = new Set<ArrayBufferLike>();
  for (let at = 0; at < 20_000; at += 50) {
    const part = queue.take(50);
    assertEquals(part, counted(50, at));
    part.fill(255);
    arrays.add(part.buffer);
  }
  assert(arrays.size <= 3, `${arrays.size} arrays`);
  assertEquals([pool.made, pool.taken], [1, 0]);
});

test("what was lent can be taken, and is copied when it is kept", () => {
  for (const held of [0, 5, 50_000]) {
    for (const size of [10, 50_000]) {
      const { queue } = queued();
      const lent = counted(size, held);
      queue.push(counted(held));
      queue.lend(lent);
      assertEquals(queue.size, held + size);
      const taken = queue.take(held + 4);
      queue.keep();
      queue.keep();
      lent.fill(255);
      assertEquals(taken.join() === counted(held + 4).join(), true);
      assertNotStrictEquals(taken.buffer, lent.buffer);
      assertEquals(queue.size, size - 4);
      const rest = queue.take(Infinity);
      assertEquals(rest.join() === counted(size - 4, held + 4).join(), true);
    }
  }
});

test("what was lent and taken whole leaves nothing to keep", () => {
  const { queue, pool } = queued();
  queue.lend(counted(70_000));
  assertEquals(queue.take(70_000).length, 70_000);
  queue.keep();
  queue.lend(counted(70_000));
  queue.clear();
  queue.keep();
  assertEquals([queue.size, pool.made], [0, 0]);
});

test("finds a byte wherever it lies, but not before where it is to begin", () => {
  const { queue } = queued();
  for (const text of ["a\n", "b".repeat(5000), "\n", "c".repeat(70_000), "d\n"]) {
    queue.push(new TextEncoder().encode(text));
  }
  assertEquals([0, 1, 2, 5002, 5003, 75_005].map((from) => queue.indexOf(NEWLINE, from)), [
    1,
    1,
    5002,
    5002,
    75_004,
    -1,
  ]);
  queue.take(2);
  queue.lend(new TextEncoder().encode("e\n"));
  assertEquals([0, 5001, 75_003].map((from) => queue.indexOf(NEWLINE, from)), [
    5000,
    75_002,
    75_004,
  ]);
});

test("finds nothing in what a block held before", () => {
  const { queue } = queued();
  queue.push(new Uint8Array(65_536).fill(NEWLINE));
  queue.take(65_536);
  queue.push(new Uint8Array(20_000));
  assertEquals(queue.indexOf(NEWLINE, 0), -1);
});
