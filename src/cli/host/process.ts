/**
 * This process and others: arguments, variables, signals, standard streams, time, and programs of the system.
 *
 * @module
 */

import { spawn } from "node:child_process";
import host from "node:process";
import * as timers from "node:timers";
import { startTimer, startTimerInParts } from "../../../adapters/shared/timer.ts";

/** The signals that the command listens for. */
export type SignalName = "SIGHUP" | "SIGINT" | "SIGTERM" | "SIGUSR1" | "SIGUSR2";

/** The arguments of the program, without the runtime and the program itself. */
export function programArguments(): string[] {
  return host.argv.slice(2);
}

/** The working directory. */
export function workingDirectory(): string {
  return host.cwd();
}

/** The identifier of this process. */
export function processId(): number {
  return host.pid;
}

/**
 * Reads a variable of the environment.
 *
 * @returns `undefined` if it is not set, or if Deno does not let this program read it.
 */
export function readVariable(name: string): string | undefined {
  try {
    return host.env[name];
  } catch {
    return undefined;
  }
}

const ownVariables = new Set<string>();

/** Sets a variable of the environment. */
export function setVariable(name: string, value: string): void {
  host.env[name] = value;
  ownVariables.add(name);
}

/** The variables that {@linkcode setVariable} has set: a new process reads their file again. */
export function setVariables(): ReadonlySet<string> {
  return ownVariables;
}

/** The names of all variables; none if Deno lets this program read single variables only. */
export function variableNames(): string[] {
  try {
    return Object.keys(host.env);
  } catch {
    return [];
  }
}

/**
 * Makes new files of this process without the permissions that `mode` lacks.
 *
 * @returns Ends this.
 */
export function withholdPermissions(mode: number): () => void {
  const before = host.umask(0o777);
  host.umask(before | (~mode & 0o777));
  return () => void host.umask(before);
}

/**
 * Writes to standard output.
 *
 * @returns Resolves when the system has taken the bytes.
 * @throws Rejects with the error of the system.
 */
export function writeOut(bytes: string | Uint8Array): Promise<void> {
  const { stdout } = host;
  // Without a listener, the error would end the process before the callback. The listener of a pipe removes itself.
  if (!stdout.listeners("error").includes(ignore)) stdout.on("error", ignore);
  return new Promise((resolve, reject) => {
    stdout.write(bytes, (error) => error ? reject(error) : resolve());
  });
}

function ignore(): void {}

/** Writes one line to standard error. */
export function writeError(line: string): void {
  try {
    host.stderr.write(`${line}\n`);
  } catch {
    // Deno throws at once. There is no other place for a message.
  }
}

/** Calls `listener` when the process ends. */
export function onExit(listener: () => void): void {
  host.on("exit", listener);
}

/** Calls `listener` for each signal, which then no longer ends the process by itself. */
export function onSignal(name: SignalName, listener: () => void): void {
  try {
    host.on(name, listener);
  } catch (error) {
    // Windows has neither of the two.
    if (name !== "SIGUSR1" && name !== "SIGUSR2") throw error;
  }
}

let dropped: ((reason: unknown) => void) | undefined;

/**
 * Calls `listener` for each promise that is rejected while no code waits for it. Such a rejection then no longer
 * ends the process. A second call replaces the listener.
 */
export function onDroppedPromise(listener: (reason: unknown) => void): void {
  if (dropped !== undefined) host.off("unhandledRejection", dropped);
  dropped = listener;
  host.on("unhandledRejection", listener);
}

/** The time for the last bytes of the standard streams, in seconds. */
const FLUSH_SECONDS = 1;

/** Ends the process, as soon as standard output and standard error have taken all bytes. */
export function exit(code: number): void {
  // A closed pipe takes nothing more, and is no reason for another exit code.
  for (const stream of [host.stdout, host.stderr]) stream.on("error", ignore);
  const end = () => host.exit(code);
  // A stream that has failed may not call back.
  after(FLUSH_SECONDS, end);
  try {
    host.stdout.write("", () => host.stderr.write("", end));
  } catch {
    end();
  }
}

/**
 * Runs a program of the system to its end.
 *
 * @throws Rejects with the reason, if the program cannot be run or fails.
 */
export function runProgram(name: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(name, [...args], { stdio: ["ignore", "ignore", "pipe"] });
    let text = "";
    child.stderr.on("data", (bytes: Uint8Array) => text += new TextDecoder().decode(bytes));
    child.on("error", (error) => reject(new Error(`${name} cannot be run: ${error.message}`)));
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${name} failed: ${text.trim() || `exit code ${code}`}`));
    });
  });
}

/**
 * Watches a wait whose end is not sure. The watch does not keep the process alive.
 *
 * @param seconds A time in seconds.
 * @param late Called if the wait takes longer.
 * @param stuck Called if the process would end, because nothing is left that could end the wait. Deno ends such a
 *   process by itself, with an error.
 * @returns Ends the watch.
 */
export function watchWait(seconds: number, late: () => void, stuck: () => void): () => void {
  const timer = timers.setTimeout(late, seconds * 1000).unref();
  host.on("beforeExit", stuck);
  return () => {
    timers.clearTimeout(timer);
    host.off("beforeExit", stuck);
  };
}

/** Calls `job` after a time; never for `Infinity`. Returns a function that cancels the call. */
export function after(seconds: number, job: () => void): () => void {
  return startTimer(seconds * 1000, job);
}

/** As {@linkcode after}, for a deadline: after a pause of this process, messages that came are read first. */
export function afterInParts(seconds: number, job: () => void): () => void {
  return startTimerInParts(seconds * 1000, job);
}
