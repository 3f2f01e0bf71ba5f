/**
 * The limits on the bytes and items that a peer may make the parser hold or count.
 *
 * Every limit is exact: the parser reads a message at the limit, and refuses a message with one
 * byte or one item more. The status of the refusal is named at each limit.
 *
 * `reading/request_parser.ts` calls this, and `src/server/server_limits.ts` does for its own
 * limits.
 *
 * @module
 */

import { wrongArgument } from "./wrong_argument.ts";

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
   * The bytes of the request line without its CRLF. A longer line is refused with 414, a longer
   * method with 501. Default 8192: RFC 9112 §3 asks for at least 8000, nginx and Apache stop at 8
   * KiB.
   */
  readonly maxLineBytes: number;
  /**
   * The bytes of the head, from the method to the empty line at its end. A longer head is refused
   * with 431. Default 32 KiB, as nginx (4 buffers of 8 KiB); Node and h11 stop at 16 KiB.
   */
  readonly maxHeadBytes: number;
  /**
   * The field lines in a head, and in a trailer section. More lines are refused with 431. Default
   * 100, as Apache (`LimitRequestFields`) and hyper.
   */
  readonly maxFieldCount: number;
  /**
   * The bytes of a body's content, without chunk framing. A longer body is refused with 413, at the
   * head or at the chunk size, before any byte of the surplus is read. Default 1 GiB, as Apache
   * (`LimitRequestBody`) and waitress.
   */
  readonly maxBodyBytes: number;
  /**
   * The bytes of all chunk extensions in one body, with semicolons and whitespace. More bytes are
   * refused with 413. Default 16 KiB, as hyper; unbounded extensions were CVE-2024-22019 in Node.
   */
  readonly maxChunkExtensionBytes: number;
  /**
   * The bytes of a trailer section, with the empty line at its end. A longer section is refused
   * with 431. Default 16 KiB, as hyper.
   */
  readonly maxTrailerBytes: number;
  /**
   * The empty lines that are skipped before a request line. More lines are refused with 400.
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
 * @throws {TypeError} For a limit that does not exist.
 * @throws {RangeError} For a limit that is neither a whole number nor `Infinity`.
 */
export function resolveLimits(given: Partial<ParserLimits> = {}): ParserLimits {
  if (typeof given !== "object" || given === null) {
    throw wrongArgument("limits of RequestParser", given, "an object");
  }
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  const limits: ParserLimits = { ...DEFAULT_LIMITS, ...Object.fromEntries(set) };
  for (const [name, value] of Object.entries(limits)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) {
      const known = Object.keys(DEFAULT_LIMITS).join(", ");
      throw new TypeError(`Unknown limit "${name}" of RequestParser: expected one of ${known}`);
    }
    checkLimit(name, value);
  }
  return limits;
}

/**
 * Checks one limit. The server checks its own limits with this function, too.
 *
 * @param least The smallest value.
 * @throws {RangeError} For a value that is neither a whole number nor `Infinity`, or is too small.
 */
export function checkLimit(name: string, value: unknown, least: number = 0): void {
  if (value === Infinity || (Number.isSafeInteger(value) && (value as number) >= least)) return;
  const shown = typeof value === "string" ? `"${value}", which is text` : String(value);
  throw new RangeError(
    `The limit ${name} is ${shown}: expected a whole number from ${least}, or Infinity`,
  );
}
