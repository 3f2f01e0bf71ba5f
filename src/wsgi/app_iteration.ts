/**
 * Running an app: its iterable is stepped, its blocks go to the response, its waits are performed.
 *
 * One coroutine a request. Cancelling it closes the app, exactly once, through `close()` and
 * `return()`; that may wait again, and then goes on to its end.
 *
 * @module
 */

import { Join, type Operation, operation, until } from "../coroutine/mod.ts";
import type { Coroutine } from "../coroutine/mod.ts";
import type { AppIterable } from "./app.ts";
import { AppDrive, MAX_PENDING, pendingBytes, pushBlock } from "./app_drive.ts";
import {
  type AnyIterator,
  DONE,
  isBlock,
  isEmpty,
  isPromise,
  iterable,
  iteratorOf,
  type Step,
  type Steps,
} from "./app_steps.ts";
import type { Exchange } from "./exchange.ts";
import { WSGIFileWrapper } from "./file_wrapper.ts";
import { WSGIError } from "./response.ts";

/**
 * Runs an app for one request, and completes its response or reports why it could not.
 *
 * @param exchange The request and where its response goes.
 * @returns A coroutine; what the app does before it first waits is done in its first step.
 */
export function runApp(exchange: Exchange): Coroutine<void> {
  return new AppRun(exchange) as unknown as Coroutine<void>;
}

/**
 * An app's iterable, from the call of the app to `close()`.
 *
 * Most apps never wait. So the first step is a plain function, and only what is left after it is a
 * generator: that spares four generators a request, a quarter of all that it costs us.
 */
