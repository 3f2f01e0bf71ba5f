/**
 * This file measures servers with one workload of `--websocket` on one runtime. The servers get the load
 * in turn, round after round, so that other load of the machine slows all of them equally.
 *
 * @module
 */

import process from "node:process";
import type { Runtime } from "../../tests/tools/runtimes.ts";
import type { Bench } from "../bench.ts";
import { settledMemory } from "../measure/crowd.ts";
import { awaitLine, endProcess, type Process, startProcess } from "../processes/commands.ts";
import { RUNTIME_ARGUMENTS } from "../processes/launch.ts";
import { type ServerProcess, startServer } from "../processes/server_process.ts";
import type { SocketJob } from "./socket_client.ts";
import {
  SOCKET_PROGRAMS,
  SOCKET_SERVERS,
  type SocketServer,
  type SocketWorkload,
} from "./workloads.ts";

/** One figure of a server in one round: CPU microseconds a message, or KB a connection. */
export interface SocketSample {
  readonly workload: string;
  readonly runtime: string;
  readonly server: SocketServer;
  readonly round: number;
  readonly figure: number;
}

export interface SocketMeasurement {
  readonly runtime: Runtime;
  readonly workload: SocketWorkload;
  readonly rounds: number;
  readonly seconds: number;
  readonly bench: Bench;
}

/** The time that a client has to connect, and beyond the time of its load: it ends only a run that hangs. */
const SPARE_MILLISECONDS = 300_000;
/** The time for which the client sends at a time while a server warms up, in seconds. */
const WARM_SECONDS = 1;
/**
 * A server is warm when it has had this much processor time, in microseconds. On a busy machine, seconds of the
 * wall clock are not enough for the compilers of a runtime, which have to wait for the processor as well.
 */
const WARM_CPU = 2_000_000;
/** The largest number of loads before a server counts as warm. */
const MOST_WARM_UPS = 20;
/** The number of connections that a server has had before the memory of the next ones is measured. */
const WARM_CONNECTIONS = 500;
/** The largest number of rounds with idle connections. Their figures vary little. */
const MOST_IDLE_ROUNDS = 1;

/** Measures all servers with one workload. */
export function measureSockets(measurement: SocketMeasurement): Promise<SocketSample[]> {
  return measurement.workload.figure === "cpu"
    ? measureLoad(measurement)
    : measureIdle(measurement);
}

/** A server, and the client that is connected to it. */
interface Pair {
  readonly name: SocketServer;
  readonly server: ServerProcess;
  readonly client: Process;
}

async function measureLoad(measurement: SocketMeasurement): Promise<SocketSample[]> {
  const { runtime, workload, rounds, seconds } = measurement;
  const pairs: Pair[] = [];
  const samples: SocketSample[] = [];
  try {
    for (const name of SOCKET_SERVERS) {
      const server = await startServer({ commandLine: serverCommand(name, measurement) });
      const client = startClient(server, measurement, workload.connections);
      pairs.push({ name, server, client });
      await awaitLine(client, /^ready$/m, undefined, SPARE_MILLISECONDS);
      await warmUp(server, client);
    }
    for (let round = 0; round < rounds; round++) {
      for (const { name, server, client } of pairs) {
        const figure = await costOf(server, client, seconds);
        samples.push({ ...labels(runtime, workload), server: name, round, figure });
      }
    }
    return samples;
  } finally {
    await Promise.all(pairs.flatMap(({ server, client }) => [endProcess(client), server.stop()]));
  }
}

async function warmUp(server: ServerProcess, client: Process): Promise<void> {
  for (let count = 0; count < MOST_WARM_UPS && await server.cpuTime() < WARM_CPU; count++) {
    await costOf(server, client, WARM_SECONDS);
  }
}

/** Lets the client send for a time; returns the CPU microseconds of the server for each message. */
async function costOf(server: ServerProcess, client: Process, seconds: number): Promise<number> {
  const before = await server.cpuTime();
  const most = seconds * 1000 + SPARE_MILLISECONDS;
  const [, messages] = await awaitLine(client, /^sent (\d+) ([\d.]+)$/m, `${seconds}`, most);
  return (await server.cpuTime() - before) / Number(messages);
}

/** Measures the memory of connections, with new servers in each round. */
async function measureIdle(measurement: SocketMeasurement): Promise<SocketSample[]> {
  const { runtime, workload, rounds } = measurement;
  const samples: SocketSample[] = [];
  for (let round = 0; round < Math.min(rounds, MOST_IDLE_ROUNDS); round++) {
    for (const name of SOCKET_SERVERS) {
      const server = await startServer({ commandLine: serverCommand(name, measurement) });
      const clients: Process[] = [];
      const connect = async (connections: number, seconds: number = 0) => {
        const client = startClient(server, measurement, connections);
        clients.push(client);
        await awaitLine(client, /^ready$/m, undefined, SPARE_MILLISECONDS);
        if (seconds > 0) await costOf(server, client, seconds);
        return settledMemory(server);
      };
      try {
        // The first connections cost code and free memory that all others share.
        const before = await connect(WARM_CONNECTIONS, WARM_SECONDS);
        const grown = await connect(workload.connections) - before;
        const figure = grown / workload.connections / 1000;
        samples.push({ ...labels(runtime, workload), server: name, round, figure });
      } finally {
        await Promise.all([...clients.map((client) => endProcess(client)), server.stop()]);
      }
    }
  }
  return samples;
}

function labels(runtime: Runtime, workload: SocketWorkload) {
  return { runtime: runtime.name, workload: workload.name };
}

function serverCommand(
  name: SocketServer,
  { runtime, workload, bench }: SocketMeasurement,
): string[] {
  const program = bench.servers.path(`websocket/servers/${SOCKET_PROGRAMS[name][runtime.name]}`);
  const runtimePart = [runtime.command, ...RUNTIME_ARGUMENTS[runtime.name]];
  const app = [workload.app, ...(workload.deflate ? ["deflate"] : [])];
  return [...bench.servers.pinning, ...runtimePart, program, ...app];
}

function startClient(
  server: ServerProcess,
  { workload, bench }: SocketMeasurement,
  connections: number,
): Process {
  const { app, depth, message, deflate } = workload;
  const job: SocketJob = { port: server.port, app, connections, depth, message, deflate };
  const program = bench.clients.path("websocket/socket_client");
  return startProcess([
    ...[...bench.clients.pinning, process.execPath, program, JSON.stringify(job)],
  ]);
}
