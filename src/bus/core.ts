/**
 * The state that all parts of one bus share, and calls of the transport that are repeated.
 *
 * `bus.ts` makes the core; topics, queues and signals call it.
 *
 * @module
 */

import { type Operation, operation } from "../coroutine/mod.ts";
import { setTimerInParts } from "../coroutine/clock.ts";
import { BusClosed, BusUnavailable } from "./errors.ts";
import { Outbox } from "./outbox.ts";
import type { BusSettings } from "./settings.ts";
import { Tail } from "./tail.ts";
import { pause, pauseMs } from "./time.ts";

/** Makes the operations of a bus know a request, or leaves them as they are. */
export type Wrap = <T>(operation: Operation<T>) => Operation<T>;

/** A part of a bus that ends with it. */
export interface Closable {
  close(): void;
}

/** The shared state of one bus. */
export class BusCore {
  readonly settings: BusSettings;
  readonly outbox: Outbox;
  #isClosed = false;
  readonly #tails = new Map<string, Tail>();
  readonly #parts = new Set<Closable>();

  constructor(settings: BusSettings) {
    // The errors of calls that the end of the bus has cut are no news.
    const report = (error: unknown) => this.#isClosed || settings.report(error);
    this.settings = { ...settings, report };
    this.outbox = new Outbox(this.settings);
  }

  /** Whether the bus is closed. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The number of logs that are read. */
  get tails(): number {
    return this.#tails.size;
  }

  /** Gives the tail of a log; there is one as long as there are subscriptions. */
  tail(log: string): Tail {
    let tail = this.#tails.get(log);
    if (tail !== undefined) return tail;
    tail = new Tail(this.settings, log, () => {
      if (this.#tails.get(log) === tail) this.#tails.delete(log);
    });
    this.#tails.set(log, tail);
    return tail;
  }

  /** Keeps a part, to close it with the bus. A part that is kept after that is closed at once. */
  keep(part: Closable): void {
    if (this.#isClosed) return part.close();
    this.#parts.add(part);
  }

  /** Forgets a part that has ended. */
  forget(part: Closable): void {
    this.#parts.delete(part);
  }

  /**
   * An operation that calls the broker until it answers, at most for the time of `publishTimeout`.
   *
   * @param undo Called with a result that comes after the wait has ended.
   */
  call<T>(
    name: string,
    begin: () => Promise<T>,
    undo: (result: T) => void = () => {},
  ): Operation<T> {
    return operation((resume) => {
      let isOver = false;
      const { clock, publishTimeoutMs, transport } = this.settings;
      let failure: unknown;
      const end = (finish: () => void) => {
        if (isOver) return;
        isOver = true;
        cancelTimer();
        this.forget(part);
        finish();
      };
      const part = { close: () => end(() => resume.error(new BusClosed("The bus is closed"))) };
      const cancelTimer = setTimerInParts(clock, publishTimeoutMs, () => {
        const text = `${transport.name} has not answered within ${publishTimeoutMs / 1000} s`;
        end(() => resume.error(new BusUnavailable(text, { cause: failure })));
      });
      void (async () => {
        for (let failures = 1; !isOver; failures++) {
          try {
            const result = await begin();
            if (isOver) undo(result);
            return end(() => resume.value(result));
          } catch (error) {
            failure = error;
            await pause(clock, pauseMs(failures));
          }
        }
      })();
      this.keep(part);
      return () => end(() => {});
    }, name);
  }

  /** Ends all parts. */
  close(): void {
    this.#isClosed = true;
    for (const part of [...this.#parts]) part.close();
    this.#parts.clear();
    this.outbox.close();
  }
}
