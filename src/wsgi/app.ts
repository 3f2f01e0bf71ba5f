/**
 * The types of an app (PEP 3333, with generators in place of Python's iterators), and the check of an app.
 *
 * @module
 */

import { isClass, optionError } from "../coroutine/mod.ts";
import type { AppYield, Block, HeaderList } from "./block.ts";
import type { Environ } from "./environ.ts";
import type { WSGIFileWrapper } from "./files/file_wrapper.ts";

/**
 * Starts the response. The app calls it before its first non-empty block (PEP 3333).
 *
 * @param status Code and reason: `"200 OK"`.
 * @param headers The header fields. Hop-by-hop fields are refused: the server sends its own. A 426 may have
 *   `Upgrade`, and the server adds `Connection: upgrade` (RFC 9110 §15.5.22).
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

/** The values that a generator app may return: a last block, a wrapped file, or nothing. */
export type AppReturn = Block | WSGIFileWrapper | undefined | void;

/** The result of an app that the server closes. */
export interface Closeable {
  /** Called exactly once when the server is done with the iterable, however the request ended. */
  readonly close?: () => unknown;
}

/**
 * The result of an app: an iterable of blocks, sync or async; usually a generator or an array.
 *
 * The framing of the response follows from the structure of the app, never from the time that the app takes:
 *
 * | the app | HTTP/1.1 | HTTP/1.0 |
 * |---|---|---|
 * | gives `Content-Length` | that length | that length |
 * | gives an array, or a promise of one | `Content-Length` | `Content-Length` |
 * | is a generator or an iterator, and returns the only non-empty block, or none | `Content-Length` | `Content-Length` |
 * | yields a non-empty block, even one only, or passes one to `write` | chunked, each block one chunk | until the connection ends |
 * | returns a wrapped file whose length is known | `Content-Length` | `Content-Length` |
 * | announces `Trailer` | chunked | until the connection ends |
 *
 * A generator may be async, and may come in a promise. Waits, reads and empty blocks do not count. Another
 * iterable, such as a `Set` or an object with `[Symbol.iterator]` and `close`, yields its blocks. A middleware
 * that runs the app by `delegate` or `passThrough` yields them, too, unless it passes the server's reader on; those
 * of this package keep the framing. A response to HEAD has the fields of the
 * response to GET, without `Transfer-Encoding`; 204 and 304 have no body and no length from the server.
 */
export type AppIterable =
  & (
    | Iterable<AppYield, AppReturn, unknown>
    | AsyncIterable<Exclude<AppYield, PromiseLike<unknown>>, AppReturn, unknown>
  )
  & Closeable
  & object;

/** A WSGI app of any kind: a {@linkcode GeneratorApp}, an {@linkcode ArrayApp} or an {@linkcode AsyncApp}. */
export type WSGIApp = (
  environ: Environ,
  startResponse: StartResponse,
) => AppIterable | PromiseLike<AppIterable>;

/** An app that is a generator function, the usual kind: it may wait, and other requests run meanwhile. */
export type GeneratorApp = (
  environ: Environ,
  startResponse: StartResponse,
) => Generator<AppYield, AppReturn, unknown>;

/** An app that gives its blocks at once; they are sent together, with their length. */
export type ArrayApp = (environ: Environ, startResponse: StartResponse) => readonly Block[];

/** An app that is an async generator, or an async function that gives an iterable. */
export type AsyncApp = (
  environ: Environ,
  startResponse: StartResponse,
) =>
  | AsyncIterable<Exclude<AppYield, PromiseLike<unknown>>, AppReturn, unknown> & Closeable
  | PromiseLike<AppIterable>;

/**
 * An app around an app. In a generator, run the inner app with `delegate`, or with `passThrough` to
 * change its blocks.
 */
export type Middleware = (app: WSGIApp) => WSGIApp;

/**
 * Checks that a value is an app. The server and all middleware call this when they are made, so that a
 * wrong app is no error of each request.
 *
 * @param name The name of the option or the argument, for the error message.
 * @param app The value.
 * @param expected The expected form. Default: an app.
 * @throws {TypeError} If the value is no function, or is a class, which cannot be called without `new`.
 */
export function checkApp(
  name: string,
  app: unknown,
  expected: string = "an app, which is a function",
): asserts app is WSGIApp {
  if (typeof app === "function" && !isClass(app)) return;
  throw optionError(name, app, `${expected}${adviceFor(app)}`);
}

/** The way to make an app of a value that is none. */
function adviceFor(app: unknown): string {
  if (isClass(app)) {
    return `; write (environ, startResponse) => new ${app.name || "App"}(environ, startResponse)`;
  }
  return typeof Object(app).fetch === "function" ? "; write fromFetch(app)" : "";
}

/**
 * Checks that a value is an environ.
 *
 * @param of The function that takes it, for the error message.
 * @param environ The value.
 * @throws {TypeError} If the value has no `cogen`.
 */
export function checkEnviron(of: string, environ: unknown): void {
  if (typeof Object(environ).cogen === "object") return;
  throw optionError(
    `The environ of ${of}`,
    environ,
    "the environ of a request, which is the first argument of an app",
  );
}
