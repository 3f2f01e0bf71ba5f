/**
 * The metrics of the counts of `server.stats()`, of the schedulers and of the pools of threads.
 *
 * `metrics_recorder.ts` calls this.
 *
 * @module
 */

import type { ServerStats, WSGIServer } from "../server/mod.ts";
import type { Metric, MetricsSnapshot, Sample } from "./metrics.ts";

/** Reads the metrics of servers. */
export function serverMetrics(servers: readonly WSGIServer[]): MetricsSnapshot {
  const stats = servers.map((server) => server.stats());
  // The servers of one process often share a scheduler, whose coroutines and threads count once.
  const schedulers = new Map(servers.map(({ scheduler }, at) => [scheduler, stats[at]]));
  const threads = [...schedulers.values()].flatMap((each) => each?.threads ?? []);
  return [
    ...STATS.map((metric) => summed(metric, stats)),
    ...SCHEDULER.map(([name, help, member]) =>
      total(
        name,
        help,
        "gauge",
        [...schedulers.keys()].map((scheduler) => scheduler.stats()[member]),
      )
    ),
    ...THREADS.map(([name, help, member]) =>
      total(name, help, "gauge", threads.map((pools) => pools[member]))
    ),
    ...THREAD_COUNTS.map(([name, help, member]) =>
      total(name, help, "counter", threads.map((pools) => pools[member]))
    ),
  ];
}

/** A metric of one member of the stats: a number, or a number for each value of a label. */
interface StatMetric {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  readonly combine?: Metric["combine"];
  readonly label?: string;
  read(stats: ServerStats): number | Readonly<Record<string, number>>;
}

const STATS: readonly StatMetric[] = [
  {
    ...{ name: "cogen_connections", help: "Open connections by state.", type: "gauge" },
    ...{ label: "state", read: (stats) => stats.connectionStates },
  },
  {
    ...{ name: "cogen_worker_connections", help: "Open connections by worker.", type: "gauge" },
    ...{ label: "worker", read: (stats) => ofWorker(stats, stats.connections) },
  },
  counter(
    ...["worker_requests", "Requests whose app has ended, by worker."] as const,
    ...[(s: ServerStats) => ofWorker(s, s.servedRequests), "worker"] as const,
  ),
  counter("accepted_connections", "Connections that have come.", (s) => s.acceptedConnections),
  counter("refused_connections", "Connections above the limit.", (s) => s.refusedConnections),
  counter(
    "refused_proxy_headers",
    "Connections of proxies without a valid header of the PROXY protocol.",
    (s) => s.refusedProxyHeaders,
  ),
  counter("failed_handshakes", "TLS handshakes that failed.", (s) => s.failedHandshakes),
  counter("cut_connections", "Connections that the server ended at once.", (s) => s.cutConnections),
  counter(
    "drained_connections",
    "Connections that ended in a shutdown.",
    (s) => s.drainedConnections,
  ),
  counter(
    "responses",
    "Responses by kind; left: the client left early.",
    (s) => s.responses,
    "kind",
  ),
  counter(
    ...["refused_requests", "Requests that the server refused itself."] as const,
    ...[(s: ServerStats) => s.refusedByStatus, "status"] as const,
  ),
  counter("timeouts", "Deadlines that have passed, by phase.", (s) => s.timeouts, "phase"),
  counter("received_bytes", "Bytes that have come.", (s) => s.receivedBytes),
  counter("sent_bytes", "Bytes that the sockets have taken.", (s) => s.sentBytes),
  {
    ...{ name: "cogen_open_files", help: "Open files of responses.", type: "gauge" },
    read: (stats) => stats.openFiles,
  },
  {
    ...{ name: "cogen_event_loop_delay_seconds", type: "gauge", combine: "max" },
    ...{ help: "Delay of the last check of deadlines.", read: (stats) => stats.loopDelayMs / 1000 },
  },
  {
    ...{ name: "cogen_event_loop_delay_max_seconds", type: "gauge", combine: "max" },
    ...{ help: "Longest such delay.", read: (stats) => stats.maxLoopDelayMs / 1000 },
  },
];

const SCHEDULER = [
  ["cogen_coroutines", "Coroutines that have not ended.", "tasks"],
  ["cogen_ready_coroutines", "Coroutines in the ready queue.", "ready"],
  ["cogen_deadlines", "Deadlines that are set.", "deadlines"],
  ["cogen_signal_waits", "Waits for signals.", "signals"],
] as const;

const THREADS = [
  ["cogen_threads", "Threads for blocking apps.", "threads"],
  ["cogen_busy_threads", "Threads that run a request.", "busy"],
  ["cogen_queued_requests", "Requests that wait for a thread.", "queued"],
] as const;

const THREAD_COUNTS = [
  ["cogen_refused_thread_requests_total", "Requests above the queue of the threads.", "refused"],
  ["cogen_expired_thread_requests_total", "Requests beyond their deadline.", "expired"],
  ["cogen_died_threads_total", "Threads that ended by themselves, and were replaced.", "died"],
  ["cogen_lost_threads_total", "Threads that Deno could not end.", "lost"],
] as const;

function counter(
  name: string,
  help: string,
  read: StatMetric["read"],
  label?: string,
): StatMetric {
  const shared = { name: `cogen_${name}_total`, help, type: "counter", read } as const;
  return label === undefined ? shared : { ...shared, label };
}

/** A number with the name of its worker; nothing if one process serves. */
function ofWorker({ worker }: ServerStats, value: number): Readonly<Record<string, number>> {
  return worker === undefined ? {} : { [worker]: value };
}

/** One metric of all servers of the process. */
function summed(
  { name, help, type, combine = "sum", label, read }: StatMetric,
  all: ServerStats[],
): Metric {
  const values = new Map<string, number>();
  for (const stats of all) {
    const given = read(stats);
    const entries = typeof given === "number" ? [["", given] as const] : Object.entries(given);
    for (const [key, value] of entries) {
      const before = values.get(key) ?? 0;
      values.set(key, combine === "sum" ? before + value : Math.max(before, value));
    }
  }
  const samples = [...values].map(([key, value]): Sample => ({
    suffix: "",
    labels: label === undefined ? {} : { [label]: key },
    value,
  }));
  return { name, help, type, combine, samples };
}

/** A sum of values; a metric without samples if there are none. */
function total(
  name: string,
  help: string,
  type: "counter" | "gauge",
  values: readonly number[],
): Metric {
  const value = values.reduce((sum, each) => sum + each, 0);
  const samples: Sample[] = values.length === 0 ? [] : [{ suffix: "", labels: {}, value }];
  return { name, help, type, combine: "sum", samples };
}
