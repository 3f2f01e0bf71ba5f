/**
 * The view on servers: their counts, their requests with the coroutines of each, and the last minute.
 *
 * A view is a plain object that JSON can hold, so that workers can send theirs to one process, which puts them
 * together with {@linkcode joinViews}.
 *
 * `statusApp` and the command `status` show it; a worker makes a recorder to send its views.
 *
 * @module
 */

import {
  type Scheduler,
  type Task,
  type TaskState,
  type TaskTrace,
  traceTasks,
} from "../coroutine/mod.ts";
import type { ActiveRequest, ServerStats, WSGIServer } from "../server/mod.ts";
import { LastMinute, type MinuteView } from "./last_minute.ts";
import { serversOf, urlOf } from "./servers.ts";

/** A coroutine, and the coroutines that it has added. */
export interface CoroutineView {
  /** The name of its function. */
  readonly name: string;
  /** `ready`, `running` or `waiting`. */
  readonly state: TaskState;
  /** The operation that it waits for. */
  readonly waitsFor?: string;
  /** The time of the wait in milliseconds; only if the scheduler has the option `debug`. */
  readonly waitedMs?: number;
  /** The line of the `yield`; only if the scheduler has the option `debug`. */
  readonly line?: string;
  /** The coroutines that it has added and that have not ended. */
  readonly children: readonly CoroutineView[];
}

/** A coroutine that belongs to no request. */
export interface OtherCoroutineView extends CoroutineView {
  /** The name of its worker, if several processes serve. */
  readonly worker: string | null;
}

/** A request whose app has not ended. */
export interface RequestView extends Omit<ActiveRequest, "tasks" | "status"> {
  /** The status that was sent; `null` before. */
  readonly status: number | null;
  /** The name of its worker, if several processes serve. */
  readonly worker: string | null;
  /** The coroutine of the app first. */
  readonly coroutines: readonly CoroutineView[];
}

/** One server of a view. */
export interface ServerView {
  /** The address; empty if the server does not listen. */
  readonly url: string;
  /** The counts. */
  readonly stats: ServerStats;
  /** The rates and durations of the last minute. */
  readonly lastMinute: MinuteView;
}

/** The view on servers. */
export interface StatusView {
  /** The time of day of the view, as ISO 8601 writes it. */
  readonly date: string;
  /** Whether the lines and the times of the waits are known: the option `debug` of the scheduler. */
  readonly debug: boolean;
  /** The processes that have not answered in time, such as `worker 2`: a step of an app holds their event loop. */
  readonly silent: readonly string[];
  /** The servers, in the order in which they were given. */
  readonly servers: readonly ServerView[];
  /** The requests of all servers, oldest first, at most 200. */
  readonly requests: readonly RequestView[];
  /** The number of further requests. */
  readonly omittedRequests: number;
  /** The coroutines that belong to no request, oldest first, at most 200. */
  readonly coroutines: readonly OtherCoroutineView[];
  /** The number of further coroutines. */
  readonly omittedCoroutines: number;
}

/** The largest number of requests, and of coroutines without a request, in a view. */
const MAX_ENTRIES = 200;

/**
 * Watches servers, and makes views on them. A worker sends its views to the process that shows the status of all.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { serve } from "@x/cogen-wsgi";
 * import { statusApp, StatusRecorder } from "@x/cogen-wsgi/status";
 * import { testClient } from "@x/cogen-wsgi/testing";
 *
 * await using server = await serve({
 *   bindAddr: ["127.0.0.1", 0],
 *   worker: "2",
 *   wsgiApp(_environ, startResponse) {
 *     startResponse("204 No Content", []);
 *     return [];
 *   },
 * });
 * const recorder = new StatusRecorder(server);
 * await (await fetch(server.url)).text();
 *
 * // In another process, which gets the view as a message:
 * const received = structuredClone(recorder.view());
 * await using client = testClient(statusApp([], { others: () => [received] }));
 * const response = await client.get("/status.json", { headers: { Host: "localhost" } });
 * const { stats } = (response.json() as typeof received).servers[0]!;
 * assertEquals([stats.worker, stats.servedRequests], ["2", 1]);
 * ```
 */
export class StatusRecorder {
  readonly #servers: readonly WSGIServer[];
  readonly #minutes = new Map<WSGIServer, LastMinute>();

  /**
   * Begins to count.
   *
   * @param servers The server, or several. Their responses are counted from now on.
   * @throws {TypeError} If one of them is no server.
   */
  constructor(servers: WSGIServer | readonly WSGIServer[]) {
    this.#servers = serversOf("StatusRecorder", servers);
    for (const server of this.#servers) {
      const { clock } = server.scheduler;
      const minute = new LastMinute();
      this.#minutes.set(server, minute);
      server.onResponse((response) => minute.add(response, clock.now()));
    }
  }

