/**
 * The processes of `--workers`, by the modules of Node that Deno and Bun have as well.
 *
 * A worker runs with the flags of the supervisor. The trap: `fork` of Deno gives the new process all
 * permissions, so the flags are read from the system and written out.
 *
 * This is the only file of the workers that imports modules of a runtime.
 *
 * @module
 */

import { fork, spawn, spawnSync, type StdioOptions } from "node:child_process";
import { availableParallelism } from "node:os";
import host from "node:process";
import * as timers from "node:timers";
import { fileURLToPath } from "node:url";
import type { AcceptedStream } from "../../../adapters/node.ts";
import { markMessage, unmarkMessage } from "../../threads/mod.ts";
import { CommandFailure, deniedByDeno, EXIT, messageOf, systemCode } from "../failure.ts";
import { afterInParts, setVariables } from "../host/mod.ts";
import type { FromWorker, Heard, ToWorker } from "./messages.ts";
import { QuietLink } from "./quiet_link.ts";
import type { ProcessEvents, WorkerProcess } from "./supervised_worker.ts";

/** The time after the exit of a worker in which its last messages are read, in seconds. */
const LAST_MESSAGES_SECONDS = 1;

/** The time between two checks whether the supervisor of a worker lives, in milliseconds. */
const ORPHAN_CHECK_MS = 1000;

/** The number of descriptors of a process, if the system does not tell. */
const USUAL_DESCRIPTORS = 4096;

/** The part of a child process that is used. */
type Child = ReturnType<typeof fork>;

/** Whether Deno runs this. */
function isDeno(): boolean {
  return host.versions["deno"] !== undefined;
}

/** The number of processes that can run at the same time. */
export function processorCount(): number {
  return availableParallelism();
}

/** The number of descriptors that this process may have. */
export function descriptorLimit(): number {
  try {
    const { stdout } = spawnSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" });
    return stdout.trim() === "unlimited" ? Infinity : Number(stdout.trim()) || USUAL_DESCRIPTORS;
  } catch {
    // Deno has no permission for a shell, or the system has none.
    return USUAL_DESCRIPTORS;
  }
}

/**
 * Starts a worker. Its standard output and standard error are those of this process.
 *
 * @param program The URL of its module.
 * @param events Called with its messages, and with its end after the last message.
 * @throws {CommandFailure} If Deno does not let this program start processes.
 */
export function startProcess(
  program: URL,
  events: ProcessEvents,
): WorkerProcess & { disconnect(): void } {
  const child = launch(program);
  let how: string | undefined;
  let hasChannel = true;
  let isOver = false;
  // The messages that the worker has written before its end are read before `ended` is called.
  const end = () => {
    if (how === undefined || hasChannel || isOver) return;
    isOver = true;
    events.ended(how);
  };
  const link = isDeno()
    ? new QuietLink<ToWorker, AcceptedStream>((message, stream) => sendTo(child, message, stream))
    : undefined;
  let cancelWait = () => {};
  const closed = () => {
    cancelWait();
    hasChannel = false;
    end();
  };
  child.on("message", (data) => {
    const message = unmarkMessage(data) as FromWorker | Heard | undefined;
    if (message === undefined) return;
    if (message.type === "heard") link?.heard(message.count);
    else events.message(message);
  });
  child.on("error", (error) => {
    // A worker that cannot be started has no exit.
    if (child.pid !== undefined) return;
    how = messageOf(error);
    closed();
  });
  child.on("exit", (code, signal) => {
    how = signal ?? `exit code ${code}`;
    // Deno does not tell that the channel is closed if the worker has ended with a message unread.
    if (child.connected) cancelWait = afterInParts(LAST_MESSAGES_SECONDS, closed);
    else closed();
  });
  child.on("disconnect", closed);
  return {
    id: child.pid,
    send(message, stream) {
      if (link === undefined) sendTo(child, message, stream);
      else link.send(message, stream);
    },
    kill: () => void child.kill("SIGKILL"),
    disconnect: () => child.disconnect(),
  };
}

