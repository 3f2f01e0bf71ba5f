/** The trailer section of a chunked body (RFC 9112 §7.1.2), read. */

import { ProtocolError } from "../errors.ts";
import { END, type EndEvent } from "../events.ts";
import { sliceFields } from "../field_names.ts";
import { FieldScanner } from "./field_scanner.ts";
import { isForbiddenTrailer } from "../forbidden_trailers.ts";
import type { InputBuffer } from "./input_buffer.ts";
import type { Latin1Decoder } from "../latin1.ts";
import type { ParserLimits } from "../parser_limits.ts";

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
