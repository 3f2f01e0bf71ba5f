/**
 * A server under measurement: a process of its own that reports its port and its CPU time.
 *
 * @module
 */

import { connect } from "node:net";
import { awaitLine, endProcess, type Process, startProcess } from "./commands.ts";
import { openDescriptors, processCpuTime, processMemory } from "./resource_usage.ts";

/** The way to start a server. */
export interface Launch {
  readonly commandLine: readonly string[];
  /** The port of a foreign server, which cannot report it. Our programs pick and report their port. */
  readonly port?: number;
}

export interface ServedCount {
  readonly requests: number;
  /** The CPU time, in microseconds. */
  readonly cpuTime: number;
}

export interface ServerProcess {
  readonly port: number;
  /** The CPU time used so far, in microseconds. */
  cpuTime(): Promise<number>;
  /** The number of requests that the hello app has answered, and the CPU time at that moment. */
  served(): Promise<ServedCount>;
  /** The number of open files and sockets; 0 if the system does not report it. */
  descriptors(): number;
  /** The memory after a collection, in bytes. */
  memory(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts a server. Resolves when the server listens. */
export async function startServer(launch: Launch): Promise<ServerProcess> {
  const child = startProcess(launch.commandLine);
  try {
    if (launch.port === undefined) return ours(child, await ask(child, "port"));
    await awaitListening(launch.port);
    return foreign(child, launch.port);
  } catch (error) {
    await endProcess(child);
    const command = launch.commandLine.join(" ");
    throw new Error(`This did not start: ${command}: ${(error as Error).message}`);
  }
}

/** Makes the process of a program of ours, with the protocol of `servers/control.ts`. */
function ours(child: Process, port: number): ServerProcess {
  return {
    port,
    cpuTime: () => ask(child, "cpu"),
    async served() {
      const [, requests, cpuTime] = await awaitLine(child, /^served (\d+) (\d+)$/m, "served");
      return { requests: Number(requests), cpuTime: Number(cpuTime) };
    },
    descriptors: () => openDescriptors(child.pid ?? 0),
    async memory() {
      await ask(child, "gc");
      return processMemory(child.pid ?? 0);
    },
    stop: () => endProcess(child),
  };
}

/**
 * Makes the process of a foreign server. The server may have children, and ends them at SIGTERM.
 */
function foreign(child: Process, port: number): ServerProcess {
  const pid = child.pid ?? 0;
  return {
    port,
    cpuTime: () => Promise.resolve(processCpuTime(pid)),
    served: () => Promise.reject(new TypeError("A foreign server does not count")),
    descriptors: () => openDescriptors(pid),
    memory: () => Promise.resolve(processMemory(pid)),
    stop: () => endProcess(child, true),
  };
}

/** Reads a number from a program. The program reports its port without a question. */
async function ask(child: Process, name: "port" | "cpu" | "gc"): Promise<number> {
  const question = name === "port" ? undefined : name;
  const [, figure] = await awaitLine(child, new RegExp(`^${name} (\\d+)$`, "m"), question);
  return Number(figure);
}

const START_MILLISECONDS = 10_000;

/** Resolves when the port accepts connections. */
async function awaitListening(port: number): Promise<void> {
  const deadline = Date.now() + START_MILLISECONDS;
  while (!await accepts(port)) {
    if (Date.now() > deadline) throw new Error(`no server listens on port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const settle = (accepted: boolean) => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once("connect", () => settle(true));
    socket.once("error", () => settle(false));
  });
}
