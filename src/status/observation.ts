/**
 * The view on servers: their counts, their requests with the coroutines of each, and the last minute.
 *
 * A view is a plain object that JSON can hold. All its viewers of one second share it, so that
 * many open pages cost no more than one.
 *
 * {@linkcode statusApp} shows it.
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
import { urlOf } from "./servers.ts";

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

/** A request whose app has not ended. */
export interface RequestView extends Omit<ActiveRequest, "tasks" | "status"> {
  /** The status that was sent; `null` before. */
  readonly status: number | null;
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
  /** The name of the worker, if several processes serve. */
  readonly worker: string | null;
  /** Whether the lines and the times of the waits are known: the option `debug` of the scheduler. */
  readonly debug: boolean;
  /** The servers, in the order in which they were given. */
  readonly servers: readonly ServerView[];
  /** The requests of all servers, oldest first, at most 200. */
  readonly requests: readonly RequestView[];
  /** The number of further requests. */
  readonly omittedRequests: number;
  /** The coroutines that belong to no request, oldest first, at most 200. */
  readonly coroutines: readonly CoroutineView[];
  /** The number of further coroutines. */
  readonly omittedCoroutines: number;
}

/** The largest number of requests, and of coroutines without a request, in a view. */
const MAX_ENTRIES = 200;
/** A view is made anew after this time. */
const FRESH_MS = 900;

/** Watches servers, and makes views on them. */
export class Observation {
  readonly #servers: readonly WSGIServer[];
  readonly #minutes = new Map<WSGIServer, LastMinute>();
  #view: StatusView | undefined;
  #madeAtMs = -Infinity;

  /** @param servers The servers. Their responses are counted from now on. */
  constructor(servers: readonly WSGIServer[]) {
    this.#servers = servers;
    for (const server of servers) {
      const { clock } = server.scheduler;
      const minute = new LastMinute();
      this.#minutes.set(server, minute);
      server.onResponse((response) => minute.add(response, clock.now()));
    }
  }

  /** The view as of now, at most a second old. */
  view(): StatusView {
    const nowMs = this.#servers[0]?.scheduler.clock.now() ?? 0;
    if (this.#view === undefined || nowMs - this.#madeAtMs >= FRESH_MS) {
      this.#view = this.#make();
      this.#madeAtMs = nowMs;
    }
    return this.#view;
  }

  #make(): StatusView {
    const requests = this.#servers.flatMap((server) => server.requests());
    requests.sort((one, other) => other.ageMs - one.ageMs);
    const schedulers = new Set(this.#servers.map(({ scheduler }) => scheduler));
    const forest = new Forest(schedulers);
    const views = requests.map((request) => requestView(request, forest));
    const coroutines = forest.rest();
    const stats = this.#servers.map((server) => server.stats());
    return {
      date: new Date().toISOString(),
      worker: workerOf(stats),
      debug: forest.hasLines,
      servers: this.#servers.map((server, at) => ({
        url: urlOf(server),
        stats: stats[at] as ServerStats,
        lastMinute: (this.#minutes.get(server) as LastMinute).view(server.scheduler.clock.now()),
      })),
      requests: views.slice(0, MAX_ENTRIES),
      omittedRequests: Math.max(0, views.length - MAX_ENTRIES),
      coroutines: coroutines.slice(0, MAX_ENTRIES),
      omittedCoroutines: Math.max(0, coroutines.length - MAX_ENTRIES),
    };
  }
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

function requestView({ tasks, status, ...request }: ActiveRequest, forest: Forest): RequestView {
  const coroutines = tasks.map((task) => forest.take(task)).filter((view) => view !== undefined);
  return { ...request, status: status ?? null, coroutines };
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

/** The option `worker` of the servers. */
function workerOf(stats: readonly ServerStats[]): string | null {
  return stats.find(({ worker }) => worker !== undefined)?.worker ?? null;
}
