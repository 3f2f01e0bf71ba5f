import * as jetstream from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type LogPage, natsTransport, openBus } from "../../src/bus/mod.ts";
import { skipWithout } from "../tools/optional_tools.ts";
import { startBroker } from "./broker_process.ts";
import { busContract, LOG_SIZE } from "./contract.ts";

const skip = skipWithout("nats-server");

const startNats = () =>
  startBroker("nats-server", (port, folder) => [
    ...["-a", "127.0.0.1", "-p", String(port), "-js", "-sd", folder],
  ]);

/** Starts a server, and gives a connection to it until `use` is done. */
async function withNats(use: (connection: NatsConnection) => Promise<void>): Promise<void> {
  const nats = await startNats();
  const connection = await connect({ port: nats.port });
  try {
    await use(connection);
  } finally {
    await connection.close();
    await nats.stop();
  }
}

/** The module, with other parts in the place of some of the manager. */
function changed(
  parts: (manager: jetstream.JetStreamManager) => Partial<Record<"streams" | "direct", unknown>>,
): typeof jetstream {
  return {
    jetstream: jetstream.jetstream,
    jetstreamManager: async (connection: never) => {
      const manager = await jetstream.jetstreamManager(connection);
      const { streams, consumers, direct } = manager;
      return { streams, consumers, direct, ...parts(manager) };
    },
  } as unknown as typeof jetstream;
}

busContract("NATS", async () => {
  const nats = await startNats();
  const ends: (() => Promise<void>)[] = [];
  return {
    connect: async () => {
      const connection = await connect({ port: nats.port });
      ends.push(() => connection.close());
      return natsTransport(connection, jetstream, { maxLogMessages: LOG_SIZE });
    },
    stop: async () => {
      for (const end of ends) await end();
      await nats.stop();
    },
  };
}, skip);

test(
  "NATS: a page does not hide messages that leave the log while it is read",
  { skip },
  () =>
    withNats(async (connection) => {
      let reads = 0;
      let whileRead = async () => {};
      // A pause in the middle of a page.
      const paused = changed(({ direct }) => {
        const getMessage: typeof direct.getMessage = async (stream, query) => {
          const found = await direct.getMessage(stream, query);
          if ("next_by_subj" in query && ++reads === 3) await whileRead();
          return found;
        };
        return { direct: { getMessage } };
      });
      const transport = natsTransport(connection, paused, { maxLogMessages: LOG_SIZE });
      let sequence = 0;
      const append = (count: number) => {
        const messages = Array.from({ length: count }, () => ({ sequence: ++sequence, text: "a" }));
        return transport.append("t:log", { producer: "me", messages });
      };
      const limits = { maxCount: 100, maxLength: 1_000_000 };
      const offsetsOf = ({ entries }: LogPage) => entries.map(({ offset }) => offset);
      try {
        const { epoch } = await append(LOG_SIZE);
        whileRead = async () => void await append(10);
        const whole = Array.from({ length: LOG_SIZE }, (_, index) => index + 11);
        const behind = await transport.page("t:log", { epoch, offset: 1 }, limits);
        assertEquals([reads > 3, behind.isGap, offsetsOf(behind)], [true, true, whole]);
        reads = 0;
        const first = await transport.page("t:log", "start", limits);
        const left = Array.from({ length: LOG_SIZE - 10 }, (_, index) => index + 21);
        assertEquals(offsetsOf(first).slice(0, left.length), left);
        reads = 0;
        const inside = await transport.page("t:log", { epoch, offset: 40 }, limits);
        assertEquals([inside.isGap, offsetsOf(inside)[0]], [false, 41]);
      } finally {
        await transport.close();
      }
    }),
);

test(
  "NATS: the topic whose messages are the first ones of the server can be read from its start",
  { skip },
  () =>
    withNats(async (connection) => {
      const bus = await openBus(natsTransport(connection, jetstream), { publishTimeout: 10 });
      const topic = bus.topic<string>("first");
      for (const value of ["one", "two"]) await bus.run(topic.publish(value));
      const { messages } = await bus.run(topic.history(10));
      assertEquals(messages.map(({ value }) => value), ["one", "two"]);
      const subscription = await bus.run(topic.subscribe({ after: "start" }));
      const item = await bus.run(subscription.receive());
      assertEquals(item.kind === "message" && item.value, "one");
      await bus.close();
    }),
);

test(
  "NATS: an answer of the time before the stream is made is no epoch",
  { skip },
  () =>
    withNats(async (connection) => {
      let early = 0;
      // A server that makes the stream for another process answers so to this one.
      const tooEarly = <T extends { created: string }>(info: T): T =>
        early++ < 3 ? { ...info, created: "0001-01-01T00:00:00Z" } : info;
      const hasty = changed(({ streams }) => ({
        streams: {
          add: async (config: never) => tooEarly(await streams.add(config)),
          info: async (name: string) => tooEarly(await streams.info(name)),
        },
      }));
      const limits = { maxCount: 1, maxLength: 1 };
      const transports = [hasty, jetstream].map((module) => natsTransport(connection, module));
      try {
        const epochs = [];
        for (const transport of transports) {
          epochs.push((await transport.page("t:log", "end", limits)).epoch);
        }
        assertEquals([epochs[0], early > 3], [epochs[1], true]);
      } finally {
        for (const transport of transports) await transport.close();
      }
    }),
);
