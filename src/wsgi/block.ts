/**
 * The pieces of a response: blocks of the body, and lists of header fields.
 *
 * An app yields blocks, operations and promises. The two functions here tell blocks from the rest.
 * The app run calls them at every step of an app, and middleware that changes blocks calls them as
 * well.
 *
 * @module
 */

import type { Operation } from "../coroutine/mod.ts";
import type { FieldList } from "../http/mod.ts";

/**
 * A piece of the response body. A string is sent as UTF-8. A byte array belongs to the server once the
 * app has given it: the app must not change it afterwards.
 */
export type Block = string | Uint8Array;

/**
 * The values that an app may yield.
 *
 * A non-empty block is sent. `""` and `undefined` hand over the blocks before them, and perform
 * `environ.cogen.operation` if one is set. The app waits for an operation or a promise; an async
 * generator itself waits for a promise at its `yield`.
 *
 * A generator is none of these values: a `yield` that lacks its star does not compile. The type of a helper
 * to which an app delegates is `Generator<AppYield, T, unknown>`, where `T` is the type of its result.
 */
export type AppYield = Block | Operation<unknown> | PromiseLike<unknown> | undefined;

/** Header fields of a response, in order: name and value, both latin-1. */
export type HeaderList = FieldList;

/**
 * Tells a block that has bytes to send from an empty block and from a wait.
 *
 * @param value A value that an app has yielded or returned.
 * @returns Whether the value is a string or a byte array, and not empty.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { isBlock } from "@x/cogen-wsgi/wsgi";
 *
 * assertEquals([isBlock("text"), isBlock(""), isBlock(Promise.resolve())], [true, false, false]);
 * ```
 */
export function isBlock(value: unknown): value is Block {
  return typeof value === "string" ? value !== "" : value instanceof Uint8Array && value.length > 0;
}

/** Whether a value is an empty block: the app hands over the blocks before it, and may wait. */
export function isEmpty(value: unknown): boolean {
  return value === "" || value === undefined || (value instanceof Uint8Array && value.length === 0);
}
