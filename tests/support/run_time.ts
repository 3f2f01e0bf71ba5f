/**
 * The time in which this process runs, for tests over real sockets.
 *
 * A clock tells how long a machine took. That depends on the other programs that keep the machine
 * busy. The time here counts the turns of a short timer: while the process has to wait for the
 * processor, no turn passes. Tests bound their waits with it, because a bound on a clock would fail
 * on a busy machine.
 *
 * @module
 */

import process from "node:process";
import { setInterval } from "node:timers";

const STEP_MS = 10;

let passedMs = 0;
setInterval(() => passedMs += STEP_MS, STEP_MS).unref();

/** The milliseconds in which this process ran, in steps of 10. A clock shows at least as many. */
export function ranMs(): number {
  return passedMs;
}

/** The milliseconds of processor time that this process used, on all its threads. */
export function usedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
