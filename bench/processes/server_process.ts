/**
 * A server that is measured: a process of its own, asked for its port and its CPU time.
 *
 * @module
 */

import { connect } from "node:net";
import { awaitLine, endProcess, type Process, startProcess } from "./commands.ts";
import { openDescriptors, processCpuTime, processMemory } from "./resource_usage.ts";

/** How a server is started. */
export interface Launch {
  readonly commandLine: readonly string[];
  /** Where it listens, if it was told so; such a server is no program of ours and answers nothing. */
  readonly port?: number;
}

export interface ServerReadable {
  readonly requests: number;
  /** In microseconds. */
  readonly cpuTime: number;
}

export interface ServerProcess {
  readonly port: number;
  /** The CPU time it has used so far, in microseconds. */
  cpuTime(): Promise<number>;
  /** How many requests its hello app has answered so far, and the CPU time at that moment. */
  served(): Promise<ServerReadable>;
  /** How many files and sockets it has open; 0 where the system does not tell. */
  descriptors(): number;
  /** The memory it takes after a collection, in bytes. */
  memory(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts a server; resolves when it listens. */
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

/** It speaks as `servers/control.ts` does. */
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

/** It may have children, which it ends itself if it is told to end. */
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

/** Asks for a number; the port it tells unasked. */
async function ask(child: Process, name: "port" | "cpu" | "gc"): Promise<number> {
  const question = name === "port" ? undefined : name;
  const [, figure] = await awaitLine(child, new RegExp(`^${name} (\\d+)$`, "m"), question);
  return Number(figure);
}

const START_MILLISECONDS = 10_000;

/** Resolves when somebody listens there. */
async function awaitListening(port: number): Promise<void> {
  const deadline = Date.now() + START_MILLISECONDS;
  while (!await accepts(port)) {
    if (Date.now() > deadline) throw new Error(`nobody listens on port ${port}`);
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
