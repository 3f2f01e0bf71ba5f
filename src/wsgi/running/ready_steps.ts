/**
 * An async iterator's steps that come without a wait.
 *
 * Each comes in a promise, even where nothing was waited for: such a promise settles before the
 * host's event loop goes on. So these steps are taken as they come, in one wait of the coroutine, and
 * only a promise that outlives the host's turn is told of as a wait.
 *
 * @module
 */

import { type Operation, operation } from "../../coroutine/mod.ts";
import { adoptValue, isPromise, type Step, type Steps } from "./app_steps.ts";

/** Takes the steps of an async iterator. */
export interface StepConsumer {
  /** Takes a step and asks for the next one; or gives the step back, for the coroutine. */
  take(step: Step): Steps;
  /** The iterator really waits: what was taken must not wait with it. */
  wait(): void;
}

/**
 * Waits for a step that the gatherer gives back; one that fails is an error.
 *
 * @param first The step that comes next.
 * @param gatherer Takes the steps. Once the wait is cancelled it is given none.
 * @returns An operation that gives that step.
 */
export function gather(first: PromiseLike<Step>, gatherer: StepConsumer): Operation<Step> {
  return operation((resume) => {
    const { clock } = resume.scheduler;
    let isWatched = false;
    const fail = (error: unknown) => resume.error(error);
    const look = () => {
      isWatched = false;
      if (resume.settled) return;
      try {
        gatherer.wait();
      } catch (error) {
        fail(error);
      }
    };
    const follow = (steps: Steps) => {
      if (!isPromise(steps)) return resume.value(adoptValue(steps));
      // Not `steps.then`: what is no real promise may call back at once, again and again.
      Promise.resolve(steps).then(take, fail);
      if (isWatched) return;
      isWatched = true;
      clock.defer(look);
    };
    const take = (step: Step) => {
      if (resume.settled) return;
      try {
        follow(gatherer.take(step));
      } catch (error) {
        fail(error);
      }
    };
    follow(first);
  }, "until");
}
