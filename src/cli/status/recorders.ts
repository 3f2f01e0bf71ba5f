/**
 * The answers of one process or thread to the questions of another one, which shows the status of all.
 *
 * A worker and a version of `--reload` have the recorders; `gather.ts` asks.
 *
 * @module
 */

import type { WSGIServer } from "../../server/mod.ts";
import {
  MetricsRecorder,
  type MetricsSnapshot,
  StatusRecorder,
  type StatusView,
} from "../../status/mod.ts";
import type { Settings } from "../settings.ts";

/** The subject of a question. */
export type Question = "status" | "metrics";

/** The answer to a question. */
export type Answer =
  | { readonly question: "status"; readonly view: StatusView }
  | { readonly question: "metrics"; readonly metrics: MetricsSnapshot };

/** A question on its way. */
export interface Ask {
  readonly type: "ask";
  /** The number of the inquiry, which the answer repeats. */
  readonly inquiry: number;
  readonly question: Question;
}

/** An answer on its way. */
export interface Answered {
  readonly type: "answer";
  /** The number of the inquiry; 0 for the last metrics of a process, which no inquiry has asked for. */
  readonly inquiry: number;
  readonly answer: Answer;
}

/** Watches the servers of this process or thread. */
export class Recorders {
  readonly #status: StatusRecorder;
  readonly #metrics: MetricsRecorder;

  constructor(servers: readonly WSGIServer[]) {
    this.#status = new StatusRecorder(servers);
    this.#metrics = new MetricsRecorder(servers);
  }

  answer({ inquiry, question }: Omit<Ask, "type">): Answered {
    const answer: Answer = question === "status"
      ? { question, view: this.#status.view() }
      : { question, metrics: this.#metrics.snapshot() };
    return { type: "answer", inquiry, answer };
  }

  /** The metrics of a process that ends. */
  last(): Answered {
    return this.answer({ inquiry: 0, question: "metrics" });
  }
}

/** Watches servers, if the option `status` asks for it: a watched response costs some time. */
export function recordersOf(
  settings: Settings,
  servers: readonly WSGIServer[],
): Recorders | undefined {
  return settings.get("status") === undefined ? undefined : new Recorders(servers);
}
