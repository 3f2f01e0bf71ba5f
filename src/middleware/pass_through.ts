/**
 * The loop of a middleware that changes blocks: it steps an app of any kind, and a stage sees each block.
 *
 * Waits pass through in both directions. An empty block, an operation or a promise goes to the
 * server, and its value or error goes back to the app. A stage has no work with the waits of the
 * app.
 *
 * The trap: a stage may wait as well, and both share `environ.cogen`. The app's planned operation and
 * last result are therefore put aside while the stage runs.
 *
 * The middlewares of this folder and of users call this.
 *
 * @module
 */

import {
  type Operation,
  operation,
  optionError,
  race,
  showValue,
  until,
} from "../coroutine/mod.ts";
import {
  adoptStep,
  type AnyIterator,
  type AppIterable,
  type AppYield,
  type Block,
  type BodyReader,
  callClose,
  closeLate,
  type Cogen,
  endAfter,
  endEarly,
  isBlock,
  isPromise,
  iteratorOf,
  ServerReadable,
  type Steps,
  throwInto,
  WSGIFileWrapper,
} from "../wsgi/mod.ts";
import { blockLength } from "./block_length.ts";
import { checkCallback } from "./option_checks.ts";

/**
 * The work of a middleware on the blocks of one response.
 *
 * Each method gives an iterable of blocks to send, usually as a generator. Such a generator may wait,
 * with `environ.cogen`.
 */
export interface BlockStage {
  /**
   * Takes a non-empty block of the app, and gives the blocks to send in its place. Default: the block.
   */
  block?(block: Block): Iterable<AppYield>;
  /**
   * Whether {@linkcode BlockStage.block} gives each block at once and unchanged, and `end` gives none. Then the
   * response keeps its `Content-Length`, if `passThrough` has the reader. Default: whether there is no `block`.
   */
  readonly keepsBlocks?: boolean;
  /**
   * Checks each value that the app yields or returns, except a wrapped file. An error that this method
   * throws ends the response; the app does not see it.
   */
  checkYielded?(value: unknown): void;
  /**
   * Called before the app waits: gives the blocks that the stage has held back. Each step of an async app counts
   * as a wait, since only the clock would tell whether the app has waited.
   *
   * The operation of a generator app begins only after these blocks, and may miss a signal that comes meanwhile.
   * {@linkcode BlockStage.flush} delays no operation.
   */
  wait?(): Iterable<AppYield>;
  /**
   * Called in place of `wait` before a generator app waits. The operation of the app begins at once, so the stage
   * gives no blocks here: what it has held back goes to the `write` that its `startResponse` has returned, now or
   * while the app waits.
   */
  flush?(): void;
  /**
   * Called with a function while an async app waits. The stage calls this function, perhaps at once, when it holds
   * back a block that the app has given to `write` meanwhile; then `wait` is called again.
   */
  whenHeld?(notify: () => void): void;
  /**
   * Called when a wait of the app has ended, before the app goes on. A generator app goes on after the blocks that
   * this method gives, if any.
   */
  resume?(): Iterable<AppYield> | void;
  /** Called once, after the app has ended without an error: gives the last blocks. */
  end?(): Iterable<AppYield>;
}

