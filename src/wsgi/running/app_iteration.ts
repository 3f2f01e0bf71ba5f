/**
 * Running an app: its iterable is stepped, its blocks go to the response, its waits are performed.
 *
 * One coroutine a request. Cancelling it closes the app, exactly once, through `close()` and
 * `return()`; that may wait again, and then goes on to its end.
 *
 * @module
 */

import { type Coroutine, isOperation, until } from "../../coroutine/mod.ts";
import type { AppIterable } from "../app.ts";
import { closeIterable, closeLate, endIterator } from "./app_closing.ts";
import { AppDrive, burstLasts, flush, pendingBytes, pushBlock } from "./app_drive.ts";
import {
  adopt,
  type AnyIterator,
  DONE,
  isPromise,
  iterable,
  iteratorOf,
  type Step,
  type Steps,
  throwInto,
} from "./app_steps.ts";
import { isBlock, isEmpty } from "../block.ts";
import type { AppContext } from "./app_context.ts";
import { WSGIFileWrapper } from "../files/file_wrapper.ts";
import { type BodyReader, ServerReadable } from "../files/server_readable.ts";

/**
 * Runs an app for one request, and completes its response or reports why it could not.
 *
 * @param exchange The request and where its response goes.
 * @returns A coroutine; what the app does before it first waits is done in its first step.
 */
export function runApp(exchange: AppContext): Coroutine<void> {
  return new AppRun(exchange) as unknown as Coroutine<void>;
}

/** What an app waits for: what it yielded, what it planned for an empty block, or only its turn. */
type Wait = "yielded" | "planned" | "turn";

/**
 * An app's iterable, from the call of the app to `close()`.
 *
 * Most apps never wait, or only for operations. So this is no generator but has the methods of one, and
 * only what is more (promises, files, a full window, a long burst, waiting to be closed) is left to
 * generators. That spares four of them: a quarter of what a request costs us, and 1 KB while it waits.
 */
class AppRun implements BodyReader {
  readonly #exchange: AppContext;
  #rest: Coroutine<void> | undefined;
  #iterable: AppIterable | undefined;
  #iterator: AnyIterator | undefined;
  /** A promise of an iterable that has not come. */
  #promised: Promise<AppIterable> | undefined;
  /** None before it was called, and when the rest has taken over. */
  #wait: Wait | undefined;
  /** How the iterator goes on in the rest. */
  #resume: (() => Steps) | undefined;
  /** When its burst ends, by the clock. */
  #burstEnd: number;
  /** Whether its burst is over before it has waited. */
  #burstOver = false;
  /** Whether the app has given all, or failed. */
  #over = false;

  constructor(exchange: AppContext) {
    this.#exchange = exchange;
    this.#burstEnd = exchange.startedAt + exchange.burstMs;
  }

  /** As of a generator. */
  next(sent?: unknown): Step {
    if (this.#rest !== undefined) return this.#rest.next(sent);
    return this.#run(false, sent);
  }

  throw(error: unknown): Step {
    if (this.#rest !== undefined) return this.#rest.throw(error);
    return this.#run(true, error);
  }

  return(): Step {
    if (this.#rest !== undefined) return this.#rest.return();
    const isBegun = this.#wait !== undefined;
    this.#over = true;
    if (isBegun) return this.#leaveRest();
    // Cancelled before its turn came: the app was not even called, but the request is over.
    this.#exchange.cogen.close();
    this.#exchange.ended(false);
    return DONE;
  }

  announceLength(length: number): void {
    this.#exchange.response.announceLength(length);
  }

  hasBody(): boolean {
    return this.#exchange.response.hasBody(this.#exchange.method);
  }

  allSent(): boolean {
    return this.#exchange.allSent();
  }

  /** Runs the app until it waits, or to its end; its wait has given this value or error. */
  #run(failed: boolean, content: unknown): Step {
    let step: Step | undefined;
    try {
      step = this.#wait === undefined ? this.#begin() : this.#goOn(this.#wait, failed, content);
      if (step?.done) this.#complete();
    } catch (error) {
      this.#fail(error);
      step = DONE;
    }
    if (step === undefined) return this.#leaveRest();
    if (!step.done) return step;
    this.#over = true;
    if (this.#iterator !== undefined || this.#iterable?.close !== undefined) {
      return this.#leaveRest();
    }
    this.#exchange.cogen.close();
    this.#exchange.ended(this.#exchange.response.ended);
    return DONE;
  }

  /** Calls the app. What it gives is as of {@linkcode AppRun.#step}. */
  #begin(): Step | undefined {
    const { app, environ, response } = this.#exchange;
    const given: unknown = app(environ, response.startResponse);
    if (isPromise(given)) {
      this.#promised = adopt(given as PromiseLike<AppIterable>);
      return undefined;
    }
    this.#iterable = iterable(given);
    if (Array.isArray(given)) {
      this.#pushAll(given);
      return DONE;
    }
    this.#iterator = this.#iteratorOf(this.#iterable);
    return this.#step(this.#iterator, this.#iterator.next());
  }

  /** The wait of an iterator is over. What it gives is as of {@linkcode AppRun.#step}. */
  #goOn(wait: Wait, failed: boolean, content: unknown): Step | undefined {
    const { cogen } = this.#exchange;
    const iterator = this.#iterator as AnyIterator;
    this.#burstEnd = this.#exchange.now() + this.#exchange.burstMs;
    if (wait === "planned") {
      if (failed) cogen.fail(content);
      else cogen.settle(content);
    }
    const resume = () => {
      if (wait !== "yielded") return iterator.next();
      return failed ? throwInto(iterator, content) : iterator.next(content);
    };
    return this.#exchange.full() ? this.#later(resume) : this.#step(iterator, resume());
  }

