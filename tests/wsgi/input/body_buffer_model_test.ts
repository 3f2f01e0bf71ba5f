/**
 * Anything that may happen to a request body, beside what a string of its bytes would do.
 */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { type Operation, OperationTimeout, type Task } from "../../../src/coroutine/mod.ts";
import { BodyBuffer } from "../../../src/wsgi/input/body_buffer.ts";
import { ClientDisconnected } from "../../../src/wsgi/mod.ts";
import { CountingPool } from "../../support/counting_pool.ts";
import { type Stage, stage } from "../../support/scheduling.ts";
import { runsOf, seedOf } from "../../support/shares.ts";

const BLOCK = 65_536;
const NEWLINE = 0x0a;

/** How many of the bytes that are here a read gives, or `undefined` if it waits for more. */
type Rule = (here: Uint8Array, ended: boolean) => number | undefined;

interface Reading {
  readonly task: Task<unknown>;
  readonly rule: Rule;
}

/** A body whose bytes are known, and a reader of it. */
class Scene {
  readonly #stage: Stage = stage();
  readonly #pool = new CountingPool(BLOCK, 2);
  readonly #body = new BodyBuffer(() => {}, this.#pool);
  /** All that is ever pushed, and how much of it has been pushed and read. */
  readonly #all: Uint8Array;
  #pushed = 0;
  #read = 0;
  #reading: Reading | undefined;
  #ended = false;

  constructor(all: Uint8Array) {
    this.#all = all;
  }

  push(size: number, owned: boolean): void {
    const given = this.#all.slice(this.#pushed, this.#pushed + size);
    this.#pushed += given.length;
    this.#body.push(given, owned);
    if (!owned) given.fill(0xdd);
    this.#check();
  }

