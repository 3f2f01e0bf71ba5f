/**
 * The types of an app (PEP 3333, with generators in place of Python's iterators).
 *
 * @module
 */

import type { Block, HeaderList } from "./block.ts";
import type { Environ } from "./environ.ts";

/**
 * Starts the response. The app calls it before its first non-empty block (PEP 3333).
 *
 * @param status Code and reason: `"200 OK"`.
 * @param headers The header fields. Hop-by-hop fields are refused: the server sends its own.
 * @param excInfo The error that replaces a response already started; thrown again if the head was
 *   sent.
 * @returns `write(block)`, for code that cannot yield its blocks.
 * @throws {TypeError} If `headers` is not an array.
 * @throws {WSGIError} If it is called twice without `excInfo`, or after the socket was taken.
 * @throws {ResponseError} For a status or a header field that may not be sent.
 */
export type StartResponse = (
  status: string,
  headers: HeaderList,
  excInfo?: unknown,
) => (block: Block) => void;

/**
 * The result of an app: an iterable of blocks, sync or async; usually a generator.
 *
 * A non-empty block is sent. `""` hands over the blocks before it, and performs
 * `environ.cogen.operation` if one is set. The app waits for an operation or a promise that it yields.
 */
export type AppIterable =
  & (Iterable<unknown, unknown, unknown> | AsyncIterable<unknown, unknown, unknown>)
  & {
    /** Called exactly once when the server is done with the iterable, however the request ended. */
    readonly close?: () => unknown;
  };

/** A WSGI app. */
export type WSGIApp = (
  environ: Environ,
  startResponse: StartResponse,
) => AppIterable | PromiseLike<AppIterable>;
