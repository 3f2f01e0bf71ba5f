/**
 * What reads requests, lent to connections.
 *
 * A parser remembers the last head, which makes the next one cheap, but takes 2.5 KB. So the first
 * thousand connections keep their reader; beyond that a connection has one only while it is in the
 * middle of a message, and ten thousand that are idle, or wait for their apps, have none.
 *
 * @module
 */

import { RequestParser } from "../http/mod.ts";
import { EnvironMaker } from "../wsgi/environ.ts";
import type { Settings } from "./options.ts";

/** So many may be kept between requests. */
const MAX_KEPT = 1000;
/** So many are kept for whoever comes next. */
const MAX_SPARE = 64;

/** Reads the requests of one connection at a time. */
export interface Reader {
  readonly parser: RequestParser;
  readonly environs: EnvironMaker;
}

/** The readers of one server. */
export class Readers {
  readonly #settings: Settings;
  readonly #spare: Reader[] = [];
  #lent = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Whether one that is not needed now should be given back. */
  get crowded(): boolean {
    return this.#lent > MAX_KEPT;
  }

  /**
   * Lends one to a connection.
   *
   * @param offset How many bytes have come on it before.
   */
  lend(offset: number): Reader {
    this.#lent++;
    const reader = this.#spare.pop() ?? this.#make();
    if (offset > 0) reader.parser.restart(offset);
    return reader;
  }

  /** Takes one back. */
  takeBack(reader: Reader): void {
    this.#lent--;
    if (this.#spare.length >= MAX_SPARE) return;
    reader.parser.restart(0);
    this.#spare.push(reader);
  }

  #make(): Reader {
    const { adapter, parserLimits } = this.#settings;
    const parser = new RequestParser({
      limits: parserLimits,
      latin1: adapter.latin1,
      equals: adapter.equals,
    });
    return { parser, environs: new EnvironMaker() };
  }
}
