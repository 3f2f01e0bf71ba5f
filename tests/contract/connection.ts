/**
 * The connections under test. Each test has its own connection. `onClose` must be the last call of
 * each connection, and come exactly once.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { joinBytes } from "../../src/socket/mod.ts";
import type {
  Adapter,
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
import { firstDifference, pattern, settled, until } from "./waiting.ts";

/** An adapter under test, with the means to connect to it. */
export interface Subject {
  readonly name: string;
  readonly adapter: Adapter;
  /** The options for its listeners. */
  readonly listening: ListenOptions;
  /** Connects to a listener of the adapter. */
  connect(address: Address): Promise<Client>;
  /**
   * Connects a client that can be slow. It is set if the client of `connect` reads on while it is
   * paused.
   */
  readonly connectSlow?: Subject["connect"];
  /** Makes an unused path for a Unix socket. */
  unixPath(): string;
  /** The promises that its runtime cannot keep, each with the reason. */
  readonly gaps?: Partial<Record<Gap, string>>;
  /** The machine; absent for a network in memory. */
  readonly machine?: Machine;
}

/** A subject whose adapter can dial, with the means to be dialled by it. */
export interface DiallingSubject extends Subject {
  readonly adapter: DiallingAdapter;
  /** Listens for the connections that the adapter dials, without the adapter. */
  listen(address: ListenAddress): Promise<Peers>;
  /** Whether the connections under test are dialled by the adapter, instead of accepted. */
  readonly dials?: boolean;
}

/** Tells whether the adapter of a subject can dial, and the subject can listen for it. */
export function canDial(subject: Subject): subject is DiallingSubject {
  return subject.adapter.dial !== undefined && "listen" in subject;
}

/** A promise that some runtime cannot keep. */
export type Gap = "backlog" | "noDelay" | "reset" | "silence" | "unreadReset";

/** A file system, and processes that may crash. */
export interface Machine {
  /**
   * Counts the clients, of `count`, that can connect to a loopback port while this process sleeps.
   */
  connectUnaccepted(port: number, count: number): number;
  /** Lets `count` clients connect to a loopback port and reset, while this process sleeps. */
  resetUnaccepted(port: number, count: number): void;
  /** Makes a socket file of a process that was killed. */
  crashAt(path: string): Promise<void>;
  exists(path: string): boolean;
  writeFile(path: string): void;
  removeFile(path: string): void;
  /** Listens on a port of the loopback, and never accepts. */
  neverAccept(): Promise<{ readonly port: number; close(): void }>;
}

/** One connection, and the client at its other end. */
export interface Connection {
  readonly socket: Socket;
  readonly recorder: Recorder;
  readonly client: Client;
  readonly listener: Pick<Listener, "address" | "close">;
}

/** The address of most connections. */
export const LOOPBACK: ListenAddress = { host: "127.0.0.1", port: 0 };
/** A megabyte, in bytes. */
export const MB: number = 1024 * 1024;

/** More bytes than any kernel takes for a peer that does not read. */
export const MORE_THAN_KERNELS_TAKE: number = 64 * MB;

/**
 * The time to notice that a peer has left, in milliseconds of `ranMs`. It is 100 on an idle
 * machine; the rest is reserve.
 */
export const SOON = 2_000;

/** Gives the same subject, with clients that can be slow. */
export function slow(subject: Subject): Subject {
  return { ...subject, connect: subject.connectSlow ?? subject.connect };
}

/** Runs `story` on a new connection, then checks that it ends as every connection must. */
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
  const dials = canDial(subject) && subject.dials === true;
  const { listener, client } = await (dials ? dial : accept)(
    subject as DiallingSubject,
    address,
    record,
  );
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

async function dial(
  subject: DiallingSubject,
  address: ListenAddress,
  record: Accepting,
): Promise<Opened> {
  const peers = await subject.listen(address);
  await subject.adapter.dial(peers.address, record);
  return { listener: peers, client: await peers.next() };
}

/** Writes `bytes` in pieces, waiting for `onDrain` after each `write` that returns `false`. */
export async function writePolitely(
  { socket, recorder }: Connection,
  bytes: Uint8Array,
): Promise<void> {
  let room = true;
  recorder.react = (event) => room ||= event === "drain";
  for (let at = 0; at < bytes.length; at += 50_000) {
    await until("onDrain", () => room);
    room = socket.write(bytes.subarray(at, at + 50_000));
  }
}

/** Writes until `write` returns `false`; returns the number of bytes written. */
export function writeUntilFull(socket: Socket): number {
  const block = pattern(256 * 1024);
  let written = block.length;
  while (socket.write(block) && written < MORE_THAN_KERNELS_TAKE) written += block.length;
  return written;
}

/** Writes to a client that does not read, until no more `onDrain` comes. */
export async function stall({ socket, recorder, client }: Connection): Promise<number> {
  client.pause();
  let written = 0;
  let drains = -1;
  while (drains !== recorder.heard.length && written < MORE_THAN_KERNELS_TAKE) {
    drains = recorder.heard.length;
    written += writeUntilFull(socket);
    // There are two waits, because a write may wait 40 ms for a delayed acknowledgement.
    await settled();
    await settled();
  }
  return written;
}

/** Asserts that the pieces received are `expected` when joined. */
export function assertSameBytes(actual: readonly Uint8Array[], expected: Uint8Array): void {
  const whole = joinBytes(actual);
  assertEquals(whole.length, expected.length);
  assertEquals(firstDifference(whole, expected), -1, "the first byte that differs");
}
