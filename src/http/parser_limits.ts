/**
 * What a peer may make the parser hold or count. Every limit is exact: a message at the limit passes,
 * one byte or one item more is refused with the status named here.
 *
 * @module
 */

/**
 * The limits of a {@link RequestParser}; each may also be `Infinity`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { type ParserLimits, RequestParser } from "@x/cogen-wsgi/http";
 *
 * const limits: Partial<ParserLimits> = { maxFieldCount: 20 };
 * assertEquals(new RequestParser({ limits }).bufferedBytes, 0);
 * ```
 */
export interface ParserLimits {
  /**
   * Bytes of the request line without its CRLF; beyond it 414, or 501 while still in the method.
   * Default 8192: RFC 9112 §3 asks for at least 8000, nginx and Apache stop at 8 KiB.
   */
  readonly maxLineBytes: number;
  /**
   * Bytes of the head, from the method to the empty line that ends it; beyond it 431.
   * Default 32 KiB, as nginx (4 buffers of 8 KiB); Node and h11 stop at 16 KiB.
   */
  readonly maxHeadBytes: number;
  /**
   * Field lines in a head, and in a trailer section; beyond it 431.
   * Default 100, as Apache (`LimitRequestFields`) and hyper.
   */
  readonly maxFieldCount: number;
  /**
   * Bytes of a body's content, without chunk framing; beyond it 413, told by the head or by the chunk
   * size before any of the surplus is read.
   * Default 1 GiB, as Apache (`LimitRequestBody`) and waitress.
   */
  readonly maxBodyBytes: number;
  /**
   * Bytes of all chunk extensions in one body, semicolons included; beyond it 413.
   * Default 16 KiB, as hyper; unbounded extensions were CVE-2024-22019 in Node.
   */
  readonly maxChunkExtensionBytes: number;
  /**
   * Bytes of a trailer section, with the empty line that ends it; beyond it 431.
   * Default 16 KiB, as hyper.
   */
  readonly maxTrailerBytes: number;
  /**
   * Empty lines skipped before a request line; beyond it 400.
   * Default 4: RFC 9112 §2.2 asks for at least one, nginx and Apache skip more.
   */
  readonly maxEmptyLines: number;
}

/**
 * The limits that hold where none are given.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { DEFAULT_LIMITS } from "@x/cogen-wsgi/http";
 *
 * assertEquals(DEFAULT_LIMITS.maxLineBytes, 8192);
 * ```
 */
export const DEFAULT_LIMITS: ParserLimits = Object.freeze({
  maxLineBytes: 8 * 1024,
  maxHeadBytes: 32 * 1024,
  maxFieldCount: 100,
  maxBodyBytes: 1024 ** 3,
  maxChunkExtensionBytes: 16 * 1024,
  maxTrailerBytes: 16 * 1024,
  maxEmptyLines: 4,
});

/** The defaults with `given` laid over them; a limit that is not a whole number is a `RangeError`. */
export function resolveLimits(given: Partial<ParserLimits> = {}): ParserLimits {
  const limits: ParserLimits = { ...DEFAULT_LIMITS, ...given };
  for (const [name, value] of Object.entries(limits)) {
    if (value !== Infinity && !(Number.isSafeInteger(value) && value >= 0)) {
      throw new RangeError(
        `Cannot use limit ${name} ${value}: expected a whole number or Infinity`,
      );
    }
  }
  return limits;
}
