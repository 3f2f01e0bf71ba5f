/**
 * The messages between the command and the thread of an app, for `--reload`.
 *
 * The command has the listeners and the sockets. A thread has one version of the app, and gets the
 * events of the connections that it serves. The messages of one direction keep their order.
 *
 * @module
 */

import type { Address } from "../../socket/mod.ts";
import type { FailureMessage } from "../failure.ts";
import type { Answered, Ask } from "../status/recorders.ts";

/** The bytes on their way in one direction of a connection, from which on the sender waits. */
export const WINDOW_BYTES: number = 256 * 1024;

/** Counts a piece of any size, so that a flood of small pieces is bounded, too. */
export function costOf(bytes: Uint8Array): number {
  return bytes.length + 128;
}

/** A message of the command about the connection `id`, or about the whole thread. */
export type ToThread =
  | {
    readonly type: "open";
    readonly id: number;
    readonly remote: Address;
    readonly local: Address;
    readonly encrypted: boolean;
  }
  /** The certificate of the client, before its first bytes. */
  | { readonly type: "certificate"; readonly id: number; readonly bytes: Uint8Array }
  | { readonly type: "data"; readonly id: number; readonly bytes: Uint8Array }
  | { readonly type: "end"; readonly id: number }
  | { readonly type: "close"; readonly id: number; readonly error: string | undefined }
  /** The client's socket has taken this number of bytes. */
  | { readonly type: "took"; readonly id: number; readonly size: number }
  /** Another version of the app serves: give back the connections without a request, and end. */
  | { readonly type: "retire"; readonly grace: number }
  /** The answer to `leave`: no later event of the connection goes to this thread. */
  | { readonly type: "left"; readonly id: number }
  | { readonly type: "shutdown"; readonly grace: number }
  | { readonly type: "count" }
  | Ask
  | { readonly type: "reopenLogs" };

/** A message of a thread. */
export type FromThread =
  | { readonly type: "loaded" }
  | FailureMessage
  | { readonly type: "write"; readonly id: number; readonly bytes: Uint8Array | string }
  | { readonly type: "endWrite" | "destroy" | "reset"; readonly id: number }
  /** The server has taken this number of bytes. */
  | { readonly type: "took"; readonly id: number; readonly size: number }
  /** The connection is between two requests, and the thread has forgotten it. */
  | { readonly type: "moved"; readonly id: number }
  /** The connection is between two requests now, though its client may be sending one: its thread gives it back. */
  | { readonly type: "leave"; readonly id: number }
  /** Bytes of a connection that leaves, or the end of its client (`undefined`): they are for the next thread. */
  | { readonly type: "back"; readonly id: number; readonly bytes: Uint8Array | undefined }
  /** Every connection that the thread does not keep was reported by `moved`. */
  | { readonly type: "retired" }
  | { readonly type: "count"; readonly count: number }
  | Answered
  /** The server has ended: no connection is open, and no app runs. */
  | { readonly type: "ended" };

/** The buffers of a message that move to the other thread. Each array is the only one on its buffer. */
export function buffersOf(message: ToThread | FromThread): ArrayBuffer[] {
  return "bytes" in message && typeof message.bytes === "object"
    ? [message.bytes.buffer as ArrayBuffer]
    : [];
}
