/**
 * The adapter's end of a connection under test: a handler that records its events, and a socket that notes
 * the calls of the check.
 *
 * The strategy: the rules that hold at every moment (the order of the events, no event inside a call, no
 * `onDrain` without its reason) are watched in every check, and a breach is an error at the end of the check.
 *
 * @module
 */

import { showValue } from "../../coroutine/mod.ts";
import type { Address, Socket, SocketHandler } from "../../socket/mod.ts";
import { expect, expectBytes, expectEqual } from "./expectations.ts";

/** The events of a handler. */
export type Heard = "data" | "end" | "drain" | "close";

/** A handler that records each event, and then calls the reaction of the check. */
export class Recorder implements SocketHandler {
  /** The socket, watched. The check calls it instead of the socket of the adapter. */
  readonly socket: Socket;
  readonly heard: Heard[] = [];
  readonly received: Uint8Array[] = [];
  /** The arrays that were given as owned, each with a copy of its bytes. */
  readonly #owned: [given: Uint8Array, copy: Uint8Array][] = [];
  /** The number of bytes received. */
  count = 0;
  error: Error | undefined;
  /** The reaction of the check, called after each event was recorded. It may throw. */
  react: (event: Heard) => void = () => {};
  /** The methods of the socket that run now, outermost first. */
  readonly calls: string[] = [];
  /** The writes that returned `false`. */
  refusedWrites = 0;
  #breach: string | undefined;

  /**
   * Makes the handler of a socket.
   *
   * @param socket The socket of the adapter.
   */
  constructor(socket: Socket) {
    this.socket = new WatchedSocket(socket, this);
  }

  onData(bytes: Uint8Array, owned = false): void {
    const copy = new Uint8Array(bytes);
    this.received.push(copy);
    if (bytes.length === 0) this.#breach ??= "onData was called without a byte";
    if (owned) this.#owned.push([bytes, copy]);
    this.count += bytes.length;
    this.#record("data");
  }

  /** Arrays of two lengths in turn, so that an adapter changes from one to the other. */
  get wantedBytes(): number {
    return this.received.length % 2 === 0 ? 65_536 : 1000;
  }

  onEnd(): void {
    this.#record("end");
  }

  onDrain(): void {
    this.#record("drain");
    if (this.#times("drain") > this.refusedWrites) {
      this.#breach ??= "onDrain was called without a write that returned false";
    }
  }

  onClose(error?: Error): void {
    this.error = error;
    if (error !== undefined && !(error instanceof Error)) {
      this.#breach ??= `onClose was called with ${showValue(error)}, which is no Error`;
    }
    this.#record("close");
  }

  /** Whether an event was recorded. */
  has(event: Heard): boolean {
    return this.heard.includes(event);
  }

  /**
   * Asks for the rules of all connections, after the end of this one.
   *
   * @throws An `Error` that says which rule was broken.
   */
  expectOrder(): void {
    const { heard } = this;
    expect(this.#breach === undefined, this.#breach ?? "");
    expectEqual("the calls of onClose", this.#times("close"), 1);
    expectEqual("the last event", heard.at(-1), "close");
    expect(this.#times("end") <= 1, "onEnd was called twice");
    const end = heard.indexOf("end");
    expect(end < 0 || heard.lastIndexOf("data") < end, "onData was called after onEnd");
    for (const [given, copy] of this.#owned) expectBytes("an owned array", [given], copy);
    const buffers = new Set(this.#owned.map(([given]) => given.buffer));
    expect(buffers.size === this.#owned.length, "Two owned arrays are parts of one buffer");
  }

  #times(event: Heard): number {
    return this.heard.filter((each) => each === event).length;
  }

  #record(event: Heard): void {
    this.heard.push(event);
    const call = this.calls.at(-1);
    // A call in a callback is the callback's own.
    if (call !== undefined) this.#breach ??= `The event ${event} came inside a call of ${call}`;
    this.react(event);
  }
}

/** A socket that tells its recorder about calls. */
class WatchedSocket implements Socket {
  readonly #socket: Socket;
  readonly #recorder: Recorder;
  readonly reset?: () => void;

  constructor(socket: Socket, recorder: Recorder) {
    this.#socket = socket;
    this.#recorder = recorder;
    if (socket.reset !== undefined) {
      this.reset = () => this.#call("reset", () => socket.reset?.());
    }
  }

  get remote(): Address {
    return this.#socket.remote;
  }
  get local(): Address {
    return this.#socket.local;
  }
  get encrypted(): boolean {
    return this.#socket.encrypted;
  }
  // Absent is `undefined` here; the checks ask for no more.
  get holdsBytes(): boolean {
    return this.#socket.holdsBytes as boolean;
  }

  write(bytes: Uint8Array | string): boolean {
    const hasRoom = this.#call("write", () => this.#socket.write(bytes));
    if (hasRoom === false) this.#recorder.refusedWrites++;
    return hasRoom;
  }
  endWrite(): void {
    this.#call("endWrite", () => this.#socket.endWrite());
  }
  destroy(): void {
    this.#call("destroy", () => this.#socket.destroy());
  }
  pauseReading(): void {
    this.#call("pauseReading", () => this.#socket.pauseReading());
  }
  resumeReading(): void {
    this.#call("resumeReading", () => this.#socket.resumeReading());
  }

  expectLittle(): void {
    this.#call("expectLittle", () => this.#socket.expectLittle?.());
  }

  #call<T>(method: string, act: () => T): T {
    this.#recorder.calls.push(method);
    try {
      return act();
    } finally {
      this.#recorder.calls.pop();
    }
  }
}
