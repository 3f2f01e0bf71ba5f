/**
 * The limits on the bytes and items that a peer may make the parser hold or count.
 *
 * Every limit is exact: the parser accepts a message at the limit, and refuses one byte or one item
 * more with the status that is named here.
 *
 * Called by `reading/request_parser.ts`, and by `src/server/server_limits.ts` for limits of its own.
 *
 * @module
 */

/**
 * The limits of a {@linkcode RequestParser}: whole numbers, or `Infinity` for no limit.
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
   * Bytes of the request line without its CRLF; beyond it 414, or 501 within the method.
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
   * Bytes of a body's content, without chunk framing; beyond it 413. The parser refuses at the head or
   * at the chunk size, before it reads any of the surplus.
   * Default 1 GiB, as Apache (`LimitRequestBody`) and waitress.
   */
  readonly maxBodyBytes: number;
  /**
   * Bytes of all chunk extensions in one body, with semicolons and whitespace; beyond it 413.
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
 * The limits of a parser whose options name no other values.
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

/**
 * Completes the limits of a parser.
 *
 * @param given Limits that replace the defaults.
 * @throws {RangeError} For a limit that is neither a whole number nor `Infinity`.
 */
export function resolveLimits(given: Partial<ParserLimits> = {}): ParserLimits {
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  const limits: ParserLimits = { ...DEFAULT_LIMITS, ...Object.fromEntries(set) };
  for (const [name, value] of Object.entries(limits)) checkLimit(name, value);
  return limits;
}

/**
 * Checks one limit; the server checks its own limits by the same rule.
 *
 * @throws {RangeError} For a value that is neither a whole number nor `Infinity`.
 */
export function checkLimit(name: string, value: unknown): void {
  if (value === Infinity || (Number.isSafeInteger(value) && (value as number) >= 0)) return;
  const shown = typeof value === "string" ? `"${value}", which is text` : String(value);
  throw new RangeError(`The limit ${name} is ${shown}: expected a whole number or Infinity`);
}
