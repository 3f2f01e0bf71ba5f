/** How an open file is read as blocks. */

import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { test } from "node:test";
import { type BlockSource, blockSource } from "../../../src/wsgi/files/file_source.ts";
import type { OpenFile } from "../../../src/socket/files.ts";
import { MemoryFile } from "../../support/memory_files.ts";

/** A file whose reads end when the test says so. */
class SlowFile implements OpenFile {
  readonly size = 100;
  readonly modified = 0;
  /** The lengths of the reads that are under way. */
  readonly reading: number[] = [];
  closed = false;
  #end: ((read: number) => void) | undefined;
  #fail: ((error: Error) => void) | undefined;

  read(into: Uint8Array): Promise<number> {
    assert(!this.closed, "It was read after it was closed");
    this.reading.push(into.length);
    return new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
  }

  /** Ends the read. */
  async end(read = this.reading[0] as number): Promise<void> {
    this.reading.pop();
    this.#end?.(read);
    await later();
  }

  /** Fails the read. */
  async fail(error: Error): Promise<void> {
    this.reading.pop();
    this.#fail?.(error);
    await later();
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

function later(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

function blocksOf(file: OpenFile, length = 100): BlockSource {
  return blockSource(file, { offset: 0, length, blockSize: 40 });
}

async function lengthOf(block: ReturnType<BlockSource["read"]>): Promise<number | undefined> {
  return (await block)?.length;
}

test("nothing is read before a block is asked for", async () => {
  const file = new MemoryFile(100);
  const blocks = blocksOf(file);
  await later();
  assertEquals(file.bytesRead, 0);
  await blocks.close();
});

test("the next block is read while one is sent, and no more than that", async () => {
  const file = new SlowFile();
  const blocks = blocksOf(file);
  const first = blocks.read();
  assertEquals(file.reading, [40]);
  await file.end();
  assertEquals([await lengthOf(first), file.reading], [40, [40]]);
  await file.end();
  assertEquals(file.reading, []);
  const second = blocks.read();
  await later();
  assertEquals([await lengthOf(second), file.reading], [40, [20]]);
});

test("a block that is asked for while it is read is not read twice", async () => {
  const file = new SlowFile();
  const blocks = blocksOf(file, 80);
  const first = blocks.read();
  await file.end();
  assertStrictEquals(await lengthOf(first), 40);
  const second = blocks.read();
  assertEquals(file.reading, [40]);
  await file.end();
  assertEquals([await lengthOf(second), file.reading, blocks.read()], [40, [], undefined]);
});

test("a file that is no longer than a block is read once", async () => {
  const file = new SlowFile();
  const blocks = blocksOf(file, 40);
  const only = blocks.read();
  await file.end();
  assertEquals([await lengthOf(only), file.reading, blocks.read()], [40, [], undefined]);
});

test("what a read lacks is read by the next", async () => {
  const file = new SlowFile();
  const blocks = blocksOf(file, 50);
  const first = blocks.read();
  await file.end(15);
  assertEquals([await lengthOf(first), file.reading], [15, [35]]);
  const second = blocks.read();
  await file.end();
  assertEquals([await lengthOf(second), blocks.read()], [35, undefined]);
});

test("blocks are arrays of their own, and are the file's bytes", async () => {
  const file = new MemoryFile(100);
  const blocks = blocksOf(file);
  const given: Uint8Array[] = [];
  for (let block = blocks.read(); block !== undefined; block = blocks.read()) {
    given.push(await block as Uint8Array);
  }
  const text = given.map((block) => new TextDecoder().decode(block)).join("");
  assertEquals([text, file.bytesRead], [file.text(), 100]);
  assertStrictEquals(new Set(given.map(({ buffer }) => buffer)).size, 3);
});

test("a block that is taken back is filled again, and two are enough", async () => {
  const file = new MemoryFile(1000);
  const blocks = blocksOf(file, 1000);
  const arrays = new Set<unknown>();
  let text = "";
  for (let read = blocks.read(); read !== undefined; read = blocks.read()) {
    const block = await read as Uint8Array;
    text += new TextDecoder().decode(block);
    arrays.add(block.buffer);
    await later();
    blocks.recycle?.(block);
  }
  assertEquals([text, arrays.size], [file.text(), 2]);
});

test("a block that was not filled is not filled again", async () => {
  const file = new SlowFile();
  const blocks = blocksOf(file);
  const first = blocks.read();
  await file.end(15);
  const block = await first as Uint8Array;
  blocks.recycle?.(block);
  await file.end();
  const second = await blocks.read() as Uint8Array;
  await file.end();
  const third = await blocks.read() as Uint8Array;
  assert(block.buffer !== second.buffer && block.buffer !== third.buffer);
});

test("an error of reading ahead is told when the block is asked for", async () => {
  const file = new SlowFile();
  const blocks = blocksOf(file);
  const first = blocks.read();
  await file.end();
  await file.fail(new Error("bad sector"));
  assertStrictEquals(await lengthOf(first), 40);
  await assertRejects(async () => await blocks.read(), Error, "bad sector");
});

test("an error of reading ahead that nobody asks for is nobody's", async () => {
  const file = new SlowFile();
  const blocks = blocksOf(file);
  const first = blocks.read();
  await file.end();
  await first;
  await blocks.close();
  await file.fail(new Error("bad sector"));
});

test("a file that is closed while it is read is not read again", async () => {
  const file = new SlowFile();
  const blocks = blocksOf(file);
  const first = blocks.read();
  await blocks.close();
  await file.end();
  assertEquals([await lengthOf(first), file.reading], [40, []]);
});
