/**
 * Making Deno's event loop ask the system for input and output.
 *
 * A byte that a connection of ours sends to itself is only read when the loop has asked, and then the
 * loop has heard of everything else as well: 30 µs, where a timer takes 2 ms. The connection is made
 * when it is first needed, on loopback, and only if Deno may; nothing listens once it is there. Until
 * then, and where it cannot be had, a timer has to do.
 *
 * @module
 */

import { deno, type DenoConn } from "./runtime.ts";

const BYTE = new Uint8Array(1);
const LOOPBACK = "127.0.0.1";

/** Two ends of one connection. */
interface Pair {
  readonly near: DenoConn;
  readonly far: DenoConn;
}

let pair: Pair | undefined;
let asked = false;
let waiting: (() => void)[] = [];

/** Calls `resume` once the loop has asked the system. */
export function afterPoll(resume: () => void): void {
  if (pair === undefined) {
    if (!asked) void connect();
    return void setTimeout(resume, 0);
  }
  waiting.push(resume);
  if (waiting.length === 1) void echo(pair);
}

async function echo({ near, far }: Pair): Promise<void> {
  try {
    const read = far.read(BYTE);
    await near.write(BYTE);
    await read;
  } catch {
    pair = undefined; // somebody has closed what is not theirs: timers from now on
  }
  const resumed = waiting;
  waiting = [];
  // Each by itself: one that throws must not keep the others from going on.
  for (const resume of resumed) queueMicrotask(resume);
}

async function connect(): Promise<void> {
  asked = true;
  if (!isAllowed()) return;
  try {
    pair = await makePair();
  } catch {
    // Timers will do.
  }
}

async function makePair(): Promise<Pair> {
  const listener = deno().listen({ hostname: LOOPBACK, port: 0 });
  try {
    const near = await deno().connect({ hostname: LOOPBACK, port: listener.addr.port });
    for (;;) {
      const far = await listener.accept();
      near.setNoDelay?.(true);
      // Anybody on this machine can connect to a port.
      if (far.remoteAddr.port === near.localAddr.port) return { near, far };
      far.close();
    }
  } finally {
    listener.close();
  }
}

/** Without asking anybody: a prompt is not worth it. */
function isAllowed(): boolean {
  const { permissions } = deno();
  return permissions.querySync({ name: "net", host: LOOPBACK }).state === "granted";
}
