/**
 * What an app is (PEP 3333, with generators in place of Python's iterators).
 *
 * @module
 */

import type { Environ } from "./environ.ts";

/** A piece of the response body: a string is sent as UTF-8. It belongs to the server once given. */
export type Block = string | Uint8Array;

/** Header fields of a response, in order: name and value, both latin-1. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/**
 * Starts the response; the app calls it before its first non-empty block (PEP 3333).
 *
 * @param status Code and reason: `"200 OK"`.
 * @param headers The header fields; hop-by-hop fields are the server's.
 * @param excInfo The error that replaces a response already started; rethrown if headers have gone.
 * @returns `write(block)`, for code that cannot yield its blocks.
 * @throws {TypeError} If it is called twice without `excInfo`, or with what is no status or header.
 */
export type StartResponse = (
  status: string,
  headers: HeaderList,
  excInfo?: unknown,
) => (block: Block) => void;

/**
 * What an app gives: an iterable of blocks, sync or async; usually a generator.
 *
 * A non-empty block is sent. `""` hands over what is pending, and performs
 * `environ.cogen.operation` if there is one. An operation or a promise is waited for.
 */
export type AppIterable =
  & (Iterable<unknown, unknown, unknown> | AsyncIterable<unknown, unknown, unknown>)
  & {
    /** Called exactly once when the server is done with the iterable, whatever happened. */
    readonly close?: () => unknown;
  };

/** A WSGI app. */
export type WSGIApp = (
  environ: Environ,
  startResponse: StartResponse,
) => AppIterable | PromiseLike<AppIterable>;
