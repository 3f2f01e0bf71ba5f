/**
 * The scan of a field section: the fields of a head, or the trailers (RFC 9112 §5).
 *
 *     field-section = *( field-line CRLF ) CRLF
 *     field-line    = field-name ":" OWS field-value OWS
 *     field-name    = token
 *     field-value   = *( field-content )
 *
 * Strategy: one pass checks the bytes in place and remembers the positions of each name and value.
 * The pass can stop and go on after any byte, and makes no strings. It refuses line folding (RFC
 * 9112 §5.2), a bare CR or LF (§2.2) and whitespace before the colon (§5.1), as each of these has
 * been used to smuggle a request past a proxy.
 *
 * `head_reader.ts` and `trailer_reader.ts` call this.
 *
 * @module
 */

import {
  COLON,
  CR,
  endOfRun,
  FIELD_CONTENT,
  isInClass,
  LF,
  SPACE,
  TAB,
  TOKEN,
} from "../grammar.ts";
import type { InputBuffer } from "./input_buffer.ts";

// The states, named by the syntax that the scanner expects. A line passes through the first five; the
// empty line goes from LINE_START to LAST_LF.
const LINE_START = 0;
const NAME = 1;
const VALUE_START = 2;
const VALUE = 3;
const VALUE_LF = 4;
const LAST_LF = 5;
const DONE = 6;

/** Scans one field section after the other. A scan can stop and go on at any byte. */
export class FieldScanner {
  /**
   * Four positions for each line, counted from the input's start: name start, name end, value
   * start, value end.
   */
  readonly marks: number[] = [];
  /**
   * The position of the scan, counted from the input's start; after the scan, the end of the
   * section.
   */
  scanned = 0;
  readonly #section: string;
  readonly #maxBytes: number;
  /** The length of `marks` for the largest number of fields. */
  readonly #maxMarks: number;
  #state = LINE_START;

  /**
   * @param section The name of the section in errors.
   * @param maxBytes The limit, counted from the input's start.
   * @param maxFieldCount The limit on the number of field lines.
   */
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

  /** Continues the scan. Returns true once the section is complete. */
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
        case VALUE:
          at = this.#scanValue(input, at, end);
          break;
        default:
          at = this.#scanLf(input, at);
      }
    }
    this.scanned = at - start;
    if (this.#state === DONE) return true;
    if (at < input.end) this.#refuseLength(input, at, `over ${this.#maxBytes} bytes`);
    return false;
  }

  #startLine(input: InputBuffer, at: number): number {
    const byte = input.bytes[at] as number;
    if (byte === CR) {
      this.#state = LAST_LF;
      return at + 1;
    }
    if (byte === SPACE || byte === TAB) {
      input.refuseByte(at, "field line", "a field name, not a folded line");
    }
    if (!isInClass(byte, TOKEN)) input.refuseByte(at, "field name", "a token character");
    if (this.marks.length === this.#maxMarks) {
      this.#refuseLength(input, at, `over ${this.#maxMarks / 4} fields`);
    }
    this.marks.push(at - input.start);
    this.#state = NAME;
    return at;
  }

  #scanName(input: InputBuffer, from: number, end: number): number {
    const { bytes } = input;
    const at = endOfRun(bytes, from, end, TOKEN);
    if (at === end) return at;
    if (bytes[at] !== COLON) input.refuseByte(at, "field name", "a token character or colon");
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
    this.#state = VALUE;
    return at;
  }

  #scanValue(input: InputBuffer, from: number, end: number): number {
    const { bytes, start } = input;
    const at = endOfRun(bytes, from, end, FIELD_CONTENT);
    if (at === end) return at;
    if (bytes[at] !== CR) input.refuseByte(at, "field value", "text without control bytes");
    const valueStart = start + (this.marks.at(-1) as number);
    let valueEnd = at;
    while (
      valueEnd > valueStart && (bytes[valueEnd - 1] === SPACE || bytes[valueEnd - 1] === TAB)
    ) valueEnd--;
    this.marks.push(valueEnd - start);
    this.#state = VALUE_LF;
    return at + 1;
  }

  #scanLf(input: InputBuffer, at: number): number {
    if (input.bytes[at] !== LF) input.refuseByte(at, "end of a field line", "LF after CR");
    this.#state = this.#state === VALUE_LF ? LINE_START : DONE;
    return at + 1;
  }

  #refuseLength(input: InputBuffer, at: number, excess: string): never {
    input.refuse(431, `${this.#section} too long: ${excess}`, at);
  }
}
