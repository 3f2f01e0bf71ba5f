/**
 * The reader of the trailer section after a chunked body (RFC 9112 §7.1.2).
 *
 *     trailer-section = *( field-line CRLF )
 *
 * A trailer that decides framing, routing or authorization is an error. Another trailer that may not be
 * merged into the head is checked, counted and discarded (`forbidden_trailers.ts`).
 *
 * `chunked_reader.ts` calls this.
 *
 * @module
 */

import { END, type EndEvent } from "../events.ts";
import { sliceFields } from "../field_names.ts";
import { isDiscardedTrailer, isRefusedTrailer } from "../forbidden_trailers.ts";
import type { Latin1Decoder } from "../latin1.ts";
import type { ParserLimits } from "../parser_limits.ts";
import { FieldScanner } from "./field_scanner.ts";
import type { InputBuffer } from "./input_buffer.ts";

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

  /** Reads the end of the message; `undefined` if the reader needs more bytes. */
  read(input: InputBuffer): EndEvent | undefined {
    if (!this.#scanner.scan(input)) return undefined;
    const { bytes, start } = input;
    const { marks, scanned } = this.#scanner;
    input.start += scanned;
    if (marks.length === 0) return END;
    const fields = sliceFields(this.#latin1(bytes, start, start + scanned), marks);
    const trailers: string[] = [];
    for (let index = 0; index < fields.length; index += 2) {
      const name = fields[index] as string;
      if (isRefusedTrailer(name)) {
        input.refuse(400, `Cannot accept ${name} as a trailer field`, input.start);
      }
      if (!isDiscardedTrailer(name)) trailers.push(name, fields[index + 1] as string);
    }
    return trailers.length === 0 ? END : { type: "end", trailers };
  }
}
