/** The variable `COGEN_DEBUG`: it gives `serve` and `createScheduler` the option `debug`. */

import { assertEquals, assertMatch } from "@std/assert";
import process from "node:process";
import { test } from "node:test";
import { createScheduler, serve, Sleep, type WSGIApp } from "../../../mod.ts";
import { traceTasks } from "../../../src/coroutine/mod.ts";

/** Calls a function while the variable has a value. */
async function withVariable<T>(value: string, use: () => Promise<T>): Promise<T> {
  const before = process.env.COGEN_DEBUG;
  process.env.COGEN_DEBUG = value;
  try {
    return await use();
  } finally {
    if (before === undefined) delete process.env.COGEN_DEBUG;
    else process.env.COGEN_DEBUG = before;
  }
}

const computing: WSGIApp = function* computing(_environ, startResponse) {
  startResponse("200 OK", []);
  yield "begun";
  for (const began = performance.now(); performance.now() - began < 110;);
  yield "done";
};

for (const [value, isOn] of [["1", true], ["0", false], ["", false]] as const) {
  test(`COGEN_DEBUG="${value}" is ${isOn ? "on" : "off"}`, async () => {
    await withVariable(value, async () => {
      const scheduler = await createScheduler();
      const task = scheduler.add(function* sleeper() {
        yield* Sleep(60);
      });
      await new Promise((resolve) => setTimeout(resolve, 1));
      const [trace] = traceTasks(scheduler);
      assertEquals(trace?.waitsFor, "Sleep");
      if (isOn) assertMatch(trace?.from ?? "", /debug_variable_test\.ts:\d+/);
      else assertEquals(trace?.from, undefined);
      task.cancel();
      if (value === "") return;
      const log: string[] = [];
      const server = await serve({
        bindAddr: ["127.0.0.1", 0],
        wsgiApp: computing,
        log: (line: string) => log.push(line),
      });
      await (await fetch(`${server.url}a`)).text();
      await server.close();
      const warnings = log.filter((line) => line.includes("the app computing (GET /a) held"));
      assertEquals(warnings.length, isOn ? 1 : 0, log.join("\n"));
    });
  });
}
