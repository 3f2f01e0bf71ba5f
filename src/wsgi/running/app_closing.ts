/**
 * Closing an app: its iterator is ended and its `close()` called, once each; what they throw is only
 * reported. Both may wait, but not for ever.
 *
 * @module
 */

import { Join, type Operation, operation, until } from "../../coroutine/mod.ts";
import type { Coroutine } from "../../coroutine/mod.ts";
import type { AppIterable } from "../app.ts";
import { AppDrive } from "./app_drive.ts";
import { adopt, type AnyIterator, DONE, isPromise, iterable, iteratorOf } from "./app_steps.ts";
import type { AppContext } from "./app_context.ts";
import { WSGIError } from "./response.ts";

/** Ends an iterator that is not done, through its `finally`. */
export function* endIterator(exchange: AppContext, iterator: AnyIterator): Coroutine<void> {
  try {
    const step = iterator.return?.() ?? DONE;
    if (!isPromise(step) && step.done) return;
    const last = isPromise(step) ? adopt(step) : step;
    const rest = new AppDrive(exchange, iterator, true);
    yield closing(() => rest.run(() => last), exchange.closeTimeoutMs);
  } catch (error) {
    exchange.report(error);
  }
}

/** Calls `close()`, if the iterable has it (PEP 3333). */
export function* closeIterable(exchange: AppContext, given: AppIterable): Coroutine<void> {
  try {
    const closed = given.close?.();
    if (!isPromise(closed)) return;
    const settling = until(closed);
    yield closing(() => wait(settling), exchange.closeTimeoutMs);
  } catch (error) {
    exchange.report(error);
  }
}

/** An iterable that was promised to a request that has ended is closed all the same. */
export async function closeLate(
  exchange: AppContext,
  promised: PromiseLike<AppIterable>,
): Promise<void> {
  try {
    const given = await promised;
    await iteratorOf(iterable(given)).return?.();
    await given.close?.();
  } catch (error) {
    exchange.report(error);
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

function* wait(operation: Operation<unknown>): Coroutine<void> {
  yield operation;
}
