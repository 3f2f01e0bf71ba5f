/**
 * A body that is told whether the server itself reads it.
 *
 * Behind a middleware, nobody knows who keeps a block. Read by the server alone, its memory may be used
 * again as soon as it has gone.
 *
 * @module
 */

import type { Response } from "../running/response.ts";

/** What a body may know of the exchange that sends it. */
export interface BodyReader {
  readonly response: Response;
  readonly method: string;
  /** Whether all that was given has gone, and the arrays it was in may be used again. */
  allSent(): boolean;
}

/** Reads a body; without a server, for somebody else. */
type Read = (server?: BodyReader) => Generator<unknown, void, unknown>;

/** What an app gives that reads its body in this way. */
export class ServerReadable implements Iterable<unknown, void, unknown> {
  readonly #read: Read;

  constructor(read: Read) {
    this.#read = read;
  }

  /** For whoever iterates it. */
  [Symbol.iterator](): Generator<unknown, void, unknown> {
    return this.#read();
  }

  /** For the server. */
  serve(server: BodyReader): Generator<unknown, void, unknown> {
    return this.#read(server);
  }
}
