/**
 * The connections under test: each test gets one of its own, and each story must end the same way,
 * `onClose` exactly once and last.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type {
  Address,
  DiallingAdapter,
  ListenAddress,
  Listener,
  ListenOptions,
  Socket,
} from "../../src/socket/socket.ts";
import type { Client } from "./client.ts";
import type { Peers } from "./peers.ts";
import { Recorder } from "./recorder.ts";
import { concat, firstDifference, pattern, settled, until } from "./waiting.ts";

/** An adapter, and how to reach what it serves. */
export interface Subject {
  readonly name: string;
  readonly adapter: DiallingAdapter;
  /** What its connections are listened for with. */
  readonly listening: ListenOptions;
  connect(address: Address): Promise<Client>;
  /** Listens with something else, for what the adapter dials. */
  listen(address: ListenAddress): Promise<Peers>;
  /** Whether the connections under test are those that it dials. */
  readonly dials?: boolean;
  /** Gives a client that can be slow, where that of `connect` reads on while it is paused. */
  readonly connectSlow?: Subject["connect"];
  /** A path for a Unix socket that nobody uses. */
  unixPath(): string;
  /** The promises that its runtime cannot keep, and why. */
  readonly gaps?: Partial<Record<Gap, string>>;
  /** What the machine has that a network in memory has not. */
  readonly machine?: Machine;
}

/** A promise that some runtime cannot keep. */
export type Gap = "backlog" | "noDelay" | "reset" | "silence" | "unreadReset";

/** A file system, and processes that may crash. */
export interface Machine {
  /** How many of `count` clients can connect to a port of the loopback while this process sleeps. */
  connectUnaccepted(port: number, count: number): number;
  /** Leaves a socket file behind, as a process that was killed does. */
  crashAt(path: string): Promise<void>;
  exists(path: string): boolean;
  writeFile(path: string): void;
  removeFile(path: string): void;
  /** Listens on a port of the loopback, and never accepts. */
  neverAccept(): Promise<{ readonly port: number; close(): void }>;
}

/** One connection, and the client at its other end; that of a dialled one was accepted. */
export interface Connection {
  readonly socket: Socket;
  readonly recorder: Recorder;
  readonly client: Client;
  readonly listener: Pick<Listener, "address" | "close">;
}

/** Where most connections are made. */
export const LOOPBACK: ListenAddress = { host: "127.0.0.1", port: 0 };
/** A megabyte, in bytes. */
export const MB: number = 1024 * 1024;

/** More than any kernel takes for a peer that does not read. */
export const MORE_THAN_KERNELS_TAKE: number = 64 * MB;

/** A peer that is gone must be noticed this soon, in ms: 100 on an idle machine. */
export const SOON = 1_000;

/** The same, with clients that can be slow. */
export function slow(subject: Subject): Subject {
  return { ...subject, connect: subject.connectSlow ?? subject.connect };
}

/** Runs `story` on a fresh connection, then checks that it ends as every connection must. */
export async function connected(
  subject: Subject,
  story: (connection: Connection) => Promise<void> | void,
  address: ListenAddress = LOOPBACK,
): Promise<void> {
  const recorders: Recorder[] = [];
  const record = (socket: Socket) => {
    const recorder = new Recorder(socket);
    recorders.push(recorder);
    return recorder;
  };
  const open = subject.dials ? dial : accept;
  const { listener, client } = await open(subject, address, record);
  try {
    await until("the connection is accepted", () => recorders.length > 0);
    const recorder = recorders[0]!;
    await story({ socket: recorder.socket, recorder, client, listener });
  } finally {
    recorders.forEach((recorder) => recorder.socket.destroy());
    client.destroy();
    await listener.close();
  }
  for (const recorder of recorders) {
    await until("onClose", () => recorder.has("close"));
    await settled();
    recorder.assertClosedOnceAndLast();
  }
}

type Accepting = (socket: Socket) => Recorder;
type Opened = Pick<Connection, "listener" | "client">;

async function accept(
  subject: Subject,
  address: ListenAddress,
  record: Accepting,
): Promise<Opened> {
  const listener = await subject.adapter.listen(address, subject.listening, record);
  return { listener, client: await subject.connect(listener.address) };
}

async function dial(subject: Subject, address: ListenAddress, record: Accepting): Promise<Opened> {
  const peers = await subject.listen(address);
  await subject.adapter.dial(peers.address, record);
  return { listener: peers, client: await peers.next() };
}

/** Writes `bytes` in pieces, waiting for `onDrain` whenever `write` says so. */
export async function writePolitely(
  { socket, recorder }: Connection,
  bytes: Uint8Array,
): Promise<void> {
  let room = true;
  recorder.react = (what) => room ||= what === "drain";
  for (let at = 0; at < bytes.length; at += 50_000) {
    await until("onDrain", () => room);
    room = socket.write(bytes.subarray(at, at + 50_000));
  }
}

/** Writes until `write` says to wait; gives how much that took. */
export function writeUntilFull(socket: Socket): number {
  const block = pattern(256 * 1024);
  let written = block.length;
  while (socket.write(block) && written < MORE_THAN_KERNELS_TAKE) written += block.length;
  return written;
}

/** Fills the way to a client that does not read, until not even a turn later is there room. */
export async function stall({ socket, recorder, client }: Connection): Promise<number> {
  client.pause();
  let written = 0;
  let drains = -1;
  while (drains !== recorder.heard.length && written < MORE_THAN_KERNELS_TAKE) {
    drains = recorder.heard.length;
    written += writeUntilFull(socket);
    // Twice: a write may wait 40 ms for a delayed acknowledgement.
    await settled();
    await settled();
  }
  return written;
}

/** Asserts that what came in pieces is `expected`. */
export function assertSameBytes(actual: readonly Uint8Array[], expected: Uint8Array): void {
  const whole = concat(actual);
  assertEquals(whole.length, expected.length);
  assertEquals(firstDifference(whole, expected), -1, "the first byte that differs");
}
