/**
 * The request line, scanned where it lies.
 *
 *     request-line = method SP request-target SP HTTP-version CRLF
 *     method       = token
 *     HTTP-version = "HTTP/" DIGIT "." DIGIT
 *
 * Strategy: one pass that validates and remembers where the parts end, resumable after any byte. No
 * string is made here, and every error is raised on the byte that caused it.
 */

import { ProtocolError } from "../errors.ts";
import { CLASS_OF, CR, describeByte, LF, SPACE, TARGET, TOKEN } from "../grammar.ts";
import type { InputBuffer } from "./input_buffer.ts";
import type { ParserLimits } from "../parser_limits.ts";

const METHOD = 0;
const TARGET_PART = 1;
const VERSION = 2;
const LINE_CR = 3;
const LINE_LF = 4;
const DONE = 5;

/** `HTTP/d.d`, with 0 where a digit stands. */
const VERSION_PATTERN = [0x48, 0x54, 0x54, 0x50, 0x2f, 0, 0x2e, 0];
const ZERO = 0x30;
const NINE = 0x39;

/** A resumable scan of one request line; offsets count from the line's first byte. */
export class RequestLineScanner {
  /** Past the method. */
  methodEnd = 0;
  /** Past the target. */
  targetEnd = 0;
  /** 0 or 1: a later 1.x is answered as 1.1 (RFC 9110 §6.2). */
  minorVersion: 0 | 1 = 1;
  /** Past the CRLF, once done. */
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
    this.scanned = 0;
  }

  /** Goes on with the line at the input's start; whether it is complete. */
  scan(input: InputBuffer): boolean {
    const { bytes, start } = input;
    const headEnd = Math.min(input.end, start + this.#maxHeadBytes);
    // The CRLF is not counted, so the last two states may pass the line's limit.
    const lineEnd = Math.min(headEnd, start + this.#maxLineBytes);
    let at = start + this.scanned;
    if (this.#state === METHOD) at = this.#scanMethod(input, at, lineEnd);
    if (this.#state === TARGET_PART) at = this.#scanTarget(input, at, lineEnd);
    if (this.#state === VERSION) at = this.#scanVersion(input, at, lineEnd);
    if (this.#state === LINE_CR && at < headEnd) {
      if (bytes[at] !== CR) fail(input, at, "HTTP version", "CR");
      this.#state = LINE_LF;
      at++;
    }
    if (this.#state === LINE_LF && at < headEnd) {
      if (bytes[at] !== LF) fail(input, at, "end of the request line", "LF");
      this.#state = DONE;
      at++;
    }
    this.scanned = at - start;
    if (this.#state === DONE) return true;
    if (at < input.end) this.#tooLong(input, at);
    return false;
  }

  #scanMethod(input: InputBuffer, from: number, end: number): number {
    const { bytes, start } = input;
    let at = from;
    while (at < end && (CLASS_OF[bytes[at]!]! & TOKEN) !== 0) at++;
    if (at === end) return at;
    if (bytes[at] !== SPACE || at === start) fail(input, at, "method", "a token character");
    this.methodEnd = at - start;
    this.#state = TARGET_PART;
    return at + 1;
  }

  #scanTarget(input: InputBuffer, from: number, end: number): number {
    const { bytes, start } = input;
    let at = from;
    while (at < end && (CLASS_OF[bytes[at]!]! & TARGET) !== 0) at++;
    if (at === end) return at;
    if (bytes[at] !== SPACE || at - start === this.methodEnd + 1) {
      // A target without a version is HTTP/0.9, which ended with RFC 1945.
      fail(input, at, "request target", "visible ASCII without #, then a version");
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
      const expected = VERSION_PATTERN[index]!;
      const byte = bytes[at]!;
      const matches = expected === 0 ? byte >= ZERO && byte <= NINE : byte === expected;
      if (!matches) fail(input, at, "HTTP version", "HTTP/1.1");
      if (index === 7) this.#decideVersion(input, at);
    }
    return at;
  }

  #decideVersion(input: InputBuffer, at: number): void {
    const major = input.bytes[at - 2]! - ZERO;
    const minor = input.bytes[at]! - ZERO;
    if (major !== 1) {
      // RFC 9110 §15.6.6. The preface of HTTP/2 ends here too: PRI * HTTP/2.0 (RFC 9113 §3.4).
      const message = `Cannot serve HTTP/${major}.${minor}: expected HTTP/1.1`;
      throw new ProtocolError(505, message, input.offsetOf(at - 2));
    }
    this.minorVersion = minor === 0 ? 0 : 1;
    this.#state = LINE_CR;
  }

  #tooLong(input: InputBuffer, at: number): never {
    const offset = input.offsetOf(at);
    if (this.scanned === this.#maxHeadBytes) {
      throw new ProtocolError(431, `Head too long: over ${this.#maxHeadBytes} bytes`, offset);
    }
    // RFC 9112 §3: 501 for a method longer than any that is known, 414 for a target too long.
    const [status, part] = this.#state === METHOD ? [501, "Method"] : [414, "Request line"];
    throw new ProtocolError(status, `${part} too long: over ${this.#maxLineBytes} bytes`, offset);
  }
}

function fail(input: InputBuffer, at: number, part: string, expected: string): never {
  const found = describeByte(input.bytes[at]!);
  throw new ProtocolError(
    400,
    `Cannot parse ${part}: ${found}, expected ${expected}`,
    input.offsetOf(at),
  );
}