  /**
   * Makes a view. It costs some time for each connection and each coroutine.
   *
   * @returns The view as of now, as plain data.
   */
  view(): StatusView {
    const stats = this.#servers.map((server) => server.stats());
    // The servers of one process have one name.
    const worker = stats.find((each) => each.worker !== undefined)?.worker ?? null;
    const forest = new Forest(new Set(this.#servers.map(({ scheduler }) => scheduler)));
    const requests = this.#servers.flatMap((server) => server.requests())
      .map((request) => requestView(request, worker, forest));
    return bounded({
      date: new Date().toISOString(),
      debug: forest.hasLines,
      silent: [],
      servers: this.#servers.map((server, at) => ({
        url: urlOf(server),
        stats: stats[at] as ServerStats,
        lastMinute: (this.#minutes.get(server) as LastMinute).view(server.scheduler.clock.now()),
      })),
      requests,
      omittedRequests: 0,
      coroutines: forest.rest().map((view) => ({ ...view, worker })),
      omittedCoroutines: 0,
    });
  }
}

/** Puts the views of several processes together. */
export function joinViews(views: readonly StatusView[]): StatusView {
  const sum = (name: "omittedRequests" | "omittedCoroutines") =>
    views.reduce((total, view) => total + view[name], 0);
  return bounded({
    date: new Date().toISOString(),
    debug: views.some(({ debug }) => debug),
    silent: views.flatMap(({ silent }) => silent),
    servers: views.flatMap(({ servers }) => servers),
    requests: views.flatMap(({ requests }) => requests),
    omittedRequests: sum("omittedRequests"),
    coroutines: views.flatMap(({ coroutines }) => coroutines),
    omittedCoroutines: sum("omittedCoroutines"),
  });
}

/** The view with the oldest requests first, and no more entries than a view has. */
function bounded({ omittedRequests, omittedCoroutines, ...view }: StatusView): StatusView {
  const { requests, coroutines } = view;
  return {
    ...view,
    requests: requests.toSorted((one, other) => other.ageMs - one.ageMs).slice(0, MAX_ENTRIES),
    omittedRequests: omittedRequests + Math.max(0, requests.length - MAX_ENTRIES),
    coroutines: coroutines.slice(0, MAX_ENTRIES),
    omittedCoroutines: omittedCoroutines + Math.max(0, coroutines.length - MAX_ENTRIES),
  };
}

type Growing = CoroutineView & { readonly children: CoroutineView[] };

/** The coroutines of schedulers as trees. */
class Forest {
  /** Whether a trace has a line: the option `debug` of a scheduler. */
  readonly hasLines: boolean;
  readonly #views = new Map<Task<unknown>, Growing>();
  readonly #roots = new Set<CoroutineView>();

  constructor(schedulers: Iterable<Scheduler>) {
    const traces = [...schedulers].flatMap((scheduler) => traceTasks(scheduler));
    this.hasLines = traces.some(({ waited }) => waited !== undefined);
    for (const trace of traces) this.#views.set(trace.task, coroutineView(trace));
    for (const { task } of traces) {
      const view = this.#views.get(task) as Growing;
      const parent = this.#parentOf(task);
      if (parent === undefined) this.#roots.add(view);
      else parent.children.push(view);
    }
  }

  /** The view of a coroutine that belongs to a request. */
  take(task: Task<unknown>): CoroutineView | undefined {
    const view = this.#views.get(task);
    if (view !== undefined) this.#roots.delete(view);
    return view;
  }

  /** The trees that were not taken. */
  rest(): CoroutineView[] {
    return [...this.#roots];
  }

  /** The nearest ancestor that has not ended. */
  #parentOf(task: Task<unknown>): Growing | undefined {
    for (let at = task.parent; at !== undefined; at = at.parent) {
      const view = this.#views.get(at);
      if (view !== undefined) return view;
    }
    return undefined;
  }
}

function requestView(
  { tasks, status, ...request }: ActiveRequest,
  worker: string | null,
  forest: Forest,
): RequestView {
  const coroutines = tasks.map((task) => forest.take(task)).filter((view) => view !== undefined);
  const [root] = coroutines;
  if (root !== undefined) coroutines[0] = { ...root, name: request.app || "app" };
  return { ...request, status: status ?? null, worker, coroutines };
}

function coroutineView({ task, state, waitsFor, waited, from }: TaskTrace): Growing {
  return {
    name: task.name,
    state,
    ...(waitsFor === undefined ? {} : { waitsFor }),
    ...(waited === undefined ? {} : { waitedMs: waited }),
    ...(from === undefined ? {} : { line: from }),
    children: [],
  };
}
