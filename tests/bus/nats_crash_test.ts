import * as jetstream from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { natsTransport } from "../../src/bus/mod.ts";
import { skipWithout } from "../tools/optional_tools.ts";
import { startBroker } from "./broker_process.ts";
import { type CrashingBroker, crashTests } from "./crashes.ts";

crashTests("NATS", async (): Promise<CrashingBroker> => {
  const process = await startBroker("nats-server", (port, folder) => [
    ...["-a", "127.0.0.1", "-p", String(port), "-js", "-sd", folder],
  ]);
  return {
    process,
    connect: async () => {
      const connection = await connect({
        port: process.port,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 20,
      });
      return {
        transport: natsTransport(connection, jetstream),
        end: () => void connection.close(),
      };
    },
  };
}, skipWithout("nats-server"));
