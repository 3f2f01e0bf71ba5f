import { assertEquals, assertInstanceOf } from "@std/assert";
import { test } from "node:test";
import {
  type Abort,
  OperationTimeout,
  type Resume,
  TimedOperation,
  type TimeoutOptions,
} from "../../src/coroutine/mod.ts";
import { stage } from "../support/scheduling.ts";

/** An operation driven from outside. */
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

test("a weak timeout starts anew whenever something happens", () => {
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
