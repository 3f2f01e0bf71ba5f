import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { type Operation, Queue, Sleep, toPromise } from "../../src/coroutine/mod.ts";
import { Events } from "../../src/wsgi/core/events.ts";
import { stage } from "../support/scheduling.ts";

/** Returns the empty block to be yielded, which performs the planned operation. */
function performer() {
  const theatre = stage();
  let planned: Operation<unknown> | undefined;
  const plan = (operation: Operation<unknown>) => {
    planned = operation;
    return "" as const;
  };
  const events = new Events({ plan });
  const perform = (block: "", milliseconds = 0) => {
    assertEquals(block, "");
    const task = theatre.scheduler.add(function* () {
      return (yield planned) as unknown;
    });
    theatre.run(milliseconds);
    return task;
  };
  return { ...theatre, events, perform };
}

test("every operation can be planned in cogen's style", () => {
  const { events, perform, assertEmpty } = performer();
  const queue = new Queue<number>();
  for (const item of [1, 2, 3, 4, 5]) queue.putNowait(item);
  assertEquals(perform(events.perform(queue.get())).result, 1);
  assertEquals(perform(events.race([queue.get(), queue.get()])).result, 2);
  assertEquals(perform(events.all([queue.get(), queue.get()])).result, [3, 4]);
  assertEquals(perform(events.timeout(queue.get(), 1)).result, 5);
  assertEquals(
    String(perform(events.timeout(queue.get(), 1), 1000).error),
    "OperationTimeout: Queue.get timed out",
  );
  assertEquals(perform(events.allSettled([Sleep(0)])).result, [
    { status: "fulfilled", value: undefined },
  ]);
  const scoped = events.scope(function* () {
    return "scoped";
  });
  assertEquals(perform(scoped).result, "scoped");
  assertEmpty();
});

test("a promise can be planned in cogen's style", async () => {
  const { events, perform, run } = performer();
  const task = perform(events.until(Promise.resolve(1)));
  await Promise.resolve();
  run();
  assertEquals(await toPromise(task), 1);
});
