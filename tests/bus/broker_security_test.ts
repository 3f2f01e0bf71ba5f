/**
 * Brokers that want a password and TLS: the clients bring both, and the bus adds nothing.
 */

import * as jetstream from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { Redis } from "ioredis";
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type BusTransport, natsTransport, openBus, redisTransport } from "../../src/bus/mod.ts";
import { skipWithout } from "../tools/optional_tools.ts";
import { startBroker } from "./broker_process.ts";
import { until } from "./contract.ts";
import { CERT } from "../support/tls_fixtures.ts";

const PASSWORD = "secret";

function tlsFile(name: string): string {
  return new URL(`../support/tls/${name}.pem`, import.meta.url).pathname;
}

/** Sends a message and a job from one process to another. */
async function exchange(open: () => Promise<BusTransport>): Promise<void> {
  const [here, there] = [await openBus(await open()), await openBus(await open())];
  const subscription = await there.run(there.topic("secret").subscribe());
  const waiting = there.run(there.waitForSignal("secret"));
  await until(() => there.stats().topics === 2);
  await here.run(here.topic("secret").publish("message"));
  await until(async () => {
    await here.run(here.signal("secret", "signal"));
    return there.stats().signalWaiters === 0;
  });
  const item = await there.run(subscription.receive());
  assertEquals(item.kind === "message" && item.value, "message");
  assertEquals(await waiting, "signal");
  await here.close();
  await there.close();
}

test("Redis with a password and TLS", { skip: skipWithout("redis-server") }, async () => {
  const redis = await startBroker("redis-server", (port, folder) => [
    ...["--port", "0", "--tls-port", String(port), "--bind", "127.0.0.1", "--dir", folder],
    ...["--tls-cert-file", tlsFile("cert"), "--tls-key-file", tlsFile("key")],
    ...["--tls-auth-clients", "no", "--requirepass", PASSWORD, "--save", ""],
  ]);
  const clients: Redis[] = [];
  await exchange(() => {
    const options = { password: PASSWORD, tls: { ca: CERT, servername: "localhost" } };
    const client = new Redis(redis.port, "127.0.0.1", options);
    clients.push(client);
    return Promise.resolve(redisTransport(client));
  });
  clients.forEach((client) => client.disconnect());
  await redis.stop();
});

test("NATS with a password and TLS", { skip: skipWithout("nats-server") }, async () => {
  const nats = await startBroker("nats-server", (port, folder) => [
    ...["-a", "127.0.0.1", "-p", String(port), "-js", "-sd", folder],
    ...["--user", "ann", "--pass", PASSWORD],
    ...["--tls", "--tlscert", tlsFile("cert"), "--tlskey", tlsFile("key")],
  ]);
  const connections: { close(): Promise<void> }[] = [];
  await exchange(async () => {
    const connection = await connect({
      ...{ port: nats.port, user: "ann", pass: PASSWORD },
      tls: { ca: CERT },
    });
    connections.push(connection);
    return natsTransport(connection, jetstream);
  });
  for (const connection of connections) await connection.close();
  await nats.stop();
});
