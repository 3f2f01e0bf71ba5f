/** The example of coroutines without a server, on the clock of the runtime that runs this. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { squares } from "../../examples/scheduler.ts";
import { createScheduler } from "../../mod.ts";

test("three workers share the jobs of a queue, and end with their scope", async () => {
  const scheduler = await createScheduler();
  const task = scheduler.add(squares, [1, 2, 3, 4, 5, 6, 7]);
  await scheduler.run();
  assertEquals([...task.result ?? []].sort((a, b) => a - b), [1, 4, 9, 16, 25, 36, 49]);
});
