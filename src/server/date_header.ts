/**
 * The `Date` field, made once a second.
 *
 * @module
 */

import { imfFixdate } from "../http/mod.ts";

/** The value of a `Date` field (RFC 9110 §6.6.1), as of the last {@linkcode refresh}. */
export class DateHeader {
  #second = 0;
  /** The value. */
  value = "";

  /** Looks at the wall clock. To be called once a second at least. */
  refresh(): void {
    const second = Math.floor(Date.now() / 1000);
    if (second === this.#second) return;
    this.#second = second;
    this.value = imfFixdate(second * 1000);
  }
}