class AppRun {
  readonly #exchange: Exchange;
  #rest: Coroutine<void> | undefined;
  #iterable: AppIterable | undefined;
  #iterator: AnyIterator | undefined;
  /** A promise of an iterable that has not come. */
  #promised: PromiseLike<AppIterable> | undefined;
  /** How the iterator goes on. */
  #resume: (() => Steps) | undefined;
  /** Whether the first burst is over before the app has waited. */
  #burstOver = false;
  /** Whether the app has given all, or failed. */
  #over = false;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** As of a generator. */
  next(sent?: unknown): Step {
    if (this.#rest !== undefined) return this.#rest.next(sent);
    if (this.#runNow()) return DONE;
    this.#rest = this.#goOn();
    return this.#rest.next();
  }

  throw(error: unknown): Step {
    if (this.#rest === undefined) throw error;
    return this.#rest.throw(error);
  }

  return(): Step {
    if (this.#rest !== undefined) return this.#rest.return();
    // Cancelled before its turn came: the app was not even called, but the request is over.
    this.#exchange.cogen.close();
    this.#exchange.ended(false);
    return DONE;
  }

  /** Runs the app as far as it goes without waiting; whether that is to its end. */
  #runNow(): boolean {
    try {
      if (!this.#call() || !this.#stepNow()) return false;
      this.#complete();
    } catch (error) {
      this.#fail(error);
    }
    this.#over = true;
    if (this.#iterator !== undefined || this.#iterable?.close !== undefined) return false;
    this.#exchange.cogen.close();
    this.#exchange.ended(this.#exchange.response.ended);
    return true;
  }

  /** Calls the app; `false` if it only promises its iterable. */
  #call(): boolean {
    const { app, environ, response } = this.#exchange;
    const given: unknown = app(environ, response.startResponse);
    if (isPromise(given)) {
      this.#promised = given as PromiseLike<AppIterable>;
      return false;
    }
    this.#iterable = iterable(given);
    return true;
  }

  /** Steps a sync iterable until it is done, or `false` when it must wait. */
  #stepNow(): boolean {
    const { burst, startedAt } = this.#exchange;
    const given = this.#iterable as AppIterable;
    if (Array.isArray(given)) {
      this.#pushAll(given);
      return true;
    }
    const iterator = this.#iterator = this.#iteratorOf(given);
    for (;;) {
      const step = iterator.next();
      if (isPromise(step)) return this.#later(() => step);
      if (step.done) return this.#endNow(step.value);
      if (isBlock(step.value)) {
        const refused = pushBlock(this.#exchange, step.value, iterator);
        if (refused !== undefined) return this.#later(refused);
      } else if (!this.#readNow(step.value)) return this.#later(() => step);
      this.#burstOver = this.#exchange.now() - startedAt >= burst ||
        pendingBytes(this.#exchange) >= MAX_PENDING;
      if (this.#burstOver) return false;
    }
  }

  /** It must wait, and then goes on in this way. */
  #later(resume: () => Steps): false {
    this.#resume = resume;
    return false;
  }

  /** An iterable has given all, but for what it returned; `false` if that is a file. */
  #endNow(last: unknown): boolean {
    this.#iterator = undefined;
    if (last instanceof WSGIFileWrapper) {
      this.#iterator = this.#iteratorOf(last);
      return false;
    }
    if (last !== undefined) this.#exchange.response.push(last);
    return true;
  }

  /** Whether a value asks for nothing but bytes of the body that are here. */
  #readNow(value: unknown): boolean {
    return isEmpty(value) && pendingBytes(this.#exchange) === 0 && this.#exchange.cogen.readNow();
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

  /** What the first step has left to do. */
  *#goOn(): Coroutine<void> {
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
      if (this.#promised !== undefined) {
        this.#iterable = iterable(yield until(this.#promised));
        this.#promised = undefined;
      }
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

  /** What an iterator returned; one that is not done must still be closed. */
  #lastOf(step: Step): unknown {
    if (!step.done) return undefined;
    this.#iterator = undefined;
    return step.value;
  }

  #iteratorOf(given: AppIterable): AnyIterator {
    if (!(given instanceof WSGIFileWrapper)) return iteratorOf(given);
    return given.serve(this.#exchange.response, this.#exchange.method);
  }

  #pushAll(blocks: readonly unknown[]): void {
    for (const block of blocks) this.#exchange.response.push(block);
  }

  /** Ends the iterator and calls `close()`, once each; their errors are only reported. */
  *#close(): Coroutine<void> {
    this.#promised?.then((given) => this.#closeLate(given), () => {});
    try {
      if (this.#iterator !== undefined) yield* this.#endIterator(this.#iterator);
    } finally {
      if (this.#iterable?.close !== undefined) yield* this.#closeIterable(this.#iterable);
      this.#exchange.cogen.close();
    }
  }

  *#endIterator(iterator: AnyIterator): Coroutine<void> {
    this.#iterator = undefined;
    try {
      const step = iterator.return?.() ?? DONE;
      if (!isPromise(step) && step.done) return;
      const rest = new AppDrive(this.#exchange, iterator, true);
      yield closing(() => rest.run(() => step), this.#exchange.closeTime);
    } catch (error) {
      this.#exchange.report(error);
    }
  }

  *#closeIterable(given: AppIterable): Coroutine<void> {
    try {
      const closed = given.close?.();
      if (isPromise(closed)) yield closing(() => settled(closed), this.#exchange.closeTime);
    } catch (error) {
      this.#exchange.report(error);
    }
  }

  /** An iterable that was promised to a request that has ended is closed all the same. */
  async #closeLate(given: AppIterable): Promise<void> {
    try {
      await iteratorOf(iterable(given)).return?.();
      await given.close?.();
    } catch (error) {
      this.#exchange.report(error);
    }
  }
}

/**
 * Waits for what an app does when it is closed, but not for ever: then it is abandoned.
 *
 * It runs as a task of its own, so that cancelling the request does not cut it short.
 */
function closing(rest: () => Coroutine<unknown>, milliseconds: number): Operation<unknown> {
  return operation((resume) => {
    const task = resume.scheduler.add(rest);
    Join(task).start(resume);
    if (milliseconds === Infinity) return;
    resume.setDeadline(milliseconds, () => {
      task.cancel();
      resume.error(new WSGIError(`The app was closed and has not ended in ${milliseconds} ms`));
    });
  }, "close");
}

function* settled(promise: PromiseLike<unknown>): Coroutine<void> {
  yield until(promise);
}
