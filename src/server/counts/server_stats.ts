/**
 * The counts of a server, for monitoring: one plain object, as of the moment of the call.
 *
 * Everything here is read from the server when it is asked for. A call costs some time for each open
 * connection, so a monitor should ask once in some seconds.
 *
 * `WSGIServer.stats` calls {@linkcode statsOf}; rooms with numbers of their own call
 * {@linkcode provideStats}.
 *
 * @module
 */

import { checkMembers } from "../../coroutine/internal.ts";
import {
  checkNames,
  checkOption,
  type Scheduler,
  type SchedulerStats,
} from "../../coroutine/mod.ts";
import type { ConnectionStateName, StateName } from "../connection_state.ts";
import type { Refusals } from "./refusals.ts";
import type { EndedConnection, Tally } from "./tally.ts";
import type { Timeouts } from "../timeouts.ts";

/**
 * The kind of a response: the class of its status; `left` if the client left before its end, which is no
 * error of the server; `none` if the server ended the connection before it sent a status.
 */
export type ResponseKind = "1xx" | "2xx" | "3xx" | "4xx" | "5xx" | "left" | "none";

/** The threads of a pool for blocking apps. */
export interface ThreadStats {
  /** The number of threads. */
  readonly threads: number;
  /** The number of threads that run a request. */
  readonly busy: number;
  /** The number of requests that wait for a thread. */
  readonly queued: number;
  /** The number of requests that were refused, because the queue was full. */
  readonly refused: number;
  /** The number of requests that were ended by their deadline. */
  readonly expired: number;
  /** The number of threads that have ended by themselves; each is replaced. */
  readonly died: number;
  /** The number of threads that Deno could not end, and that may compute for ever. */
  readonly lost: number;
}

/** The functions that tell the numbers of {@linkcode ServerStats} that the server does not know by itself. */
export interface ProvidedStats {
  /** Tells of the threads of a pool. */
  readonly threads?: () => ThreadStats;
}

/** The counts of {@linkcode WSGIServer.stats}. Counts of past events begin when the server is made. */
export interface ServerStats {
  /** The number of open connections. */
  readonly connections: number;
  /** The number of open connections in each state. */
  readonly connectionStates: Readonly<Record<ConnectionStateName, number>>;
  /** The number of connections that have come. */
  readonly acceptedConnections: number;
  /**
   * The number of connections that were closed at once, because `limits.maxConnections` were open or the process
   * had no descriptor to spare.
   */
  readonly refusedConnections: number;
  /** The number of connections with TLS that broke before the first byte of a request. */
  readonly failedHandshakes: number;
  /** The number of connections of proxies that began without a valid header of the PROXY protocol. */
  readonly refusedProxyHeaders: number;
  /**
   * The number of connections that the server has ended at once, without the polite end of TCP: by a
   * deadline, a shutdown, a response that could not be completed, or the limit of connections.
   */
  readonly cutConnections: number;
  /** The number of connections that have ended after the beginning of a shutdown, and were not cut. */
  readonly drainedConnections: number;
  /** The number of requests with an app that has not ended. */
  readonly activeRequests: number;
  /** The number of requests with an app that has ended. */
  readonly servedRequests: number;
  /** The number of those requests by the kind of their response. */
  readonly responses: Readonly<Record<ResponseKind, number>>;
  /** The number of requests that the server refused itself: 400, 408, 413, 414, 431, 501, 503, ... */
  readonly refusedRequests: number;
  /** The number of those requests by the status of their answer. */
  readonly refusedByStatus: Readonly<Record<number, number>>;
  /**
   * The number of deadlines that have passed, by their names in the option `timeouts`. A connection that
   * ends after `idle` is nothing unusual.
   */
  readonly timeouts: Readonly<Record<keyof Timeouts, number>>;
  /** The bytes that have come, without those of TLS and of sockets that an app has taken. */
  readonly receivedBytes: number;
  /** The bytes that the sockets have taken, without those of TLS and of sockets that an app has taken. */
  readonly sentBytes: number;
  /** The coroutines, the ready queue and the deadlines of the scheduler. */
  readonly scheduler: SchedulerStats;
  /**
   * The delay of the last check of the deadlines, in milliseconds: the event loop was busy for that time. A check
   * comes once a second while a connection is open.
   */
  readonly loopDelayMs: number;
  /** The longest such delay. */
  readonly maxLoopDelayMs: number;
  /** The files that are open through the adapter, for `wsgi.file_wrapper` and `staticFiles`. */
  readonly openFiles: number;
  /** The threads of the pools for blocking apps; absent before the first request to such an app. */
  readonly threads?: ThreadStats;
  /** The option `worker`; absent if one process runs the app. */
  readonly worker?: string;
}

/** The functions that provide numbers, by scheduler. */
const providers = new WeakMap<Scheduler, Set<ProvidedStats>>();

