/**
 * Middleware around any kind of app: what an app gives is passed on, a stage sees the blocks.
 *
 * Waits pass through untouched, in both directions: an empty block, an operation or a promise goes to
 * the server, and what comes of it goes to the app. So a middleware made of this needs no care to let
 * the app behind it wait.
 *
 * @module
 */

import { until } from "../coroutine/mod.ts";
import type { AppIterable, Block } from "./app.ts";
import type { Cogen } from "./cogen.ts";
import { WSGIFileWrapper } from "./file_wrapper.ts";

/** What a middleware does to blocks. A generator may wait, with `environ.cogen`. */
export interface Stage {
  /** Takes a block that is not empty, and gives what takes its place. */
  block(block: Block): Iterable<unknown>;
  /** Looks at whatever the app yields or returns; what it throws, the app did not get to hear. */
  checkYielded?(value: unknown): void;
  /** The app is about to wait: what is held back should go now. */
  wait?(): Iterable<unknown>;
  /** The app has ended well. */
  end?(): Iterable<unknown>;
}

/** Passes every block on as it is. */
export const UNCHANGED: Stage = {
  *block(block) {
    yield block;
  },
};

type Step = IteratorResult<unknown, unknown>;
interface AnyIterator {
  next(sent?: unknown): Step | PromiseLike<Step>;
  throw?(error: unknown): Step | PromiseLike<Step>;
  return?(): Step | PromiseLike<Step>;
}

/**
 * Runs an app's iterable through a stage, and closes it.
 *
 * @param run Calls the app.
 * @param cogen How the request waits.
 * @param stage What is done to the blocks.
 * @returns What the middleware gives to the server: always a sync generator.
 */
export function* passThrough(
  run: () => AppIterable | PromiseLike<AppIterable>,
  cogen: Cogen,
  stage: Stage,
): Generator<unknown, void, unknown> {
  const promised = run();
  let given: AppIterable | undefined;
  let iterator: AnyIterator | undefined;
  let over = false;
  try {
    given = isPromise(promised) ? yield* waitFor(cogen, promised) : promised;
    iterator = iteratorOf(given);
    yield* passAll(iterator, cogen, stage);
    over = true;
    if (stage.end !== undefined) yield* stage.end();
  } finally {
    if (given === undefined && isPromise(promised)) promised.then(closeLate, () => {});
    if (!over && iterator !== undefined) yield* endIterator(iterator, cogen);
    const closed = given?.close?.();
    if (isPromise(closed)) yield* waitFor(cogen, closed);
  }
}

function* passAll(
  iterator: AnyIterator,
  cogen: Cogen,
  stage: Stage,
): Generator<unknown, void, unknown> {
  let resume = (): Step | PromiseLike<Step> => iterator.next();
  for (;;) {
    const stepped = resume();
    const step = isPromise(stepped) ? yield* waitAside(cogen, stepped) : stepped;
    const { value } = step;
    if (!(value instanceof WSGIFileWrapper)) stage.checkYielded?.(value);
    const isWait = !isFullBlock(value);
    if (step.done) return yield* passLast(value, cogen, stage);
    try {
      if (!isWait) yield* aside(cogen, stage.block(value));
      else if (stage.wait !== undefined) yield* aside(cogen, stage.wait());
      const sent = isWait ? yield value : undefined;
      resume = () => iterator.next(sent);
    } catch (error) {
      resume = () => throwInto(iterator, error);
    }
  }
}

/** The stage may wait as well: the app must find what it has planned, and what came of it before. */
function* aside(cogen: Cogen, waits: Iterable<unknown>): Generator<unknown, void, unknown> {
  const { operation, result, exception } = cogen;
  cogen.operation = undefined;
  yield* waits;
  Object.assign(cogen, { operation, result, exception });
}

function* waitAside<T>(cogen: Cogen, promise: PromiseLike<T>): Generator<unknown, T, unknown> {
  const { result, exception } = cogen;
  const value = yield* waitFor(cogen, promise);
  Object.assign(cogen, { result, exception });
  return value;
}

/** What a generator returns: a last block, or a wrapped file. */
function* passLast(
  last: unknown,
  cogen: Cogen,
  stage: Stage,
): Generator<unknown, void, unknown> {
  if (isFullBlock(last)) yield* stage.block(last);
  else if (last instanceof WSGIFileWrapper) yield* passAll(last[Symbol.iterator](), cogen, stage);
  else if (last !== undefined) yield last;
}

/** What an app yields while it is closed can still be a wait; blocks come to nothing. */
function* endIterator(iterator: AnyIterator, cogen: Cogen): Generator<unknown, void, unknown> {
  const ended = iterator.return?.();
  if (ended === undefined) return;
  let step = isPromise(ended) ? yield* waitFor(cogen, ended) : ended;
  while (!step.done) {
    const sent = isFullBlock(step.value) ? undefined : yield step.value;
    const next = iterator.next(sent);
    step = isPromise(next) ? yield* waitFor(cogen, next) : next;
  }
}

function* waitFor<T>(cogen: Cogen, promise: PromiseLike<T>): Generator<unknown, T, unknown> {
  return yield* cogen.wait(until(promise));
}

async function closeLate(given: AppIterable): Promise<void> {
  await iteratorOf(given).return?.();
  await given.close?.();
}

function iteratorOf(given: AppIterable): AnyIterator {
  if (Symbol.asyncIterator in given) return given[Symbol.asyncIterator]();
  return given[Symbol.iterator]();
}

function throwInto(iterator: AnyIterator, error: unknown): Step | PromiseLike<Step> {
  if (iterator.throw === undefined) throw error;
  return iterator.throw(error);
}

/** Whether it is a promise, of this realm or another. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null &&
    typeof (value as { then?: unknown }).then === "function";
}

/** Whether it is a block that is sent: not an empty one, and no wait. */
export function isFullBlock(value: unknown): value is Block {
  return (typeof value === "string" || value instanceof Uint8Array) && value.length > 0;
}
