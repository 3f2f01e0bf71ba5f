import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { test } from "node:test";
import { OperationTimeout, Semaphore, Sleep } from "../../../src/coroutine/mod.ts";
import { stage } from "../../support/scheduling.ts";

test("at most as many coroutines as there are permits run at a time, first come, first served", () => {
  const { scheduler, run, assertEmpty } = stage();
  const semaphore = new Semaphore(2);
  const order: number[] = [];
  let inside = 0, most = 0;
  for (let n = 0; n < 6; n++) {
    scheduler.add(function* () {
      yield* semaphore.hold(function* () {
        order.push(n);
        most = Math.max(most, ++inside);
        yield* Sleep(1);
        inside--;
      });
    });
  }
  run(3000);
  assertEquals([most, inside, semaphore.available], [2, 0, 2]);
  assertEquals(order, [0, 1, 2, 3, 4, 5]);
  assertEmpty();
});

test("hold gives the permit back when its coroutine fails or is cancelled", () => {
  const { scheduler, run, assertEmpty } = stage();
  const semaphore = new Semaphore();
  const failing = scheduler.add(function* () {
    yield* semaphore.hold(function* () {
      throw new Error("inside");
    });
  });
  const holding = scheduler.add(function* () {
    yield* semaphore.hold(function* () {
      yield* Sleep(60);
    });
  });
  const waiting = scheduler.add(function* () {
    yield* semaphore.hold(function* () {});
  });
  run();
  assertEquals([failing.state, semaphore.available, semaphore.waiting], ["failed", 0, 1]);
  waiting.cancel();
  assertEquals(semaphore.waiting, 0);
  holding.cancel();
  run();
  assertEquals(semaphore.available, 1);
  assertEmpty();
});

test("a permit that was handed to a coroutine is given back if the coroutine is cancelled", () => {
  const { scheduler, run, assertEmpty } = stage();
  const semaphore = new Semaphore();
  semaphore.acquireNowait();
  const task = scheduler.add(function* () {
    yield* semaphore.hold(function* () {
      yield* Sleep(60);
    });
  });
  run();
  semaphore.release();
  task.cancel();
  run();
  assertEquals([task.state, semaphore.available], ["cancelled", 1]);
  assertEmpty();
});

test("acquire can time out", () => {
  const { scheduler, run, assertEmpty } = stage();
  const semaphore = new Semaphore();
  assertEquals([semaphore.acquireNowait(), semaphore.acquireNowait()], [true, false]);
  const task = scheduler.add(function* () {
    yield* semaphore.acquire({ timeout: 1 });
  });
  run(1000);
  assertInstanceOf(task.error, OperationTimeout);
  semaphore.release();
  assertEquals(semaphore.available, 1);
  assertEmpty();
});

test("releasing a permit that is not held, and a wrong number of permits, are RangeErrors", () => {
  assertThrows(() => new Semaphore().release(), RangeError, "no coroutine holds one");
  for (const permits of [0, -1, 1.5]) {
    assertThrows(() => new Semaphore(permits), RangeError, "whole number");
  }
});
