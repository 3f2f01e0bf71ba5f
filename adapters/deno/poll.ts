/**
 * This file makes Deno's event loop poll the system for input and output.
 *
 * The strategy: this process sends a byte to itself, over a connection on loopback. The loop can
 * only read the byte after a poll, and that poll also brings every other event. A timer has the
 * same effect, but takes more than a millisecond. The connection is made at the first call, if Deno
 * has the permission; its listener is closed at once. Until then, and without the permission, a
 * timer is used.
 *
 * `deno/clock.ts` calls this.
 *
 * @module
 */

import { isGranted } from "./granted.ts";
import { deno, type DenoConn } from "./runtime.ts";

const BYTE = new Uint8Array(1);
const LOOPBACK = "127.0.0.1";

/** The two ends of one connection. */
interface Pair {
  readonly near: DenoConn;
  readonly far: DenoConn;
}

/** The connection; `undefined` until it is made, and after it has failed. */
let pair: Pair | undefined;
/** Whether this process has tried to make the connection; it tries once. */
let tried = false;
/** The callbacks that wait for the byte that was sent. */
let waiting: (() => void)[] = [];

/**
 * Calls a function after the next poll.
 *
 * @param resume The function.
 */
export function afterPoll(resume: () => void): void {
  if (pair === undefined) {
    if (!tried) void connect();
    return void setTimeout(resume, 0);
  }
  waiting.push(resume);
  if (waiting.length === 1) void sendByte(pair);
}

async function sendByte({ near, far }: Pair): Promise<void> {
  try {
    const read = far.read(BYTE);
    await near.write(BYTE);
    await read;
  } catch {
    pair = undefined; // other code has closed the connection, so timers are used from now on
  }
  const resumed = waiting;
  waiting = [];
  // Each callback has a microtask of its own, so that an error of one does not stop the others.
  for (const resume of resumed) queueMicrotask(resume);
}

async function connect(): Promise<void> {
  tried = true;
  if (!isGranted({ name: "net", host: LOOPBACK })) return;
  try {
    pair = await makePair();
  } catch {
    // Without the connection, timers are used.
  }
}

async function makePair(): Promise<Pair> {
  const listener = deno().listen({ hostname: LOOPBACK, port: 0 });
  try {
    const near = await deno().connect({ hostname: LOOPBACK, port: listener.addr.port });
    for (;;) {
      const far = await listener.accept();
      near.setNoDelay?.(true);
      // Any process of this machine can connect to the port, so the two ends are compared.
      if (far.remoteAddr.port === near.localAddr.port) return { near, far };
      far.close();
    }
  } finally {
    listener.close();
  }
}
