import { Redis } from "ioredis";
import { Redis as Valkey } from "iovalkey";
import { createClient } from "redis";
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { openBus, type RedisLike, redisTransport } from "../../src/bus/mod.ts";
import { skipWithout } from "../tools/optional_tools.ts";
import { startBroker } from "./broker_process.ts";
import { type Broker, busContract, LOG_SIZE, until } from "./contract.ts";

const skip = skipWithout("redis-server");

interface Opened {
  readonly client: RedisLike;
  end(): void;
}

const CLIENTS = {
  ioredis: (port: number): Opened => {
    const client = new Redis(port, "127.0.0.1");
    return { client, end: () => client.disconnect() };
  },
  iovalkey: (port: number): Opened => {
    const client = new Valkey(port, "127.0.0.1");
    return { client, end: () => client.disconnect() };
  },
  redis: async (port: number): Promise<Opened> => {
    const client = createClient({ url: `redis://127.0.0.1:${port}` });
    await client.connect();
    return { client, end: () => client.destroy() };
  },
};

/** A Redis for tests, and its transports by one client. */
async function start(open: (port: number) => Promise<Opened> | Opened): Promise<Broker> {
  const redis = await startBroker("redis-server", (port, folder) => [
    ...["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""],
  ]);
  const ends: (() => void)[] = [];
  return {
    connect: async () => {
      const { client, end } = await open(redis.port);
      ends.push(end);
      return redisTransport(client, { maxLogMessages: LOG_SIZE });
    },
    stop: async () => {
      ends.forEach((end) => end());
      await redis.stop();
    },
  };
}

busContract("Redis by ioredis", () => start(CLIENTS.ioredis), skip);

test(
  "Redis: messages that are sent again have the offsets of the first time",
  { skip },
  async () => {
    const broker = await start(CLIENTS.ioredis);
    const [transport, other] = [await broker.connect(), await broker.connect()];
    const messages = [1, 2, 3].map((sequence) => ({ sequence, text: `m${sequence}` }));
    const { offsets } = await transport.append("a", { producer: "p", messages });
    await other.append("a", { producer: "q", messages: [{ sequence: 1, text: "other" }] });
    // The second message was taken back, and a fourth one has come.
    const again = [...messages.filter(({ sequence }) => sequence !== 2), {
      sequence: 4,
      text: "m4",
    }];
    const first = await transport.append("a", { producer: "p", messages: again });
    assertEquals(first.offsets.slice(0, 2), [offsets[0], offsets[2]]);
    assertEquals(await transport.append("a", { producer: "p", messages: again }), first);
    const { entries } = await transport.page("a", "start", { maxCount: 10, maxLength: 1000 });
    assertEquals(entries.map(({ text }) => text), ["", "m1", "m2", "m3", "other", "m4"]);
    await broker.stop();
  },
);

// The clients differ in the commands and in the form of their answers: a few calls show both.
for (const name of ["iovalkey", "redis"] as const) {
  test(`Redis by ${name}: a message, a signal and a job`, { skip }, async () => {
    const broker = await start(CLIENTS[name]);
    const [here, there] = [
      await openBus(await broker.connect()),
      await openBus(await broker.connect()),
    ];
    const subscription = await there.run(there.topic("a").subscribe());
    const waiting = there.run(there.waitForSignal("a"));
    await until(() => there.stats().topics === 2);
    await here.run(here.topic("a").publish("ü"));
    await until(async () => {
      await here.run(here.signal("a", 1));
      return there.stats().signalWaiters === 0;
    });
    const item = await there.run(subscription.receive());
    assertEquals([item.kind === "message" && item.value, await waiting], ["ü", 1]);
    const taken = there.run(there.queue("a").take());
    await here.run(here.queue("a").put("job"));
    const job = await taken;
    assertEquals([job.value, await there.run(job.acknowledge())], ["job", true]);
    await here.close();
    await there.close();
    await broker.stop();
  });
}

test("Redis: a server that does not wait for news is asked in pauses", async () => {
  let asked = 0;
  const client = {
    call: (command: string) => {
      if (command === "XREAD") asked++;
      return Promise.resolve(null);
    },
    duplicate: () => client,
    on() {},
    disconnect() {},
  };
  const transport = redisTransport(client);
  const told: string[] = [];
  const stop = transport.watch("t:a", () => void told.push("news"));
  // A loop without a pause would let no timer run.
  await until(() => told.length >= 3);
  assertEquals(asked <= told.length, true);
  stop();
  await transport.close();
});
