/**
 * Closing an app: its iterator is ended, and its `close()` is called, once each. Errors of the two
 * calls are only reported, because the response is made already.
 *
 * Both calls may wait. Each runs as a task of its own, so that cancelling the request does not
 * interrupt the call; `timeouts.close` bounds the time of each, and the end of a shutdown ends the rest.
 * A request that is cancelled while its app is being closed waits on: it ends only with its app. The time
 * of the call then begins anew.
 *
 * The app run calls this.
 *
 * @module
 */

import { currentStep, isOf, notePerformed, start } from "../../coroutine/internal.ts";
import {
  type Coroutine,
  isOperation,
  Join,
  type Operation,
  operation,
  type Resume,
  until,
} from "../../coroutine/mod.ts";
import type { AppIterable } from "../app.ts";
import { isEmpty } from "../block.ts";
import { HTTPException } from "../http_exception.ts";
import type { AppContext } from "./app_context.ts";
import {
  adopt,
  adoptStep,
  type AnyIterator,
  callClose,
  checkStep,
  DONE,
  endEarly,
  isPromise,
  iterable,
  iteratorOf,
  type Step,
  type Steps,
  theApp,
  throwInto,
} from "./app_steps.ts";
import { burstEnd, burstLasts } from "./burst.ts";
import { WSGIError } from "./response.ts";

/** The value that the app run resumes the closing with, when the request is cancelled: the wait begins anew. */
export const CANCELLED: unique symbol = Symbol("cancelled");

/** Resumes an iterator with the error that ends it. */
export type Unwind = (iterator: AnyIterator) => Steps;

/**
 * Closes an app, and ends its request.
 *
 * @param context The request.
 * @param iterator The iterator of the app, if it has not ended by itself.
 * @param given The iterable of the app, if the app has returned one.
 * @param unwind Resumes the iterator with the error that ends it. Without this function, `return()` ends it.
 */
export function* closeApp(
  context: AppContext,
  iterator: AnyIterator | undefined,
  given: AppIterable | undefined,
  unwind?: Unwind,
): Coroutine<void> {
  let complete = false;
  context.cogen.beginClosing();
  try {
    try {
      if (iterator !== undefined) yield* endIterator(context, iterator, unwind);
    } finally {
      if (given !== undefined) yield* closeIterable(context, given);
    }
    complete = context.response.ended;
  } finally {
    context.cogen.close();
    context.ended(complete);
  }
}

/**
 * Closes an iterable that arrives in a promise after its request has ended.
 *
 * @param promised The promise that the app has returned.
 * @param host Reports the error of the app.
 */
export async function closeLate(
  promised: PromiseLike<AppIterable>,
  host: { report(error: unknown): void; readonly appName?: string },
): Promise<void> {
  try {
    const given = iterable(await promised, host);
    try {
      await endEarly(iteratorOf(given));
    } finally {
      await callClose(given);
    }
  } catch (error) {
    host.report(error);
  }
}

/** Ends an iterator through its `finally` blocks. */
function* endIterator(
  context: AppContext,
  iterator: AnyIterator,
  unwind: Unwind | undefined,
): Coroutine<void> {
  try {
    const step = beginEnd(context, iterator, unwind);
    const isPromised = isPromise(step);
    if (!isPromised) checkStep(step);
    if (!isPromised && step.done) return;
    const first = isPromised ? adopt(step) : step;
    yield* inTime(stepToEnd(context, iterator, first), context);
  } catch (error) {
    reportFault(context, error);
  }
}

/** Makes the first step of the end. An iterator that fails in it is ended like one that fails before. */
function beginEnd(context: AppContext, iterator: AnyIterator, unwind: Unwind | undefined): Steps {
  try {
    if (unwind !== undefined) return unwind(iterator);
  } catch (error) {
    reportFault(context, error);
  }
  return endEarly(iterator) ?? DONE;
}

/** Calls `close()` (PEP 3333). */
function* closeIterable(context: AppContext, given: AppIterable): Coroutine<void> {
  try {
    const closed = callClose(given);
    if (!isPromise(closed)) return;
    yield* inTime(perform(until(adopt(closed))), context);
  } catch (error) {
    context.report(error);
  }
}

