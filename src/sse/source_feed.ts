/**
 * The feed of a generator, an async generator or another iterable.
 *
 * The source runs as a coroutine of its own. So the stream can send a heartbeat while the source waits, and
 * the wait of the source goes on. A source is a coroutine already, except that it yields events as well:
 * {@linkcode EventSteps} gives the scheduler an operation in place of each event. The operation offers the
 * event to the stream, and waits until the stream has taken it.
 *
 * `event_stream.ts` calls this.
 *
 * @module
 */

import {
  type Coroutine,
  isOperation,
  type Operation,
  operation,
  optionError,
  type Resume,
  type Scheduler,
  type Task,
  until,
} from "../coroutine/mod.ts";
import {
  adoptStep,
  type AnyIterator,
  type AppIterable,
  isPromise,
  iteratorOf,
  type Step,
  throwInto,
} from "../wsgi/mod.ts";
import { type EventFields, formatEvent } from "./event_format.ts";
import type { Feed } from "./feed.ts";

/** An iterable of events. A generator may yield operations and promises as well. */
export type EventIterable =
  | Iterable<unknown, unknown, unknown>
  | AsyncIterable<unknown, unknown, unknown>;

/** An event that the stream has not taken. The source waits. */
interface Offer {
  readonly event: string;
  readonly resume: Resume<void>;
}

/** The feed of one source. */
export class SourceFeed implements Feed {
  readonly #events: EventIterable;
  readonly #scheduler: Scheduler;
  readonly #report: (error: unknown) => void;
  /** The coroutine of the source. It begins when the stream waits for the first time. */
  #task: Task<void> | undefined;
  #offer: Offer | undefined;
  /** The wait of the stream: for an event, or for the end of the source. */
  #waiting: Resume<void> | undefined;
  /** The error of the source, until the stream takes it. */
  #failure: { readonly error: unknown } | undefined;
  /** Whether the source has ended. */
  #over = false;
  /** Whether the stream takes no more events. */
  #closed = false;

  /**
   * @param events The source.
   * @param scheduler Runs the source.
   * @param report Takes an error that the source throws after the end of the stream.
   */
  constructor(events: EventIterable, scheduler: Scheduler, report: (error: unknown) => void) {
    this.#events = events;
    this.#scheduler = scheduler;
    this.#report = report;
  }

  get ended(): boolean {
    return this.#over && this.#failure === undefined;
  }

  take(): string | undefined {
    const offer = this.#offer;
    if (offer !== undefined) {
      this.#offer = undefined;
      offer.resume.value();
      return offer.event;
    }
    if (this.#failure === undefined) return undefined;
    const { error } = this.#failure;
    this.#failure = undefined;
    throw error;
  }

  ready(): Operation<void> {
    this.#task ??= this.#scheduler.add(() => this.#run());
    return operation((resume) => {
      if (this.#offer !== undefined) return resume.value();
      return this.#waitForSource(resume);
    }, "event");
  }

  place(): undefined {
    return undefined;
  }

  close(): Operation<void> | undefined {
    this.#closed = true;
    if (this.#task === undefined || this.#over) return undefined;
    this.#task.cancel();
    return operation((resume) => this.#waitForSource(resume), "end of events");
  }

  #waitForSource(resume: Resume<void>): (() => void) | void {
    if (this.#over) return resume.value();
    this.#waiting = resume;
    return () => this.#waiting = undefined;
  }

  /** Runs the source to its end. Its error is the stream's, as long as there is a stream. */
  *#run(): Coroutine<void> {
    try {
      yield* new EventSteps(this.#steps(), (event) => this.#put(event));
    } catch (error) {
      if (this.#closed) this.#report(error);
      else this.#failure = { error };
    } finally {
      this.#over = true;
      this.#wake();
    }
  }

  #steps(): Iterator<unknown, unknown, unknown> {
    const { [Symbol.asyncIterator]: async } = this.#events as Partial<AsyncIterable<unknown>>;
    const iterator = iteratorOf(this.#events as AppIterable);
    // A member that an app has added to all objects does not count.
    const isAsync = async !== undefined &&
      async !== Object.prototype[Symbol.asyncIterator as never];
    return isAsync
      ? asyncSteps(iterator as AsyncIterator<unknown, unknown, unknown>, this.#report)
      : iterator as Iterator<unknown, unknown, unknown>;
  }

  /** Offers an event to the stream. Events of a stream that is closed are dropped. */
  #put(event: string): Operation<void> {
    return operation((resume) => {
      if (this.#closed) return resume.value();
      this.#offer = { event, resume };
      this.#wake();
      return () => this.#offer = undefined;
    }, "room for an event");
  }

  #wake(): void {
    this.#waiting?.value();
    this.#waiting = undefined;
  }
}

/** The steps of a source, with an operation in place of each event. */
class EventSteps implements Iterator<unknown, void, unknown> {
  readonly #iterator: Iterator<unknown, unknown, unknown>;
  readonly #put: (event: string) => Operation<void>;

  constructor(
    iterator: Iterator<unknown, unknown, unknown>,
    put: (event: string) => Operation<void>,
  ) {
    this.#iterator = iterator;
    this.#put = put;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(sent: unknown): IteratorResult<unknown, void> {
    return this.#translate(this.#iterator.next(sent));
  }

  throw(error: unknown): IteratorResult<unknown, void> {
    return this.#translate(throwInto(this.#iterator as AnyIterator, error) as Step);
  }

  return(): IteratorResult<unknown, void> {
    const ended = this.#iterator.return?.();
    return ended === undefined ? { done: true, value: undefined } : this.#translate(ended);
  }

  #translate(step: Step): IteratorResult<unknown, void> {
    // A primitive has neither value nor end, so it would step for ever.
    if (Object(step) !== step) throw optionError("The step of a source", step, "{ done, value }");
    const { done = false, value } = step;
    if (done) return { done, value: undefined };
    if (isOperation(value) || isPromise(value) || value === undefined || value === "") {
      return { done, value };
    }
    let event: string;
    try {
      event = formatEvent(value as string | EventFields);
    } catch (error) {
      return this.throw(error);
    }
    return { done, value: this.#put(event) };
  }
}

/**
 * The steps of an async iterator, as a coroutine.
 *
 * The trap: an async generator that awaits a promise ends only after the promise, and nothing can settle it
 * from here. So its end is not waited for in that case.
 */
function* asyncSteps(
  iterator: AsyncIterator<unknown, unknown, unknown>,
  report: (error: unknown) => void,
): Generator<unknown, void, unknown> {
  let isPending = true;
  let isOver = false;
  let resume = () => iterator.next();
  try {
    for (;;) {
      isPending = true;
      const step = yield* until(adoptStep(resume()));
      isPending = false;
      isOver = step.done === true;
      if (isOver) return;
      try {
        const sent = yield step.value;
        resume = () => iterator.next(sent);
      } catch (error) {
        resume = () => throwInto(iterator, error) as Promise<Step>;
      }
    }
  } catch (error) {
    isOver = true;
    throw error;
  } finally {
    const ended = isOver ? undefined : iterator.return?.();
    if (ended !== undefined) {
      const handled = adoptStep(ended).catch(report);
      if (!isPending) yield* until(handled);
    }
  }
}
