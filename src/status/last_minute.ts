/**
 * The responses of the last minute, second by second: their number, and percentiles of their durations.
 *
 * A response costs one increment in the histogram of its second. The steps of a histogram grow by a factor of
 * 1.25, so a percentile is at most 25 % too long.
 *
 * {@linkcode StatusRecorder} keeps one for each server.
 *
 * @module
 */

import type { ServedResponse } from "../server/mod.ts";

/** The number of seconds that are kept. */
export const SECONDS = 60;
/** The durations of a histogram: from 0.05 ms, by {@linkcode GROWTH}, up to about an hour. */
const STEPS = 82;
const SHORTEST_MS = 0.05;
const GROWTH = 1.25;
const LOG_GROWTH = Math.log(GROWTH);

/** The responses of one second. */
interface Second {
  /** The second since the clock's zero. */
  at: number;
  count: number;
  /** The responses of the class 5xx, and those without a status. */
  errors: number;
  left: number;
  readonly durations: Uint32Array;
}

/** The rates and durations of the last minute. Arrays have one entry a second, oldest first. */
export interface MinuteView {
  /** The number of responses. */
  readonly responses: number;
  /** The number of responses of the class 5xx, and of those without a status. */
  readonly errors: number;
  /** The number of responses whose client has left before the end. */
  readonly left: number;
  /** The responses in each second. */
  readonly rate: readonly number[];
  /** The errors in each second. */
  readonly errorRate: readonly number[];
  /** Half of the responses took at most this time, in milliseconds; `null` without a response. */
  readonly p50Ms: number | null;
  /** 95 % took at most this time. */
  readonly p95Ms: number | null;
  /** 99 % took at most this time. */
  readonly p99Ms: number | null;
  /** `p95Ms` of each second; 0 without a response. */
  readonly p95MsEach: readonly number[];
}

/** Keeps the responses of one minute. */
export class LastMinute {
  readonly #seconds: Second[] = Array.from({ length: SECONDS }, () => ({
    ...{ at: -1, count: 0, errors: 0, left: 0 },
    durations: new Uint32Array(STEPS),
  }));

  /** Counts a response that has ended at a time of the clock. */
  add({ kind, durationMs }: ServedResponse, nowMs: number): void {
    const second = this.#second(Math.floor(nowMs / 1000));
    second.count++;
    if (kind === "5xx" || kind === "none") second.errors++;
    if (kind === "left") second.left++;
    second.durations[stepOf(durationMs)]!++;
  }

  /** The last minute, without the second that runs. */
  view(nowMs: number): MinuteView {
    const now = Math.floor(nowMs / 1000);
    const seconds = Array.from({ length: SECONDS - 1 }, (_, at) => {
      const wanted = now - SECONDS + 1 + at;
      const second = this.#seconds[((wanted % SECONDS) + SECONDS) % SECONDS] as Second;
      return second.at === wanted ? second : undefined;
    });
    const all = new Uint32Array(STEPS);
    for (const second of seconds) second?.durations.forEach((count, step) => all[step]! += count);
    const sum = (name: "count" | "errors" | "left") =>
      seconds.reduce((total, second) => total + (second?.[name] ?? 0), 0);
    return {
      responses: sum("count"),
      errors: sum("errors"),
      left: sum("left"),
      rate: seconds.map((second) => second?.count ?? 0),
      errorRate: seconds.map((second) => second?.errors ?? 0),
      p50Ms: percentile(all, 0.5),
      p95Ms: percentile(all, 0.95),
      p99Ms: percentile(all, 0.99),
      p95MsEach: seconds.map((second) => second ? percentile(second.durations, 0.95) ?? 0 : 0),
    };
  }

  /** The entry of a second, emptied if it was that of an earlier minute. */
  #second(at: number): Second {
    const second = this.#seconds[((at % SECONDS) + SECONDS) % SECONDS] as Second;
    if (second.at !== at) {
      second.at = at;
      second.count = second.errors = second.left = 0;
      second.durations.fill(0);
    }
    return second;
  }
}

function stepOf(durationMs: number): number {
  if (durationMs <= SHORTEST_MS) return 0;
  return Math.min(STEPS - 1, Math.ceil(Math.log(durationMs / SHORTEST_MS) / LOG_GROWTH));
}

/** The upper end of the step that contains the percentile, in milliseconds. */
function percentile(durations: Uint32Array, part: number): number | null {
  const total = durations.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let left = Math.ceil(total * part);
  const step = durations.findIndex((count) => (left -= count) <= 0);
  return Number((SHORTEST_MS * GROWTH ** step).toPrecision(3));
}
