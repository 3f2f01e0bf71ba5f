/**
 * The steps of an async iterator that are ready without a wait.
 *
 * Each step comes in a promise, even if the app did not wait. Such a promise settles before the host's
 * event loop polls again. So the consumer gets these steps one after the other, within one wait of the
 * coroutine. Only a promise that is pending after the host's turn counts as a wait of the app.
 *
 * The app run calls this.
 *
 * @module
 */

import { type Operation, operation } from "../../coroutine/mod.ts";
import { adoptValue, isPromise, type Step, type Steps } from "./app_steps.ts";

/** The consumer of the steps of an async iterator. */
export interface StepConsumer {
  /** Consumes a step and returns the next one; or returns the same step, if the coroutine must handle it. */
  take(step: Step): Steps;
  /** Called when the iterator waits: the blocks of its steps must be handed over now. */
  wait(): void;
  /** Called with the error of a step that came after the wait was cancelled, such as one of a `finally`. */
  failedLate(error: unknown): void;
}

/**
 * Waits for the first step that the consumer does not consume.
 *
 * @param first The promise of the next step.
 * @param consumer Gets the steps; after the wait was cancelled, only their errors.
 * @returns An operation that gives that step, or the error of the iterator or the consumer.
 */
export function gather(first: PromiseLike<Step>, consumer: StepConsumer): Operation<Step> {
  return operation((resume) => {
    const { clock } = resume.scheduler;
    let isWatched = false;
    const fail = (error: unknown) => {
      if (resume.settled) consumer.failedLate(error);
      else resume.error(error);
    };
    const look = () => {
      isWatched = false;
      if (resume.settled) return;
      try {
        consumer.wait();
      } catch (error) {
        fail(error);
      }
    };
    const follow = (steps: Steps) => {
      if (!isPromise(steps)) return resume.value(adoptValue(steps));
      // Not `steps.then`: a thenable that calls back at once would recurse, step by step.
      Promise.resolve(steps).then(take, fail);
      if (isWatched) return;
      isWatched = true;
      clock.defer(look);
    };
    const take = (step: Step) => {
      try {
        // A late step may have a promise as its value, which gets a handler for its rejection.
        if (resume.settled) adoptValue(step);
        else follow(consumer.take(step));
      } catch (error) {
        fail(error);
      }
    };
    follow(first);
  }, "until");
}
