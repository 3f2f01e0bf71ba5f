/**
 * Dates as HTTP writes them (RFC 9110 §5.6.7).
 *
 * @module
 */

/** The last millisecond that four digits of year can name. */
const LAST = 253_402_300_799_999;
/** 0000-01-01T00:00:00Z. */
const FIRST = -62_167_219_200_000;

/**
 * Formats a time as an IMF-fixdate, as Date and Last-Modified want it.
 *
 * @param epochMilliseconds Milliseconds since 1970-01-01T00:00:00Z; fractions of a second are cut.
 * @returns For example `Sun, 06 Nov 1994 08:49:37 GMT`.
 * @throws {RangeError} If the year has no four digits, or the time is not a number.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { imfFixdate } from "@x/cogen-wsgi/http";
 *
 * assertEquals(imfFixdate(784_111_777_000), "Sun, 06 Nov 1994 08:49:37 GMT");
 * ```
 */
export function imfFixdate(epochMilliseconds: number): string {
  if (!(epochMilliseconds >= FIRST && epochMilliseconds <= LAST)) {
    throw new RangeError(
      `Cannot format ${epochMilliseconds} as a date: expected a four-digit year`,
    );
  }
  // ECMAScript defines toUTCString to be exactly this format, in every locale.
  return new Date(epochMilliseconds).toUTCString();
}
