/**
 * Stepping an app's iterator in bursts: blocks go to the response, waits are performed.
 *
 * What an app gives is handed over before it waits, and after a burst; then others have their turn,
 * and the app goes on when its client has room.
 *
 * @module
 */

import { type Coroutine, isOperation, type Operation, until } from "../../coroutine/mod.ts";
import {
  adoptStep,
  type AnyIterator,
  isPromise,
  type Step,
  type Steps,
  throwInto,
} from "./app_steps.ts";
import { isBlock, isEmpty } from "../block.ts";
import type { AppContext } from "./app_context.ts";
import { gather, type StepConsumer } from "./ready_steps.ts";

/** More is not kept back, in bytes, however short the burst. */
const MAX_PENDING = 65_536;

/** UTF-8 has no more bytes for a character of a string. */
const MAX_CHARACTER_BYTES = 3;

/** Steps one iterator. */
export class AppDrive implements StepConsumer {
  readonly #exchange: AppContext;
  readonly #iterator: AnyIterator;
  readonly #isClosing: boolean;
  #burstEnd = 0;
  /** Whether an async iterator has waited since the burst began. */
  #hasWaited = false;

  /**
   * @param exchange Where blocks go.
   * @param iterator What is stepped.
   * @param isClosing Whether it is being closed: then its blocks come to nothing.
   */
  constructor(exchange: AppContext, iterator: AnyIterator, isClosing: boolean = false) {
    this.#exchange = exchange;
    this.#iterator = iterator;
    this.#isClosing = isClosing;
  }

  /**
   * Steps it to its end.
   *
   * @param first How it goes on.
   * @returns The last step; it is not done if nobody wants more.
   */
  *run(first: () => Steps): Coroutine<Step> {
    if (this.#isHeldUp) yield this.#exchange.drained();
    this.#beginBurst();
    for (let resume = first;;) {
      let step = resume();
      if (isPromise(step)) step = (yield this.#settled(step)) as Step;
      if (step.done) return step;
      resume = this.#next;
      const { value } = step;
      if (isOperation(value) || isPromise(value)) resume = yield* this.#perform(value);
      else if (isEmpty(value) && !this.#readNow()) yield* this.#performPlanned();
      else {
        if (!this.#isClosing && !isEmpty(value)) {
          resume = pushBlock(this.#exchange, value, this.#iterator) ?? resume;
          // To HEAD, a stream without end would never be answered: nobody wants more blocks of it.
          if (this.#exchange.response.headOnly) return step;
        }
        if (this.#burstLasts(0)) continue;
        yield* this.handOver();
      }
      if (this.#isHeldUp) yield this.#exchange.drained();
      this.#beginBurst();
    }
  }

  /** After a burst, what is pending goes to the socket, and the others have their turn. */
  *handOver(): Coroutine<void> {
    flush(this.#exchange);
    yield;
  }

  /** Takes a block of an async app while the burst lasts. */
  take(step: Step): Steps {
    if (this.#hasWaited) this.#beginBurst();
    const { value } = step;
    if (step.done || !isBlock(value)) return step;
    const isWanted = !this.#exchange.response.headOnly;
    if (!isWanted || !this.#burstLasts(value.length * MAX_CHARACTER_BYTES)) return step;
    return (pushBlock(this.#exchange, value, this.#iterator) ?? this.#next)();
  }

  /** An async app really waits. */
  wait(): void {
    this.#hasWaited = true;
    flush(this.#exchange);
  }

  readonly #next = (): Steps => this.#iterator.next();

  #settled(promise: PromiseLike<Step>): Operation<Step> {
    if (!this.#isClosing) return gather(promise, this);
    flush(this.#exchange);
    return until(adoptStep(promise));
  }

  /** Whether the client's window is full. */
  get #isHeldUp(): boolean {
    return !this.#isClosing && this.#exchange.full();
  }

  #beginBurst(): void {
    this.#hasWaited = false;
    this.#burstEnd = this.#exchange.now() + this.#exchange.burstMs;
  }

  /** Whether the app may go on at once, after so many bytes more. */
  #burstLasts(bytes: number): boolean {
    return burstLasts(this.#exchange, this.#burstEnd, bytes);
  }

  /** Performs what an app yielded directly, and gives how to go on with its value or error. */
  *#perform(waited: unknown): Coroutine<() => Steps> {
    flush(this.#exchange);
    try {
      const value = yield waited;
      return () => this.#iterator.next(value);
    } catch (error) {
      return () => throwInto(this.#iterator, error);
    }
  }

  /** Reads what is here, if that is all that an empty block asks for. */
  #readNow(): boolean {
    flush(this.#exchange);
    return !this.#exchange.full() && this.#exchange.cogen.readNow();
  }

  /** Performs `environ.cogen.operation`; without one, lets others run. */
  *#performPlanned(): Coroutine<void> {
    const { cogen } = this.#exchange;
    const planned = cogen.operation;
    if (planned === undefined) {
      yield;
      return;
    }
    cogen.operation = undefined;
    try {
      cogen.settle(yield planned);
    } catch (error) {
      cogen.fail(error);
    }
  }
}

/** Hands over to the socket what the app has given. */
export function flush(exchange: AppContext): void {
  exchange.response.flush();
  exchange.flush();
}

/** Whether a burst that ends at `end`, by the clock, goes on after so many bytes more. */
export function burstLasts(exchange: AppContext, end: number, bytes: number = 0): boolean {
  return exchange.now() < end && pendingBytes(exchange) + bytes < MAX_PENDING && !exchange.full();
}

/** Gives a block to the response; one that it refuses is an error where the app yielded it. */
export function pushBlock(
  exchange: AppContext,
  block: unknown,
  iterator: AnyIterator,
): (() => Steps) | undefined {
  try {
    exchange.response.push(block);
  } catch (error) {
    return () => throwInto(iterator, error);
  }
}

/** How many bytes have not been handed over. */
export function pendingBytes(exchange: AppContext): number {
  return exchange.response.heldBytes + exchange.pendingBytes();
}
