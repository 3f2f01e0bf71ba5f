/**
 * The parsers of a server, lent to its connections.
 *
 * A parser remembers the last head, which makes an equal next head cheap, but costs memory on each
 * idle connection. So the first thousand connections keep their parsers between requests. Above
 * that number a connection has a parser only in the middle of a message, so that ten thousand
 * connections that are idle or wait for their apps have none.
 *
 * {@linkcode ClientConnection} calls this.
 *
 * @module
 */

import { BASE } from "../coroutine/internal.ts";
import { RequestParser } from "../http/mod.ts";
import { EnvironMaker } from "../wsgi/environ.ts";
import type { Settings } from "./settings.ts";

/** The number of connections that may keep their parsers while they do not read a message. */
const MAX_KEPT = 1000;
/** At most this many returned parsers are kept for connections to come; bounds their memory. */
const MAX_SPARE = 64;

/** A parser and an environ maker, for the requests of one connection at a time. */
export interface PooledParser {
  readonly parser: RequestParser;
  readonly environs: EnvironMaker;
}

/** The parsers of one server. */
export class ParserPool {
  readonly #settings: Settings;
  readonly #spare: PooledParser[] = [];
  /** The number of parsers that connections have now. */
  #lent = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Whether a connection must return its parser while it does not read a message. */
  get isOverdrawn(): boolean {
    return this.#lent > MAX_KEPT;
  }

  /**
   * Lends a parser to a connection.
   *
   * @param offset The number of bytes that the connection has received before; errors count from it.
   * @returns A parser that has read nothing of a message.
   */
  lend(offset: number): PooledParser {
    this.#lent++;
    const pooled = this.#spare.pop() ?? this.#make();
    if (offset > 0) pooled.parser.restart(offset);
    return pooled;
  }

  /** Takes a parser back, which may be in any state. */
  takeBack(pooled: PooledParser): void {
    this.#lent--;
    if (this.#spare.length >= MAX_SPARE) return;
    pooled.parser.restart(0);
    this.#spare.push(pooled);
  }

  #make(): PooledParser {
    const { adapter, parserLimits } = this.#settings;
    const parser = new RequestParser({
      limits: parserLimits,
      latin1: adapter.latin1,
      // A member that an app adds to all objects is none of the adapter.
      equals: adapter.equals === BASE.equals ? undefined : adapter.equals,
    });
    return { parser, environs: new EnvironMaker() };
  }
}
