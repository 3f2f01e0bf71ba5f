import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { ManualClock, Scheduler } from "../../src/coroutine/mod.ts";
import { decodeLatin1, type Socket } from "../../src/socket/mod.ts";
import { Output, SpentOutput } from "../../src/server/output.ts";
import { latin1Bytes } from "../support/serving.ts";
import { assertLaw } from "../support/shares.ts";

/** A socket that takes what it is told to take. */
class Taker {
  readonly writes: string[] = [];
  ended = false;
  full = false;
  holdsBytes: boolean | undefined = false;
  readonly clock = new ManualClock();
  readonly output: Output = new Output(this as unknown as Socket, {
    clock: this.clock,
    latin1: decodeLatin1,
  });

  write(part: Uint8Array | string): boolean {
    assert(!this.full, "nothing is written while full");
    assert(!this.ended, "nothing is written after the end");
    this.writes.push(typeof part === "string" ? part : String.fromCharCode(...part));
    return !this.full;
  }

  endWrite(): void {
    this.ended = true;
  }

  get text(): string {
    return this.writes.join("");
  }
}

test("nothing goes before a flush, and then in one write", () => {
  const taker = new Taker();
  const { output } = taker;
  output.write("a");
  output.write("b");
  output.write(latin1Bytes("c\xff"));
  output.write("\xe9");
  assertEquals([taker.writes, output.size], [[], 5]);
  output.flush();
  assertEquals([taker.writes, output.size], [["abc\xff\xe9"], 0]);
});

test("small bytes after a text are copied into it, and large ones are not", () => {
  const taker = new Taker();
  const small = new Uint8Array(512).fill(0x80);
  const large = new Uint8Array(513).fill(0x81);
  taker.output.write("a");
  taker.output.write(small);
  taker.output.write(large);
  small.fill(0);
  large.fill(0x82);
  taker.output.flush();
  assertEquals(taker.writes, [`a${"\x80".repeat(512)}${"\x82".repeat(513)}`]);
});

test("all bytes are handed over to a socket that has another owner now, also without room", () => {
  const writes: string[] = [];
  const socket = { write: (part: string) => writes.push(part) < 0, endWrite() {} };
  const clock = new ManualClock();
  const output = new Output(socket as unknown as Socket, { clock, latin1: decodeLatin1 });
  output.write("a".repeat(20_000));
  output.flush();
  output.cork();
  output.write("b");
  output.handOver();
  assertEquals(writes.map((part) => part.length), [20_000, 1]);
  assertEquals([output.size, output.full], [0, true]);
});

test("flushing nothing writes nothing", () => {
  const taker = new Taker();
  taker.output.flush();
  assertEquals(taker.writes, []);
});

test("what it was given has gone when neither it nor the socket has any of it", () => {
  const taker = new Taker();
  const { output } = taker;
  output.write("a");
  assertEquals(output.allSent, false);
  taker.holdsBytes = true;
  output.flush();
  assertEquals(output.allSent, false);
  taker.holdsBytes = false;
  assertEquals(output.allSent, true);
  taker.holdsBytes = undefined;
  assertEquals(output.allSent, false);
});

test("large parts are not copied together, and go in pieces", () => {
  const taker = new Taker();
  taker.output.write("head");
  taker.output.write("x".repeat(600_000));
  taker.output.flush();
  assertEquals(taker.writes.map(({ length }) => length), [262_144, 262_144, 75_716]);
});

test("while corked it gathers, up to a limit", () => {
  const taker = new Taker();
  const { output } = taker;
  output.cork();
  output.write("a");
  output.flush();
  assertEquals(taker.writes, []);
  output.write("x".repeat(70_000));
  output.flush();
  assertEquals(taker.text.length, 70_001);
  output.write("b");
  output.flush();
  output.uncork();
  assertEquals(taker.text.length, 70_002);
});

/** A socket whose window is full after each write, until it drains. */
class SlowTaker extends Taker {
  override write(part: Uint8Array | string): boolean {
    super.write(part);
    this.full = true;
    return false;
  }

  drain(): void {
    this.full = false;
    this.output.drain();
  }
}

test("while the socket is full nothing is written, and then in order", () => {
  const taker = new SlowTaker();
  const { output, clock } = taker;
  output.write("a");
  output.flush();
  clock.advance(100);
  output.write("b");
  output.flush();
  output.write("c");
  output.flush();
  assertEquals([taker.writes, output.full, output.fullSince, output.size], [["a"], true, 0, 2]);
  taker.drain();
  assertEquals([taker.writes.join(), output.full, output.fullSince], ["a,bc", true, 100]);
  taker.drain();
  assertEquals([output.full, output.fullSince], [false, Infinity]);
});

test("the end comes after everything, and only then FIN", () => {
  const taker = new SlowTaker();
  const { output } = taker;
  output.cork();
  output.write("a");
  output.flush();
  output.end();
  assertEquals([taker.text, taker.ended], ["a", true]);
  output.write("late");
  output.flush();
  assertEquals(taker.text, "a");
});

