/**
 * A command that runs until a signal ends it: signals, the file of the process id, and the messages.
 *
 * `serve.ts` and `reload.ts` bring the service.
 *
 * @module
 */

import type { ServeOptions } from "../../mod.ts";
import type { Bus } from "../bus/mod.ts";
import { CommandFailure, EXIT, openReasonOf, reasonOf, systemCode } from "./failure.ts";
import { after, onSignal, processId, removeFile, writeOut, writeText } from "./host/mod.ts";
import { reopenLogs, writeMessage } from "./logs/logs.ts";
import { endMessages, tellReady, tellStopping } from "./status/service_manager.ts";
import type { Settings } from "./settings.ts";
import type { Gather } from "./status/gather.ts";
import { formatValue } from "./values.ts";

/** Servers of one app. */
export interface Service {
  /** Counts the requests that run. */
  running(): Promise<number>;
  /**
   * Ends the service.
   *
   * @param grace The seconds for the requests that run. A second call may shorten them.
   * @returns Resolves when nothing is open any more.
   */
  shutdown(grace: number): Promise<void>;
  /** Opens the files of the logs again, in other threads. */
  reopenLogs(): void;
}

/** The versions of an app. */
export interface Versions extends Service {
  /** The number of connections that have come. */
  readonly accepted: number;
}

/** The app of all addresses. */
export interface Served {
  readonly served: Pick<ServeOptions, "wsgiApp" | "scheduler" | "adapter"> & {
    /** The bus of the apps, which ends with the service. */
    readonly bus?: Bus;
  };
  /** The versions that serve the connections in place of the servers. */
  readonly versions?: Versions;
  /** Asks the versions for their status. */
  readonly others?: Gather;
}

/** The codes of errors that tell of a closed output. Its reader, such as `head`, wants no more. */
const CLOSED: ReadonlySet<string> = new Set(["EPIPE", "EBADF", "ERR_STREAM_DESTROYED"]);

/**
 * Writes the result of a command to standard output. Nothing happens if it is closed.
 *
 * @throws {CommandFailure} If the bytes cannot be written, such as on a full disk.
 */
export async function print(bytes: string | Uint8Array): Promise<void> {
  try {
    await writeOut(bytes);
  } catch (error) {
    if (CLOSED.has(systemCode(error))) return;
    const message = `cannot write to standard output: ${reasonOf(error)}`;
    throw new CommandFailure(EXIT.crashed, message);
  }
}

/** Writes a message of the command. */
export function say(text: string): void {
  writeMessage("info", text);
}

/** Writes a failure, and gives its exit code. */
export function sayFailure({ message, detail, code }: CommandFailure): number {
  writeMessage("error", message, detail);
  return code;
}

/**
 * Waits for the signal that ends the service, and ends it.
 *
 * @param service The service, listening.
 * @param settings The options `grace` and `pid-file`.
 * @param serving What is served, and where.
 * @returns The exit code.
 */
export async function runUntilSignal(
  service: Service,
  settings: Settings,
  serving: string,
): Promise<number> {
  const grace = settings.get<number>("grace") as number;
  const pidFile = settings.get<string>("pid-file");
  if (pidFile !== undefined) await writeProcessId(pidFile, service);
  say(`serving ${serving}`);
  tellReady();
  // Other servers have SIGUSR1 for this. On Deno, that signal also starts the debugger, and SIGUSR2 does not.
  for (const name of ["SIGUSR1", "SIGUSR2"] as const) {
    onSignal(name, () => {
      reopenLogs();
      service.reopenLogs();
    });
  }
  await new Promise<void>((resolve, reject) => {
    let stopping = false;
    const end = (seconds: number) => {
      if (!stopping) tellStopping();
      stopping = true;
      return service.shutdown(seconds).then(resolve, reject);
    };
    onSignal("SIGTERM", () => {
      if (!stopping) say("SIGTERM: the server ends");
      void end(grace);
    });
    onSignal("SIGINT", () => {
      if (stopping) {
        say("SIGINT again: the running requests are cancelled");
        return void end(0);
      }
      say("SIGINT: the server ends");
      void end(grace);
      // Streams end by themselves at once, and are not worth a message.
      after(SILENT_SECONDS, () => void service.running().then((count) => sayWaiting(count, grace)));
    });
  });
  await endMessages();
  if (pidFile !== undefined) removeFile(pidFile);
  return EXIT.ended;
}

async function writeProcessId(file: string, service: Service): Promise<void> {
  try {
    writeText(file, `${processId()}\n`);
  } catch (error) {
    await service.shutdown(0);
    throw new CommandFailure(
      EXIT.notStarted,
      `cannot write --pid-file ${file}: ${openReasonOf(error)}`,
    );
  }
}

/** The time in which requests may end without a message, in seconds. */
const SILENT_SECONDS = 1;

/** Says for which requests the end of the server waits, and how long. */
function sayWaiting(count: number, grace: number): void {
  if (count === 0) return;
  const most = grace === Infinity ? "" : `, ${formatValue("duration", grace)} at most`;
  const rest = count === 1 ? "it" : "them";
  say(`waiting for ${counted(count, "running request")}${most}; Ctrl-C again cancels ${rest}`);
}

/** `1 request`, `2 requests`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
