/**
 * What an app may say beside its status, headers and body, and the connection it may take over.
 *
 * @module
 */

import type { HeaderList } from "./app.ts";
import type { Files } from "./files.ts";
import type { RequestTimeouts } from "./request_timeouts.ts";

/** A connection that an app has taken over; its methods are those of the server's socket. */
export interface TakenSocket {
  /** Sends bytes in order, a string as latin-1. `false`: wait for `onDrain`. */
  write(bytes: Uint8Array | string): boolean;
  /** Half-closes, after everything written has gone. */
  endWrite(): void;
  /** Closes both directions at once. */
  destroy(): void;
  /** Asks for no more `onData` until `resumeReading`. */
  pauseReading(): void;
  /** Ends {@linkcode pauseReading}. */
  resumeReading(): void;
}

/** What is told of a connection that was taken over. */
export interface TakenSocketHandler {
  /** Bytes have come. They are the handler's until the call returns. */
  onData(bytes: Uint8Array): void;
  /** The peer has ended its side. */
  onEnd(): void;
  /** There is room again after a `write` that gave `false`. */
  onDrain(): void;
  /** The connection is gone; the last call. */
  onClose(error?: Error): void;
}

/** What `environ.cogen` passes on to the exchange it belongs to. */
export interface Conversation {
  /** See {@linkcode Cogen.files}. */
  readonly files?: Files | undefined;
  /** See {@linkcode Cogen.setTrailers}. */
  setTrailers(trailers: HeaderList): void;
  /** See {@linkcode Cogen.inform}. */
  inform(status: 102 | 103, headers: HeaderList): void;
  /** See {@linkcode Cogen.setTimeouts}. */
  setTimeouts(timeouts: RequestTimeouts): void;
  /** See {@linkcode Cogen.report}. */
  report(error: unknown): void;
  /** See {@linkcode Cogen.takeSocket}. */
  takeSocket(headers: HeaderList, accept: (socket: TakenSocket) => TakenSocketHandler): void;
}
