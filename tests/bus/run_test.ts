/** `bus.run`: its operation begins in the call. */

import { assertEquals, assertRejects } from "@std/assert";
import { test } from "node:test";
import { createScheduler } from "../../mod.ts";
import { BusClosed, memoryTransport, openBus } from "../../src/bus/mod.ts";
import { operation, toPromise } from "../../src/coroutine/mod.ts";

test("a wait of bus.run hears a signal that a coroutine sends in the same step", async () => {
  const scheduler = await createScheduler();
  await using bus = await openBus(memoryTransport(), { scheduler });
  const sender = scheduler.add(function* () {
    const heard = bus.run(bus.waitForSignal("news", { timeout: 1 })).catch(String);
    const count = yield* bus.signal("news", "here");
    return { count, heard };
  });
  const { count, heard } = await toPromise(sender);
  assertEquals([count, await heard], [1, "here"]);
});

test("a wait of bus.run hears a signal that comes from elsewhere in the same turn", async () => {
  const transport = memoryTransport();
  await using bus = await openBus(transport);
  const heard = bus.run(bus.waitForSignal("news", { timeout: 1 })).catch(String);
  const count = await transport.signals?.send("news", '{"v":1,"j":"here"}');
  assertEquals([count, await heard], [1, "here"]);
});

test("an operation of bus.run that fails when it begins rejects the promise", async () => {
  const bus = await openBus(memoryTransport());
  const failing = () => bus.run(operation((resume) => resume.error(new RangeError("at once"))));
  await assertRejects(failing, RangeError, "at once");
  await bus.close();
  await assertRejects(failing, RangeError, "at once");
  // A promise that is dropped does not end the process.
  void bus.run(bus.waitForSignal("news"));
  await assertRejects(() => bus.run(bus.waitForSignal("news")), BusClosed);
});
