/**
 * The opening of a connection: the facts that the client's side tells before the first request.
 *
 * A proxy sends the header of the PROXY protocol, and a TLS client has shown its certificate. Both change the
 * facts of the connection, so no request is read before. Most servers have neither, so the code that reads them
 * is loaded by `listen`, and only if an option needs it (`openings.ts`).
 *
 * `client_connection.ts` gives the first bytes of the connection to its opening.
 *
 * @module
 */

import type { Address } from "../../socket/mod.ts";
import type { ConnectionFacts } from "../../wsgi/environ.ts";

/** The result of reading: the bytes of the first request, if the opening is over. */
export type OpeningResult =
  | { readonly kind: "more" }
  | { readonly kind: "over"; readonly rest: Uint8Array }
  | { readonly kind: "refused"; readonly reason: string };

/** The opening of one connection. */
export interface Opening {
  /** The facts that are known so far. */
  readonly facts: ConnectionFacts;
  /** The client's end, as far as it is known. */
  readonly remote: Address;
  /** Whether the peer must send a PROXY header first. */
  readonly expectsHeader: boolean;
  /** Takes bytes, until the opening is over. */
  read(bytes: Uint8Array): OpeningResult;
  /**
   * Takes the end of the client's direction: `cut` within a header, `held` if the opening gives the end to the
   * connection later, otherwise `between`.
   */
  end(): "cut" | "held" | "between";
}

/** More bytes are needed. */
export const MORE: OpeningResult = { kind: "more" };

/**
 * The opening of a connection before its reader is loaded. The reader is loaded by `listen`, and a server may
 * accept connections without it.
 */
export class LateOpening implements Opening {
  readonly facts: ConnectionFacts;
  readonly remote: Address;
  readonly expectsHeader: boolean;
  readonly #held: Uint8Array[] = [];
  #ended = false;

  constructor(facts: ConnectionFacts, remote: Address, expectsHeader: boolean) {
    this.facts = facts;
    this.remote = remote;
    this.expectsHeader = expectsHeader;
  }

  read(bytes: Uint8Array): OpeningResult {
    this.#held.push(new Uint8Array(bytes));
    return MORE;
  }

  end(): "held" {
    this.#ended = true;
    return "held";
  }

  /** Gives the events that have come to the connection, which now has its reader. */
  replay(connection: { onData(bytes: Uint8Array): void; onEnd(): void }): void {
    for (const bytes of this.#held) connection.onData(bytes);
    if (this.#ended) connection.onEnd();
  }
}
