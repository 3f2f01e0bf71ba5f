/**
 * The trailer section of a chunked body (RFC 9112 §7.1.2).
 *
 * A trailer arrives when the request was long routed, framed and allowed. A field that decides one of
 * these must not come this late (RFC 9110 §6.5.1), so it is an error, not silently dropped.
 */

import { ProtocolError } from "./errors.ts";
import { END, type EndEvent } from "./events.ts";
import { sliceFields } from "./field_names.ts";
import { FieldScanner } from "./field_scanner.ts";
import type { InputBuffer } from "./input_buffer.ts";
import type { Latin1Decoder } from "./latin1.ts";
import type { ParserLimits } from "./limits.ts";

/** Fields of framing, routing, request modifiers, authentication and content format. */
const FORBIDDEN_TRAILERS: ReadonlySet<string> = new Set([
  ...[
    "connection",
    "content-length",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
  ],
  ...["forwarded", "host", "proxy-connection", "via", "x-forwarded-for", "x-forwarded-host"],
  ...["x-forwarded-port", "x-forwarded-proto", "x-real-ip"],
  ...["cache-control", "expect", "if-match", "if-modified-since", "if-none-match", "if-range"],
  ...["if-unmodified-since", "max-forwards", "pragma", "range"],
  ...["authorization", "cookie", "proxy-authenticate", "proxy-authorization", "set-cookie"],
  ...["www-authenticate"],
  ...["content-encoding", "content-range", "content-type"],
]);

/** Whether a field, named in lower case, may not come as a trailer. */
export function isForbiddenTrailer(name: string): boolean {
  return FORBIDDEN_TRAILERS.has(name);
}

/** Reads one trailer section after the other. */
export class TrailerReader {
  readonly #scanner: FieldScanner;
  readonly #latin1: Latin1Decoder;

  constructor(limits: ParserLimits, latin1: Latin1Decoder) {
    const { maxTrailerBytes, maxFieldCount } = limits;
    this.#scanner = new FieldScanner("Trailers", maxTrailerBytes, maxFieldCount);
    this.#latin1 = latin1;
  }

  /** Begins a new section at the input's start. */
  reset(): void {
    this.#scanner.reset(0);
  }

  /** The end of the message, or undefined when it needs more bytes. */
  read(input: InputBuffer): EndEvent | undefined {
    if (!this.#scanner.scan(input)) return undefined;
    const { bytes, start } = input;
    const { marks, scanned } = this.#scanner;
    input.start += scanned;
    if (marks.length === 0) return END;
    const trailers = sliceFields(this.#latin1(bytes, start, start + scanned), marks, 0);
    for (let index = 0; index < trailers.length; index += 2) {
      const name = trailers[index]!;
      if (!isForbiddenTrailer(name)) continue;
      const offset = input.offsetOf(input.start);
      throw new ProtocolError(400, `Cannot accept ${name} as a trailer field`, offset);
    }
    return { type: "end", trailers };
  }
}
