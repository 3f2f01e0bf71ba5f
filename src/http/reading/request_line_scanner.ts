/**
 * The scan of a request line (RFC 9112 §3).
 *
 *     request-line = method SP request-target SP HTTP-version CRLF
 *     method       = token
 *     HTTP-version = "HTTP/" DIGIT "." DIGIT
 *
 * Strategy: one pass checks the bytes in place and remembers the ends of the parts. The pass can
 * stop and go on after any byte, makes no strings, and refuses a line at the first invalid byte.
 *
 * `head_reader.ts` calls this.
 *
 * @module
 */

import { CR, endOfRun, LF, SPACE, TARGET, TOKEN } from "../grammar.ts";
import type { ParserLimits } from "../parser_limits.ts";
import type { InputBuffer } from "./input_buffer.ts";

// The states, named by the syntax that the scanner expects; a line passes through them in this order.
const METHOD = 0;
const TARGET_PART = 1;
const VERSION = 2;
const LINE_CR = 3;
const LINE_LF = 4;
const DONE = 5;

/** The bytes of `HTTP/d.d`, with 0 in the place of a digit. */
const VERSION_PATTERN = [0x48, 0x54, 0x54, 0x50, 0x2f, 0, 0x2e, 0];
/** The index of the last digit in `HTTP/d.d`. */
const MINOR_INDEX = 7;
const ZERO = 0x30;
const NINE = 0x39;

/**
 * Scans one request line after the other. A scan can stop and go on at any byte. Positions count
 * from the line's first byte.
 */
export class RequestLineScanner {
  /** The end of the method; 0 before it is scanned. */
  methodEnd = 0;
  /** The end of the target. */
  targetEnd = 0;
  /** The minor version. A later 1.x counts as 1.1 (RFC 9110 §6.2). */
  minorVersion: 0 | 1 = 1;
  /** The position of the scan; after the scan, the end of the line's CRLF. */
  scanned = 0;
  readonly #maxLineBytes: number;
  readonly #maxHeadBytes: number;
  #state = METHOD;

  constructor(limits: ParserLimits) {
    this.#maxLineBytes = limits.maxLineBytes;
    this.#maxHeadBytes = limits.maxHeadBytes;
  }

  /** Begins a new line. */
  reset(): void {
    this.#state = METHOD;
    this.scanned = this.methodEnd = 0;
  }

  /** Continues the scan of the line at the input's start. Returns true once the line is complete. */
  scan(input: InputBuffer): boolean {
    const { bytes, start } = input;
    const headEnd = Math.min(input.end, start + this.#maxHeadBytes);
    // The limit of the line does not count the CRLF, so the last two states may pass it.
    const lineEnd = Math.min(headEnd, start + this.#maxLineBytes);
    let at = start + this.scanned;
    if (this.#state === METHOD) at = this.#scanMethod(input, at, lineEnd);
    if (this.#state === TARGET_PART) at = this.#scanTarget(input, at, lineEnd);
    if (this.#state === VERSION) at = this.#scanVersion(input, at, lineEnd);
    if (this.#state === LINE_CR && at < headEnd) {
      if (bytes[at] !== CR) input.refuseByte(at, "HTTP version", "CR");
      this.#state = LINE_LF;
      at++;
    }
    if (this.#state === LINE_LF && at < headEnd) {
      if (bytes[at] !== LF) input.refuseByte(at, "end of the request line", "LF");
      this.#state = DONE;
      at++;
    }
    this.scanned = at - start;
    if (this.#state === DONE) return true;
    if (at < input.end) this.#refuseLength(input, at);
    return false;
  }

  #scanMethod(input: InputBuffer, from: number, end: number): number {
    const { bytes, start } = input;
    const at = endOfRun(bytes, from, end, TOKEN);
    if (at === end) return at;
    if (bytes[at] !== SPACE || at === start) input.refuseByte(at, "method", "a token character");
    this.methodEnd = at - start;
    this.#state = TARGET_PART;
    return at + 1;
  }

  #scanTarget(input: InputBuffer, from: number, end: number): number {
    const { bytes, start } = input;
    const at = endOfRun(bytes, from, end, TARGET);
    if (at === end) return at;
    if (bytes[at] !== SPACE || at - start === this.methodEnd + 1) {
      // A target without a version is HTTP/0.9, which ended with RFC 1945.
      input.refuseByte(at, "request target", "visible ASCII without #, then a version");
    }
    this.targetEnd = at - start;
    this.#state = VERSION;
    return at + 1;
  }

  #scanVersion(input: InputBuffer, from: number, end: number): number {
    const { bytes, start } = input;
    const versionStart = start + this.targetEnd + 1;
    let at = from;
    for (; at < end; at++) {
      const index = at - versionStart;
      if (index === VERSION_PATTERN.length) break;
      const expected = VERSION_PATTERN[index];
      const byte = bytes[at] as number;
      const matches = expected === 0 ? byte >= ZERO && byte <= NINE : byte === expected;
      if (!matches) input.refuseByte(at, "HTTP version", "HTTP/1.1");
      if (index === MINOR_INDEX) this.#decideVersion(input, at);
    }
    return at;
  }

  #decideVersion(input: InputBuffer, at: number): void {
    const major = input.bytes[at - 2] as number - ZERO;
    const minor = input.bytes[at] as number - ZERO;
    if (major !== 1) {
      // RFC 9110 §15.6.6. The preface of HTTP/2, `PRI * HTTP/2.0`, ends here, too (RFC 9113 §3.4).
      input.refuse(505, `Cannot serve HTTP/${major}.${minor}: expected HTTP/1.1`, at - 2);
    }
    this.minorVersion = minor === 0 ? 0 : 1;
    this.#state = LINE_CR;
  }

  #refuseLength(input: InputBuffer, at: number): never {
    if (this.scanned === this.#maxHeadBytes) {
      input.refuse(431, `Head too long: over ${this.#maxHeadBytes} bytes`, at);
    }
    // RFC 9112 §3 asks for 501 if a method is longer than every known method, and for 414 if a
    // target is too long.
    if (this.#state === METHOD) {
      input.refuse(501, `Method too long: over ${this.#maxLineBytes} bytes`, at);
    }
    input.refuse(414, `Request line too long: over ${this.#maxLineBytes} bytes`, at);
  }
}