  /**
   * Steps a sync iterator on from `step`.
   *
   * @returns `DONE` if nobody wants more of it; a step with what it waits for; or `undefined`, if
   *   generators are to go on with it.
   */
  #step(iterator: AnyIterator, first: Steps): Step | undefined {
    const exchange = this.#exchange;
    for (let step = first;; step = iterator.next()) {
      if (isPromise(step)) {
        const promise = adopt(step);
        return this.#later(() => promise);
      }
      if (step.done) return this.#end(step.value);
      const { value } = step;
      if (isBlock(value)) {
        const refused = pushBlock(exchange, value, iterator);
        if (refused !== undefined) return this.#later(refused);
        // To HEAD, a stream without end would never be answered: nobody wants more blocks of it.
        if (exchange.response.headOnly) return DONE;
      } else if (!this.#readNow(value)) {
        return this.#await(value) ?? this.#later(() => step);
      }
      this.#burstOver = !burstLasts(exchange, this.#burstEnd);
      if (this.#burstOver) return undefined;
    }
  }

  /** Generators go on in this way. */
  #later(resume: () => Steps): undefined {
    this.#resume = resume;
  }

  /** An iterator has given all, but for what it returned; `undefined` if that is a file. */
  #end(last: unknown): Step | undefined {
    this.#iterator = undefined;
    if (last instanceof WSGIFileWrapper) {
      this.#iterator = this.#iteratorOf(last);
      return undefined;
    }
    if (last !== undefined) this.#exchange.response.push(last);
    return DONE;
  }

  /** Whether a value asks for nothing but bytes of the body that are here. */
  #readNow(value: unknown): boolean {
    return isEmpty(value) && pendingBytes(this.#exchange) === 0 && this.#exchange.cogen.readNow();
  }

  /** Hands over what there is, and waits for a value; `undefined` if that is nothing to wait for. */
  #await(value: unknown): Step | undefined {
    const { cogen } = this.#exchange;
    if (isOperation(value) || isPromise(value)) this.#wait = "yielded";
    else if (!isEmpty(value)) return undefined;
    else this.#wait = cogen.operation === undefined ? "turn" : "planned";
    flush(this.#exchange);
    if (this.#wait === "yielded") return { done: false, value };
    const planned = cogen.operation;
    cogen.operation = undefined;
    return { done: false, value: planned };
  }

  #complete(): void {
    this.#exchange.response.end();
    this.#exchange.flush();
  }

  /** A 500, but only before anything has gone: a page injected into a half-sent body would lie. */
  #fail(error: unknown): void {
    const { response } = this.#exchange;
    this.#exchange.report(error);
    try {
      response.flush();
    } catch (error) {
      this.#exchange.report(error);
    }
    if (!response.committed) response.replace("500 Internal Server Error");
    this.#exchange.flush();
  }

  #leaveRest(): Step {
    this.#wait = undefined;
    this.#rest = this.#finish();
    return this.#rest.next();
  }

  /** What is left to generators. */
  *#finish(): Coroutine<void> {
    let complete = false;
    try {
      if (!this.#over) yield* this.#iterate();
    } finally {
      try {
        yield* this.#close();
        complete = this.#exchange.response.ended;
      } finally {
        this.#exchange.ended(complete);
      }
    }
  }

  /** Steps the iterable to its end. */
  *#iterate(): Coroutine<void> {
    try {
      if (this.#promised !== undefined) this.#iterable = yield* this.#settled(this.#promised);
      const given = this.#iterable as AppIterable;
      if (Array.isArray(given)) this.#pushAll(given);
      else {
        const iterator = this.#iterator ??= this.#iteratorOf(given);
        const drive = new AppDrive(this.#exchange, iterator);
        if (this.#burstOver) yield* drive.handOver();
        let last = this.#lastOf(yield* drive.run(this.#resume ?? (() => iterator.next())));
        if (last instanceof WSGIFileWrapper) {
          const file = this.#iterator = this.#iteratorOf(last);
          last = this.#lastOf(yield* new AppDrive(this.#exchange, file).run(() => file.next()));
        }
        if (last !== undefined) this.#exchange.response.push(last);
      }
      this.#complete();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Waits for the promise of an iterable. Only a wait that is cancelled leaves it to be closed. */
  *#settled(promised: Promise<AppIterable>): Coroutine<AppIterable> {
    let given: unknown;
    try {
      given = yield until(promised);
    } catch (error) {
      this.#promised = undefined;
      throw error;
    }
    this.#promised = undefined;
    return iterable(given);
  }

  /** What an iterator returned; one that is not done must still be closed. */
  #lastOf(step: Step): unknown {
    if (!step.done) return undefined;
    this.#iterator = undefined;
    return step.value;
  }

  #iteratorOf(given: AppIterable): AnyIterator {
    const isServed = given instanceof WSGIFileWrapper || given instanceof ServerReadable;
    return isServed ? given.serve(this) : iteratorOf(given);
  }

  #pushAll(blocks: readonly unknown[]): void {
    for (const block of blocks) this.#exchange.response.push(block);
  }

  *#close(): Coroutine<void> {
    const exchange = this.#exchange;
    if (this.#promised !== undefined) closeLate(exchange, this.#promised);
    try {
      const iterator = this.#iterator;
      this.#iterator = undefined;
      if (iterator !== undefined) yield* endIterator(exchange, iterator);
    } finally {
      if (this.#iterable?.close !== undefined) yield* closeIterable(exchange, this.#iterable);
      exchange.cogen.close();
    }
  }
}
