import { assert, assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  AddCoro,
  type Coroutine,
  type Priority,
  priority,
  Signal,
  WaitForSignal,
  withPriority,
} from "../../src/coroutine/mod.ts";
import { type Ready, ReadyQueue } from "../../src/coroutine/kernel/ready_queue.ts";
import { stage } from "../support/scheduling.ts";

/** The order of the woken coroutine, the signaller, and a coroutine that was ready before both. */
function orderWith(option: { priority?: Priority }, defaultPriority: Priority = 0): string[] {
  const { scheduler, run, assertEmpty } = stage({ defaultPriority });
  const order: string[] = [];
  function* note(name: string): Coroutine<void> {
    order.push(name);
  }
  scheduler.add(function* () {
    yield* WaitForSignal("go", { priority: priority.LAST });
    order.push("woken");
  });
  run();
  scheduler.add(function* () {
    scheduler.add(note, "ready");
    yield* Signal("go", 1, option);
    order.push("caller");
  });
  run();
  assertEmpty();
  return order;
}

test("a priority puts neither, the caller, the woken coroutine, or both first", () => {
  assertEquals(orderWith({}), ["ready", "woken", "caller"]);
  assertEquals(orderWith({ priority: priority.LAST }), ["ready", "woken", "caller"]);
  assertEquals(orderWith({ priority: priority.CORO }), ["caller", "ready", "woken"]);
  assertEquals(orderWith({ priority: priority.OP }), ["woken", "ready", "caller"]);
  assertEquals(orderWith({ priority: priority.FIRST }), ["caller", "woken", "ready"]);
});

test("the scheduler's default priority holds for operations without a priority", () => {
  for (const option of [{}, { priority: priority.DEFAULT }]) {
    assertEquals(orderWith(option, priority.DEFAULT), ["ready", "woken", "caller"]);
    assertEquals(orderWith(option, priority.CORO), ["caller", "ready", "woken"]);
    assertEquals(orderWith(option, priority.OP), ["woken", "ready", "caller"]);
    assertEquals(orderWith(option, priority.FIRST), ["caller", "woken", "ready"]);
  }
});

test("the caller goes before the coroutines that it wakes, also if their waits go first", () => {
  for (const value of [priority.CORO, priority.FIRST]) {
    const { scheduler, run, assertEmpty } = stage({ defaultPriority: value });
    const order: string[] = [];
    for (const name of ["one", "two"]) {
      scheduler.add(function* () {
        yield* WaitForSignal("go");
        order.push(name);
      });
    }
    run();
    scheduler.add(function* () {
      yield* Signal("go");
      order.push("caller");
    });
    run();
    assertEquals(order, ["caller", "one", "two"]);
    assertEmpty();
  }
});

test("the priority of a signal holds also if it had to wait for its recipients", () => {
  const orderOf = (value: Priority): string[] => {
    const { scheduler, run, assertEmpty } = stage();
    const order: string[] = [];
    function* note(name: string): Coroutine<void> {
      order.push(name);
    }
    scheduler.add(function* () {
      yield* Signal("go", 1, { recipients: 1, priority: value });
      order.push("caller");
    });
    run();
    scheduler.add(function* () {
      scheduler.add(note, "ready");
      yield* WaitForSignal("go");
      order.push("woken");
    });
    run();
    assertEmpty();
    return order;
  };
  assertEquals(orderOf(priority.LAST), ["ready", "woken", "caller"]);
  assertEquals(orderOf(priority.CORO), ["caller", "ready", "woken"]);
  assertEquals(orderOf(priority.OP), ["woken", "ready", "caller"]);
  assertEquals(orderOf(priority.FIRST), ["caller", "woken", "ready"]);
});

test("a priority puts neither, the adder, the added coroutine, or both first", () => {
  const orderOf = (value: Priority): string[] => {
    const { scheduler, run, assertEmpty } = stage();
    const order: string[] = [];
    function* note(name: string): Coroutine<void> {
      order.push(name);
    }
    scheduler.add(function* () {
      scheduler.add(note, "ready");
      yield* withPriority(AddCoro(note, "added"), value);
      order.push("adder");
    });
    run();
    assertEmpty();
    return order;
  };
  assertEquals(orderOf(priority.LAST), ["ready", "added", "adder"]);
  assertEquals(orderOf(priority.CORO), ["adder", "ready", "added"]);
  assertEquals(orderOf(priority.OP), ["added", "ready", "adder"]);
  assertEquals(orderOf(priority.FIRST), ["adder", "added", "ready"]);
});

test("the priorities have cogen's names and values", () => {
  assertEquals(priority, { DEFAULT: -1, LAST: 0, NOPRIO: 0, CORO: 1, OP: 2, FIRST: 3, PRIO: 3 });
});

test("an operation without options gets its priority from withPriority", () => {
  const { scheduler, run, assertEmpty } = stage();
  const order: string[] = [];
  function* note(name: string): Coroutine<void> {
    order.push(name);
  }
  scheduler.add(function* () {
    yield* AddCoro(note, "first");
    yield* withPriority(AddCoro(note, "second"), priority.OP);
    order.push("caller");
  });
  run();
  assertEquals(order, ["first", "second", "caller"]);
  assertEmpty();
});

test("a value that is no priority is refused", () => {
  const wrong = 7 as Priority;
  assertThrows(() => withPriority(Signal("abc"), wrong), RangeError, "priority 7");
  assertThrows(() => WaitForSignal("abc", { priority: wrong }), RangeError, "priority 7");
  assertThrows(() => stage({ defaultPriority: wrong }), RangeError, "priority 7");
});

test("coroutines that are always put first do not starve the others", () => {
  const queue = new ReadyQueue<Ready>();
  const entry = (): Ready => ({ usedMs: 0, arrival: 0, nextReady: undefined });
  const patient = entry();
  queue.add(patient);
  for (let others = 0; others < 3; others++) queue.add(entry(), "others");
  let waited = 0;
  for (;; waited++) {
    const taken = queue.take(Infinity) as Ready;
    if (taken === patient) break;
    queue.add(taken, "others");
  }
  assert(waited < 8, `waited for ${waited}`);
});

test("two coroutines that favour each other do not starve others within one long turn", () => {
  let time = 0;
  const { scheduler } = stage({
    clock: { now: () => time += 0.01, defer: () => {}, setTimer: () => () => {} },
    quantum: { milliseconds: 1 },
  });
  let laps = 0;
  function* favourite(): Coroutine<void> {
    for (; laps < 1000; laps++) yield* withPriority(Signal("nobody"), priority.FIRST);
  }
  scheduler.add(favourite);
  scheduler.add(favourite);
  const patient = scheduler.add(function* () {
    yield;
    return laps;
  });
  while (scheduler.step());
  assert((patient.result as number) < 50, `${patient.result} laps`);
});
