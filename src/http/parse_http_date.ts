/**
 * Dates as clients send them (RFC 9110 §5.6.7): one format that they should use, and two old ones.
 *
 * @module
 */

const MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec";
const TIME = "(\\d\\d):(\\d\\d):(\\d\\d)";

/** `Sun, 06 Nov 1994 08:49:37 GMT`. */
const IMF_FIXDATE = new RegExp(`^[A-Z][a-z]{2}, (\\d\\d) ([A-Z][a-z]{2}) (\\d{4}) ${TIME} GMT$`);
/** `Sunday, 06-Nov-94 08:49:37 GMT`. */
const RFC_850 = new RegExp(`^[A-Z][a-z]{5,8}, (\\d\\d)-([A-Z][a-z]{2})-(\\d\\d) ${TIME} GMT$`);
/** `Sun Nov  6 08:49:37 1994`. */
const ASCTIME = new RegExp(`^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \\d]\\d) ${TIME} (\\d{4})$`);

/**
 * Reads an HTTP-date.
 *
 * @param text The field value.
 * @param now What time it is, which two-digit years depend on.
 * @returns Milliseconds since 1970, or `undefined` if it is no valid date.
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

/** More than 50 years in the future means the past. */
function fullYear(year: number, now: number): number {
  const thisYear = new Date(now).getUTCFullYear();
  const full = thisYear - thisYear % 100 + year;
  return full > thisYear + 50 ? full - 100 : full;
}

function instant(
  year: number,
  monthName: string | undefined,
  day: string | undefined,
  [hour, minute, second]: readonly (string | undefined)[],
): number | undefined {
  const at = MONTHS.indexOf(monthName ?? "?");
  const month = at / 3;
  // A leap second counts as the first of the next minute.
  if (at < 0 || at % 3 !== 0 || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) {
    return undefined;
  }
  const date = new Date(0);
  date.setUTCFullYear(year, month, Number(day));
  if (date.getUTCMonth() !== month || date.getUTCDate() !== Number(day)) return undefined;
  return date.setUTCHours(Number(hour), Number(minute), Number(second));
}
