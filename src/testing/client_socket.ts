/**
 * The client's end of a connection: it sends bytes as fast as the server takes them, leaves
 * or stalls at a chosen byte, and gives the bytes that it receives to a reader.
 *
 * `client.ts` and `exchange.ts` call this.
 *
 * @module
 */

import { optionError } from "../coroutine/mod.ts";
import type { Socket, SocketHandler } from "../socket/mod.ts";

/**
 * How a client ends a connection: `fin` closes the direction to the server, `reset` cuts both, and
 * `stall` stops to send and to read.
 */
export type Ending = "fin" | "reset" | "stall";

/**
 * A client that fails at a chosen byte of a request or of a response. The byte is counted from the
 * first byte of the head; with 0, nothing is sent, or nothing is read.
 */
export type Fault =
  | { readonly sent: number; readonly then: Ending }
  | { readonly received: number; readonly then: Ending };

/**
 * Copies a fault without the members that an app has added to `Object.prototype`. A fault has a member `then`,
 * so the check of options would take it for a promise.
 */
export function ownFault(fault: Fault): Fault {
  return Object.assign(Object.create(null) as Fault, fault);
}

/**
 * Checks how a client leaves: any other text would be a reset.
 *
 * @throws {TypeError} For another value than `reset` and `fin`.
 */
export function checkLeaving(how: unknown): void {
  if (how !== "reset" && how !== "fin") {
    throw optionError("The argument of disconnect", how, '"reset" or "fin"');
  }
}

/** The bytes that are handed to the socket in one call. */
const PIECE_BYTES = 16_384;

/** The client's end of one connection. */
export class ClientSocket implements SocketHandler {
  /** The bytes sent since the last {@linkcode begin}. */
  sentBytes = 0;
  /** The bytes read since the last {@linkcode begin}. */
  receivedBytes = 0;
  /** Whether the server has ended its direction. */
  ended = false;
  /** Whether the connection is gone. */
  closed = false;
  /** Called once, when the connection is gone. */
  onClosed: () => void = () => {};
  /** Whether the client has left, or has stalled. */
  fault: Ending | undefined;
  readonly #socket: Socket;
  #receive: (bytes: Uint8Array) => void = () => {};
  #unsent: Uint8Array[] = [];
  /** Whether the server takes no more bytes at present. */
  #full = false;
  /** Bytes that have come while the client stalls. */
  #held: Uint8Array[] = [];
  #planned: Fault | undefined;

  /**
   * Connects.
   *
   * @param connect Connects a handler, and returns the client's socket.
   */
  constructor(connect: (handler: SocketHandler) => Socket) {
    this.#socket = connect(this);
  }

  /**
   * Begins with one exchange on this connection.
   *
   * @param receive Takes the bytes that the server sends.
   * @param fault The planned fault, if there is one.
   */
  begin(receive: (bytes: Uint8Array) => void, fault: Fault | undefined): void {
    this.#receive = receive;
    const planned = this.#planned = fault && ownFault(fault);
    this.sentBytes = this.receivedBytes = 0;
    if (planned !== undefined && "sent" in planned && planned.sent === 0) this.end(planned.then);
  }

  /** Whether another exchange may begin. */
  get reusable(): boolean {
    return !this.ended && !this.closed && this.fault === undefined;
  }

  /** Whether all given bytes have been sent, or can be sent no more. */
  get flushed(): boolean {
    return this.#unsent.length === 0 || this.closed || this.fault !== undefined;
  }

  /** Sends bytes as the server takes them. */
  send(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#unsent.push(bytes);
    this.#flush();
  }

  /**
   * Takes the news that the whole request was given to {@linkcode send}. A client with a fault at byte 0 of
   * the response leaves now.
   */
  requestSent(): void {
    const planned = this.#planned;
    if (planned !== undefined && "received" in planned && planned.received === 0) {
      this.end(planned.then);
    }
  }

  /** Leaves, or stalls. */
  end(how: Ending): void {
    this.fault = how;
    if (how === "stall") this.#socket.pauseReading();
    else if (how === "fin") this.#socket.endWrite();
    else this.#socket.destroy();
  }

  /** Ends a stall: takes the bytes that have come meanwhile, and sends on. */
  resume(): void {
    if (this.fault !== "stall") return;
    this.fault = undefined;
    this.#planned = undefined;
    for (const bytes of this.#held.splice(0)) this.#take(bytes);
    if (this.closed) return;
    this.#socket.resumeReading();
    this.#flush();
  }

  onData(bytes: Uint8Array): void {
    if (this.fault === "stall") {
      this.#held.push(bytes);
      return;
    }
    const planned = this.#planned;
    const left = planned !== undefined && "received" in planned
      ? planned.received - this.receivedBytes
      : Infinity;
    if (planned === undefined || bytes.length < left) return this.#take(bytes);
    this.#take(bytes.subarray(0, left));
    this.end(planned.then);
    const rest = bytes.subarray(left);
    // A client that has sent its FIN reads on.
    if (planned.then === "fin") this.#planned = undefined;
    if (rest.length === 0) return;
    if (planned.then === "fin") this.#take(rest);
    else if (planned.then === "stall") this.#held.push(rest);
  }

  onEnd(): void {
    this.ended = true;
  }

  onDrain(): void {
    this.#flush();
  }

  onClose(): void {
    this.closed = true;
    this.onClosed();
  }

  #take(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.receivedBytes += bytes.length;
    this.#receive(bytes);
  }

  #flush(): void {
    this.#full = false;
    const planned = this.#planned;
    const limit = planned !== undefined && "sent" in planned ? planned.sent : Infinity;
    while (!this.#full && this.fault === undefined) {
      const bytes = this.#unsent.shift();
      if (bytes === undefined) return;
      const length = Math.min(bytes.length, PIECE_BYTES, limit - this.sentBytes);
      if (length < bytes.length) this.#unsent.unshift(bytes.subarray(length));
      this.sentBytes += length;
      this.#full = !this.#socket.write(bytes.subarray(0, length));
      if (planned !== undefined && this.sentBytes >= limit) this.end(planned.then);
    }
  }
}