/**
 * Runs an app of any kind through a stage and closes it: the core of a middleware that changes blocks.
 *
 * A middleware that leaves blocks unchanged calls `delegate` instead.
 *
 * A plain loop is no replacement:
 *
 * ```ts ignore
 * for (const block of app(environ, startResponse)) yield block.toUpperCase();
 * ```
 *
 * - **When the client leaves, the loop cuts short a `finally` that waits.** The server ends the
 *   middleware with `return()`. At `for … of`, JavaScript calls the app's `return()`, which runs its
 *   `finally` as far as the first `yield` there. The loop drops the yielded value and never resumes the
 *   app, so a lock that the rest of the `finally` would release stays locked. `passThrough` steps the
 *   app until its `finally` has ended, and then calls `close()`.
 * - The loop does not run async apps, and drops the value that a `yield` should have in the app and the
 *   last block that a generator returns.
 *
 * @param run Calls the app.
 * @param given The `environ.cogen` of the request. There is none in a thread of `blocking`, where no app waits.
 * @param stage The work on the blocks.
 * @param reader The server's side, if the middleware returns a `ServerReadable`. If the stage keeps the blocks,
 *   the response then has the `Content-Length` that it has without the middleware, and a wrapped file
 *   is read as if the server read it itself.
 * @returns The iterable of the middleware: always a sync generator.
 * @throws The error of the app or of the stage, while the server steps the generator.
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
  given: Cogen | undefined,
  stage: BlockStage,
  reader?: BodyReader,
): Generator<AppYield, void, unknown> {
  checkCallback("passThrough", "run", run);
  if (typeof stage !== "object" || stage === null) {
    throw optionError(
      "The stage of passThrough",
      stage,
      "an object, such as { *block(block) { ... } }",
    );
  }
  const cogen = given ?? { operation: undefined, result: undefined } as Cogen;
  dropForeign(stage);
  const server = stage.keepsBlocks ?? stage.block === undefined ? reader : undefined;
  const promised = run();
  let body: AppIterable | undefined;
  let iterator: AnyIterator | undefined;
  const kept: Kept = { resume: undefined };
  let over = false;
  let failed = false;
  try {
    body = isPromise(promised) ? yield* asyncWait(cogen, stage, promised) : promised;
    iterator = blocksOf(body, server);
    yield* passAll(iterator, cogen, stage, server, kept);
    over = true;
    if (stage.end !== undefined) yield* stage.end();
  } catch (error) {
    failed = true;
    cogen.operation = undefined;
    throw error;
  } finally {
    if (!failed && body === undefined && isPromise(promised)) closeLate(promised, cogen);
    try {
      if (!over && iterator !== undefined) yield* endIterator(iterator, cogen, kept);
    } finally {
      const closed = Object(body) === body ? callClose(body as AppIterable) : undefined;
      if (isPromise(closed)) yield* waitFor(cogen, closed);
    }
  }
}

const MEMBERS = [
  ...[
    "block",
    "keepsBlocks",
    "checkYielded",
    "wait",
    "flush",
    "whenHeld",
    "resume",
    "end",
  ] as const,
];

/**
 * Hides the members that an app has added to `Object.prototype`: they would count as those of each stage. The
 * stage itself is changed, because a copy of a stage with private members could not run its methods.
 */
function dropForeign(stage: BlockStage): void {
  const base: BlockStage = Object.prototype;
  for (const name of MEMBERS) {
    const isForeign = name in base && stage[name] === base[name] && !Object.hasOwn(stage, name);
    if (isForeign) Reflect.set(stage, name, undefined);
  }
}

/** Begins the body of an app. If the server itself reads it, the length of an array is announced. */
function blocksOf(given: AppIterable, server: BodyReader | undefined): AnyIterator {
  if (server === undefined) return iteratorOf(given);
  if (given instanceof ServerReadable) return given.blocksFor(server);
  if (Array.isArray(given) && given.every((block) => isBlock(block) || isEmptyBlock(block))) {
    const length = given.reduce((sum: number, block: Block) => sum + blockLength(block), 0);
    // The length of an empty array is not announced, because the response to GET may have another
    // length.
    if (length > 0) server.announceLength(length);
  }
  return iteratorOf(given);
}

function isEmptyBlock(value: unknown): boolean {
  return value === "" || value instanceof Uint8Array;
}

/**
 * The outcome of a wait of the app, while the stage waits before the app goes on. An app that is ended meanwhile
 * gets it first: the value may be a permit of a semaphore, which would be lost.
 */
interface Kept {
  resume: (() => Steps) | undefined;
}

