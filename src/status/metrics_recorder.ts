/**
 * The metrics of one process: a histogram of the responses, and the counts of `server.stats()`.
 *
 * A response costs one look-up and two additions. All other numbers are read when they are asked for. The labels
 * are bounded: a client cannot make new ones, because methods that HTTP does not name are `_OTHER`.
 *
 * `metricsApp` makes one; a worker makes one to send its snapshots.
 *
 * @module
 */

import type { ServedResponse, ServerStats, WSGIServer } from "../server/mod.ts";
import type { Metric, MetricsSnapshot, Sample } from "./metrics.ts";
import { serversOf } from "./servers.ts";

/** The upper ends of the buckets in seconds, as OpenTelemetry's HTTP conventions give them. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** The methods that OpenTelemetry's HTTP conventions name. */
const METHODS: ReadonlySet<string> = new Set([
  ...["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"],
]);

/** The responses with the same labels. */
interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly counts: number[];
  sum: number;
}

/** Counts the responses of servers, and gives snapshots of all their metrics. */
export class MetricsRecorder {
  readonly #servers: readonly WSGIServer[];
  readonly #series = new Map<string, Series>();

  /**
   * Begins to count.
   *
   * @param servers The server, or several. Their responses are counted from now on.
   * @throws {TypeError} If one of them is no server.
   */
  constructor(servers: WSGIServer | readonly WSGIServer[]) {
    this.#servers = serversOf("MetricsRecorder", servers);
    for (const server of this.#servers) server.onResponse((response) => this.#add(response));
  }

  /**
   * Reads all metrics.
   *
   * @returns The metrics as of now, as plain data.
   */
  snapshot(): MetricsSnapshot {
    const stats = this.#servers.map((server) => server.stats());
    // The servers of one process often share a scheduler, which counts once.
    const schedulers = [...new Set(this.#servers.map(({ scheduler }) => scheduler))];
    const threads = stats[0]?.threads;
    return [
      this.#durations(),
      this.#active(),
      ...STATS.map((metric) => summed(metric, stats)),
      ...SCHEDULER.map(([name, help, member]): Metric => ({
        ...{ name, help, type: "gauge", combine: "sum" },
        samples: [plain(schedulers.reduce((sum, each) => sum + each.stats()[member], 0))],
      })),
      ...(threads === undefined ? [] : THREADS.map(([name, help, member]): Metric => ({
        ...{ name, help, type: "gauge", combine: "sum" },
        samples: [plain(threads[member])],
      }))),
    ];
  }

  #add(response: ServedResponse): void {
    const { method, status, kind, scheme, minorVersion, durationMs } = response;
    const key = `${method} ${status} ${kind === "left" ? "left" : ""}${scheme}${minorVersion}`;
    const series = this.#series.get(key) ?? this.#begin(response);
    const seconds = durationMs / 1000;
    const bucket = BUCKETS.findIndex((end) => seconds <= end);
    series.counts[bucket < 0 ? BUCKETS.length : bucket]!++;
    series.sum += seconds;
  }

  /** A disconnect has no type of error: the server has done nothing wrong. */
  #begin({ method, status, kind, scheme, minorVersion }: ServedResponse): Series {
    const name = METHODS.has(method) ? method : "_OTHER";
    const key = `${name} ${status} ${kind === "left" ? "left" : ""}${scheme}${minorVersion}`;
    let series = this.#series.get(key);
    if (series !== undefined) return series;
    const labels = {
      http_request_method: name,
      url_scheme: scheme,
      http_response_status_code: kind === "left" || status === undefined ? "" : String(status),
      network_protocol_version: `1.${minorVersion}`,
      error_type: kind === "5xx" ? String(status) : kind === "none" ? "_OTHER" : "",
    };
    series = { labels, counts: BUCKETS.map(() => 0).concat(0), sum: 0 };
    this.#series.set(key, series);
    return series;
  }

  #durations(): Metric {
    const samples = [...this.#series.values()].flatMap(({ labels, counts, sum }): Sample[] => {
      let total = 0;
      const buckets = counts.map((count, at): Sample => ({
        suffix: "_bucket",
        labels: { ...labels, le: String(BUCKETS[at] ?? "+Inf") },
        value: total += count,
      }));
      return [
        ...buckets,
        { suffix: "_sum", labels, value: sum },
        { suffix: "_count", labels, value: total },
      ];
    });
    return {
      name: "http_server_request_duration_seconds",
      type: "histogram",
      help: "Duration of HTTP server requests, from the head of the request to the end of its app.",
      combine: "sum",
      samples,
    };
  }

  #active(): Metric {
    const counts = new Map<string, { labels: Sample["labels"]; value: number }>();
    for (const server of this.#servers) {
      const scheme = schemeOf(server);
      for (const { method } of server.requests()) {
        const name = METHODS.has(method) ? method : "_OTHER";
        const labels = { http_request_method: name, url_scheme: scheme };
        const entry = counts.get(name + scheme) ?? { labels, value: 0 };
        entry.value++;
        counts.set(name + scheme, entry);
      }
    }
    return {
      name: "http_server_active_requests",
      type: "gauge",
      help: "Number of HTTP server requests whose app has not ended.",
      combine: "sum",
      samples: [...counts.values()].map((entry) => ({ suffix: "", ...entry })),
    };
  }
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
  counter("accepted_connections", "Connections that have come.", (s) => s.acceptedConnections),
  counter("refused_connections", "Connections above the limit.", (s) => s.refusedConnections),
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

function counter(
  name: string,
  help: string,
  read: StatMetric["read"],
  label?: string,
): StatMetric {
  const shared = { name: `cogen_${name}_total`, help, type: "counter", read } as const;
  return label === undefined ? shared : { ...shared, label };
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

function plain(value: number): Sample {
  return { suffix: "", labels: {}, value };
}

function schemeOf(server: WSGIServer): string {
  try {
    return server.url.startsWith("https:") ? "https" : "http";
  } catch {
    return "http"; // a server that does not listen has no address
  }
}
