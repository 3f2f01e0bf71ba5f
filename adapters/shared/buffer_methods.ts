/**
 * Methods of `Buffer.prototype`, called on plain byte arrays. On every runtime this is the fastest
 * way to decode latin-1 and to compare bytes.
 *
 * The trap: `TextDecoder("latin1")` is no replacement. It decodes windows-1252, which differs from
 * latin-1 for the bytes from 0x80 to 0x9f.
 *
 * The adapters of Node, Deno and Bun call this.
 *
 * @module
 */

import type { Adapter } from "../../src/socket/mod.ts";
import { builtinModule } from "./builtin_module.ts";

/** The methods of `Buffer.prototype` that adapters use. */
export interface BufferMethods {
  /** Decodes the bytes from `start` to `end`. */
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  /** Encodes `text` at the index `at`; returns the number of bytes. */
  latin1Write(this: Uint8Array, text: string, at: number, length: number): number;
  /** Compares two ranges; returns 0 if they are equal. */
  compare(
    this: Uint8Array,
    target: Uint8Array,
    targetStart: number,
    targetEnd: number,
    start: number,
    end: number,
  ): number;
}

let methods: BufferMethods | undefined;

/**
 * Loads the methods on Deno and Bun.
 *
 * @returns The methods of the runtime's built-in `Buffer`.
 */
export function builtinBufferMethods(): BufferMethods {
  return methods ??=
    builtinModule<{ Buffer: { prototype: BufferMethods } }>("node:buffer").Buffer.prototype;
}

/**
 * Makes the `equals` of an adapter.
 *
 * @param load Returns the methods. It is called for each comparison.
 * @returns The method.
 */
export function bufferEquals(load: () => BufferMethods): Required<Adapter>["equals"] {
  return (one, from, other, length) =>
    load().compare.call(one, other, 0, length, from, from + length) === 0;
}
