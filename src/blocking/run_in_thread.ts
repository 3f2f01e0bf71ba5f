/**
 * Running a synchronous app in a thread, for one request.
 *
 * The main thread decides everything about the response, as for an app of its own: it checks the calls of
 * `startResponse`, frames the blocks and compares them with `Content-Length`. Its refusal is an error at the
 * place in the app.
 *
 * @module
 */

import type { Block, ErrorStream, StartResponse } from "../wsgi/mod.ts";
import { BlockingFile, type BlockingFileSource, BlockingInput } from "./blocking_input.ts";
import { type MainThread, RequestEnded } from "./main_thread.ts";
import { CALL, MAX_BYTES } from "./protocol.ts";

/** The environ of an app in a thread: all keys whose values can be cloned, and these. */
export interface BlockingEnviron {
  /** The request body: its reads block. */
  "wsgi.input": BlockingInput;
  /** The error log. */
  "wsgi.errors": ErrorStream;
  /** Makes a body of a file. */
  "wsgi.file_wrapper": (source: BlockingFileSource, blockSize?: number) => BlockingFile;
  /** Always true. */
  "wsgi.multithread": true;
  /** The method. */
  REQUEST_METHOD: string;
  /** The part of the path that led to this app. */
  SCRIPT_NAME: string;
  /** The rest of the path. */
  PATH_INFO: string;
  /** The query, without the `?`. */
  QUERY_STRING: string;
  /** The Content-Type field, or empty. */
  CONTENT_TYPE: string;
  /** The Content-Length field, or empty. */
  CONTENT_LENGTH: string;
  /** The other keys of the request whose values can be cloned. */
  [key: string]: unknown;
}

/** A plain synchronous app: it returns an array or a generator of blocks, and may block wherever it likes. */
export type BlockingApp = (
  environ: BlockingEnviron,
  startResponse: StartResponse,
) => Iterable<Block | undefined, Block | undefined | void> & { readonly close?: () => unknown };

type Body = ReturnType<BlockingApp>;
type BlockIterator = Iterator<Block | undefined, Block | undefined | void, undefined>;

const encoder = new TextEncoder();

/** Runs an app to its end. No error leaves this function. */
export function runInThread(app: BlockingApp, environ: BlockingEnviron, main: MainThread): void {
  let body: Body | undefined;
  let last: Uint8Array | undefined;
  try {
    addObjects(environ, main);
    body = app(environ, startResponseOf(main));
    last = sendAll(body, main);
    // The close comes after the response; without one, the thread is free with the last bytes.
    if (typeof body.close !== "function") return main.done(last);
    main.call(CALL.end, last);
  } catch (error) {
    main.fail(error);
  }
  try {
    body?.close?.();
  } catch (error) {
    main.fail(error);
  }
  main.done();
}

function addObjects(environ: BlockingEnviron, main: MainThread): void {
  const write = (text: string) => main.log(text);
  environ["wsgi.input"] = new BlockingInput(main);
  environ["wsgi.errors"] = {
    write,
    writelines: (lines) => write([...lines].join("")),
    flush: () => {},
  };
  const wrapFile: BlockingEnviron["wsgi.file_wrapper"] = (source, blockSize) =>
    new BlockingFile(source, blockSize);
  environ["wsgi.file_wrapper"] = wrapFile;
}

function startResponseOf(main: MainThread): StartResponse {
  return (status, headers, excInfo) => {
    main.start(status, headers, excInfo);
    return (block) => main.send(encode(block));
  };
}

/** Sends the body; returns the last bytes, which come with the end. */
function sendAll(body: Body, main: MainThread): Uint8Array {
  if (Array.isArray(body)) {
    body.forEach(handleRejection);
    return sendBlocks(body.map(encode), main);
  }
  handleRejection(body);
  if (typeof body !== "object" || body === null || !(Symbol.iterator in body)) {
    throw notIterable(body);
  }
  if (body instanceof BlockingFile && body.length !== undefined) {
    for (const block of body) main.send(encode(block), body.length);
    return new Uint8Array(0);
  }
  return sendSteps(body[Symbol.iterator]() as BlockIterator, main);
}

/** Sends the blocks of an array: the response has their length. */
function sendBlocks(blocks: readonly Uint8Array[], main: MainThread): Uint8Array {
  const length = blocks.reduce((sum, block) => sum + block.length, 0);
  const last = new Uint8Array(length <= MAX_BYTES ? length : 0);
  let position = 0;
  for (const block of blocks) {
    if (length > MAX_BYTES) main.send(block, length);
    else last.set(block, position);
    position += block.length;
  }
  return last;
}

function sendSteps(iterator: BlockIterator, main: MainThread): Uint8Array {
  let step = iterator.next();
  while (!checked(step).done) {
    const block = encode(step.value);
    try {
      main.send(block);
    } catch (error) {
      if (!(error instanceof RequestEnded)) {
        step = throwInto(iterator, error);
        continue;
      }
      // Its `finally` runs.
      for (step = iterator.return?.() ?? DONE; !step.done;) step = iterator.next();
      throw error;
    }
    step = iterator.next();
  }
  const last = encode(step.value ?? "");
  if (last.length <= MAX_BYTES) return last;
  main.send(last, last.length);
  return new Uint8Array(0);
}

/** A primitive has neither value nor end, so it would step for ever. */
function checked<T>(step: T): T {
  if (Object(step) === step) return step;
  throw new TypeError("An iterator gave a primitive as a step: expected { done, value }");
}

const DONE = { done: true, value: undefined } as const;

/** The refusal of a block is an error where the app yielded it. */
function throwInto(
  iterator: BlockIterator,
  error: unknown,
): IteratorResult<Block | undefined, Block | undefined | void> {
  if (iterator.throw !== undefined) return iterator.throw(error);
  iterator.return?.();
  throw error;
}

/** Gives a promise a handler: it is refused, and its rejection must not end the thread as well. */
function handleRejection(value: unknown): void {
  if (value instanceof Promise) value.catch(() => {});
}

function encode(block: unknown): Uint8Array {
  if (block instanceof Uint8Array) return block;
  if (typeof block === "string") return encoder.encode(block);
  if (block === undefined) return encoder.encode("");
  handleRejection(block);
  const kind = block === null ? "null" : typeof block;
  throw new TypeError(
    `Cannot send ${kind} as a block: an app in a thread gives strings and Uint8Arrays, and waits by blocking`,
  );
}

function notIterable(body: unknown): TypeError {
  const isAsync = typeof body === "object" && body !== null &&
    ("then" in body || Symbol.asyncIterator in body);
  const kind = isAsync ? "a promise or an async generator" : typeof body;
  return new TypeError(
    `The app in a thread has returned ${kind}: expected an array or a generator of blocks, without async`,
  );
}
