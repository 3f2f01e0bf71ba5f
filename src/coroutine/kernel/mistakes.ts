/**
 * The warnings of a scheduler that is debugged: steps that hold the event loop, coroutines that were forgotten, and
 * operations that were not performed.
 *
 * Nothing of this exists without the option `debug` of the server. A step is long from `LONG_STEP_MS`
 * on. A coroutine is forgotten if the one that added it has ended, no coroutine joins it, and it has waited for
 * {@linkcode FORGOTTEN_MS}. An operation is lost if it was not performed for the same time after it was made.
 *
 * The trap: the garbage collector could tell of a lost operation with certainty, but that of V8 may not run for
 * hours in a small server.
 *
 * `Tracer` and the kernel call this; `scheduler.ts` loads it for the first scheduler that is debugged.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { originIn, watchOperations } from "../origin.ts";
import type { Task } from "../task.ts";

/** A coroutine without a joiner is told of after a wait of this time, in milliseconds; an operation as well. */
const FORGOTTEN_MS = 60_000;
/** The largest number of operations that are watched at once. */
const MAX_WATCHED = 10_000;

/** An operation that was made, and not yet performed. */
interface Made {
  readonly origin: Error;
  readonly atMs: number;
}

/** A task, as its check needs it. */
interface JoinableTask extends Task<unknown> {
  readonly isJoined: boolean;
}

/** The warnings of one scheduler. */
export class Mistakes {
  readonly #warn: (text: string) => void;
  /** The coroutines that were told of, so that each is told of once. */
  readonly #told = new WeakSet<JoinableTask>();
  readonly #clock: Clock;
  /** The operations that are watched, oldest first. */
  readonly #made = new Map<object, Made>();
  /** The lines with lost operations that were told of, so that each is told of once. */
  readonly #lostAt = new Set<string | undefined>();

  /**
   * @param warn Takes each warning. The function must not throw.
   * @param clock Tells the age of an operation.
   */
  constructor(warn: (text: string) => void, clock: Clock) {
    this.#warn = warn;
    this.#clock = clock;
    watchOperations();
  }

  /** Tells of a step that has taken long. The lines are those of the waits around it. */
  longStep(name: string, tookMs: number, from: string | undefined, to: string | undefined): void {
    const begin = from === undefined ? "its beginning" : `the wait at ${from}`;
    const end = to === undefined ? "its end" : `the wait at ${to}`;
    this.#warn(
      `A step of ${name} held the event loop for ${
        Math.round(tookMs)
      } ms, from ${begin} to ${end}: ` +
        'yield "" in between lets others run, and blocking() runs an app in a thread',
    );
  }

  /** Tells of a coroutine, once, if it is forgotten. */
  check(task: JoinableTask, waitedMs: number, line: string | undefined): void {
    if (waitedMs < FORGOTTEN_MS || task.isJoined || this.#told.has(task)) return;
    if (task.parent?.done !== true) return;
    this.#told.add(task);
    const place = line === undefined ? "" : ` at ${line}`;
    this.#warn(
      `Coroutine ${task.name} was forgotten: ${task.parent.name}, which added it, has ended, and it has ` +
        `waited for ${task.waitsFor} for ${
          Math.round(waitedMs / 1000)
        } s${place}: join it, cancel it, ` +
        "or add it outside of a request",
    );
  }

  /** Watches an operation until it is performed. */
  watch(operation: object, origin: Error): void {
    if (this.#made.size < MAX_WATCHED) {
      this.#made.set(operation, { origin, atMs: this.#clock.now() });
    }
  }

  /** The operation is performed, or given to another one. */
  performed(operation: object): void {
    this.#made.delete(operation);
  }

  /** Tells of the lines with operations that were made long ago and not performed. */
  checkOperations(): void {
    const now = this.#clock.now();
    for (const [operation, { origin, atMs }] of this.#made) {
      if (now - atMs < FORGOTTEN_MS) return;
      this.#made.delete(operation);
      const line = originIn(origin);
      if (this.#lostAt.has(line)) continue;
      this.#lostAt.add(line);
      this.#warn(
        `An operation was made and not performed for ${FORGOTTEN_MS / 1000} s${
          line === undefined ? "" : `, at ${line}`
        }: write yield* before it, or await environ.cogen.run(operation)`,
      );
    }
  }
}