/**
 * Adds numbers to the `stats` of each server that uses a scheduler. The numbers of several providers are
 * added up.
 *
 * @param scheduler The scheduler: `environ.cogen.scheduler` of a request.
 * @param provided A function for each number. It is called by `stats`, and must not throw.
 * @returns A function that removes the numbers.
 * @throws {TypeError} If one of the arguments is of another kind, or a number has another name.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { serve } from "@x/cogen-wsgi";
 * import { provideStats } from "@x/cogen-wsgi/server";
 *
 * await using server = await serve({
 *   bindAddr: ["127.0.0.1", 0],
 *   wsgiApp: (_environ, startResponse) => {
 *     startResponse("204 No Content", []);
 *     return [];
 *   },
 * });
 * const pool = { threads: 4, busy: 1, queued: 0, refused: 0, expired: 0, died: 0, lost: 0 };
 * provideStats(server.scheduler, { threads: () => pool });
 * assertEquals(server.stats().threads, pool);
 * ```
 */
export function provideStats(scheduler: Scheduler, provided: ProvidedStats): () => void {
  const expected = "a scheduler, such as server.scheduler";
  checkMembers("scheduler of provideStats", scheduler, ["add", "clock"], expected);
  provided = checkNames("provided of provideStats", provided, ["threads"]);
  checkOption("threads of provideStats", provided.threads, "function");
  const all = providers.get(scheduler) ?? new Set();
  providers.set(scheduler, all);
  all.add(provided);
  return () => void all.delete(provided);
}

/** The connections of a server, as its counts need them. */
export interface CountedConnections extends Iterable<EndedConnection & { stateName: StateName }> {
  readonly settings: { readonly scheduler: Scheduler; readonly worker: string | undefined };
  readonly size: number;
  readonly awaitedPreambles: number;
  readonly accepted: number;
  readonly active: number;
  readonly served: number;
  readonly tally: Tally;
  readonly refusals: Refusals;
}

/** Reads the counts of a server. */
export function statsOf(connections: CountedConnections): ServerStats {
  const { tally, refusals: { counts, byStatus }, settings: { scheduler, worker } } = connections;
  const connectionStates = { ...NO_CONNECTIONS, between: connections.awaitedPreambles };
  let { receivedBytes, sentBytes } = tally;
  for (const connection of connections) {
    const { stateName } = connection;
    if (stateName !== "gone") connectionStates[stateName]++;
    receivedBytes += connection.receivedBytes;
    sentBytes += connection.output.sentBytes;
  }
  const threads = threadsOf(scheduler);
  return {
    connections: connections.size,
    connectionStates,
    acceptedConnections: connections.accepted,
    refusedConnections: counts.connection,
    failedHandshakes: counts.handshake,
    refusedProxyHeaders: counts["proxy-header"],
    cutConnections: tally.cutConnections,
    drainedConnections: tally.drainedConnections,
    activeRequests: connections.active,
    servedRequests: connections.served,
    responses: responsesOf(tally.responses),
    refusedRequests: counts.request,
    refusedByStatus: { ...byStatus },
    timeouts: { ...tally.timeouts },
    receivedBytes,
    sentBytes,
    scheduler: scheduler.stats(),
    loopDelayMs: tally.loopDelayMs,
    maxLoopDelayMs: tally.maxLoopDelayMs,
    openFiles: tally.openFiles,
    ...(threads === undefined ? {} : { threads }),
    ...(worker === undefined ? {} : { worker }),
  };
}

const NO_CONNECTIONS: Readonly<Record<ConnectionStateName, number>> = {
  between: 0,
  head: 0,
  body: 0,
  read: 0,
  discarding: 0,
  lingering: 0,
  taken: 0,
};

/** The names of the kinds, in the order of `RequestExchange.responseKind`. */
export const RESPONSE_KINDS: readonly ResponseKind[] = [
  ...["none", "1xx", "2xx", "3xx", "4xx", "5xx", "left"] as const,
];

function responsesOf(counts: readonly number[]): Record<ResponseKind, number> {
  const entries = RESPONSE_KINDS.map((kind, index) => [kind, counts[index] ?? 0]);
  return Object.fromEntries(entries) as Record<ResponseKind, number>;
}

function threadsOf(scheduler: Scheduler): ThreadStats | undefined {
  let sum: ThreadStats | undefined;
  for (const provided of providers.get(scheduler) ?? []) {
    const pool = provided.threads?.();
    if (pool === undefined) continue;
    sum = {
      threads: (sum?.threads ?? 0) + pool.threads,
      busy: (sum?.busy ?? 0) + pool.busy,
      queued: (sum?.queued ?? 0) + pool.queued,
      refused: (sum?.refused ?? 0) + pool.refused,
      expired: (sum?.expired ?? 0) + pool.expired,
      died: (sum?.died ?? 0) + pool.died,
      lost: (sum?.lost ?? 0) + pool.lost,
    };
  }
  return sum;
}
