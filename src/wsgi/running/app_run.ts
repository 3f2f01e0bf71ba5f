/**
 * Running an app: the run steps its iterable, gives its blocks to the response, and performs its waits.
 *
 * One coroutine for each request, and the only place that steps apps. It is always in one wait:
 *
 * | wait | yielded to the scheduler | on a value | on an error |
 * |---|---|---|---|
 * | `iterable` | the promise of the iterable | begins the iterable | the app has failed |
 * | `yielded` | the app's operation or promise | `next(value)` | `throw(error)` |
 * | `planned` | `environ.cogen.operation` | kept in `result`; `next()` | kept in `exception`; `next()` |
 * | `turn` | nothing: other tasks run | resumes as kept | the app has failed |
 * | `drained` | room in the client's window | resumes as kept | the app has failed |
 * | `held` | room in the client's window | `next(value)` of the wait before | the app has failed |
 * | `step` | the ready steps of an async iterator | handles the step | the app has failed |
 *
 * After `yielded`, `planned`, `turn` and `iterable` a new burst begins. If the client's window is full
 * by then, the run keeps how to resume the iterator, and waits for `drained` first. If it keeps the value
 * of a wait, the wait is `held`: a cancellation gives the app that value before `return()`, because the value
 * may be a permit of a semaphore or an item of a queue, which would be lost.
 *
 * An app that fails is reported, and answered with 500 if nothing was sent. Cancelling the run
 * closes the app, exactly once, by `return()` and `close()`. The closing may wait again, and is
 * left to a generator (app_closing.ts), which a cancellation does not end. An app that needs no closing
 * costs no generator.
 *
 * The exchange calls {@linkcode runApp}.
 *
 * @module
 */

import { BASE, currentStep, isOf } from "../../coroutine/internal.ts";
import { type Coroutine, isOperation, until } from "../../coroutine/mod.ts";
import type { AppIterable } from "../app.ts";
import { isBlock, isEmpty } from "../block.ts";
import { WSGIFileWrapper } from "../files/file_wrapper.ts";
import { HTTPException } from "../http_exception.ts";
import { type BodyReader, ServerReadable } from "../files/server_readable.ts";
import { CANCELLED, closeApp, closeLate, type Unwind } from "./app_closing.ts";
import type { AppContext } from "./app_context.ts";
import {
  adopt,
  adoptStep,
  type AnyIterator,
  checkEmpty,
  DONE,
  endAfter,
  isPromise,
  iterable,
  iteratorOf,
  type Step,
  type Steps,
  throwInto,
} from "./app_steps.ts";
import { burstEnd, burstLasts } from "./burst.ts";
import { gather, type StepConsumer } from "./ready_steps.ts";
import { TunnelError } from "./response.ts";

/**
 * Runs an app for one request, and completes its response or reports why it could not.
 *
 * @param context The request and its response.
 * @returns A coroutine. Its first step runs the app until its first wait.
 */
export function runApp(context: AppContext): Coroutine<void> {
  return new AppRun(context) as unknown as Coroutine<void>;
}

/** The wait of a run, a row of the table above; `start` before the app is called. */
type Wait = "start" | "iterable" | "yielded" | "planned" | "turn" | "drained" | "held" | "step";

/** UTF-8 has at most three bytes for each character of a string (UTF-16 unit). */
const MAX_CHARACTER_BYTES = 3;

/**
 * The run of one app, from the call of the app to its `close()`.
 *
 * An iterator made by hand in place of a generator. Its plain twin would be:
 *
 * ```ts ignore
 * function* run() {
 *   for (let step = iterator.next(); !step.done;) {
 *     if (isBlock(step.value)) response.push(step.value), step = iterator.next();
 *     else step = iterator.next(yield step.value);
 *   }
 * }
 * ```
 *
 * with a nested generator for each wait that needs more. Each generator costs an object, and a frame
 * while it waits; most apps need none (`npm run bench -- --workload hello --workload suspended`).
 *
 * Its methods return steps. A step that is not done has the value to wait for, and goes to the scheduler.
 * A step that is done means that the app has ended, or that the client wants no more of its blocks.
 */
