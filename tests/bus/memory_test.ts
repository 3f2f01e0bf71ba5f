import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { memoryTransport, openBus } from "../../src/bus/mod.ts";
import { busContract, LOG_SIZE } from "./contract.ts";

busContract("memory", () => {
  const transport = memoryTransport({ maxLogMessages: LOG_SIZE });
  return { connect: () => transport, stop: () => {} };
});

test("a signal of another schema version wakes no coroutine of this version", async () => {
  const transport = memoryTransport();
  const bus = await openBus(transport);
  const waiting = bus.run(bus.waitForSignal<string>("news"));
  while (bus.stats().signalWaiters === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  assertEquals(await transport.signals?.send("news", '{"v":2,"j":"newer"}'), 0);
  assertEquals(await bus.run(bus.signal("news", "known")), 1);
  assertEquals(await waiting, "known");
  await bus.close();
});
