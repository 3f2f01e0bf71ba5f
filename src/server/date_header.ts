/**
 * The value of the `Date` field, made once a second instead of once a response.
 *
 * Refreshed by {@linkcode Connections}, each time that it checks deadlines.
 *
 * @module
 */

import { imfFixdate } from "../http/mod.ts";

/** The value of a `Date` field (RFC 9110 §6.6.1), as of the last {@linkcode refresh}. */
export class DateHeader {
  /** The second that `value` names, counted from 1970. */
  #second = 0;
  /** The value, such as `Sun, 06 Nov 1994 08:49:37 GMT`. */
  value = "";

  /** Reads the wall clock. Must be called at least once a second. */
  refresh(): void {
    const second = Math.floor(Date.now() / 1000);
    if (second === this.#second) return;
    this.#second = second;
    this.value = imfFixdate(second * 1000);
  }
}
