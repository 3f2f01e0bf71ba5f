/**
 * Dates in fields (RFC 9110 §5.6.7). One format is written, and three are read.
 *
 *     HTTP-date    = IMF-fixdate / obs-date
 *     obs-date     = rfc850-date / asctime-date
 *     IMF-fixdate  = day-name "," SP day SP month SP year SP time-of-day SP GMT
 *     rfc850-date  = day-name-l "," SP day "-" month "-" 2DIGIT SP time-of-day SP GMT
 *     asctime-date = day-name SP month SP ( 2DIGIT / ( SP DIGIT ) ) SP time-of-day SP year
 *
 * Trap: the reader does not compare the name of the day with the date, as a recipient has no use for
 * it.
 *
 * `src/server/date_header.ts` calls this once a second, and so does the middleware for static
 * files.
 *
 * @module
 */

/** The last millisecond of the year 9999, because the format has four digits for the year. */
const MAX_TIME_MS = 253_402_300_799_999;
/** 0000-01-01T00:00:00Z. */
const MIN_TIME_MS = -62_167_219_200_000;

const MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec";
const TIME_OF_DAY = "(\\d\\d):(\\d\\d):(\\d\\d)";

/** `Sun, 06 Nov 1994 08:49:37 GMT`. */
const IMF_FIXDATE = new RegExp(
  `^[A-Z][a-z]{2}, (\\d\\d) ([A-Z][a-z]{2}) (\\d{4}) ${TIME_OF_DAY} GMT$`,
);
/** `Sunday, 06-Nov-94 08:49:37 GMT`. */
const RFC_850 = new RegExp(
  `^[A-Z][a-z]{5,8}, (\\d\\d)-([A-Z][a-z]{2})-(\\d\\d) ${TIME_OF_DAY} GMT$`,
);
/** `Sun Nov  6 08:49:37 1994`. */
const ASCTIME = new RegExp(`^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \\d]\\d) ${TIME_OF_DAY} (\\d{4})$`);

/**
 * Formats a time as an IMF-fixdate, for fields such as Date and Last-Modified.
 *
 * @param epochMilliseconds Milliseconds since 1970-01-01T00:00:00Z; fractions of a second are cut.
 * @returns For example `Sun, 06 Nov 1994 08:49:37 GMT`.
 * @throws {RangeError} If the year does not have four digits, or the time is not a number.
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
  const isNumber = typeof epochMilliseconds === "number";
  if (!(isNumber && epochMilliseconds >= MIN_TIME_MS && epochMilliseconds <= MAX_TIME_MS)) {
    throw new RangeError(
      `Cannot format ${epochMilliseconds} as a date: expected milliseconds of a four-digit year`,
    );
  }
  // ECMAScript defines the result of toUTCString as exactly this format, in every locale.
  return new Date(epochMilliseconds).toUTCString();
}

/**
 * Reads an HTTP-date in any of its three formats.
 *
 * @param text The field value.
 * @param now The present time in milliseconds since 1970, which decides the century of a two-digit
 *   year.
 * @returns Milliseconds since 1970, or `undefined` if the text is not a valid date.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseHttpDate } from "@x/cogen-wsgi/http";
 *
 * assertEquals(parseHttpDate("Sun Nov  6 08:49:37 1994"), 784_111_777_000);
 * assertEquals(parseHttpDate("yesterday"), undefined);
 * ```
 */
export function parseHttpDate(text: string, now: number = Date.now()): number | undefined {
  const match = IMF_FIXDATE.exec(text);
  if (match !== null) {
    const [, day, month, year, ...time] = match;
    return instant(Number(year), month, day, time);
  }
  const asctime = ASCTIME.exec(text);
  if (asctime !== null) {
    const [, month, day, hour, minute, second, year] = asctime;
    return instant(Number(year), month, day, [hour, minute, second]);
  }
  const [, day, month, year, ...time] = RFC_850.exec(text) ?? [];
  return year === undefined ? undefined : instant(fullYear(Number(year), now), month, day, time);
}

/**
 * Gives the full year for two digits. A year that appears to be more than 50 years in the future is
 * the most recent past year with the same digits (RFC 9110 §5.6.7).
 */
function fullYear(year: number, now: number): number {
  const thisYear = new Date(now).getUTCFullYear();
  const full = thisYear - thisYear % 100 + year;
  return full > thisYear + 50 ? full - 100 : full;
}

/**
 * Gives the milliseconds since 1970, or `undefined` if a part is out of its range, as in the 30th
 * of February.
 */
function instant(
  year: number,
  monthName: string | undefined,
  day: string | undefined,
  [hour, minute, second]: readonly (string | undefined)[],
): number | undefined {
  const at = MONTHS.indexOf(monthName ?? "?");
  const month = at / 3;
  // A leap second (60) counts as the first second of the next minute.
  if (at < 0 || at % 3 !== 0 || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) {
    return undefined;
  }
  const date = new Date(0);
  date.setUTCFullYear(year, month, Number(day));
  // Date carries a day beyond the end of a month into the next month.
  if (date.getUTCMonth() !== month || date.getUTCDate() !== Number(day)) return undefined;
  return date.setUTCHours(Number(hour), Number(minute), Number(second));
}
