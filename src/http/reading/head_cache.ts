/**
 * The cache of the last head that a parser has read.
 *
 * A client sends the same fields again and again, and often for the same target. The result of
 * reading a head depends on its bytes alone, so equal bytes need not be read again. It costs less
 * to compare the bytes of a head than to scan, cut and judge them (the workload `browser` of `npm
 * run bench` sends equal heads).
 *
 * Strategy: the request line and the field section are cached separately, because the section often
 * recurs after another line. The cache has one entry of each kind, and each is bounded.
 *
 * Trap: the limit of a head applies to line and section together. So `head_reader.ts` checks the
 * limit again before it uses a cached section after another line.
 *
 * `head_reader.ts` calls this.
 *
 * @module
 */

import type { RequestHead } from "../events.ts";
import type { ControlFields } from "./control_fields.ts";
import type { BodyFraming } from "./framing.ts";
import type { InputBuffer } from "./input_buffer.ts";

/** The facts in a field section, for the version of its request line. */
export interface SectionFacts {
  readonly minorVersion: 0 | 1;
  readonly fields: readonly string[];
  readonly control: ControlFields;
  readonly framing: BodyFraming;
}

/**
 * The longest line or section that is cached. An idle connection holds at most twice this many
 * bytes.
 */
const MAX_CACHED_BYTES = 2048;

/**
 * The longest comparison that a loop makes. Up to about this length, the loop is as fast as a call of a
 * runtime's function.
 */
const MAX_LOOP_BYTES = 64;

/**
 * A function that compares two ranges of bytes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { type BytesEqual, RequestParser } from "@x/cogen-wsgi/http";
 *
 * const equals: BytesEqual = (one, from, other, length) =>
 *   other.subarray(0, length).every((byte, at) => byte === one[from + at]);
 * assertEquals(new RequestParser({ equals }).bufferedBytes, 0);
 * ```
 *
 * @param one The bytes of the first range.
 * @param from The start of the first range, which lies wholly in `one`.
 * @param other The bytes of the second range, which starts at 0.
 * @param length The length of both ranges in bytes.
 * @returns Whether the ranges are equal.
 */
export type BytesEqual = (
  one: Uint8Array,
  from: number,
  other: Uint8Array,
  length: number,
) => boolean;

/** The comparison for embedders whose runtime has no faster function. */
export function equalBytes(
  one: Uint8Array,
  from: number,
  other: Uint8Array,
  length: number,
): boolean {
  for (let at = 0; at < length; at++) if (one[from + at] !== other[at]) return false;
  return true;
}

/** A copy of one range of bytes. Later input is compared with it. */
class CachedBytes {
  /** The number of bytes in the copy, or -1 if there is none. */
  length = -1;
  readonly #equals: BytesEqual;
  /** The storage, which is reused; it may be longer than the copy. */
  #bytes = new Uint8Array(0);

  constructor(equals: BytesEqual) {
    this.#equals = equals;
  }

  /**
   * Replaces the copy by `bytes[from, to)`. If the range is too long, there is no copy afterwards.
   */
  store(bytes: Uint8Array, from: number, to: number): void {
    const length = to - from;
    this.length = -1;
    if (length > MAX_CACHED_BYTES) return;
    if (this.#bytes.length < length) this.#bytes = new Uint8Array(length);
    for (let at = 0; at < length; at++) this.#bytes[at] = bytes[from + at] as number;
    this.length = length;
  }

  /** Whether `bytes[from, end)` begins with the copy. */
  matches(bytes: Uint8Array, from: number, end: number): boolean {
    const { length } = this;
    if (length < 0 || end - from < length) return false;
    const equals = length > MAX_LOOP_BYTES ? this.#equals : equalBytes;
    return equals(bytes, from, this.#bytes, length);
  }
}

/** The cache: one request line, and one field section, which may recur after another line. */
export class HeadCache {
  readonly #line: CachedBytes;
  readonly #section: CachedBytes;
  /** The head of the cached line and section; undefined while the section has no line. */
  #head: RequestHead | undefined;
  /** The facts in the cached section. */
  #facts: SectionFacts | undefined;

  constructor(equals: BytesEqual) {
    this.#line = new CachedBytes(equals);
    this.#section = new CachedBytes(equals);
  }

  /** The length of the cached section in bytes. */
  get sectionLength(): number {
    return this.#section.length;
  }

  /** Consumes the cached head and returns it, if the input begins with its bytes. */
  takeHead(input: InputBuffer): RequestHead | undefined {
    const { bytes, start, end } = input;
    if (this.#head === undefined || !this.#line.matches(bytes, start, end)) return undefined;
    const lineEnd = start + this.#line.length;
    if (!this.#section.matches(bytes, lineEnd, end)) return undefined;
    input.start = lineEnd + this.#section.length;
    return this.#head;
  }

  /**
   * Gives the facts in the section that begins `from` bytes after the input's start; `undefined` if
   * that section is not the cached one, has not wholly arrived, or was judged for another version.
   */
  findSection(input: InputBuffer, from: number, minorVersion: 0 | 1): SectionFacts | undefined {
    const facts = this.#facts;
    if (facts === undefined || facts.minorVersion !== minorVersion) return undefined;
    const { bytes, start, end } = input;
    return this.#section.matches(bytes, start + from, end) ? facts : undefined;
  }

  /** Caches the section `bytes[from, to)` of a valid head. The line must be stored next. */
  storeSection(bytes: Uint8Array, from: number, to: number, facts: SectionFacts): void {
    this.#head = undefined;
    this.#section.store(bytes, from, to);
    this.#facts = facts;
  }

  /** Caches the line `bytes[from, to)` of a valid head whose section is cached. */
  storeLine(bytes: Uint8Array, from: number, to: number, head: RequestHead): void {
    this.#line.store(bytes, from, to);
    this.#head = head;
  }
}
