/**
 * The `Date` field, made once a second.
 *
 * @module
 */

import { imfFixdate } from "../http/mod.ts";

/** Gives the value of a `Date` field (RFC 9110 §6.6.1). */
export class DateHeader {
  #second = 0;
  #value = "";

  /** The value for now. */
  value(): string {
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#value = imfFixdate(second * 1000);
    }
    return this.#value;
  }
}
