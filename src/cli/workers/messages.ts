/**
 * The messages between the supervisor and its workers, for `--workers`.
 *
 * They travel as JSON. The messages of one direction keep their order. A message about a new connection
 * brings the connection with it.
 *
 * @module
 */

import type { Address } from "../../socket/mod.ts";
import type { AppPlace } from "../app_loader.ts";
import type { FailureMessage } from "../failure.ts";
import type { Answered, Ask } from "../status/recorders.ts";

/** The task of a new worker. */
export interface WorkerTask {
  /** Names the worker: `1` for the first. A worker that takes the place of another has its name. */
  readonly name: string;
  readonly place: AppPlace;
  /** The arguments of the command. */
  readonly words: readonly string[];
}

/** A message of the supervisor. */
export type ToWorker =
  | { readonly type: "start"; readonly task: WorkerTask }
  /** The addresses of the service, in the order of its options: the app is served from now on. */
  | { readonly type: "listen"; readonly addresses: readonly Address[] }
  /** A new connection, which was accepted at the address with this index. */
  | { readonly type: "connection"; readonly id: number; readonly address: number }
  | { readonly type: "ping" }
  | { readonly type: "reopenLogs" }
  /**
   * No connection follows: end the present ones, and the process. Both times are in seconds; `null` is no limit.
   */
  | { readonly type: "end"; readonly grace: number | null; readonly idle: number }
  /** A message of the bus. */
  | { readonly type: "bus"; readonly message: unknown }
  | Ask;

/** The load of a worker. */
export interface Load {
  /** The open connections. */
  readonly connections: number;
  /** The requests that run. */
  readonly requests: number;
}

/** A message of a worker. */
export type FromWorker =
  | { readonly type: "loaded" }
  /** The worker cannot serve. It ends when it is told so. */
  | FailureMessage
  | { readonly type: "ready" }
  /** The worker has the connection `id`, so the supervisor may close its descriptor. */
  | { readonly type: "took"; readonly id: number }
  /** The message of the connection `id` came without the connection. */
  | { readonly type: "missed"; readonly id: number }
  | { readonly type: "pong"; readonly load: Load }
  /** The worker asks for another one in its place. */
  | { readonly type: "replace"; readonly reason: string }
  | { readonly type: "bus"; readonly message: unknown }
  | Answered;

/** The worker has heard this number of messages without a connection. Sent on Deno only; see `quiet_link.ts`. */
export interface Heard {
  readonly type: "heard";
  readonly count: number;
}
