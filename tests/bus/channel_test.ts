import { test } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  channelTransport,
  memoryTransport,
  type MessageChannel,
  openBus,
  serveChannel,
} from "../../src/bus/mod.ts";
import { channelPair } from "./channel_pair.ts";
import { busContract, LOG_SIZE, until } from "./contract.ts";

busContract("channel", () => {
  const hub = memoryTransport({ maxLogMessages: LOG_SIZE });
  const stops: (() => void)[] = [];
  return {
    connect: () => {
      const [worker, supervisor] = channelPair();
      stops.push(serveChannel(hub, supervisor));
      return channelTransport(worker);
    },
    stop: () => stops.forEach((stop) => stop()),
  };
});

test("the end of a worker leaves no signal waiting, and its jobs go to another worker", async () => {
  const hub = memoryTransport();
  const [worker, supervisor] = channelPair();
  const stop = serveChannel(hub, supervisor);
  const gone = await openBus(channelTransport(worker));
  const stays = await openBus(hub);
  const queue = stays.queue<string>("work", { lease: 0.05 });
  await stays.run(queue.put("job"));
  await gone.run(gone.queue("work", { lease: 0.05 }).take());
  const waiting = assertRejects(() => gone.run(gone.waitForSignal("never")));
  await until(() => gone.stats().signalWaiters === 1);
  await gone.run(gone.signal("another"));
  stop();
  assertEquals(await stays.run(stays.signal("never")), 0);
  const job = await stays.run(queue.take());
  assertEquals([job.value, job.delivery], ["job", 2]);
  await gone.close();
  await waiting;
  await stays.close();
});

test("other messages of the channel are left alone, and a wrong channel is an error", async () => {
  const [worker, supervisor] = channelPair();
  const heard: unknown[] = [];
  supervisor.onMessage((message) => void heard.push(message));
  const stop = serveChannel(memoryTransport(), supervisor);
  worker.send({ type: "ready" });
  worker.send(null);
  worker.send({ bus: 1, id: 1, call: "close", args: [] });
  const answers: unknown[] = [];
  worker.onMessage((message) => void answers.push(message));
  await until(() => answers.length === 1);
  const error = { name: "TypeError", message: "Unknown call close" };
  assertEquals(answers, [{ bus: 1, id: 1, error }]);
  assertEquals(heard.slice(0, 2), [{ type: "ready" }, null]);
  stop();
  assertThrows(() => channelTransport({} as MessageChannel), TypeError, "onMessage(listener)");
});
