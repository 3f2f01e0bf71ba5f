/**
 * The features whose cost `--overhead` measures, and the command line of its program.
 *
 * @module
 */

/** In the order of the table. `nothing` has a plain server twice, `counts` beside one without its counts. */
export const FEATURES = [
  "nothing",
  "counts",
  "metrics",
  "status",
  "access log",
  "access log, JSON",
  "request ids",
  "OpenTelemetry, not sampled",
  "OpenTelemetry",
  "debug",
] as const;

/** The name of a feature. */
export type OverheadFeature = (typeof FEATURES)[number];

/** The command line of `overhead_pair.ts`, as JSON. */
export interface OverheadJob {
  /** The runtime of the adapter: `node`, `deno` or `bun`. */
  readonly adapter: string;
  readonly feature: OverheadFeature;
  /** The folders of two copies of the compiled package. For `counts`, the second one does not count. */
  readonly folder: string;
  readonly other: string;
  /** The pairs of turns. */
  readonly turns: number;
}
