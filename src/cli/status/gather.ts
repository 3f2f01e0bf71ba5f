/**
 * Asks workers, or the versions of `--reload`, for their status and their metrics.
 *
 * A process that does not answer in time is named in the status: a step of its app holds the event loop.
 *
 * Counters never go back: a process that does not answer counts with its last metrics, and the counters of a
 * process that has ended are kept. So a scrape takes no replaced worker for a reset.
 *
 * The supervisor and `app_versions.ts` add the processes; the status of the command asks.
 *
 * @module
 */

import {
  type MetricsSnapshot,
  StatusRecorder,
  type StatusView,
  sumMetrics,
} from "../../status/mod.ts";
import type { Answer, Answered, Ask } from "./recorders.ts";

/** The time for an answer. */
const ANSWER_SECONDS = 1;

/** A process or a thread that has {@linkcode Recorders}. */
export interface Source {
  /** Names the process in the status, such as `worker 2`. */
  readonly title: string;
  ask(question: Ask): void;
}

/** Calls a function after a time, unless it is cancelled. */
export type After = (seconds: number, job: () => void) => () => void;

/** A question to all sources. */
interface Inquiry {
  readonly waiting: Set<Source>;
  readonly answers: Answer[];
  settle(): void;
}

/** All sources, and the answers on their way. */
export class Gather {
  readonly #after: After;
  /** Each source with its last metrics. */
  readonly #sources = new Map<Source, MetricsSnapshot>();
  /** The counters of the sources that have ended. */
  #past: MetricsSnapshot = [];
  readonly #inquiries = new Map<number, Inquiry>();
  #lastInquiry = 0;

  constructor(after: After) {
    this.#after = after;
  }

  /** Asks a source from now on. */
  add(source: Source): void {
    this.#sources.set(source, []);
  }

  /** A source has ended. */
  remove(source: Source): void {
    const counters = this.#sources.get(source)?.filter(({ type }) => type !== "gauge") ?? [];
    this.#past = sumMetrics([this.#past, counters]);
    this.#sources.delete(source);
    for (const inquiry of this.#inquiries.values()) {
      inquiry.waiting.delete(source);
      inquiry.settle();
    }
  }

  /** Takes the answer of a source. */
  receive(source: Source, { inquiry: id, answer }: Answered): void {
    if (answer.question === "metrics" && this.#sources.has(source)) {
      this.#sources.set(source, answer.metrics);
    }
    const inquiry = this.#inquiries.get(id);
    if (inquiry?.waiting.delete(source) !== true) return;
    inquiry.answers.push(answer);
    inquiry.settle();
  }

  /** The views of all sources, and one that names those without an answer. */
  async views(): Promise<StatusView[]> {
    const { answers, waiting } = await this.#ask("status");
    const views = answers.flatMap((answer) => answer.question === "status" ? [answer.view] : []);
    const byWorker = ({ servers: [server] }: StatusView) => server?.stats.worker ?? "";
    views.sort((one, other) =>
      byWorker(one).localeCompare(byWorker(other), "en", { numeric: true })
    );
    if (waiting.size === 0) return views;
    const silent = [...waiting].map(({ title }) => title);
    return [...views, { ...new StatusRecorder([]).view(), silent }];
  }

  /** The metrics of all sources, also of those that have ended. */
  async snapshots(): Promise<MetricsSnapshot[]> {
    await this.#ask("metrics");
    return [...this.#sources.values(), this.#past];
  }

  /** Resolves when all sources have answered, or the time is over. */
  async #ask(question: Ask["question"]): Promise<Inquiry> {
    const id = ++this.#lastInquiry;
    const waiting = new Set(this.#sources.keys());
    await new Promise<void>((resolve) => {
      const cancel = this.#after(ANSWER_SECONDS, resolve);
      const settle = () => {
        if (waiting.size > 0) return;
        cancel();
        resolve();
      };
      this.#inquiries.set(id, { waiting, answers: [], settle });
      for (const source of [...waiting]) source.ask({ type: "ask", inquiry: id, question });
      settle();
    });
    const inquiry = this.#inquiries.get(id) as Inquiry;
    this.#inquiries.delete(id);
    return inquiry;
  }
}
