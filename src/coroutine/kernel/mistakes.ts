/**
 * The warnings of a scheduler that is debugged: steps that hold the event loop, coroutines that were forgotten, and
 * operations that were never performed.
 *
 * Nothing of this exists without the option `debug` of the server. A step is long from {@linkcode LONG_STEP_MS}
 * on. A coroutine is forgotten if the one that added it has ended, no coroutine joins it, and it has waited for
 * {@linkcode FORGOTTEN_MS}. An operation is known to be lost when the garbage collector takes it.
 *
 * `Tracer` and the kernel call this.
 *
 * @module
 */

import { originIn, watchOperations } from "../origin.ts";
import type { Task } from "../task.ts";

/** A step that takes at least this time is told of, in milliseconds. */
export const LONG_STEP_MS = 100;
/** A coroutine without a joiner is told of after a wait of this time, in milliseconds. */
const FORGOTTEN_MS = 60_000;

/** A task, as its check needs it. */
interface JoinableTask extends Task<unknown> {
  readonly isJoined: boolean;
}

/** The warnings of one scheduler. */
export class Mistakes {
  readonly #warn: (text: string) => void;
  /** The coroutines that were told of, so that each is told of once. */
  readonly #told = new WeakSet<JoinableTask>();
  readonly #lost: FinalizationRegistry<Error>;

  /** @param warn Takes each warning. The function must not throw. */
  constructor(warn: (text: string) => void) {
    this.#warn = warn;
    this.#lost = new FinalizationRegistry((origin) => this.lost(origin));
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
    this.#lost.register(operation, origin, operation);
  }

  /** The operation is performed, or given to another one. */
  performed(operation: object): void {
    this.#lost.unregister(operation);
  }

  /** Tells of an operation that was made and that the garbage collector has taken. */
  lost(origin: Error): void {
    const line = originIn(origin);
    this.#warn(
      `An operation was made and never performed${line === undefined ? "" : `, at ${line}`}: ` +
        "write yield* before it, or await environ.cogen.run(operation)",
    );
  }
}
