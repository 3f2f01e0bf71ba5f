/** `connectBus`: a transport from an address. */

import { test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { connectIn } from "../../src/bus/connect.ts";
import { connectBus, openBus } from "../../src/bus/mod.ts";
import { ManualClock } from "../../src/coroutine/mod.ts";
import { skipWithout } from "../tools/optional_tools.ts";
import { type BrokerProcess, startBroker } from "./broker_process.ts";

async function exchange(broker: BrokerProcess, address: string): Promise<void> {
  const bus = await openBus(await connectBus(address));
  await bus.run(bus.queue("a").put("job"));
  assertEquals((await bus.run(bus.queue("a").take())).value, "job");
  await bus.close();
  await broker.stop();
}

test("connects to Redis, with a password", { skip: skipWithout("redis-server") }, async () => {
  const redis = await startBroker("redis-server", (port, folder) => [
    ...["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""],
    ...["--requirepass", "secret"],
  ]);
  await exchange(redis, `redis://:secret@127.0.0.1:${redis.port}`);
});

test("connects to NATS, with a password", { skip: skipWithout("nats-server") }, async () => {
  const nats = await startBroker("nats-server", (port, folder) => [
    ...["-a", "127.0.0.1", "-p", String(port), "-js", "-sd", folder],
    ...["--user", "ann", "--pass", "secret"],
  ]);
  await exchange(nats, `nats://ann:secret@127.0.0.1:${nats.port}`);
});

test("an address of another form, and a broker that is not there, are errors", async () => {
  await assertRejects(() => connectBus("http://a.example"), TypeError, "redis://host:6379");
  const error = await assertRejects(
    () => connectBus("nats://ann:secret@127.0.0.1:1"),
    Error,
    "The broker at 127.0.0.1:1 cannot be used",
  );
  assertEquals(error.message.includes("secret"), false);
});

test("a Redis that cannot be reached is an error with the reason of the client", async () => {
  const clock = new ManualClock();
  const load = async () => {
    const { Redis } = await import("ioredis");
    class Client extends Redis {
      constructor(address: string, settings: object) {
        super(address, settings);
        // The client has noted the error when the next task runs.
        this.once("error", () => setTimeout(() => clock.advance(5000)));
      }
    }
    return { Redis: Client };
  };
  const error = await assertRejects(
    () => connectIn(clock, "redis://:secret@127.0.0.1:1", { load }),
    Error,
    "The broker at redis://***@127.0.0.1:1 has not answered within 5 s",
  );
  assertEquals((error.cause as { code?: unknown }).code, "ECONNREFUSED");
});
