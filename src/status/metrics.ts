/**
 * Metrics as data, and in the text format of Prometheus (version 0.0.4).
 *
 * A snapshot is plain data, so that workers can send theirs to one process, which adds them up with
 * {@linkcode sumMetrics}.
 *
 * {@linkcode metricsApp} calls this.
 *
 * @module
 */

import { optionError } from "../coroutine/mod.ts";

/** One number of a metric. */
export interface Sample {
  /** The end of the name: `_bucket`, `_sum` or `_count` for a histogram; otherwise empty. */
  readonly suffix: "" | "_bucket" | "_sum" | "_count";
  /** The labels by name, in the order in which they are written. */
  readonly labels: Readonly<Record<string, string>>;
  /** The number. */
  readonly value: number;
}

/** One metric, with a number for each combination of labels. */
export interface Metric {
  /** The name, in the unit that it ends with: `_seconds`, `_bytes`, or `_total` for a count. */
  readonly name: string;
  /** A counter only grows; a gauge goes up and down. */
  readonly type: "counter" | "gauge" | "histogram";
  /** A sentence for people. */
  readonly help: string;
  /** How the numbers of several processes become one. */
  readonly combine: "sum" | "max";
  /** The numbers. A metric without any is not written. */
  readonly samples: readonly Sample[];
}

/** The metrics of one process. */
export type MetricsSnapshot = readonly Metric[];

/**
 * Adds up the metrics of several processes.
 *
 * @param snapshots The metrics of each process.
 * @returns The metrics of all, in the order of the first process that has them.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { type Metric, sumMetrics } from "@x/cogen-wsgi/status";
 *
 * const metric = (value: number): Metric => ({
 *   name: "jobs_total",
 *   type: "counter",
 *   help: "Jobs.",
 *   combine: "sum",
 *   samples: [{ suffix: "", labels: { kind: "mail" }, value }],
 * });
 * assertEquals(sumMetrics([[metric(2)], [metric(3)]]), [metric(5)]);
 * ```
 */
export function sumMetrics(snapshots: readonly MetricsSnapshot[]): MetricsSnapshot {
  checkSnapshots("The argument of sumMetrics", snapshots);
  const sums = new Map<string, { metric: Metric; samples: Map<string, Sample> }>();
  for (const metric of snapshots.flat()) {
    const sum = sums.get(metric.name) ?? { metric, samples: new Map() };
    sums.set(metric.name, sum);
    for (const sample of metric.samples) {
      const key = sample.suffix + labelsOf(sample.labels);
      const other = sum.samples.get(key);
      const value = other === undefined
        ? sample.value
        : combined(metric, other.value, sample.value);
      sum.samples.set(key, { ...sample, value });
    }
  }
  return [...sums.values()].map(({ metric, samples }) => ({
    ...metric,
    samples: inOrder([...samples.values()]),
  }));
}

function combined({ combine }: Metric, one: number, other: number): number {
  return combine === "sum" ? one + other : Math.max(one, other);
}

/** The buckets of a histogram stand together, as the text format wants it; the order is stable. */
function inOrder(samples: readonly Sample[]): Sample[] {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels;
    const key = labelsOf(labels);
    groups.set(key, [...groups.get(key) ?? [], sample]);
  }
  return [...groups.values()].flat();
}

/**
 * Writes metrics in the text format of Prometheus.
 *
 * @param metrics The metrics.
 * @returns The text, of the type `text/plain; version=0.0.4`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { formatMetrics } from "@x/cogen-wsgi/status";
 *
 * const samples = [{ suffix: "" as const, labels: { kind: 'a "b"' }, value: 2 }];
 * const text = formatMetrics([
 *   { name: "jobs_total", type: "counter", help: "Jobs.", combine: "sum", samples },
 * ]);
 * assertEquals(text.split("\n")[2], 'jobs_total{kind="a \\"b\\""} 2');
 * ```
 */
export function formatMetrics(metrics: MetricsSnapshot): string {
  if (!isSnapshot(metrics)) {
    throw optionError(
      "The argument of formatMetrics",
      metrics,
      "a snapshot, such as recorder.snapshot()",
    );
  }
  const lines: string[] = [];
  for (const { name, type, help, samples } of metrics) {
    if (samples.length === 0) continue;
    lines.push(`# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`);
    lines.push(`# TYPE ${name} ${type}`);
    for (const { suffix, labels, value } of samples) {
      lines.push(`${name}${suffix}${labelsOf(labels)} ${numberOf(value)}`);
    }
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** @throws {TypeError} If a value is no array of snapshots. */
export function checkSnapshots(name: string, value: unknown): void {
  if (Array.isArray(value) && value.every(isSnapshot)) return;
  throw optionError(name, value, "an array of snapshots");
}

function isSnapshot(value: unknown): boolean {
  return Array.isArray(value) &&
    value.every((metric) => Array.isArray((Object(metric) as Partial<Metric>).samples));
}

/** `{name="value"}`; labels without a value are left out. */
function labelsOf(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).filter(([, value]) => value !== "").map(([name, value]) => {
    const escaped = value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
    return `${name}="${escaped}"`;
  });
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function numberOf(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}
