/**
 * The settings of a server: its options after every check, with every default filled in.
 *
 * Made once for each server by {@linkcode resolveOptions} and never changed. Everything below the
 * server reads this object instead of the options.
 *
 * @module
 */

import type { Scheduler, Task } from "../coroutine/mod.ts";
import type { ParserLimits } from "../http/mod.ts";
import type { Adapter, ListenTarget, ListenTLSOptions } from "../socket/mod.ts";
import type { Environ, ServedBus, WSGIApp } from "../wsgi/mod.ts";
import type { Limits } from "./server_limits.ts";
import type { ProxyProtocol } from "./listening/proxy_option.ts";
import type { Refusal } from "./counts/refusals.ts";
import type { TimeoutsMs } from "./timeouts.ts";

/** Options with every default filled in. */
export interface Settings {
  readonly app: WSGIApp;
  readonly bind: ListenTarget;
  readonly adapter: Adapter;
  readonly scheduler: Scheduler;
  readonly serverName: string;
  /** The length of the listen backlog; `undefined` for the runtime's default. */
  readonly backlog: number | undefined;
  readonly tls: ListenTLSOptions | undefined;
  /** The proxies that send a header; `undefined` if none do. */
  readonly proxyProtocol: ProxyProtocol | undefined;
  readonly protocol: "HTTP/1.0" | "HTTP/1.1";
  /** The value of the `Server` field; `undefined` for no such field. */
  readonly serverHeader: string | undefined;
  /** The time that an app may run before its blocks are handed over, in milliseconds. */
  readonly burstMs: number;
  readonly limits: Limits;
  /** The part of `limits` that the parsers of this server enforce. */
  readonly parserLimits: ParserLimits;
  readonly timeoutsMs: TimeoutsMs;
  /** Whether mistakes of apps are told of in the log. */
  readonly debug: boolean;
  readonly bus: ServedBus | undefined;
  /** The name of this process among those that run the app; `undefined` if this one alone does. */
  readonly worker: string | undefined;
  /** Writes a line of `wsgi.errors`. */
  readonly log: (line: string) => void;
  /** Writes a fault of the adapter. */
  readonly logFault: (line: string) => void;
  readonly onRefused: ((refusal: Refusal) => void) | undefined;
  /** As `report`, for the error of a coroutine that is not joined. */
  readonly reportFailure: (error: unknown, task: Task<unknown>) => void;
  /**
   * Passes an error of an app or of a coroutine to `onError`, then to the log. Never throws. The log's
   * entry begins with `place`: the request or the coroutine that has failed.
   */
  readonly report: (error: unknown, place?: string, environ?: Environ) => void;
}