function sendTo(child: Child, message: ToWorker, stream: AcceptedStream | undefined): void {
  if (!child.connected) return;
  // A worker that ends meanwhile is reported by its end.
  const ignore = () => {};
  try {
    if (stream === undefined) return void child.send(message, ignore);
    // Node would follow the connection in this process, too.
    Object.assign(stream, { server: null });
    child.send(message, stream as never, { keepOpen: true }, ignore);
  } catch {
    // As above.
  }
}

function launch(program: URL): Child {
  const stdio: StdioOptions = ["ignore", "inherit", "inherit", "ipc"];
  const env = { ...host.env };
  for (const name of setVariables()) delete env[name];
  const file = program.protocol === "file:" ? fileURLToPath(program) : program.href;
  if (!isDeno()) return fork(file, [], { stdio, env });
  try {
    return spawn(host.execPath, [...denoFlags(), file], { stdio, env }) as Child;
  } catch (error) {
    if (systemCode(error) !== "NotCapable") throw error;
    throw new CommandFailure(
      EXIT.notStarted,
      `cannot start a worker: ${deniedByDeno("--allow-run")}`,
    );
  }
}

/** The flags of Deno for this process; those that the README names if the system does not tell. */
function denoFlags(): string[] {
  const standard = ["run", "-N", "-R", "-E"];
  try {
    // Deno lets only programs with all permissions read this file themselves.
    const { stdout } = spawnSync("cat", [`/proc/${host.pid}/cmdline`], { encoding: "utf8" });
    const words = stdout.split("\0").slice(0, -1);
    const flags = words.slice(1, words.length - host.argv.slice(2).length - 1);
    return flags[0] === "run" ? flags : standard;
  } catch (error) {
    if (systemCode(error) === "NotCapable" && !mayRunItself()) throw error;
    return standard;
  }
}

function mayRunItself(): boolean {
  try {
    return spawnSync(host.execPath, ["--version"]).status === 0;
  } catch {
    return false;
  }
}

/** The side of a worker that {@linkcode startProcess} has started. */
export interface SupervisorLink {
  post(message: FromWorker): void;
}

/**
 * Connects a worker with its supervisor.
 *
 * Signals of the whole process group, such as Ctrl-C, are left to the supervisor.
 *
 * @param hear Called with each message, with the SIGTERM of this process alone, and at the end of the
 *   supervisor.
 */
export function supervisorLink(hear: {
  message(message: ToWorker, stream: AcceptedStream | undefined): void;
  terminate(): void;
  abandoned(): void;
}): SupervisorLink {
  for (const name of ["SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2"] as const) host.on(name, () => {});
  host.on("SIGTERM", hear.terminate);
  const post = (message: FromWorker | Heard) => {
    if (host.connected) host.send?.(markMessage(message), undefined, undefined, () => {});
  };
  let heard = 0;
  const tellHeard = () => {
    post({ type: "heard", count: heard });
    heard = 0;
  };
  host.on("message", (data, stream) => {
    const message = data as ToWorker;
    // One answer for all messages that have come together.
    if (isDeno() && message.type !== "connection" && heard++ === 0) timers.setImmediate(tellHeard);
    hear.message(message, (stream ?? undefined) as AcceptedStream | undefined);
  });
  host.on("disconnect", hear.abandoned);
  if (isDeno()) whenOrphaned(hear.abandoned);
  return { post };
}

/** Deno does not tell that the channel is closed if the supervisor has ended with a message unread. */
function whenOrphaned(abandoned: () => void): void {
  const supervisor = host.ppid;
  const timer = timers.setInterval(() => {
    if (host.ppid === supervisor) return;
    timers.clearInterval(timer);
    if (host.connected) abandoned();
  }, ORPHAN_CHECK_MS);
  timer.unref();
}