class AppRun implements BodyReader, StepConsumer {
  readonly #context: AppContext;
  #wait: Wait = "start";
  /** The promise of the iterable, during the wait for it. */
  #promised: Promise<AppIterable> | undefined;
  /** The result of the app, once it is known. */
  #iterable: AppIterable | undefined;
  /** The iterator that is being stepped; `undefined` once it has ended by itself. */
  #iterator: AnyIterator | undefined;
  /** Whether the iterator is to be resumed with an error; reset when it is resumed. */
  #failed = false;
  /** The value or the error that the iterator is to be resumed with; reset when it is resumed. */
  #content: unknown;
  /** When the burst ends, by the clock; `undefined` during the first one, which began with the request. */
  #burstEndMs: number | undefined;
  /** True once an async iterator has really waited; reset by the step that ends its wait. */
  #hasWaited = false;
  /** Tells of the end of the wait; set during a wait of an app with listeners for waits. */
  #endOfWait: (() => void) | undefined;
  /** Closes the app; set once the app has ended or was cancelled, if there is something to close. */
  #closing: Coroutine<void> | undefined;

  constructor(context: AppContext) {
    this.#context = context;
  }

  // The methods of a generator, for the scheduler.

  next(sent?: unknown): Step {
    if (this.#endOfWait !== undefined) this.#tellWait();
    if (this.#closing !== undefined) return this.#closing.next(sent);
    this.#context.cogen.appStep = currentStep();
    return this.#run(false, sent);
  }

  throw(error: unknown): Step {
    if (this.#endOfWait !== undefined) this.#tellWait();
    if (this.#closing !== undefined) return this.#closing.throw(error);
    this.#context.cogen.appStep = currentStep();
    return this.#run(true, error);
  }

  return(): Step {
    if (this.#endOfWait !== undefined) this.#tellWait();
    // The closing has a task of its own, which makes the steps of the app.
    if (this.#closing !== undefined) return this.#closing.next(CANCELLED);
    this.#context.cogen.appStep = currentStep();
    if (this.#wait === "held") {
      return this.#close((iterator) => endAfter(iterator.next(this.#content), iterator));
    }
    if (this.#wait !== "start") return this.#close();
    // The run was cancelled before its first step: the app was not called, but the request is over.
    return this.#ended(false);
  }

  // The methods of `BodyReader`: a body that the server itself reads calls them.

  announceLength(length: number): void {
    this.#context.response.announceLength(length);
  }

  hasBody(): boolean {
    return this.#context.response.hasBody(this.#context.method);
  }

  allSent(): boolean {
    return this.#context.output.allSent;
  }

  isOwn(startResponse: unknown): boolean {
    return startResponse === this.#context.response.startResponse;
  }

  // The steps of an async iterator, during the wait `step`.

  take(step: Step): Steps {
    if (this.#hasWaited) this.#beginBurst();
    const { value } = step;
    if (step.done || !isBlock(value) || this.#context.response.headOnly) return step;
    const maxBytes = value.length * MAX_CHARACTER_BYTES;
    if (!burstLasts(this.#context, this.#burstEndMs, maxBytes)) return step;
    return resume(this.#iterator as AnyIterator, push(this.#context, value));
  }

  failedLate(error: unknown): void {
    this.#context.report(error);
  }

  wait(): void {
    this.#hasWaited = true;
    this.#context.output.flush();
  }

  /** Runs the app to its next wait, or to its end. The last wait has brought this value or error. */
  #run(failed: boolean, content: unknown): Step {
    const isWaitOfApp = this.#wait === "yielded" || this.#wait === "planned";
    if (failed && isWaitOfApp && this.#context.isAborted) return this.#unwind(content);
    try {
      const step = this.#endWait(failed, content);
      if (!step.done) return step;
      this.#complete();
      const unperformed = this.#iterator === undefined && this.#context.cogen.unperformed();
      if (unperformed) this.#context.report(unperformed);
    } catch (error) {
      this.#fail(error);
    }
    if (this.#iterator !== undefined || hasClose(this.#iterable)) return this.#close();
    return this.#ended(this.#context.response.ended);
  }

  /** Ends the request, also if the app has put a method of its own in the place of the engine's. */
  #ended(complete: boolean): Step {
    try {
      this.#context.cogen.close();
    } finally {
      this.#context.ended(complete);
    }
    return DONE;
  }

  /** Ends the wait as its row of the table says, and steps the app on. */
  #endWait(failed: boolean, content: unknown): Step {
    const { cogen } = this.#context;
    switch (this.#wait) {
      case "start":
        return this.#call();
      case "iterable":
        this.#promised = undefined;
        if (failed) throw content;
        return this.#begin(iterable(content, this.#context));
      case "yielded":
        this.#failed = failed;
        this.#content = content;
        return this.#resume(failed ? "drained" : "held");
      case "planned":
        if (failed) cogen.fail(content);
        else cogen.settle(content);
        return this.#resume("held");
      case "turn":
      case "drained":
      case "held":
        if (failed) throw content;
        return this.#resume(this.#wait === "held" ? "held" : "drained");
      case "step":
        if (failed) throw content;
        return this.#step(content as Step);
    }
  }

  #waitFor(wait: Wait, value: unknown): Step {
    this.#wait = wait;
    if (wait !== "iterable" && wait !== "turn" && wait !== "step") {
      this.#endOfWait = this.#context.cogen.beginWait(value);
    }
    return { done: false, value };
  }

  #tellWait(): void {
    const tell = this.#endOfWait;
    this.#endOfWait = undefined;
    tell?.();
  }

  #call(): Step {
    const { app, environ, response } = this.#context;
    const given: unknown = app(environ, response.startResponse);
    if (isPromise(given)) {
      this.#promised = adopt(given as PromiseLike<AppIterable>);
      this.#context.output.flush();
      return this.#waitFor("iterable", until(this.#promised));
    }
    this.#iterable = iterable(given, this.#context);
    if (Array.isArray(given)) return this.#pushAll(given);
    this.#iterator = this.#iteratorOf(this.#iterable);
    return this.#step(this.#iterator.next());
  }

  /** Begins an iterable that came in a promise. */
  #begin(given: AppIterable): Step {
    this.#iterable = given;
    if (Array.isArray(given)) return this.#pushAll(given);
    this.#iterator = this.#iteratorOf(given);
    return this.#resume("drained");
  }

  /**
   * Begins a burst: the iterator goes on, with the error or the value that is kept for it. If the client's
   * window is full, the wait `whenFull` comes first.
   */
  #resume(whenFull: "drained" | "held"): Step {
    const { output } = this.#context;
    if (output.full) return this.#waitFor(whenFull, output.drained());
    this.#beginBurst();
    const iterator = this.#iterator as AnyIterator;
    const content = this.#content;
    const failed = this.#failed;
    this.#content = undefined;
    this.#failed = false;
    return this.#step(failed ? throwInto(iterator, content) : iterator.next(content));
  }

  /** Steps the iterator from its current step to its next wait, or to its end. */
  #step(first: Steps): Step {
    const context = this.#context;
    for (let steps = first;;) {
      if (isPromise(steps)) return this.#waitForStep(steps);
      const { value } = steps;
      let refusal: unknown;
      if (steps.done) {
        if (!(value instanceof WSGIFileWrapper)) return this.#end(value);
        this.#iterator = this.#iteratorOf(value);
      } else if (isBlock(value)) {
        refusal = push(context, value);
        // The response to HEAD has no body: no more blocks are wanted, even of an endless stream.
        if (refusal === undefined && context.response.headOnly) return DONE;
      } else if (isEmpty(value)) {
        checkEmpty(steps, value);
        context.output.flush();
        if (context.output.full || !context.cogen.performNow()) return this.#waitForPlanned();
      } else if (isOperation(value) || isPromise(value)) {
        context.output.flush();
        return this.#waitFor("yielded", value);
      } else refusal = push(context, value);
      if (!burstLasts(context, this.#burstEndMs)) return this.#waitForTurn(refusal);
      steps = resume(this.#iterator as AnyIterator, refusal);
    }
  }

  /** Waits for a step of an async iterator. A run that was cancelled meanwhile does not begin the wait. */
  #waitForStep(steps: PromiseLike<Step>): Step {
    if (this.#context.isAborted) adoptStep(steps).catch((error) => this.failedLate(error));
    return this.#waitFor("step", gather(steps, this));
  }

  /** An empty block: performs the planned operation, or lets other tasks run. */
  #waitForPlanned(): Step {
    const { cogen } = this.#context;
    const operation = cogen.take();
    if (operation === undefined) return this.#waitFor("turn", undefined);
    return this.#waitFor("planned", operation);
  }

  /** The burst is over. The iterator is resumed later, with the refusal of its last block, if any. */
  #waitForTurn(refusal: unknown): Step {
    this.#failed = refusal !== undefined;
    this.#content = refusal;
    this.#context.output.flush();
    return this.#waitFor("turn", undefined);
  }

  /** The iterator has ended by itself: its return value may be a last block. */
  #end(last: unknown): Step {
    this.#iterator = undefined;
    if (last !== undefined) this.#context.response.pushLast(last);
    return DONE;
  }

  #pushAll(blocks: readonly unknown[]): Step {
    this.#context.response.pushAll(blocks);
    return DONE;
  }

  #iteratorOf(given: AppIterable): AnyIterator {
    return given instanceof ServerReadable ? given.blocksFor(this) : iteratorOf(given);
  }

  #beginBurst(): void {
    this.#hasWaited = false;
    this.#burstEndMs = burstEnd(this.#context);
  }

  #complete(): void {
    this.#context.response.end();
    this.#context.output.flush();
  }

  /**
   * Answers with 500, or with 501 to a CONNECT that the app does not serve, but only before anything
   * was sent: an error page inside a half-sent body would look like a part of the body.
   */
  #fail(error: unknown): void {
    const { response, isAborted } = this.#context;
    if (response.committed || !isOf(HTTPException, error)) return this.#answerFault(error);
    // The error is a response, and no fault, so that it is not reported.
    try {
      if (!isAborted) response.replace(error.status, error.headers, error.body);
    } catch (fault) {
      return this.#answerFault(fault);
    }
    this.#context.output.flush();
  }

