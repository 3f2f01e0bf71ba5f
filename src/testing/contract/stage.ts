/**
 * The place of one check: the adapter, the means to connect to it, and the connections under test. Each
 * check has its own connections. `onClose` must be the last event of each connection, and come exactly once.
 *
 * @module
 */

import type { AbortSignalLike, Clock } from "../../coroutine/mod.ts";
import type {
  Adapter,
  Address,
  ListenAddress,
  Listener,
  ListenOptions,
  Socket,
  SocketHandler,
} from "../../socket/mod.ts";
import { expect, NotApplicable } from "./expectations.ts";
import { MB, pattern } from "./pattern.ts";
import { Patience } from "./patience.ts";
import { Peer, type PeerSocket } from "./peer.ts";
import { Recorder } from "./recorder.ts";

/** Takes a connection of a peer, and returns its handler. */
export type OpenPeer = (socket: PeerSocket) => SocketHandler;

/** A listener of peers. */
export interface PeerListener {
  /** The address in use. */
  readonly address: Address;
  /** Stops accepting. */
  close(): Promise<void>;
}

/** An adapter under test, and the means to connect to it. */
export interface Subject {
  readonly adapter: Adapter;
  /** Where the adapter can listen. The first address serves all checks but those of addresses. */
  readonly addresses: readonly ListenAddress[];
  /** The options for its listeners. */
  readonly listening: ListenOptions;
  /** Connects a peer to a listener of the adapter. */
  connect(address: Address, open: OpenPeer): Promise<void>;
  /** Listens for the connections that the adapter dials. */
  listen(address: ListenAddress, open: OpenPeer): Promise<PeerListener>;
  /** The clock of the waits. */
  readonly clock: Clock;
  /** What checks have awaited in vain so far. */
  readonly missed: Set<string>;
}

/** One connection: the socket and the handler of the adapter, and the peer at its other end. */
export interface Connection {
  readonly socket: Socket;
  readonly recorder: Recorder;
  readonly peer: Peer;
  /** The listener of the adapter, or that of the peer for a dialled connection. */
  readonly listener: PeerListener;
}

/** More bytes than any kernel takes for a peer that does not read. */
export const MORE_THAN_KERNELS_TAKE: number = 64 * MB;

/** The place of one check. */
export class Stage extends Patience {
  readonly adapter: Adapter;
  readonly subject: Subject;
  /** The lines that the adapter wrote to the option `log` of its listeners. */
  readonly logged: string[] = [];
  /** Whether the adapter dials the connections of the check, instead of accepting them. */
  readonly dials: boolean;
  readonly #listeners: Pick<Listener, "close">[] = [];
  readonly #sockets: PeerSocket[] = [];

  /**
   * Makes the place of one check.
   *
   * @param subject The adapter, and the means to connect to it.
   * @param dials Whether the adapter dials the connections of the check, instead of accepting them.
   * @param isGap Whether the check is expected to fail.
   */
  constructor(subject: Subject, dials: boolean, isGap: boolean) {
    super(subject.clock, isGap, subject.missed);
    this.subject = subject;
    this.adapter = subject.adapter;
    this.dials = dials;
  }

  /** The address of most connections. */
  get address(): ListenAddress {
    return this.subject.addresses[0] as ListenAddress;
  }

  /** Listens with the adapter. The `options` win over those of its listeners. */
  listen(
    accept: (socket: Socket) => SocketHandler,
    address: ListenAddress = this.address,
    options: ListenOptions = {},
  ): Promise<Listener> {
    const all = {
      ...this.subject.listening,
      log: (line: string) => void this.logged.push(line),
      ...options,
    };
    const listening = () => this.adapter.listen(address, all, this.#noting(accept));
    return this.settlement("the end of listen()", listening, (made) => this.#note(made));
  }

  /** Connects a peer to a listener of the adapter. */
  async connect(address: Address): Promise<Peer> {
    let peer: Peer | undefined;
    const open = this.#noting((socket: PeerSocket) => peer = new Peer(socket));
    await this.settlement("a connection of the peer", () => this.subject.connect(address, open));
    await this.until("a connection of the peer", () => peer !== undefined);
    return peer as unknown as Peer;
  }

  /**
   * Listens for connections that the adapter dials.
   *
   * @returns The listener, and the peers that it has accepted so far.
   */
  async listenAsPeer(address: ListenAddress): Promise<PeerListener & { readonly peers: Peer[] }> {
    const peers: Peer[] = [];
    const open = this.#noting((socket: PeerSocket) => {
      const peer = new Peer(socket);
      peers.push(peer);
      return peer;
    });
    const listening = () => this.subject.listen(address, open);
    const listener = await this.settlement(
      "a listener of the peer",
      listening,
      (made) => this.#note(made),
    );
    return { address: listener.address, close: () => this.close(listener), peers };
  }