test("FIN waits while the socket is full", () => {
  const taker = new SlowTaker();
  const { output } = taker;
  output.write("a");
  output.flush();
  output.write("b");
  output.end();
  output.end();
  assertEquals([taker.text, taker.ended], ["a", false]);
  taker.drain();
  assertEquals([taker.text, taker.ended], ["ab", true]);
});

test("who waits for room is woken when there is, or when the socket has gone", () => {
  for (const wake of ["drain", "close"] as const) {
    const taker = new SlowTaker();
    const { output, clock } = taker;
    const scheduler = new Scheduler({ clock });
    output.write("a");
    output.flush();
    const waiter = scheduler.add(function* () {
      yield output.drained();
    });
    clock.advance(0);
    assertEquals(waiter.done, false);
    if (wake === "drain") taker.drain();
    else output.close();
    clock.advance(0);
    assertEquals([waiter.done, output.full], [true, false]);
    assertEquals(scheduler.stats().tasks, 0);
  }
});

test("after close nothing is kept", () => {
  const taker = new SlowTaker();
  const { output } = taker;
  output.write("a");
  output.flush();
  output.write("b");
  output.close();
  assertEquals([output.size, output.full], [0, false]);
  output.write("c");
  output.flush();
  output.drain();
  output.end();
  assertEquals([taker.text, taker.ended, output.size], ["a", false, 0]);
});

const parts = fc.oneof(
  fc.string({ unit: fc.constantFrom("a", "\xe9"), maxLength: 20 }),
  fc.constantFrom("x".repeat(20_000), "y".repeat(300_000)),
  fc.uint8Array({ maxLength: 20 }),
);
const actions = fc.oneof(
  parts.map((part) => ({ type: "write", part }) as const),
  fc.constantFrom("flush", "cork", "uncork", "drain").map((type) => ({ type }) as const),
);

test("in any order of writes, flushes and drains, everything goes once and in order", () => {
  assertLaw(fc.property(fc.array(actions, { maxLength: 40 }), fc.boolean(), (steps, slow) => {
    const taker = slow ? new SlowTaker() : new Taker();
    const { output } = taker;
    let expected = "";
    for (const step of steps) {
      if (step.type === "write") {
        output.write(step.part);
        expected += typeof step.part === "string" ? step.part : String.fromCharCode(...step.part);
      } else if (step.type === "drain") {
        if (taker.full) (taker as SlowTaker).drain();
      } else output[step.type]();
    }
    output.end();
    while (taker.full) (taker as SlowTaker).drain();
    assert(taker.text === expected, "the same text");
    assertEquals([taker.ended, output.size], [true, 0]);
  }));
});

test("a spent output keeps the number of bytes, drops all others, and lets no app wait", () => {
  const output = SpentOutput.of(7);
  output.sink("text");
  output.write();
  output.flush();
  const told: boolean[] = [];
  output.whenTaken((taken) => told.push(taken));
  assertEquals([output.sentBytes, output.size, output.full, told], [7, 0, false, [true]]);
  const clock = new ManualClock();
  const scheduler = new Scheduler({ clock });
  scheduler.add(function* () {
    yield output.drained();
  });
  clock.advance(0);
  assertEquals(scheduler.stats().tasks, 0);
});

/** A socket with one write that throws. */
function brokenAt(number: number) {
  const broke: unknown[] = [];
  const writes: unknown[] = [];
  const socket = {
    holdsBytes: false,
    write(part: unknown): boolean {
      if (writes.push(part) === number) throw new Error("EIO");
      return true;
    },
    endWrite: () => void writes.push("end"),
  };
  const owner = { outputBroke: (error: unknown) => void broke.push(error) };
  const output = new Output(
    socket as unknown as Socket,
    { clock: new ManualClock(), latin1: decodeLatin1 },
    owner,
  );
  return { output, broke, writes };
}

for (
  const [parts, number] of [[["text"], 1], [["x".repeat(600_000)], 2], [["a", "b"], 1]] as const
) {
  test(`nothing follows write ${number} of ${parts.length} parts if it throws`, () => {
    const { output, broke, writes } = brokenAt(number);
    const taken: boolean[] = [];
    for (const part of parts) output.write(parts.length > 1 ? latin1Bytes(part) : part);
    output.whenTaken((whole) => taken.push(whole));
    output.flush();
    output.write("more");
    output.flush();
    output.end();
    assertEquals([`${broke}`, writes.length, output.size], ["Error: EIO", number, 0]);
    output.close();
    assertEquals(taken, [false]);
  });
}

test("connections that have sent equally many bytes share their spent output", () => {
  assertEquals([SpentOutput.of(7).sentBytes, SpentOutput.of(8).sentBytes], [7, 8]);
  assert(SpentOutput.of(8) === SpentOutput.of(8));
});
