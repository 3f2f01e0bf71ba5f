import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  aborted,
  cancelOn,
  type Coroutine,
  race,
  signalOf,
  Sleep,
  type Task,
  TaskCancelled,
} from "../../../src/coroutine/mod.ts";
import { stage } from "../../support/scheduling.ts";

function* sleeper(): Coroutine<string> {
  yield* Sleep(1);
  return "rested";
}

test("cancelOn cancels the coroutine, for a signal that is aborted now or later", () => {
  const { scheduler, run, assertEmpty } = stage();
  const controller = new AbortController();
  const early = cancelOn(scheduler.add(sleeper), controller.signal);
  run();
  controller.abort();
  const late = cancelOn(scheduler.add(sleeper), controller.signal);
  run();
  assertEquals([early.state, late.state], ["cancelled", "cancelled"]);
  assertEmpty();
});

test("the listener is removed at the end of the coroutine or of the wait", () => {
  const { scheduler, run, assertEmpty } = stage();
  let listeners = 0;
  const signal = {
    aborted: false,
    reason: undefined,
    addEventListener: () => void listeners++,
    removeEventListener: () => void listeners--,
  };
  cancelOn(scheduler.add(sleeper), signal);
  scheduler.add(function* () {
    yield* race([aborted(signal), Sleep(1)]);
  });
  run();
  assertEquals(listeners, 2);
  run(1000);
  assertEquals(listeners, 0);
  assertEmpty();
});

test("signalOf aborts the signal when the coroutine ends without a result", () => {
  const { scheduler, run, errors, assertEmpty } = stage();
  const tasks = [scheduler.add(sleeper), scheduler.add(sleeper)] as const;
  const failing = scheduler.add(function* () {
    throw new Error("unseen");
  });
  const signals = [...tasks, failing].map((task) => signalOf(task, new AbortController()));
  tasks[1].cancel();
  run(1000);
  assertEquals(signals.map((signal) => signal.aborted), [false, true, true]);
  assertInstanceOf(signals[1]?.reason, TaskCancelled);
  assertEquals(errors.map(String), ["Error: unseen"]);
  assertEmpty();
});

test("cancelOn and signalOf of an object that is no task are TypeErrors", () => {
  const wrong = sleeper() as unknown as Task<string>;
  const controller = new AbortController();
  assertThrows(
    () => cancelOn(wrong, controller.signal),
    TypeError,
    ": expected a task",
  );
  assertThrows(() => signalOf(wrong, controller), TypeError, ": expected a task");
});
