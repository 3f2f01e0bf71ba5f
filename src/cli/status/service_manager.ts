/**
 * What the command tells systemd, by the protocol of `sd_notify(3)`: `READY=1`, `RELOADING=1`, `STOPPING=1`,
 * and `WATCHDOG=1` while the event loop runs.
 *
 * No runtime has Unix datagrams, so the program `systemd-notify` sends the messages. It is a child of this
 * process, so the unit needs `NotifyAccess=all`.
 *
 * The messages are sent one after the other, because their order counts. A failure is reported once.
 *
 * `running.ts` calls this, and `serve.ts` and `serve_workers.ts` do about a reload.
 *
 * @module
 */

import { after, processId, readText, readVariable, runProgram } from "../host/mod.ts";
import { writeMessage } from "../logs/logs.ts";

/** The program that sends the messages. */
const PROGRAM = "systemd-notify";
/** The watchdog hears this many times within its limit. */
const PINGS = 2;
/** The resolution of `/proc/uptime`, in microseconds. */
const UPTIME_STEP = 10_000;

/** The longest wait for the messages at the end, in seconds. */
const MAX_WAIT = 5;

/** The last message that was sent or waits; the next one follows it. */
let last: Promise<void> = Promise.resolve();
/** Becomes true with the first failure. */
let hasFailed = false;
let cancelWatchdog: (() => void) | undefined;

/** The service serves: after its start, and after a reload. The first call starts the watchdog. */
export function tellReady(): void {
  tell("READY=1");
  if (cancelWatchdog === undefined && isManaged()) watch();
}

/** A reload begins. `tellReady` follows. */
export function tellReloading(): void {
  // systemd compares the time with that of its request.
  tell("RELOADING=1", ...monotonicTime());
}

/** The service ends. */
export function tellStopping(): void {
  tell("STOPPING=1");
}

/**
 * Ends the messages, when the service has ended.
 *
 * @returns Resolves when the last message is sent, or after a short time.
 */
export async function endMessages(): Promise<void> {
  cancelWatchdog?.();
  let cancel = () => {};
  await Promise.race([last, new Promise<void>((resolve) => cancel = after(MAX_WAIT, resolve))]);
  cancel();
}

function isManaged(): boolean {
  return (readVariable("NOTIFY_SOCKET") ?? "") !== "";
}

/** Sends `WATCHDOG=1`, if systemd wants that of this process. */
function watch(): void {
  const limit = Number(readVariable("WATCHDOG_USEC") ?? "");
  const meant = readVariable("WATCHDOG_PID");
  const isMeant = meant === undefined || meant === "" || meant === String(processId());
  if (!(limit > 0)) return;
  if (!isMeant) {
    const remedy = "start cogen-wsgi by node, not by npx or a shell";
    cancelWatchdog = () => {};
    writeMessage("error", `the watchdog of systemd waits for process ${meant}: ${remedy}`);
    return;
  }
  const ping = () => {
    tell("WATCHDOG=1");
    cancelWatchdog = after(limit / 1e6 / PINGS, ping);
  };
  ping();
}

function monotonicTime(): string[] {
  try {
    const [seconds = ""] = readText("/proc/uptime").split(" ");
    return [`MONOTONIC_USEC=${Math.round(Number(seconds) * 1e6) + UPTIME_STEP}`];
  } catch {
    return [];
  }
}

function tell(...assignments: readonly string[]): void {
  if (!isManaged() || hasFailed) return;
  last = last.then(() => runProgram(PROGRAM, assignments)).catch((error) => {
    if (hasFailed) return;
    hasFailed = true;
    writeMessage("error", `cannot tell systemd ${assignments[0]}: ${(error as Error).message}`);
  });
}
