/**
 * The app that gives its requests to threads.
 *
 * @module
 */

import {
  checkNames,
  type Duration,
  type HostAsyncDisposable,
  optionError,
  toMilliseconds,
} from "../coroutine/mod.ts";
import type { AppIterable, Environ, StartResponse } from "../wsgi/mod.ts";
import { Pool } from "./pool.ts";
import { ThreadResponse } from "./request.ts";

/** The options of {@linkcode blocking}. */
export interface BlockingOptions {
  /** The most threads; each is started when a request finds none free. Default 4. */
  readonly threads?: number;
  /** The most requests that wait for a thread; further ones get 503 at once. Default 100. */
  readonly queue?: number;
  /**
   * The time of a request in its thread, after which its app is ended. Default: 60 seconds; `Infinity` for none.
   */
  readonly deadline?: Duration;
  /** The time after which a thread without requests is ended. Default: 60 seconds. */
  readonly idle?: Duration;
}

/** The counts of an app in threads. */
export interface BlockingStats {
  /** The threads now. */
  readonly threads: number;
  /** The threads that have a request. */
  readonly busy: number;
  /** The requests that wait for a thread. */
  readonly queued: number;
  /** The requests that a thread has begun. */
  readonly served: number;
  /** The requests that were answered with 503, because the queue was full. */
  readonly refused: number;
  /** The requests that were ended by their deadline. */
  readonly expired: number;
  /** The threads that have ended by themselves. */
  readonly died: number;
  /** The threads that Deno could not end; they may compute for ever. Their process should be restarted. */
  readonly lost: number;
}

/** A WSGI app that gives its requests to threads. */
export interface ThreadedApp extends HostAsyncDisposable {
  (environ: Environ, startResponse: StartResponse): AppIterable;
  /** The counts now. */
  stats(): BlockingStats;
  /** Ends each thread as soon as it is free; requests get 503 from now on. */
  close(): Promise<void>;
}

/** The defaults: numbers of threads and requests, times in seconds. */
export const BLOCKING_DEFAULTS = { threads: 4, queue: 100, deadline: 60, idle: 60 } as const;

/**
 * Makes a WSGI app of a plain synchronous one, which runs in worker threads: there,
 * `environ["wsgi.input"].read()` blocks, and long computations and synchronous files and databases hold up no other
 * request.
 *
 * The app in the thread is the default export of the module; a hash of the URL names another export. It gets
 * `environ` and `startResponse` as PEP 3333 says, and returns an array or a generator of blocks. The environ has
 * the keys whose values can be cloned, so it has no `cogen`, and no functions of a middleware.
 *
 * A thread that is ahead of its client waits. When the client leaves, the next read or block of the app ends it
 * through its `finally`. An app that does not end before its deadline is ended, and its stack is in the log.
 *
 * @param module The URL of the module: `new URL("./app.ts", import.meta.url)`.
 * @param options The threads, the queue, the deadline.
 * @returns The app, with its counts.
 * @throws {TypeError} If the module is no URL, or an option is of a wrong kind.
 * @throws {RangeError} If a number is out of range.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { blocking } from "@x/cogen-wsgi/blocking";
 * import { testClient } from "@x/cogen-wsgi/testing";
 *
 * // Usually: new URL("./report.ts", import.meta.url)
 * const source = `export default (environ, startResponse) => {
 *   startResponse("200 OK", []);
 *   return [environ["wsgi.input"].read()];
 * }`;
 * const module = `data:text/javascript;base64,${btoa(source)}`;
 * await using app = blocking(module, { threads: 1 });
 * await using client = testClient(app);
 * assertEquals((await client.post("/", { body: "the body" })).text, "the body");
 * ```
 */
export function blocking(
  module: string | { readonly href: string },
  options: BlockingOptions = {},
): ThreadedApp {
  options = checkNames("blocking", options, Object.keys(BLOCKING_DEFAULTS));
  const { threads = BLOCKING_DEFAULTS.threads, queue = BLOCKING_DEFAULTS.queue } = options;
  const { deadline = BLOCKING_DEFAULTS.deadline, idle = BLOCKING_DEFAULTS.idle } = options;
  const deadlineMs = toMilliseconds(deadline, "deadline of blocking");
  if (deadlineMs === 0) {
    throw new RangeError("deadline of blocking is 0: expected more than 0, or Infinity for none");
  }
  const pool = new Pool({
    module: checkedModule(module),
    threads: checkedCount("threads", threads, 1),
    queue: checkedCount("queue", queue, 0),
    idleMs: toMilliseconds(idle, "idle of blocking"),
  });
  const app = (environ: Environ, startResponse: StartResponse): AppIterable => {
    const ticket = pool.enter(environ.cogen.scheduler);
    if (ticket !== undefined) {
      return new ThreadResponse(pool, environ, startResponse, { ticket, deadlineMs });
    }
    startResponse("503 Service Unavailable", [
      ["Content-Type", "text/plain"],
      ["Retry-After", "1"],
    ]);
    return ["All threads are busy, and the queue is full\n"];
  };
  const close = () => pool.close();
  return Object.assign(app, {
    stats: (): BlockingStats => ({ ...pool.load, ...pool.counts }),
    close,
    [Symbol.asyncDispose]: close,
  });
}

function checkedModule(module: unknown): string {
  const href = typeof module === "object" && module !== null ? (module as URL).href : module;
  const isUrl = typeof href === "string" && /^[a-z][a-z0-9+.-]+:/i.test(href);
  if (isUrl) return href;
  throw optionError("module of blocking", module, 'a URL: new URL("./app.ts", import.meta.url)');
}

function checkedCount(name: string, value: unknown, least: number): number {
  if (typeof value !== "number") throw optionError(`${name} of blocking`, value, "a number");
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new RangeError(`${name} of blocking is ${value}: expected a whole number from ${least}`);
}
