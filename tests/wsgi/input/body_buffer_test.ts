import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { usedMs } from "../../support/run_time.ts";
import { SlicedBytes } from "../../support/sliced_bytes.ts";
import { type Operation, OperationTimeout, type Task } from "../../../src/coroutine/mod.ts";
import { BodyBuffer } from "../../../src/wsgi/input/body_buffer.ts";
import { WSGIInput } from "../../../src/wsgi/input/input.ts";
import { ClientDisconnected } from "../../../src/wsgi/mod.ts";
import { RequestCogen } from "../../../src/wsgi/running/request_cogen.ts";
import { type Stage, stage } from "../../support/scheduling.ts";
import { latin1Bytes } from "../../support/serving.ts";
import { assertLaw } from "../../support/shares.ts";

interface Reading extends Stage {
  readonly body: BodyBuffer;
  /** How often more was asked for. */
  wanted(): number;
  /** Starts to read. */
  read(operation: Operation<unknown>): Task<unknown>;
}

function reading(): Reading {
  const scene = stage();
  let wanted = 0;
  const body = new BodyBuffer(() => wanted++);
  return {
    ...scene,
    body,
    wanted: () => wanted,
    read: (operation) => {
      const task = scene.scheduler.add(function* read() {
        return yield operation;
      });
      scene.run();
      return task;
    },
  };
}

/** As latin-1, so that failures can be read. */
function text(bytes: unknown): string {
  return Array.from(bytes as Uint8Array, (byte) => String.fromCharCode(byte)).join("");
}

test("read(n) waits for n bytes and leaves the rest", () => {
  const { body, read, run, assertEmpty } = reading();
  const task = read(body.read(4, {}));
  body.push(latin1Bytes("ab"));
  run();
  assertEquals([task.done, body.awaited], [false, true]);
  body.push(latin1Bytes("cdef"));
  run();
  assertEquals(text(task.result), "abcd");
  assertEquals([body.size, body.awaited], [2, false]);
  assertEmpty();
});

test("read(n) gives fewer bytes only at the end, and none after it", () => {
  const { body, read, run, assertEmpty } = reading();
  const task = read(body.read(10, {}));
  body.push(latin1Bytes("ab"));
  body.end();
  run();
  assertEquals(text(task.result), "ab");
  assertEquals(text(read(body.read(10, {})).result), "");
  assertEquals(text(read(body.read(undefined, {})).result), "");
  assertEquals(text(read(body.readLine(10, {})).result), "");
  assertEquals(text(read(body.readPiece({})).result), "");
  assertEmpty();
});

test("read(0) gives nothing at once", () => {
  const { body, read, assertEmpty } = reading();
  assertEquals(text(read(body.read(0, {})).result), "");
  assertEmpty();
});

test("read() gives all, at the end", () => {
  const { body, read, run, assertEmpty } = reading();
  const task = read(body.read(undefined, {}));
  for (const piece of ["a", "bc", "def"]) body.push(latin1Bytes(piece));
  run();
  assertEquals(task.done, false);
  body.end();
  run();
  assertEquals(text(task.result), "abcdef");
  assertEmpty();
});

for (const size of [-1, null, undefined, Infinity]) {
  test(`read(${size}), readline and readlines give all, as in Python`, () => {
    const { body, read, run } = reading();
    body.push(latin1Bytes("one\ntwo\nthree"));
    body.end();
    const line = read(body.readLine(size, {}));
    run();
    assertEquals(text(line.result), "one\n");
    const lines = read(body.readLines(size, {}));
    run();
    assertEquals((lines.result as Uint8Array[]).map(text), ["two\n", "three"]);
    const again = reading();
    again.body.push(latin1Bytes("all"));
    again.body.end();
    const all = again.read(again.body.read(size, {}));
    again.run();
    assertEquals(text(all.result), "all");
  });
}

