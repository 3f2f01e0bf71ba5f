/**
 * The requests that the server refuses before or without the app, the connections above the limit, the TLS
 * handshakes that fail, and the headers of proxies that are malformed: their counts, and the calls of the option
 * `onRefused`.
 *
 * An attacker decides how many there are, so the calls come at a bounded rate.
 *
 * {@linkcode Connections} calls this.
 *
 * @module
 */

import { callHook } from "../../coroutine/internal.ts";
import type { Adapter, Address } from "../../socket/mod.ts";

/**
 * The kinds of refusals: a `handshake` is one of TLS that failed, a `connection` is above
 * `limits.maxConnections` or has no descriptor, and a `proxy-header` is a missing or malformed header of the PROXY
 * protocol.
 */
export type RefusalKind = "request" | "handshake" | "connection" | "proxy-header";

/**
 * A refused request or connection, a failed TLS handshake or a refused header of a proxy, for the option
 * `onRefused`.
 */
export interface Refusal {
  /** The kind of the refused input. */
  readonly kind: RefusalKind;
  /**
   * The status of the refused request: 400, 408, 413, 414, 417, 431, 501, 503 or 505; `undefined` for the other
   * kinds, which have no response.
   */
  readonly status: number | undefined;
  /** The reason in English, as the client reads it in the response, or as the runtime reports it. */
  readonly reason: string;
  /** The address of the client. */
  readonly remote: Address;
  /** The number of refusals since the last call for which no call was made. */
  readonly suppressed: number;
}

/** The largest number of calls of `onRefused` within {@linkcode WINDOW_MS}. */
const MAX_CALLS = 10;
const WINDOW_MS = 1000;

/** The parts of the settings that are used. */
export interface RefusalSettings {
  readonly adapter: Pick<Adapter, "clock">;
  readonly log: (line: string) => void;
  readonly onRefused: ((refusal: Refusal) => void) | undefined;
}

/** The refusals of one server. */
export class Refusals {
  /** The number of refusals of each kind. */
  readonly counts: Record<RefusalKind, number> = {
    ...{ "request": 0, "handshake": 0, "connection": 0, "proxy-header": 0 },
  };

  /** The number of refused requests with each status. */
  readonly byStatus: Record<number, number> = {};

  readonly #settings: RefusalSettings;
  #windowStart = -Infinity;
  #calls = 0;
  #suppressed = 0;
  /** Whether an error of the hook has been logged. */
  #hasFailed = false;

  constructor(settings: RefusalSettings) {
    this.#settings = settings;
  }

  /** Counts one refusal, and tells the hook. Never throws. */
  add(kind: RefusalKind, reason: string, remote: Address, status?: number): void {
    this.counts[kind]++;
    if (status !== undefined) this.byStatus[status] = (this.byStatus[status] ?? 0) + 1;
    const { onRefused, adapter, log } = this.#settings;
    if (onRefused === undefined) return;
    const now = adapter.clock.now();
    if (now - this.#windowStart >= WINDOW_MS) {
      this.#windowStart = now;
      this.#calls = 0;
    }
    if (this.#calls >= MAX_CALLS) {
      this.#suppressed++;
      return;
    }
    this.#calls++;
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    // The messages of OpenSSL end with a line break.
    const refusal = { kind, status, reason: reason.trimEnd(), remote, suppressed };
    callHook("onRefused", () => onRefused(refusal), (fault) => {
      if (fault !== "" && !this.#hasFailed) log(fault.trimStart());
      this.#hasFailed ||= fault !== "";
    });
  }
}
