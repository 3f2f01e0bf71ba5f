/**
 * Chunk extensions: checked, counted, and thrown away (RFC 9112 §7.1.1).
 *
 *     chunk-ext = *( ";" chunk-ext-name [ "=" ( token / quoted-string ) ] )
 *
 * The RFC would let "bad whitespace" stand around `;` and `=`. As llhttp does, it is refused: no client
 * is known to send it, and spaces in a chunk line have been read in two ways.
 */

import { ProtocolError } from "../errors.ts";
import { CLASS_OF, CR, describeByte, QUOTED_TEXT, TOKEN, VALUE } from "../grammar.ts";
import type { InputBuffer } from "./input_buffer.ts";

const NAME_START = 0;
const NAME = 1;
const VALUE_START = 2;
const TOKEN_VALUE = 3;
const QUOTED = 4;
const QUOTED_PAIR = 5;
const QUOTED_END = 6;

const QUOTE = 0x22;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

/** A resumable scan of the extensions of one chunk line after the other. */
export class ChunkExtensionScanner {
  readonly #maxBytes: number;
  #bytes = 0;
  #state = NAME_START;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Begins a new body: the limit is for all extensions of a body together. */
  reset(): void {
    this.#bytes = 0;
  }

  /** Begins an extension, the input being at its semicolon. */
  start(input: InputBuffer): void {
    this.#count(input);
    this.#state = NAME_START;
  }

  /** Consumes bytes of the extension; whether the input is now at the CR that ends it. */
  scan(input: InputBuffer): boolean {
    while (input.start < input.end) {
      const byte = input.bytes[input.start]!;
      if (byte === CR && this.#mayEnd()) return true;
      const next = nextState(this.#state, byte);
      if (next < 0) this.#fail(input, byte);
      this.#count(input);
      this.#state = next;
      input.start++;
    }
    return false;
  }

  #mayEnd(): boolean {
    return this.#state === NAME || this.#state === TOKEN_VALUE || this.#state === QUOTED_END;
  }

  #count(input: InputBuffer): void {
    if (++this.#bytes <= this.#maxBytes) return;
    const message = `Chunk extensions too long: over ${this.#maxBytes} bytes`;
    throw new ProtocolError(413, message, input.offsetOf(input.start));
  }

  #fail(input: InputBuffer, byte: number): never {
    const message = `Cannot parse chunk extension: unexpected ${describeByte(byte)}`;
    throw new ProtocolError(400, message, input.offsetOf(input.start));
  }
}

/** The state after `byte`, or -1 where it may not stand. */
function nextState(state: number, byte: number): number {
  const classes = CLASS_OF[byte]!;
  switch (state) {
    case NAME_START:
      return (classes & TOKEN) !== 0 ? NAME : -1;
    case NAME:
      if ((classes & TOKEN) !== 0) return NAME;
      return byte === EQUALS ? VALUE_START : byte === SEMICOLON ? NAME_START : -1;
    case VALUE_START:
      return byte === QUOTE ? QUOTED : (classes & TOKEN) !== 0 ? TOKEN_VALUE : -1;
    case TOKEN_VALUE:
      return (classes & TOKEN) !== 0 ? TOKEN_VALUE : byte === SEMICOLON ? NAME_START : -1;
    case QUOTED:
      if ((classes & QUOTED_TEXT) !== 0) return QUOTED;
      return byte === QUOTE ? QUOTED_END : byte === BACKSLASH ? QUOTED_PAIR : -1;
    case QUOTED_PAIR:
      return (classes & VALUE) !== 0 ? QUOTED : -1;
    default:
      return byte === SEMICOLON ? NAME_START : -1;
  }
}
