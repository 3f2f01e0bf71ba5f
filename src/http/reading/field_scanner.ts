/**
 * A field section (of a head, or the trailers), scanned where it lies.
 *
 *     field-section = *( field-line CRLF ) CRLF
 *     field-line    = field-name ":" OWS field-value OWS
 *     field-name    = token
 *     field-value   = *( field-content )
 *
 * Strategy: one pass that validates and remembers where each name and value is, resumable after any
 * byte. Line folding (RFC 9112 §5.2), a bare CR or LF (§2.2) and whitespace before the colon (§5.1) are
 * refused: each has let a request slip past a proxy.
 */

import { ProtocolError } from "../errors.ts";
import { CLASS_OF, COLON, CR, describeByte, LF, SPACE, TAB, TOKEN, VALUE } from "../grammar.ts";
import type { InputBuffer } from "./input_buffer.ts";

const LINE_START = 0;
const NAME = 1;
const VALUE_START = 2;
const VALUE_PART = 3;
const VALUE_LF = 4;
const LAST_LF = 5;
const DONE = 6;

/** A resumable scan of one field section. */
export class FieldScanner {
  /** Name start, name end, value start, value end of each line, counted from the input's start. */
  readonly marks: number[] = [];
  /** How far the scan has come, counted from the input's start; past the section, once done. */
  scanned = 0;
  readonly #section: string;
  readonly #maxBytes: number;
  readonly #maxMarks: number;
  #state = LINE_START;

  /** `section` is its name in errors; `maxBytes` counts from the input's start. */
  constructor(section: string, maxBytes: number, maxFieldCount: number) {
    this.#section = section;
    this.#maxBytes = maxBytes;
    this.#maxMarks = maxFieldCount * 4;
  }

  /** Begins a new section, `from` bytes after the input's start. */
  reset(from: number): void {
    this.#state = LINE_START;
    this.scanned = from;
    this.marks.length = 0;
  }

  /** Goes on with the section; whether it is complete. */
  scan(input: InputBuffer): boolean {
    const { start } = input;
    const end = Math.min(input.end, start + this.#maxBytes);
    let at = start + this.scanned;
    while (at < end && this.#state !== DONE) {
      switch (this.#state) {
        case LINE_START:
          at = this.#startLine(input, at);
          break;
        case NAME:
          at = this.#scanName(input, at, end);
          break;
        case VALUE_START:
          at = this.#skipWhitespace(input, at, end);
          break;
        case VALUE_PART:
          at = this.#scanValue(input, at, end);
          break;
        default:
          at = this.#scanLf(input, at);
      }
    }
    this.scanned = at - start;
    if (this.#state === DONE) return true;
    if (at < input.end) this.#refuse(input, at, `over ${this.#maxBytes} bytes`);
    return false;
  }

  #startLine(input: InputBuffer, at: number): number {
    const byte = input.bytes[at]!;
    if (byte === CR) {
      this.#state = LAST_LF;
      return at + 1;
    }
    if (byte === SPACE || byte === TAB) {
      fail(input, at, "field line", "a field name, not a folded line");
    }
    if ((CLASS_OF[byte]! & TOKEN) === 0) fail(input, at, "field name", "a token character");
    if (this.marks.length === this.#maxMarks) {
      this.#refuse(input, at, `over ${this.#maxMarks / 4} fields`);
    }
    this.marks.push(at - input.start);
    this.#state = NAME;
    return at;
  }

  #scanName(input: InputBuffer, from: number, end: number): number {
    const { bytes } = input;
    let at = from;
    while (at < end && (CLASS_OF[bytes[at]!]! & TOKEN) !== 0) at++;
    if (at === end) return at;
    if (bytes[at] !== COLON) fail(input, at, "field name", "a token character or colon");
    this.marks.push(at - input.start);
    this.#state = VALUE_START;
    return at + 1;
  }

  #skipWhitespace(input: InputBuffer, from: number, end: number): number {
    const { bytes } = input;
    let at = from;
    while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
    if (at === end) return at;
    this.marks.push(at - input.start);
    this.#state = VALUE_PART;
    return at;
  }

  #scanValue(input: InputBuffer, from: number, end: number): number {
    const { bytes, start } = input;
    let at = from;
    while (at < end && (CLASS_OF[bytes[at]!]! & VALUE) !== 0) at++;
    if (at === end) return at;
    if (bytes[at] !== CR) fail(input, at, "field value", "text without control bytes");
    const valueStart = start + this.marks.at(-1)!;
    let valueEnd = at;
    while (
      valueEnd > valueStart && (bytes[valueEnd - 1] === SPACE || bytes[valueEnd - 1] === TAB)
    ) valueEnd--;
    this.marks.push(valueEnd - start);
    this.#state = VALUE_LF;
    return at + 1;
  }

  #scanLf(input: InputBuffer, at: number): number {
    if (input.bytes[at] !== LF) fail(input, at, "end of a field line", "LF after CR");
    this.#state = this.#state === VALUE_LF ? LINE_START : DONE;
    return at + 1;
  }

  #refuse(input: InputBuffer, at: number, excess: string): never {
    const offset = input.offsetOf(at);
    throw new ProtocolError(431, `${this.#section} too long: ${excess}`, offset);
  }
}

function fail(input: InputBuffer, at: number, part: string, expected: string): never {
  const found = describeByte(input.bytes[at]!);
  const message = `Cannot parse ${part}: ${found}, expected ${expected}`;
  throw new ProtocolError(400, message, input.offsetOf(at));
}