  #answerFault(error: unknown): void {
    const { response } = this.#context;
    // A client may send any method. CONNECT to an app that does not know it is no fault of the app.
    const isTunnel = isOf(TunnelError, error);
    if (!isTunnel) this.#context.report(error);
    // An aborted request is answered by the connection, if its client is still there.
    if (!response.committed && !this.#context.isAborted) {
      // RFC 9110 §15.6.2: 501 says that the server has not the method for any resource.
      response.replace(isTunnel ? "501 Not Implemented" : "500 Internal Server Error");
    }
    this.#context.output.flush();
  }

  /**
   * Gives the app the error of its wait, when the request is aborted: mostly that of a read of the body. The
   * error itself ends the app. Its `finally` blocks may wait, which a `return()` would cut short. An app that
   * catches the error goes on: the language does not tell a `catch` that waits from a `finally` that waits.
   */
  #unwind(error: unknown): Step {
    const { cogen } = this.#context;
    const isPlanned = this.#wait === "planned";
    return this.#close((iterator) => {
      if (!isPlanned) return throwInto(iterator, error);
      cogen.fail(error);
      return iterator.next();
    });
  }

  #close(unwind?: Unwind): Step {
    if (this.#promised !== undefined) closeLate(this.#promised, this.#context);
    this.#closing = closeApp(this.#context, this.#iterator, this.#iterable, unwind);
    return this.#closing.next();
  }
}

/** Whether an iterable is to be closed: it has a `close`, or its getter throws, which is reported then. */
function hasClose(given: AppIterable | undefined): boolean {
  try {
    return given !== undefined && given.close !== BASE.close;
  } catch {
    return true;
  }
}

/** Gives a block to the response. Returns the error if the response refuses it. */
function push(context: AppContext, block: unknown): unknown {
  try {
    context.response.push(block);
  } catch (error) {
    return error;
  }
}

/** Asks for the next step. The refusal of the last block is an error where the app yielded it. */
function resume(iterator: AnyIterator, refusal: unknown): Steps {
  return refusal === undefined ? iterator.next() : throwInto(iterator, refusal);
}
