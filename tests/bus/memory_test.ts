import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type BusTransport, memoryTransport, openBus } from "../../src/bus/mod.ts";
import { eventually } from "../support/tcp.ts";
import { withOtherTimeOfDay } from "../support/time_of_day.ts";
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

test("all logs together keep eight times what one log keeps; the log unused for longest goes first", async () => {
  const transport = memoryTransport({ maxLogLength: 100, maxLogs: 20 });
  const append = async (name: string, length: number) => {
    const messages = [{ sequence: 1, text: "a".repeat(length) }];
    return (await transport.append(name, { producer: "p", messages })).epoch;
  };
  const isKept = async (name: string, epoch: string) => {
    const page = await transport.page(name, "start", { maxCount: 10, maxLength: 1000 });
    return page.epoch === epoch && page.entries.length > 0;
  };
  const epochs = new Map<string, string>();
  for (let index = 0; index < 8; index++) {
    epochs.set(`log ${index}`, await append(`log ${index}`, 100));
  }
  // The first log is used again, so the second one is the one unused for longest.
  assertEquals(await isKept("log 0", epochs.get("log 0") as string), true);
  epochs.set("short", await append("short", 1));
  const kept: string[] = [];
  for (const [name, epoch] of epochs) if (await isKept(name, epoch)) kept.push(name);
  assertEquals(kept, ["log 0", "log 2", "log 3", "log 4", "log 5", "log 6", "log 7", "short"]);
  // A message above all bounds is kept alone.
  const large = await append("large", 5000);
  assertEquals(await isKept("large", large), true);
  assertEquals(await isKept("short", epochs.get("short") as string), false);
});

test("the jobs of all queues have a bound of characters, and room again when one is done", async () => {
  const transport = memoryTransport({ maxLogLength: 100 });
  const put = (name: string, ...lengths: readonly number[]) => {
    const messages = lengths.map((length) => ({ sequence: 1, text: "a".repeat(length) }));
    return transport.put(name, { producer: "p", messages });
  };
  assertEquals([await put("one", 300, 300), await put("two", 200, 1, 1)], [2, 1]);
  assertEquals(await put("three", 1), 0);
  const [job] = await transport.take("one", { maxCount: 1, leaseMs: 1000 });
  assertEquals(await transport.settle("one", job?.receipt ?? "", { kind: "done" }), true);
  assertEquals([await put("three", 300), await put("three", 1)], [1, 0]);
  // A single job may be longer.
  assertEquals(
    await memoryTransport({ maxLogLength: 1 }).put("q", {
      producer: "p",
      messages: [{ sequence: 1, text: "long enough" }],
    }),
    1,
  );
});

/** A transport with a queue `q` of one job. */
async function withOneJob(): Promise<BusTransport> {
  const transport = memoryTransport();
  await transport.put("q", { producer: "p", messages: [{ sequence: 1, text: "job" }] });
  return transport;
}

test("a job whose lease ends is given again, also if the time of day has jumped back", async () => {
  const transport = await withOneJob();
  const limits = { maxCount: 1, leaseMs: 20 };
  assertEquals((await transport.take("q", limits)).length, 1);
  await withOtherTimeOfDay(-365 * 24 * 3_600_000, async () => {
    await eventually("the job again", async () => (await transport.take("q", limits)).length === 1);
  });
});

test("a lease does not end because the time of day has jumped forward", async () => {
  const transport = await withOneJob();
  const limits = { maxCount: 1, leaseMs: 24 * 3_600_000 };
  assertEquals((await transport.take("q", limits)).length, 1);
  await withOtherTimeOfDay(365 * 24 * 3_600_000, async () => {
    assertEquals(await transport.take("q", limits), []);
  });
});
