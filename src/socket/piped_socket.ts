/**
 * A socket over a byte stream that can send bytes, an end, and a cut. The class does the rest: the order of
 * events, the bytes of strings, the calls after an end, `onDrain`, and the close after both ends.
 *
 * Embedders call this for a byte stream of their own.
 *
 * @module
 */

import { checkMembers } from "../coroutine/internal.ts";
import { checkNames, checkOption } from "../coroutine/mod.ts";
import { checkBytes } from "./argument_checks.ts";
import { Inbound, type OpenHandler } from "./inbound.ts";
import { latin1Bytes } from "./latin1.ts";
import type { Address, Socket } from "./socket.ts";

/** The sending side of a byte stream, for {@linkcode PipedSocket}. */
export interface Pipe {
  /**
   * Sends bytes, at least one. They belong to the pipe now.
   *
   * @returns `false` if it is full: {@linkcode PipedSocket.drain} follows when it has room.
   */
  send(bytes: Uint8Array<ArrayBuffer>): boolean;
  /** Sends an end after all bytes. Called at most once. */
  end(): void;
  /** Closes both directions at once, and lets the peer know. Called at most once. */
  cut(): void;
  /** Continues to read, after {@linkcode PipedSocket.receive} has returned `false`. */
  resume(): void;
  /** Frees the stream after both ends. Optional. */
  close?(): void;
}

/** The facts of a {@linkcode PipedSocket}. */
export interface PipeOptions {
  /** This end. Default: a Unix client, without a path. */
  readonly local?: Address;
  /** The peer's end. Default: a Unix client, without a path. */
  readonly remote?: Address;
  /** Whether the bytes travel encrypted. Default `false`. */
  readonly encrypted?: boolean;
  /** Logs an error of a handler. Default: the error is lost. */
  readonly log?: (line: string) => void;
}

const NOWHERE: Address = { family: "unix", path: "" };

/**
 * The direction to the peer: `open`, `ended` after `endWrite`, and `closed` once the connection is over.
 */
type OutputState = "open" | "ended" | "closed";

/**
 * A socket over a byte stream of your own. The stream reports its events by {@linkcode receive},
 * {@linkcode receiveEnd}, {@linkcode drain} and {@linkcode close}.
 *
 * @example A pipe that sends to an array
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { PipedSocket } from "@x/cogen-wsgi/socket";
 *
 * const sent: number[] = [];
 * const heard: string[] = [];
 * const socket = new PipedSocket({
 *   send: (bytes) => sent.push(...bytes) < 1000,
 *   end: () => heard.push("our end"),
 *   cut() {},
 *   resume() {},
 * });
 * socket.start(() => ({
 *   onData: (bytes) => void heard.push(`${bytes.length} bytes`),
 *   onEnd: () => void heard.push("end"),
 *   onDrain() {},
 *   onClose: () => void heard.push("close"),
 * }));
 * socket.write("A");
 * socket.receive(new Uint8Array(5));
 * socket.receiveEnd();
 * socket.endWrite();
 * await Promise.resolve();
 * assertEquals([sent, heard], [[65], ["5 bytes", "end", "our end", "close"]]);
 * ```
 */
export class PipedSocket implements Socket {
  /** This end. */
  readonly local: Address;
  /** The peer's end. */
  readonly remote: Address;
  /** Whether the bytes travel encrypted. */
  readonly encrypted: boolean;
  readonly #pipe: Pipe;
  readonly #inbound: Inbound;
  #output: OutputState = "open";
  /** Whether `onDrain` is due. A `send` that returns `false` sets it. */
  #drainDue = false;

  /**
   * Makes the socket of a connection. {@linkcode start} must follow.
   *
   * @param pipe The sending side.
   * @param options The addresses and the log.
   * @throws {TypeError} If the pipe lacks a method, or an option is unknown or of a wrong kind.
   */
  constructor(pipe: Pipe, options: PipeOptions = {}) {
    const methods = ["send", "end", "cut", "resume"];
    checkMembers("The pipe of PipedSocket", pipe, methods, `an object with ${methods.join(", ")}`);
    options = checkNames("PipedSocket", options, ["local", "remote", "encrypted", "log"]);
    checkOption("encrypted of PipedSocket", options.encrypted, "boolean");
    checkOption("log of PipedSocket", options.log, "function");
    const { local = NOWHERE, remote = NOWHERE, encrypted = false, log = () => {} } = options;
    this.local = local;
    this.remote = remote;
    this.encrypted = encrypted;
    this.#pipe = pipe;
    this.#inbound = new Inbound({
      resumeSource: () => pipe.resume(),
      destroy: () => this.destroy(),
      log,
    });
  }

  /**
   * Asks for the handler of this connection, before the first event.
   *
   * @param open The function that `listen` or `dial` was given.
   */
  start(open: OpenHandler): void {
    this.#inbound.start(open, this);
  }

  /**
   * Reports bytes of the peer.
   *
   * @param bytes The bytes, at least one.
   * @param owned Whether the array belongs to this connection; if not, bytes that wait are copied.
   * @returns `false` if the stream must stop to read until {@linkcode Pipe.resume}.
   * @throws {TypeError} If the argument is no array of bytes.
   */
  receive(bytes: Uint8Array, owned: boolean = false): boolean {
    checkBytes("bytes of PipedSocket.receive", bytes);
    return this.#inbound.data(bytes, owned);
  }

  /** Reports the end of the peer. */
  receiveEnd(): void {
    this.#inbound.end();
    this.#closeIfOver();
  }

  /** Reports that the pipe has room again. Without a `send` that returned `false`, it has no effect. */
  drain(): void {
    if (!this.#drainDue) return;
    this.#drainDue = false;
    this.#inbound.drain();
  }

  /**
   * Reports that the connection is closed.
   *
   * @param error The error that broke it, if one did.
   */
  close(error?: Error): void {
    this.#output = "closed";
    this.#inbound.close(error);
  }

  /** Sends bytes: see {@linkcode Socket}. */
  write(data: Uint8Array | string): boolean {
    if (typeof data !== "string") checkBytes("data of PipedSocket.write", data);
    if (this.#output !== "open" || data.length === 0) return true;
    const bytes = typeof data === "string" ? latin1Bytes(data) : new Uint8Array(data);
    const hasRoom = this.#pipe.send(bytes);
    this.#drainDue ||= !hasRoom;
    return hasRoom;
  }

  /** Sends an end: see {@linkcode Socket}. */
  endWrite(): void {
    if (this.#output !== "open") return;
    this.#output = "ended";
    this.#pipe.end();
    this.#closeIfOver();
  }

  /** Cuts the connection: see {@linkcode Socket}. */
  destroy(): void {
    if (!this.#inbound.beginClosing()) return;
    this.#pipe.cut();
    this.close();
  }

  /** Does the same as {@linkcode destroy}. */
  reset(): void {
    this.destroy();
  }

  /** Stops `onData`: see {@linkcode Socket}. */
  pauseReading(): void {
    this.#inbound.pause();
  }

  /** Ends {@linkcode pauseReading}. */
  resumeReading(): void {
    this.#inbound.resume();
  }

  /** Closes the connection when both ends have come. */
  #closeIfOver(): void {
    if (this.#output !== "ended" || !this.#inbound.ended) return;
    this.#pipe.close?.();
    this.close();
  }
}
