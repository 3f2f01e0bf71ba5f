/**
 * The metrics of one process: a histogram of the responses, and the counts of `server.stats()`.
 *
 * A response costs two look-ups and two additions. All other numbers are read when they are asked for. The labels
 * are bounded: a client cannot make new ones, because methods that HTTP does not name are `_OTHER`.
 *
 * `metricsApp` makes one; a worker makes one to send its snapshots.
 *
 * @module
 */

import { knownMethod } from "../http/mod.ts";
import type { ServedResponse, WSGIServer } from "../server/mod.ts";
import type { Metric, MetricsSnapshot, Sample } from "./metrics.ts";
import { serverMetrics } from "./server_metrics.ts";
import { serversOf } from "./servers.ts";

/** The upper ends of the buckets in seconds, as OpenTelemetry's HTTP conventions give them. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

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
    return [this.#durations(), this.#active(), ...serverMetrics(this.#servers)];
  }

  #add(response: ServedResponse): void {
    const method = knownMethod(response.method);
    const { status, kind, scheme, minorVersion } = response;
    const key = `${method} ${status} ${kind === "left" ? "left" : ""}${scheme}${minorVersion}`;
    let series = this.#series.get(key);
    if (series === undefined) this.#series.set(key, series = seriesOf(method, response));
    const seconds = response.durationMs / 1000;
    let bucket = 0;
    while (bucket < BUCKETS.length && seconds > (BUCKETS[bucket] as number)) bucket++;
    series.counts[bucket]!++;
    series.sum += seconds;
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
      for (const { method, scheme } of server.requests()) {
        const name = knownMethod(method);
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

/** Makes an empty series. A disconnect has no type of error: the server has done nothing wrong. */
function seriesOf(method: string, response: ServedResponse): Series {
  const { status, kind, scheme, minorVersion } = response;
  const labels = {
    http_request_method: method,
    url_scheme: scheme,
    http_response_status_code: kind === "left" || status === undefined ? "" : String(status),
    network_protocol_version: `1.${minorVersion}`,
    error_type: kind === "5xx" ? String(status) : kind === "none" ? "_OTHER" : "",
  };
  return { labels, counts: BUCKETS.map(() => 0).concat(0), sum: 0 };
}
