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
import {
  adoptStep,
  type AnyIterator,
  type AppIterable,
  type Block,
  type Cogen,
  isBlock,
  isPromise,
  iteratorOf,
  type Steps,
  throwInto,
  WSGIFileWrapper,
} from "../wsgi/mod.ts";

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

/**
 * Runs any kind of app through a stage, and closes it: what a middleware that changes blocks is made of.
 *
 * A plain loop is a middleware, too, as long as all goes well:
 *
 * ```ts ignore
 * for (const block of app(environ, startResponse)) yield block.toUpperCase();
 * ```
 *
 * It passes empty blocks on, so that the app can wait with `environ.cogen`. It does not run async apps,
 * and drops the value of a `yield` (of an operation that is yielded directly) and what a generator
 * returns. And **when the client leaves, it cuts short a `finally` that waits**: the server ends the
 * middleware with `return()`; at `for … of`, JavaScript passes that on to the app, which runs its
 * `finally` as far as the first `yield` there; but what that gives is thrown away, and the app is never
 * resumed. A lock that the rest of the `finally` would have let go of stays locked.
 *
 * So a middleware that leaves blocks as they are delegates, `yield* app(environ, startResponse)`, which
 * has none of these faults with an app that is a generator. One that changes them, or that is put around
 * apps of all kinds, uses this: it goes on stepping an app that still waits after `return()`, and calls
 * `close()`.
 *
 * @param run Calls the app.
 * @param cogen How the request waits.
 * @param stage What is done to the blocks.
 * @returns What the middleware gives to the server: always a sync generator.
 *
 * @example A middleware
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { passThrough, serve, Sleep, type WSGIApp } from "@x/cogen-wsgi";
 *
 * const upperCase = (app: WSGIApp): WSGIApp => (environ, startResponse) =>
 *   passThrough(() => app(environ, startResponse), environ.cogen, {
 *     *block(block) {
 *       yield typeof block === "string" ? block.toUpperCase() : block;
 *     },
 *   });
 *
 * await using server = await serve({
 *   bindAddr: ["127.0.0.1", 0],
 *   wsgiApp: upperCase(async function* (environ, startResponse) {
 *     startResponse("200 OK", [["Content-Type", "text/plain"]]);
 *     yield "quietly, ";
 *     await environ.cogen.run(Sleep(0.01));
 *     yield "please";
 *   }),
 * });
 * assertEquals(await (await fetch(server.url)).text(), "QUIETLY, PLEASE");
 * ```
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
  let failed = false;
  try {
    given = isPromise(promised) ? yield* waitFor(cogen, promised) : promised;
    iterator = iteratorOf(given);
    yield* passAll(iterator, cogen, stage);
    over = true;
    if (stage.end !== undefined) yield* stage.end();
  } catch (error) {
    failed = true;
    throw error;
  } finally {
    if (!failed && given === undefined && isPromise(promised)) closeLate(promised, cogen);
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
  let resume = (): Steps => iterator.next();
  for (;;) {
    const stepped = resume();
    const step = isPromise(stepped) ? yield* waitAside(cogen, adoptStep(stepped)) : stepped;
    const { value } = step;
    if (!(value instanceof WSGIFileWrapper)) stage.checkYielded?.(value);
    const isWait = !isBlock(value);
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
  if (isBlock(last)) yield* stage.block(last);
  else if (last instanceof WSGIFileWrapper) yield* passAll(last[Symbol.iterator](), cogen, stage);
  else if (last !== undefined) yield last;
}

/** What an app yields while it is closed can still be a wait; blocks come to nothing. */
function* endIterator(iterator: AnyIterator, cogen: Cogen): Generator<unknown, void, unknown> {
  const ended = iterator.return?.();
  if (ended === undefined) return;
  let step = isPromise(ended) ? yield* waitFor(cogen, adoptStep(ended)) : ended;
  while (!step.done) {
    const sent = isBlock(step.value) ? undefined : yield step.value;
    const next = iterator.next(sent);
    step = isPromise(next) ? yield* waitFor(cogen, adoptStep(next)) : next;
  }
}

function* waitFor<T>(cogen: Cogen, promise: PromiseLike<T>): Generator<unknown, T, unknown> {
  return yield* cogen.wait(until(promise));
}

/** An iterable that was promised to a request that has ended is closed all the same. */
async function closeLate(promised: PromiseLike<AppIterable>, cogen: Cogen): Promise<void> {
  try {
    const given = await promised;
    await iteratorOf(given).return?.();
    await given.close?.();
  } catch (error) {
    cogen.report(error);
  }
}
