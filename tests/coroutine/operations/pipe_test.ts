import { assertEquals, assertInstanceOf } from "@std/assert";
import { test } from "node:test";
import {
  AddCoro,
  Call,
  chunk,
  type Coroutine,
  Iterate,
  Join,
  type Pipe,
  race,
  sentinel,
  Signal,
  Sleep,
  WaitForSignal,
} from "../../../src/coroutine/mod.ts";
import { stage } from "../../support/scheduling.ts";

function* collect<T>(pipe: Pipe<T>): Coroutine<T[]> {
  const seen: T[] = [];
  for (;;) {
    const value = yield* pipe;
    if (value === sentinel) return seen;
    seen.push(value);
  }
}

test("a pipe gives each chunk, and then the sentinel each time", () => {
  const { scheduler, run, assertEmpty } = stage();
  const task = scheduler.add(function* () {
    const pipe = yield* Iterate(function* () {
      yield* chunk(1);
      yield chunk(2);
      yield* WaitForSignal("go");
      yield* chunk(undefined);
    });
    const seen: (number | undefined)[] = yield* collect(pipe);
    return [seen, (yield* pipe) === sentinel];
  });
  run();
  scheduler.add(function* () {
    yield* Signal("go");
  });
  run();
  assertEquals(task.result, [[1, 2, undefined], true]);
  assertEmpty();
});

test("the producer runs only while the consumer waits for a chunk", () => {
  const { scheduler, run, assertEmpty } = stage();
  const log: string[] = [];
  scheduler.add(function* () {
    const pipe = yield* Iterate(function* () {
      for (const name of ["a", "b"]) {
        log.push(`makes ${name}`);
        yield* chunk(name);
      }
    });
    yield* Sleep(1);
    for (let turn = 0; turn < 2; turn++) {
      log.push("asks");
      log.push(`gets ${String(yield* pipe)}`);
      yield* Sleep(1);
    }
  });
  run(3000);
  assertEquals(log, ["asks", "makes a", "gets a", "asks", "makes b", "gets b"]);
  assertEmpty();
});

test("a producer that has not ended is cancelled at the end of its consumer", () => {
  const { scheduler, run, assertEmpty } = stage();
  let ended = 0;
  function* endless(): Coroutine<void> {
    try {
      for (let n = 0;; n++) yield* chunk(n);
    } finally {
      ended++;
    }
  }
  scheduler.add(function* () {
    const pipe = yield* Iterate(endless);
    yield* pipe;
  });
  const cancelled = scheduler.add(function* () {
    const pipe = yield* Iterate(endless);
    yield* pipe;
    yield* Sleep(60);
  });
  run();
  cancelled.cancel();
  run();
  assertEquals(ended, 2);
  assertEmpty();
});

test("stopping a pipe cancels its producer; the pipe then gives the sentinel", () => {
  const { scheduler, run, assertEmpty } = stage();
  let ended = 0;
  const task = scheduler.add(function* () {
    const pipe = yield* Iterate(function* () {
      try {
        for (let n = 0;; n++) yield* chunk(n);
      } finally {
        ended++;
      }
    });
    const first = yield* pipe;
    pipe.stop();
    const unstarted = yield* Iterate(function* () {
      yield* chunk(1);
    });
    unstarted.stop();
    return [first, (yield* pipe) === sentinel, (yield* unstarted) === sentinel];
  });
  run();
  assertEquals([task.result, ended], [[0, true, true], 1]);
  assertEmpty();
});

test("the producer's error is thrown in the consumer", () => {
  const { scheduler, run, errors, assertEmpty } = stage();
  const task = scheduler.add(function* () {
    const pipe = yield* Iterate(function* () {
      yield* chunk(1);
      throw new Error("broken");
    });
    const first = yield* pipe;
    try {
      yield* pipe;
    } catch (error) {
      return [first, String(error)];
    }
    return [];
  });
  run();
  assertEquals([task.result, errors], [[1, "Error: broken"], []]);
  assertEmpty();
});

test("functions that a producer calls and coroutines that it adds give chunks too, and none is lost", () => {
  const { scheduler, run, assertEmpty } = stage();
  function* give(from: number): Coroutine<void> {
    for (let n = from; n < from + 3; n++) yield* chunk(n);
  }
  const task = scheduler.add(function* () {
    const pipe = yield* Iterate(function* () {
      yield* Call(give, 0);
      const children = [yield* AddCoro(give, 10), yield* AddCoro(give, 20)];
      for (const child of children) yield* Join(child);
    });
    return yield* collect(pipe);
  });
  run();
  const seen = task.result as number[];
  assertEquals(seen.slice(0, 3), [0, 1, 2]);
  assertEquals(seen.slice(3).sort(), [10, 11, 12, 20, 21, 22]);
  assertEmpty();
});

test("a chunk that is given after the consumer's wait was aborted is kept", () => {
  const { scheduler, run, assertEmpty } = stage();
  const task = scheduler.add(function* () {
    const pipe = yield* Iterate(function* () {
      yield* Sleep(2);
      yield* chunk("late");
    });
    yield* race([pipe, Sleep(1)]);
    yield* Sleep(2);
    return yield* pipe;
  });
  run(3000);
  assertEquals(task.result, "late");
  assertEmpty();
});

test("giving a chunk without a consumer is a TypeError", () => {
  const { scheduler, run, assertEmpty } = stage();
  const task = scheduler.add(function* () {
    yield* chunk(1);
  });
  run();
  assertInstanceOf(task.error, TypeError);
  assertEmpty();
});
