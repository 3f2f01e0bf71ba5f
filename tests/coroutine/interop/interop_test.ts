import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { test } from "node:test";
import {
  aborted,
  cancelOn,
  type Coroutine,
  race,
  signalOf,
  Sleep,
  TaskCancelled,
  toPromise,
} from "../../../src/coroutine/mod.ts";
import { stage } from "../../support/scheduling.ts";

function* sleeper(): Coroutine<string> {
  yield* Sleep(1);
  return "rested";
}

test("a promise of a task settles as the task does, also after its end", async () => {
  const { scheduler, run, errors, assertEmpty } = stage();
  const task = scheduler.add(sleeper);
  const failing = scheduler.add(function* () {
    yield* Sleep(1);
    throw new Error("failed");
  });
  const cancelled = scheduler.add(sleeper);
  const promises = [toPromise(task), toPromise(cancelled)] as const;
  const failed = assertRejects(() => toPromise(failing), Error, "failed");
  cancelled.cancel();
  const gone = assertRejects(() => promises[1], TaskCancelled);
  run(1000);
  assertEquals([await promises[0], await toPromise(task)], ["rested", "rested"]);
  await failed;
  await gone;
  assertEquals(errors, []);
  assertEmpty();
});

test("an aborted signal cancels the coroutine, now or later", () => {
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

test("a signal is let go of at the end of the coroutine or of the wait", () => {
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

test("the end of a coroutine without a result aborts its signal", () => {
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