test("a number of bytes as text is a TypeError", () => {
  const { body } = reading();
  const size = "5" as unknown as number;
  assertThrows(() => body.read(size, {}), TypeError, 'Cannot read "5" bytes');
  assertThrows(() => body.readLine(size, {}), TypeError, 'Cannot read "5" bytes');
  assertThrows(() => body.readLines(size, {}), TypeError, 'Cannot read lines of "5" bytes');
});

test("one read may be used again, and other reads may come in between", () => {
  const { body, read, run } = reading();
  const line = body.readLine(undefined, {});
  body.push(latin1Bytes("a\nb\nccc"));
  const tasks = [read(line), read(line)];
  run();
  const waiting = read(line);
  run();
  waiting.cancel();
  run();
  const three = read(body.read(2, {}));
  run();
  body.push(latin1Bytes("c\nd\n"));
  const last = read(line);
  run();
  assertEquals([...tasks, three, last].map(({ result }) => text(result)), [
    "a\n",
    "b\n",
    "cc",
    "cc\n",
  ]);
});

for (const size of [-2, 1.5, NaN, -Infinity]) {
  test(`refuses to read ${size} bytes`, () => {
    const { body } = reading();
    assertThrows(() => body.read(size, {}), RangeError, "expected a whole number");
  });
}

for (const limit of [-2, 1.5, NaN, -Infinity]) {
  test(`refuses to read a line of at most ${limit} bytes`, () => {
    const { body } = reading();
    assertThrows(() => body.readLine(limit, {}), RangeError, "expected a whole number");
  });
}

test("readline gives a line with its newline, also one that comes in pieces", () => {
  const { body, read, run, assertEmpty } = reading();
  const task = read(body.readLine(Infinity, {}));
  for (const piece of ["fir", "st", "\nsec"]) {
    body.push(latin1Bytes(piece));
    run();
  }
  assertEquals(text(task.result), "first\n");
  body.push(latin1Bytes("ond"));
  body.end();
  assertEquals(text(read(body.readLine(Infinity, {})).result), "second");
  assertEmpty();
});

test("readline stops at its limit, with or without a newline beyond", () => {
  const { body, read, assertEmpty } = reading();
  body.push(latin1Bytes("abcdef\n"));
  assertEquals(text(read(body.readLine(4, {})).result), "abcd");
  assertEquals(text(read(body.readLine(3, {})).result), "ef\n");
  body.push(latin1Bytes("no newline"));
  assertEquals(text(read(body.readLine(2, {})).result), "no");
  assertEmpty();
});

test("readPiece gives what is here, and waits only for something", () => {
  const { body, read, run, assertEmpty } = reading();
  const task = read(body.readPiece({}));
  assertEquals(task.done, false);
  body.push(latin1Bytes("abc"));
  run();
  assertEquals(text(task.result), "abc");
  assertEmpty();
});

test("an empty piece is nothing, and not the end", () => {
  const { body, read, run, assertEmpty } = reading();
  const task = read(body.readPiece({}));
  body.push(new Uint8Array(0));
  run();
  assertEquals(task.done, false);
  body.push(latin1Bytes("x"));
  run();
  assertEquals(text(task.result), "x");
  assertEmpty();
});

test("what is pushed is copied, also if its slices are views", () => {
  for (const size of [10, 10_000, 100_000]) {
    const { body, read, assertEmpty } = reading();
    const lent = new SlicedBytes(new ArrayBuffer(size)).fill(1);
    body.push(lent);
    lent.fill(2);
    assertEquals((read(body.read(1, {})).result as Uint8Array)[0], 1);
    assertEmpty();
  }
});

test("what was given to a reader does not change when more comes", () => {
  const { body, read, assertEmpty } = reading();
  body.push(latin1Bytes("ab"));
  body.push(latin1Bytes("cd"));
  const first = read(body.read(2, {})).result;
  body.push(latin1Bytes("efgh"));
  const second = read(body.readPiece({})).result;
  body.push(latin1Bytes("ijkl"));
  assertEquals([text(first), text(second)], ["ab", "cdefgh"]);
  assertEmpty();
});