function* perform(operation: Operation<unknown>): Coroutine<void> {
  yield operation;
}

/** Steps an iterator that is being ended: its waits are performed, its blocks are dropped. */
function* stepToEnd(context: AppContext, iterator: AnyIterator, first: Steps): Coroutine<void> {
  let endMs = burstEnd(context);
  context.cogen.appStep = currentStep(); // this task steps the app now
  for (let steps = first;;) {
    if (isPromise(steps)) {
      context.output.flush();
      steps = (yield until(adoptStep(steps))) as Step;
    }
    if (steps.done) return;
    const { value } = steps;
    let resume = () => iterator.next();
    if (isOperation(value) || isPromise(value)) {
      context.output.flush();
      try {
        const sent = yield value;
        resume = () => iterator.next(sent);
      } catch (error) {
        resume = () => throwInto(iterator, error);
      }
    } else if (isEmpty(value) && !performNow(context)) yield* performPlanned(context);
    else if (burstLasts(context, endMs)) {
      steps = iterator.next();
      continue;
    } else {
      context.output.flush();
      yield;
    }
    endMs = burstEnd(context);
    steps = resume();
  }
}

/** Performs the operation of an empty block at once, if it need not wait. Returns whether it did. */
function performNow(context: AppContext): boolean {
  context.output.flush();
  return !context.output.full && context.cogen.performNow();
}

/** Performs `environ.cogen.operation`; without one, lets other tasks run. */
function* performPlanned({ cogen }: AppContext): Coroutine<void> {
  const planned = cogen.take();
  if (planned === undefined) {
    yield;
    return;
  }
  try {
    cogen.settle(yield planned);
  } catch (error) {
    cogen.fail(error);
  }
}

/**
 * Runs the rest of a call as a task of its own, and abandons it at the deadline, or at the end of the server. The
 * first wait of the task begins at once.
 */
function* inTime(rest: Coroutine<void>, context: AppContext): Coroutine<void> {
  const { closings } = context;
  const task = start(context.cogen.scheduler, reported, rest, context);
  let overdue: WSGIError | undefined;
  let endWait = (_error: WSGIError) => {};
  const abandon = (when: string) => {
    task.cancel();
    overdue = new WSGIError(`${theApp(context)} was closed and has not ended ${when}`);
    endWait(overdue);
  };
  const ending: Operation<void> = operation((resume) => {
    if (overdue !== undefined) throw overdue;
    endWait = (error) => resume.error(error);
    setDeadline(resume, context, abandon);
    const joining = Join(task, { timeout: -1 });
    notePerformed(joining);
    return joining.start(resume);
  }, "close");
  const atEnd = () => abandon("when the server had to end");
  closings.add(atEnd);
  try {
    while ((yield ending) === CANCELLED);
  } finally {
    closings.delete(atEnd);
  }
}

/** Reports the error of a call, which the wait for the call cannot do: a cancellation interrupts that wait. */
function* reported(rest: Coroutine<void>, context: AppContext): Coroutine<void> {
  try {
    yield* rest;
  } catch (error) {
    reportFault(context, error);
  }
}

/** Reports an error, except one that is a response, and no fault. Nothing can be answered any more. */
function reportFault(context: AppContext, error: unknown): void {
  if (!isOf(HTTPException, error)) context.report(error);
}

/** Sets the deadline of a wait for an app that is being closed. */
function setDeadline(
  resume: Resume<void>,
  context: AppContext,
  abandon: (when: string) => void,
): void {
  const { closeTimeoutMs } = context;
  if (closeTimeoutMs === Infinity) return;
  // A pause of the process may take up one half of the time, and the app still gets the other one.
  const halfMs = closeTimeoutMs / 2;
  resume.setDeadline(halfMs, () =>
    resume.setDeadline(halfMs, () => {
      context.closeTimedOut?.();
      abandon(`in ${closeTimeoutMs} ms`);
    }));
}
