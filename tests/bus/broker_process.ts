/**
 * A broker of the machine, started for a test on a free port of the loopback.
 *
 * The broker can be killed and started again on the same port, with the same folder for its data.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../support/free_port.ts";

/** A broker that runs. */
export interface BrokerProcess {
  readonly port: number;
  readonly folder: string;
  /** The process, to be stopped and continued by signals. */
  readonly pid: number;
  /** Ends the process at once, as a crash does. */
  kill(): Promise<void>;
  /** Starts the process again. */
  start(): Promise<void>;
  /** Ends the process and deletes its folder. */
  stop(): Promise<void>;
}

/** Starts a program. `args` gets the port and the folder. */
export async function startBroker(
  program: string,
  args: (port: number, folder: string) => readonly string[],
): Promise<BrokerProcess> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "cogen-bus-"));
  let child: ChildProcess;
  const start = async () => {
    child = spawn(program, args(port, folder), { stdio: "ignore" });
    child.unref();
    await answers(port, child);
  };
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.ref();
    child.kill("SIGKILL");
    await exited;
  };
  await start();
  return {
    port,
    folder,
    get pid() {
      return child.pid as number;
    },
    kill,
    start,
    stop: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Waits until a port takes connections. */
async function answers(port: number, child: ChildProcess): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => (socket.destroy(), resolve(true)));
      socket.once("error", () => resolve(false));
    });
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`The broker has ended with ${child.exitCode ?? child.signalCode}`);
}