test("it tells the length of the array that the next reader can get as it is", () => {
  const { body, read } = reading();
  const wanted = (operation?: Operation<unknown>, pushed = 1) => {
    if (operation !== undefined) read(operation);
    body.push(new Uint8Array(pushed));
    return body.wantedBytes;
  };
  assertEquals(wanted(), 65_536);
  const some = body.read(100_001, {});
  // One byte is here, and another one comes.
  assertEquals(wanted(some), 0);
  assertEquals(wanted(undefined, 34_463), 65_536);
  assertEquals(wanted(undefined, 65_000), 536);
  assertEquals(wanted(undefined, 536), 65_536);
  // A line, and all of the body, come in arrays of their own.
  assertEquals(wanted(body.readLine(Infinity, {})), 0);
  assertEquals(body.awaited, true);
  const whole = reading();
  whole.read(whole.body.read(undefined, {}));
  whole.body.push(new Uint8Array(10));
  assertEquals(whole.body.wantedBytes, 0);
});

test("a second reader at the same time is refused, and the first goes on", () => {
  const { body, read, run, assertEmpty } = reading();
  const first = read(body.read(2, {}));
  const second = read(body.readLine(Infinity, {}));
  assertInstanceOf(second.error, TypeError);
  assertStringIncludes(second.error.message, "already being read");
  body.push(latin1Bytes("ab"));
  run();
  assertEquals(text(first.result), "ab");
  assertEmpty();
});

test("a read that times out loses nothing", () => {
  const { body, read, run, assertEmpty } = reading();
  const task = read(body.read(4, { timeout: 1 }));
  body.push(latin1Bytes("ab"));
  run(1000);
  assertInstanceOf(task.error, OperationTimeout);
  assertEquals(body.awaited, false);
  body.push(latin1Bytes("cd"));
  assertEquals(text(read(body.read(4, { timeout: 1 })).result), "abcd");
  assertEmpty();
});

/** More than comes at once. */
const LARGE = 10_000;

/** So many bytes that can be told apart. */
function largeText(length: number): string {
  return Array.from({ length }, (_, at) => "abcdefghijklmnopqrstuvwxyz"[at % 26]).join("");
}

test("a large read takes what is here and what comes, and leaves the rest", () => {
  const { body, read, run, assertEmpty } = reading();
  const all = largeText(2 * LARGE);
  body.push(latin1Bytes(all.slice(0, 3000)));
  const task = read(body.read(LARGE, {}));
  assertEquals([body.awaited, body.size, body.hungry], [true, 3000, true]);
  for (let at = 3000; at < all.length; at += 4500) body.push(latin1Bytes(all.slice(at, at + 4500)));
  run();
  assertEquals(text(task.result), all.slice(0, LARGE));
  assertEquals(body.size, LARGE);
  body.end();
  assertEquals(text(read(body.read(LARGE + 1, {})).result), all.slice(LARGE));
  assertEmpty();
});

test("a large read gives fewer bytes at the end", () => {
  const { body, read, run, assertEmpty } = reading();
  const task = read(body.read(LARGE, {}));
  body.push(latin1Bytes("abc"));
  body.end();
  run();
  assertEquals(text(task.result), "abc");
  assertEquals((task.result as Uint8Array).buffer.byteLength, 3);
  assertEmpty();
});

test("a large read that times out, is cancelled or fails loses nothing", () => {
  const all = largeText(LARGE);
  const endings: ((reading: Reading, task: Task<unknown>) => void)[] = [
    ({ run }) => run(1000),
    ({ run }, task) => {
      task.cancel();
      run();
    },
    ({ body, run }) => {
      body.fail(new ClientDisconnected());
      run();
    },
  ];
  for (const end of endings) {
    const scene = reading();
    const { body, read, assertEmpty } = scene;
    body.push(latin1Bytes(all.slice(0, 100)));
    const task = read(body.read(LARGE, { timeout: 1 }));
    body.push(latin1Bytes(all.slice(100, 6000)));
    end(scene, task);
    assertEquals([task.done, body.awaited, body.size], [true, false, 6000]);
    assertEquals(text(read(body.read(6000, {})).result), all.slice(0, 6000));
    assertEmpty();
  }
});

