import * as jetstream from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { natsTransport } from "../../src/bus/mod.ts";
import { skipWithout } from "../tools/optional_tools.ts";
import { startBroker } from "./broker_process.ts";
import { busContract, LOG_SIZE } from "./contract.ts";

busContract("NATS", async () => {
  const nats = await startBroker("nats-server", (port, folder) => [
    ...["-a", "127.0.0.1", "-p", String(port), "-js", "-sd", folder],
  ]);
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
}, skipWithout("nats-server"));
