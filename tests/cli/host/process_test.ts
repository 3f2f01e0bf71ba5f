/** Waits whose end is not sure. */

import { assertEquals } from "@std/assert";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { watchWait } from "../../../src/cli/host/mod.ts";

test("a wait that takes long is told once, and one that has ended is not", async () => {
  // The runner of the tests listens as well.
  const others = process.listeners("beforeExit");
  const own = () => process.listeners("beforeExit").filter((one) => !others.includes(one));
  const told: string[] = [];
  const end = watchWait(0, () => told.push("late"), () => told.push("stuck"));
  watchWait(0, () => told.push("ended"), () => told.push("ended"))();
  while (told.length === 0) await sleep(1);
  for (const listener of own()) listener.call(process, 0);
  end();
  assertEquals([told, own().length], [["late", "stuck"], 0]);
});