test("a cancelled read leaves the body to others", () => {
  const { body, read, run, assertEmpty } = reading();
  const task = read(body.read(4, {}));
  task.cancel();
  run();
  body.push(latin1Bytes("abcd"));
  assertEquals(text(read(body.read(4, {})).result), "abcd");
  assertEmpty();
});

test("after a failure what is here can be read, and reading on gives the error", () => {
  const { body, read, assertEmpty } = reading();
  body.push(latin1Bytes("a\nbc"));
  const error = new ClientDisconnected();
  body.fail(error);
  body.fail(new Error("only the first counts"));
  assertEquals(text(read(body.readLine(Infinity, {})).result), "a\n");
  assertEquals(text(read(body.read(2, {})).result), "bc");
  assertEquals(read(body.read(1, {})).error, error);
  assertEquals(read(body.read(undefined, {})).error, error);
  assertEmpty();
});

test("a failure wakes the reader", () => {
  const { body, read, run, assertEmpty } = reading();
  const task = read(body.read(undefined, {}));
  body.push(latin1Bytes("abc"));
  const error = new ClientDisconnected();
  body.fail(error);
  run();
  assertEquals(task.error, error);
  assertEmpty();
});

test("a failure after the end is none", () => {
  const { body, read, assertEmpty } = reading();
  body.push(latin1Bytes("abc"));
  body.end();
  body.fail(new ClientDisconnected());
  assertEquals(text(read(body.read(undefined, {})).result), "abc");
  assertEmpty();
});

test("it is hungry while little is kept, or somebody waits for more", () => {
  const { body, read, run, assertEmpty } = reading();
  assertEquals(body.hungry, true);
  body.push(new Uint8Array(65_535));
  assertEquals(body.hungry, true);
  body.push(new Uint8Array(1));
  assertEquals(body.hungry, false);
  const task = read(body.read(100_000, {}));
  assertEquals(body.hungry, true);
  body.push(new Uint8Array(100_000));
  run();
  assertEquals(task.done, true);
  assertEquals([body.size, body.hungry], [65_536, false]);
  body.discard();
  assertEquals([body.size, body.hungry], [0, true]);
  assertEmpty();
});

test("each read of a body that has not ended asks for more", () => {
  const { body, read, wanted, assertEmpty } = reading();
  body.push(latin1Bytes("abc"));
  assertEquals(wanted(), 0);
  read(body.read(1, {}));
  assertEquals(wanted(), 1);
  body.end();
  read(body.read(1, {}));
  assertEquals(wanted(), 1);
  assertEmpty();
});

test("a body of a million pieces of one byte stays small", () => {
  const { body, read, assertEmpty } = reading();
  const piece = latin1Bytes("x");
  const allocated = new Set<ArrayBufferLike>();
  for (let i = 0; i < 1_000_000; i++) body.push(piece);
  const start = usedMs();
  for (let left = 1_000_000; left > 0;) {
    const chunk = read(body.readPiece({})).result as Uint8Array;
    allocated.add(chunk.buffer);
    left -= chunk.length;
  }
  const bytes = [...allocated].reduce((sum, { byteLength }) => sum + byteLength, 0);
  assert(bytes < 1_100_000, `${bytes} bytes for a million`);
  assert(usedMs() - start < 5000);
  assertEmpty();
});