  /** Closes a listener. */
  close(listener: Pick<Listener, "close">): Promise<void> {
    return this.settlement("the end of close()", () => listener.close());
  }

  /** Dials with the adapter, and calls `resolved` as soon as its promise is resolved. */
  async dial(
    address: ListenAddress,
    open: (socket: Socket) => SocketHandler,
    signal?: AbortSignalLike,
    resolved: () => void = () => {},
  ): Promise<void> {
    const { adapter } = this;
    if (adapter.dial === undefined) throw new NotApplicable("the adapter has no dial");
    const dialling = () => adapter.dial?.(address, this.#noting(open), { signal });
    await this.settlement("the end of dial()", dialling, resolved);
  }

  /**
   * Ends what a check that has failed has left: connections and listeners, which may also come later, and calls of
   * {@linkcode later}. A further fault of the adapter is ignored.
   */
  async clear(): Promise<void> {
    this.isOver = true;
    for (const socket of this.#sockets) attempt(() => socket.destroy());
    for (const listener of this.#listeners) await this.close(listener).catch(() => {});
  }

  #noting<S extends PeerSocket>(open: (socket: S) => SocketHandler): (socket: S) => SocketHandler {
    return (socket) => {
      this.#sockets.push(socket);
      if (this.isOver) attempt(() => socket.destroy());
      return open(socket);
    };
  }

  #note(listener: Pick<Listener, "close">): void {
    this.#listeners.push(listener);
    if (this.isOver) this.close(listener).catch(() => {});
  }

  /** Runs `story` on a new connection, then asks whether it ends as every connection must. */
  async connected(
    story: (connection: Connection) => Promise<void> | void,
    address: ListenAddress = this.address,
  ): Promise<void> {
    const recorders: Recorder[] = [];
    const record = (socket: Socket) => {
      const recorder = new Recorder(socket);
      recorders.push(recorder);
      return recorder;
    };
    const { listener, peer } = this.dials
      ? await this.#dialled(address, record)
      : await this.#accepted(address, record);
    try {
      await this.until("a call of open", () => recorders.length > 0);
      const recorder = recorders[0] as Recorder;
      await story({ socket: recorder.socket, recorder, peer, listener });
    } finally {
      for (const recorder of recorders) recorder.socket.destroy();
      peer.destroy();
      await this.close(listener);
    }
    expect(recorders.length === 1, `open was called ${recorders.length} times for one connection`);
    for (const recorder of recorders) {
      await this.until("onClose", () => recorder.has("close"));
      await this.settled();
      recorder.expectOrder();
    }
  }

  async #accepted(address: ListenAddress, record: (socket: Socket) => Recorder) {
    const listener = await this.listen(record, address);
    return { listener, peer: await this.connect(listener.address) };
  }

  async #dialled(address: ListenAddress, record: (socket: Socket) => Recorder) {
    const listener = await this.listenAsPeer(address);
    await this.dial(toDial(listener.address), record);
    await this.until("a connection at the peer", () => listener.peers.length > 0);
    return { listener, peer: listener.peers[0] as Peer };
  }

  /** Writes `bytes` in pieces, waiting for `onDrain` after each `write` that returns `false`. */
  async writePolitely({ socket, recorder }: Connection, bytes: Uint8Array): Promise<void> {
    let hasRoom = true;
    recorder.react = (event) => hasRoom ||= event === "drain";
    for (let at = 0; at < bytes.length; at += 50_000) {
      await this.until("onDrain", () => hasRoom);
      hasRoom = socket.write(bytes.subarray(at, at + 50_000));
    }
  }

  /**
   * Writes to a peer that does not read, until no more `onDrain` comes.
   *
   * @returns The number of bytes written.
   */
  async stall({ socket, recorder, peer }: Connection): Promise<number> {
    peer.pause();
    let written = 0;
    let events = -1;
    while (events !== recorder.heard.length && written < MORE_THAN_KERNELS_TAKE) {
      events = recorder.heard.length;
      written += writeUntilFull(socket);
      // There are two waits, because a write may wait 40 ms for a delayed acknowledgement.
      await this.settled();
      await this.settled();
    }
    return written;
  }
}

function attempt(act: () => void): void {
  try {
    act();
  } catch {
    // The check has told its fault.
  }
}

/** Writes until `write` returns `false`; returns the number of bytes written. */
export function writeUntilFull(socket: Socket): number {
  const block = pattern(256 * 1024);
  let written = block.length;
  while (socket.write(block) && written < MORE_THAN_KERNELS_TAKE) written += block.length;
  return written;
}

/** The address of a listener, in the form in which it is dialled. */
export function toDial(address: Address): ListenAddress {
  return address.family === "unix"
    ? { path: address.path }
    : { host: address.host, port: address.port };
}
