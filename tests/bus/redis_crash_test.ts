import { Redis } from "ioredis";
import { createClient } from "redis";
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { openBus, redisTransport } from "../../src/bus/mod.ts";
import { skipWithout } from "../tools/optional_tools.ts";
import { startBroker } from "./broker_process.ts";
import { type CrashingBroker, crashTests, forgettingTests, isLongRun } from "./crashes.ts";

const skip = skipWithout("redis-server");

async function connectByIORedis(port: number) {
  const client = new Redis(port, "127.0.0.1", { retryStrategy: () => 20 });
  await client.ping();
  return { transport: redisTransport(client), end: () => client.disconnect() };
}

async function connectByRedis(port: number) {
  const socket = { port, host: "127.0.0.1", reconnectStrategy: () => 20 };
  const client = createClient({ socket });
  client.on("error", () => {});
  await client.connect();
  return { transport: redisTransport(client), end: () => client.destroy() };
}

function broker(connect: (port: number) => ReturnType<CrashingBroker["connect"]>, disk: string) {
  return async (): Promise<CrashingBroker> => {
    const process = await startBroker("redis-server", (port, folder) => [
      ...["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""],
      // With "everysec", Redis confirms a message before the file has it.
      ...["--appendonly", disk, "--appendfsync", "always"],
    ]);
    return { process, connect: () => connect(process.port) };
  };
}

crashTests("Redis by ioredis", broker(connectByIORedis, "yes"), skip);
forgettingTests("Redis by ioredis", broker(connectByIORedis, "no"), skip);
if (isLongRun) {
  crashTests("Redis by redis", broker(connectByRedis, "yes"), skip);
  forgettingTests("Redis by redis", broker(connectByRedis, "no"), skip);
}

test(
  "Redis: a publisher tells of messages that Redis has confirmed and lost",
  { skip },
  async () => {
    const { process, connect } = await broker(connectByIORedis, "no")();
    const { transport, end } = await connect();
    const client = new Redis(process.port, "127.0.0.1");
    const bus = await openBus(transport);
    const topic = bus.topic<string>("copy");
    const position = await bus.run(topic.publish("in the copy"));
    await client.call("SAVE");
    await bus.run(topic.publish("lost"));
    await process.kill();
    await process.start();
    await bus.run(topic.publish("new"));
    const subscription = await bus.run(topic.subscribe({ after: position }));
    const gap = await bus.run(subscription.receive());
    assertEquals(gap.kind === "gap" && gap.reason, "lost");
    const item = await bus.run(subscription.receive());
    assertEquals(item.kind === "message" && item.value, "new");
    await bus.close();
    client.disconnect();
    end();
    await process.stop();
  },
);