function* passAll(
  iterator: AnyIterator,
  cogen: Cogen,
  stage: BlockStage,
  server: BodyReader | undefined,
  kept: Kept = { resume: undefined },
): Generator<AppYield, void, unknown> {
  let resume = (): Steps => iterator.next();
  for (;;) {
    const stepped = resume();
    const step = isPromise(stepped) ? yield* asyncWait(cogen, stage, adoptStep(stepped)) : stepped;
    if (Object(step) !== step) throw new TypeError(`An iterator gave ${showValue(step)} as a step`);
    const { value } = step;
    if (!(value instanceof WSGIFileWrapper)) stage.checkYielded?.(value);
    const isWait = !isBlock(value);
    // `until` gives the promise a handler: the stage may wait before the server sees it.
    if (isWait && isPromise(value)) until(value);
    if (step.done) return yield* passLast(value, cogen, stage, server);
    try {
      if (!isWait) yield* passBlock(value, cogen, stage);
      else if (stage.flush !== undefined) stage.flush();
      else if (stage.wait !== undefined) yield* withCogenPutAside(cogen, stage.wait());
      const sent = isWait ? yield value as AppYield : undefined;
      resume = () => iterator.next(sent);
    } catch (error) {
      resume = () => throwInto(iterator, error);
    }
    const blocks = isWait ? stage.resume?.() : undefined;
    if (blocks === undefined) continue;
    kept.resume = resume;
    yield* withCogenPutAside(cogen, blocks);
    kept.resume = undefined;
  }
}

function* passBlock(
  block: Block,
  cogen: Cogen,
  stage: BlockStage,
): Generator<AppYield, void, unknown> {
  if (stage.block === undefined) yield block;
  else yield* withCogenPutAside(cogen, stage.block(block));
}

/** Waits for a promise of an async app. The stage gives the blocks that it has held back, or holds meanwhile. */
function* asyncWait<T>(
  cogen: Cogen,
  stage: BlockStage,
  promise: PromiseLike<T>,
): Generator<AppYield, T, unknown> {
  const settled = until(promise); // handles a rejection from now on
  if (stage.wait === undefined) return yield* cogen.wait(settled);
  for (;;) {
    yield* withCogenPutAside(cogen, stage.wait());
    const value = yield* cogen.wait(race([held(stage), settled]));
    if (value === HELD) continue;
    stage.resume?.();
    return value;
  }
}

/** The value of {@linkcode held}. */
const HELD: unique symbol = Symbol("held");

/** Waits until the stage holds a block of `write`. */
function held(stage: BlockStage): Operation<typeof HELD> {
  return operation((resume) => stage.whenHeld?.(() => resume.value(HELD)), "until");
}

/** Runs a stage's generator with the app's planned operation and last result put aside, and restores them. */
function* withCogenPutAside(
  cogen: Cogen,
  waits: Iterable<AppYield>,
): Generator<AppYield, void, unknown> {
  const { operation } = cogen;
  cogen.operation = undefined;
  const { result, exception } = cogen;
  try {
    yield* waits;
  } finally {
    Object.assign(cogen, { result, exception });
  }
  // Without an operation, an async app may have planned one meanwhile.
  if (operation !== undefined) cogen.operation = operation;
}

/** Passes the return value of a generator on: a last block or a wrapped file. */
function* passLast(
  last: unknown,
  cogen: Cogen,
  stage: BlockStage,
  server: BodyReader | undefined,
): Generator<AppYield, void, unknown> {
  if (isBlock(last)) {
    // The announcement has no effect after an earlier block.
    server?.announceLength(blockLength(last));
    yield* passBlock(last, cogen, stage);
  } else if (last instanceof WSGIFileWrapper) {
    yield* passAll(blocksOf(last, server), cogen, stage, server);
  } else if (last !== undefined) yield last as AppYield;
}

/** Ends an app early: steps its `finally` through its waits, and drops its blocks. */
function* endIterator(
  iterator: AnyIterator,
  cogen: Cogen,
  { resume }: Kept,
): Generator<AppYield, void, unknown> {
  const ended = resume === undefined ? endEarly(iterator) : endAfter(resume(), iterator);
  if (ended === undefined) return;
  let step = isPromise(ended) ? yield* waitFor(cogen, adoptStep(ended)) : ended;
  while (!step.done) {
    let next: Steps;
    try {
      const sent = isBlock(step.value) ? undefined : yield step.value as AppYield;
      next = iterator.next(sent);
    } catch (error) {
      next = throwInto(iterator, error);
    }
    step = isPromise(next) ? yield* waitFor(cogen, adoptStep(next)) : next;
  }
}

function* waitFor<T>(cogen: Cogen, promise: PromiseLike<T>): Generator<AppYield, T, unknown> {
  return yield* cogen.wait(until(promise));
}