  read(size: number | undefined): void {
    const wanted = size ?? Infinity;
    this.#begin(this.#body.read(size, { timeout: 1 }), ({ length }, ended) => {
      return length >= wanted || ended ? Math.min(length, wanted) : undefined;
    });
  }

  readPiece(): void {
    this.#begin(this.#body.readPiece({ timeout: 1 }), ({ length }, ended) => {
      return length > 0 || ended ? Math.min(length, BLOCK) : undefined;
    });
  }

  readLine(limit: number): void {
    this.#begin(this.#body.readLine(limit, { timeout: 1 }), (here, ended) => {
      const newline = here.indexOf(NEWLINE);
      if (newline >= 0) return Math.min(newline + 1, limit);
      return here.length >= limit || ended ? Math.min(here.length, limit) : undefined;
    });
  }

  cancel(): void {
    if (this.#reading === undefined) return;
    this.#reading.task.cancel();
    this.#reading = undefined;
    this.#check();
  }

  timeOut(): void {
    this.#stage.run(1000);
    const task = this.#reading?.task;
    this.#reading = undefined;
    if (task !== undefined) assertInstanceOf(task.error, OperationTimeout);
    this.#check();
  }

  fail(): void {
    const error = new ClientDisconnected();
    this.#body.fail(error);
    this.#stage.run();
    if (this.#reading !== undefined) assertEquals(this.#reading.task.error, error);
    this.#reading = undefined;
    this.#check();
  }

  /** Ends the body, and reads what is left of it. */
  finish(): void {
    this.#body.end();
    this.#ended = true;
    this.#check();
    this.read(undefined);
    assertEquals([this.#read, this.#body.size, this.#pool.taken], [this.#pushed, 0, 0]);
    this.#stage.assertEmpty();
  }

  discard(): void {
    this.cancel();
    this.#body.discard();
    assertEquals([this.#body.size, this.#pool.taken], [0, 0]);
    this.#stage.assertEmpty();
  }

  #begin(operation: Operation<Uint8Array>, rule: Rule): void {
    if (this.#reading !== undefined) return;
    const task = this.#stage.scheduler.add(function* read() {
      return yield operation;
    });
    this.#reading = { task, rule };
    this.#check();
  }

  /** The reader has what the rule says, and the body keeps the rest. */
  #check(): void {
    this.#stage.run();
    const here = this.#all.subarray(this.#read, this.#pushed);
    const size = this.#reading?.rule(here, this.#ended);
    if (this.#reading !== undefined) assertEquals(this.#reading.task.done, size !== undefined);
    if (size !== undefined) this.#receive(this.#reading?.task.result as Uint8Array, size);
    assertEquals(this.#body.awaited, this.#reading !== undefined);
    assertEquals(this.#body.size, this.#pushed - this.#read);
    assertEquals(this.#body.hungry, this.#reading !== undefined || this.#body.size < BLOCK);
  }

  /** Spoils what it is given, as an app may. */
  #receive(given: Uint8Array, size: number): void {
    this.#reading = undefined;
    assertEquals(given.length, size);
    const expected = this.#all.subarray(this.#read, this.#read + size);
    assert(given.every((byte, at) => byte === expected[at]), `${size} bytes from ${this.#read}`);
    this.#read += size;
    given.fill(0xcc);
  }
}

const sizes = fc.oneof(
  fc.integer({ min: 1, max: 40 }),
  fc.constantFrom(1000, 4096, 5000, 16_384, 30_000, 65_536, 70_000, 200_000),
);

const MAX_STEPS = 40;

interface Step {
  readonly name: string;
  act(scene: Scene): void;
}

const pushes = fc.tuple(sizes, fc.boolean()).map(([size, owned]): Step => ({
  name: `push ${size}${owned ? ", owned" : ""}`,
  act: (scene) => scene.push(size, owned),
}));

const reads = fc.oneof(
  sizes.map((size): Step => ({ name: `read ${size}`, act: (scene) => scene.read(size) })),
  sizes.map((size): Step => ({ name: `line ${size}`, act: (scene) => scene.readLine(size) })),
  fc.constantFrom<Step>(
    { name: "line", act: (scene) => scene.readLine(Infinity) },
    { name: "piece", act: (scene) => scene.readPiece() },
  ),
);

const ends = fc.constantFrom<Step>(
  { name: "read all", act: (scene) => scene.read(undefined) },
  { name: "cancel", act: (scene) => scene.cancel() },
  { name: "time out", act: (scene) => scene.timeOut() },
);

const steps = fc.array(
  fc.oneof(
    { arbitrary: pushes, weight: 5 },
    { arbitrary: reads, weight: 5 },
    { arbitrary: ends, weight: 1 },
  ),
  { maxLength: MAX_STEPS },
);

/** More bytes than all steps push, with a newline after 100, 4,000 and 60,000 others, again and again. */
const BODY = bodyOf(MAX_STEPS * 200_000);

function bodyOf(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < bytes.length; at++) bytes[at] = 11 + at % 179;
  for (let at = 0, gap = 0; at < bytes.length; at += [100, 4000, 60_000][gap++ % 3] as number) {
    bytes[at] = NEWLINE;
  }
  return bytes;
}

const endings = {
  "is read to its end": (scene: Scene) => scene.finish(),
  "fails, and what has come is discarded": (scene: Scene) => {
    scene.fail();
    scene.discard();
  },
  "is discarded": (scene: Scene) => scene.discard(),
};

for (const [ending, end] of Object.entries(endings)) {
  test(`a body that ${ending} loses no byte, gives none twice and keeps no block`, () => {
    fc.assert(
      fc.property(steps, (chosen) => {
        const scene = new Scene(BODY);
        for (const step of chosen) step.act(scene);
        end(scene);
      }),
      { seed: seedOf(2008), numRuns: runsOf(100) },
    );
  });
}

test("ten thousand bodies of which little has come hold no block", () => {
  const pool = new CountingPool(BLOCK, 2);
  const { scheduler, run } = stage();
  const tasks = Array.from({ length: 10_000 }, () => {
    const body = new BodyBuffer(() => {}, pool);
    const task = scheduler.add(function* read() {
      return yield body.read(BLOCK, {});
    });
    run();
    body.push(new Uint8Array(10));
    body.push(new Uint8Array(1000));
    return task;
  });
  assertEquals(pool.made, 0);
  for (const task of tasks) task.cancel();
  run();
});

test("an upload that is read as it comes uses one block again and again", () => {
  const pool = new CountingPool(BLOCK, 2);
  const { scheduler, run } = stage();
  const body = new BodyBuffer(() => {}, pool);
  const task = scheduler.add(function* read() {
    let size = 0;
    for (;;) {
      const piece = (yield body.read(BLOCK, {})) as Uint8Array;
      if (piece.length === 0) return size;
      size += piece.length;
    }
  });
  run();
  body.push(new Uint8Array(BLOCK - 100)); // what came with it was the head
  for (let i = 0; i < 100; i++) {
    run();
    body.push(new Uint8Array(BLOCK));
  }
  body.end();
  run();
  assertEquals([task.result, pool.made, pool.taken], [101 * BLOCK - 100, 1, 0]);
});