test("waiting for a line that comes a byte at a time is not quadratic", () => {
  const { body, read, run, assertEmpty } = reading();
  const task = read(body.readLine(Infinity, {}));
  const piece = latin1Bytes("x");
  const start = usedMs();
  for (let i = 0; i < 300_000; i++) body.push(piece);
  body.push(latin1Bytes("\n"));
  run();
  assertEquals((task.result as Uint8Array).length, 300_001);
  assert(usedMs() - start < 5000);
  assertEmpty();
});

/** One read, and what it gives of a body of which `rest` is left. */
interface Read {
  readonly name: string;
  start(body: BodyBuffer): Operation<unknown>;
  expect(rest: string): string;
}

const sizes = fc.oneof(fc.nat({ max: 12 }), fc.constantFrom(4096, 5001, 65_536, 70_000));

const reads: fc.Arbitrary<Read> = fc.oneof(
  sizes.map((size): Read => ({
    name: `read(${size})`,
    start: (body) => body.read(size, {}),
    expect: (rest) => rest.slice(0, size),
  })),
  sizes.map((limit): Read => ({
    name: `readline(${limit})`,
    start: (body) => body.readLine(limit, {}),
    expect: (rest) => line(rest).slice(0, limit),
  })),
  fc.constant<Read>({
    name: "readline()",
    start: (body) => body.readLine(Infinity, {}),
    expect: line,
  }),
);

function line(rest: string): string {
  const newline = rest.indexOf("\n");
  return newline < 0 ? rest : rest.slice(0, newline + 1);
}

const pieces = fc.array(
  fc.oneof(
    fc.string({ unit: fc.constantFrom("a", "b", "\n"), maxLength: 8 }),
    fc.constantFrom("x".repeat(5000), `${"y".repeat(4095)}\n`, "z".repeat(30_000)),
  ),
  { maxLength: 20 },
);

test("any reads of any pieces give what a file of the same content would", () => {
  assertLaw(fc.property(pieces, fc.array(reads, { maxLength: 20 }), (given, chosen) => {
    const { body, read, run, assertEmpty } = reading();
    const unsent = [...given];
    let rest = given.join("");
    for (const one of [...chosen, ALL]) {
      const task = read(one.start(body));
      while (!task.done && unsent.length > 0) {
        body.push(latin1Bytes(unsent.shift() as string));
        run();
      }
      if (unsent.length === 0) body.end();
      run();
      const expected = one.expect(rest);
      assertEquals(text(task.result), expected, one.name);
      rest = rest.slice(expected.length);
    }
    assertEquals([rest, body.size], ["", 0]);
    assertEmpty();
  }));
});

const ALL: Read = {
  name: "read()",
  start: (body) => body.read(undefined, {}),
  expect: (rest) => rest,
};

test("readlines gives all lines, or lines until the hint is reached, in any pieces", () => {
  assertLaw(fc.property(pieces, fc.integer({ min: 0, max: 30 }), (given, hint) => {
    const { scheduler, run, body, assertEmpty } = reading();
    const silent = {
      files: undefined,
      inform() {},
      report() {},
      onFinished() {},
      setTrailers() {},
      setTimeouts() {},
      servedBus: undefined,
      stopReason: undefined,
      onStopping() {},
      offStopping() {},
      closeConnection() {},
      takeSocket() {},
    };
    const cogen = new RequestCogen(scheduler, body, silent);
    const input = new WSGIInput(body, cogen);
    const task = scheduler.add(function* read() {
      const some = yield* input.readlines(hint);
      const all = yield* input.readlines();
      return [some.map(text), all.map(text)];
    });
    for (const piece of given) {
      run();
      body.push(latin1Bytes(piece));
    }
    body.end();
    run();
    const lines = given.join("").match(/[^\n]*\n|[^\n]+/g) ?? [];
    let count = 0;
    const enough = hint > 0 ? hint : Infinity;
    for (let size = 0; size < enough && count < lines.length;) size += lines[count++]?.length ?? 0;
    assertEquals(task.result, [lines.slice(0, count), lines.slice(count)]);
    assertEmpty();
  }));
});
