import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  type Abort,
  OperationTimeout,
  PublishSubscribeQueue,
  Queue,
  type Resume,
  Semaphore,
  Signal,
  TimedOperation,
  type TimeoutOptions,
  WaitForSignal,
} from "../../src/coroutine/mod.ts";
import { stage } from "../support/scheduling.ts";

/** An operation that the test drives. */
class Watched extends TimedOperation<string> {
  readonly name = "Watched";
  resume: Resume<string> | undefined;
  aborts = 0;

  constructor(options: TimeoutOptions) {
    super(options);
  }

  protected begin(resume: Resume<string>): Abort {
    this.resume = resume;
    return () => this.aborts++;
  }
}

function watch(options: TimeoutOptions) {
  const theatre = stage();
  const operation = new Watched(options);
  const task = theatre.scheduler.add(function* () {
    return yield* operation;
  });
  theatre.run();
  return { ...theatre, operation, task };
}

test("a weak timeout starts anew at each activity", () => {
  const { operation, task, run, assertEmpty } = watch({ timeout: 1, weakTimeout: true });
  for (let part = 0; part < 5; part++) {
    run(999);
    operation.resume?.active();
  }
  assertEquals(task.done, false);
  run(999);
  assertEquals(task.done, false);
  run(1);
  assertInstanceOf(task.error, OperationTimeout);
  assertEquals(operation.aborts, 1);
  assertEmpty();
});

test("a strong timeout is not moved by activity", () => {
  const { operation, task, run, assertEmpty } = watch({ timeout: 1 });
  run(999);
  operation.resume?.active();
  run(1);
  assertInstanceOf(task.error, OperationTimeout);
  assertEmpty();
});

test("activity after the end of a wait sets no timer", () => {
  const { operation, task, run, assertEmpty } = watch({ timeout: 1, weakTimeout: true });
  operation.resume?.value("done");
  operation.resume?.active();
  run();
  assertEquals(task.result, "done");
  assertEmpty();
});

/** An operation that asks every 100 ms whether its answer has come. */
class Poll extends TimedOperation<string> {
  readonly name = "Poll";
  answer: string | undefined;
  polls = 0;

  protected begin(resume: Resume<string>): Abort {
    const poll = () => {
      this.polls++;
      if (this.answer !== undefined) resume.value(this.answer);
      else resume.setDeadline(100, poll);
    };
    resume.setDeadline(100, poll);
    return () => this.polls = -1;
  }
}

function poll(options: TimeoutOptions) {
  const theatre = stage({ defaultTimeout: 60 });
  const operation = new Poll(options);
  const task = theatre.scheduler.add(function* () {
    return yield* operation;
  });
  theatre.run();
  return { ...theatre, operation, task };
}

test("a deadline that an operation sets for itself survives its timeout", () => {
  for (const options of [{}, { timeout: 1 }, { timeout: 1, weakTimeout: true }]) {
    const { operation, task, run, assertEmpty } = poll(options);
    run(500);
    operation.answer = "there";
    run(100);
    assertEquals([task.result, operation.polls], ["there", 6]);
    assertEmpty();
  }
});

test("the timeout survives the deadlines that an operation sets for itself", () => {
  const { operation, task, run, assertEmpty } = poll({ timeout: 1 });
  run(999);
  assertEquals([task.done, operation.polls], [false, 9]);
  run(1);
  assertInstanceOf(task.error, OperationTimeout);
  assertEquals(operation.polls, -1);
  assertEmpty();
});

test("of two timed operations of one wait, the earlier timeout counts", () => {
  for (const [outer, inner] of [[1, 2], [2, 1]] as const) {
    const { scheduler, run, assertEmpty } = stage();
    const watched = new Watched({ timeout: inner });
    class Outer extends TimedOperation<string> {
      readonly name = "Outer";

      protected begin(resume: Resume<string>): Abort | void {
        return watched.start(resume);
      }
    }
    const task = scheduler.add(function* () {
      return yield* new Outer({ timeout: outer });
    });
    run(1000);
    const { operation } = task.error as OperationTimeout;
    assertEquals([operation.name, watched.aborts], [outer < inner ? "Outer" : "Watched", 1]);
    assertEmpty();
  }
});

test("an operation that cancels its own task while it begins is undone", () => {
  const { scheduler, run, assertEmpty } = stage();
  let aborts = 0;
  class CancelsItsTask extends TimedOperation<void> {
    readonly name = "CancelsItsTask";

    protected begin({ task }: Resume<void>): Abort {
      task.cancel();
      return () => aborts++;
    }
  }
  const task = scheduler.add(function* () {
    yield* new CancelsItsTask({ timeout: 1 });
  });
  run();
  assertEquals([task.state, aborts], ["cancelled", 1]);
  assertEmpty();
});

test("a bare time in place of the options is a TypeError", () => {
  const time = 5 as unknown as { timeout: number };
  const queue = new Queue<number>();
  const news = new PublishSubscribeQueue<number>();
  const calls = [
    () => queue.get(time),
    () => queue.put(1, time),
    () => queue.join(time),
    () => queue.get("5" as unknown as { timeout: number }),
    () => queue.get(null as unknown as { timeout: number }),
    () => new Semaphore().acquire(time),
    () => news.publish(1, time),
    () => news.fetch("key", time),
    () => news.subscribe("key", time as unknown as { from: number }),
    () => WaitForSignal("abc", time),
    () => Signal("abc", 1, time),
  ];
  for (const call of calls) {
    assertThrows(call, TypeError, "expected an object, such as { ");
  }
});
