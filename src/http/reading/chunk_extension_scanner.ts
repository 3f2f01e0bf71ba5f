/**
 * The scan of chunk extensions, which are checked, counted and dropped (RFC 9112 §7.1.1).
 *
 *     chunk-ext      = *( ";" chunk-ext-name [ "=" chunk-ext-val ] )
 *     chunk-ext-name = token
 *     chunk-ext-val  = token / quoted-string
 *     quoted-string  = DQUOTE *( qdtext / quoted-pair ) DQUOTE
 *     quoted-pair    = "\" ( HTAB / SP / VCHAR / obs-text )
 *
 * Strategy: one state transition a byte. The RFC also allows "bad whitespace" around `;` and `=`. The
 * scanner refuses it, as llhttp does: no client is known to send it, and parsers have disagreed about
 * spaces in a chunk line.
 *
 * Called by `chunked_reader.ts`.
 *
 * @module
 */

import { CR, describeByte, FIELD_CONTENT, isInClass, QUOTED_TEXT, TOKEN } from "../grammar.ts";
import type { InputBuffer } from "./input_buffer.ts";

// The states, named by the syntax that the scanner expects. `nextState` is the table of transitions.
const NAME_START = 0;
const NAME = 1;
const VALUE_START = 2;
const TOKEN_VALUE = 3;
const QUOTED = 4;
const QUOTED_PAIR = 5;
const QUOTED_END = 6;
/** The result of `nextState` for a byte that may not stand there. */
const INVALID = -1;

const QUOTE = 0x22;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

/** A resumable scan of the extensions of one chunk line after the other. */
export class ChunkExtensionScanner {
  readonly #maxBytes: number;
  /** The bytes of all extensions of the present body, semicolons included. */
  #bytes = 0;
  #state = NAME_START;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Begins a new body. The limit applies to all extensions of a body together. */
  reset(): void {
    this.#bytes = 0;
  }

  /** Begins the extensions of a chunk line. The input stands at the first semicolon. */
  start(input: InputBuffer): void {
    this.#count(input);
    this.#state = NAME_START;
  }

  /** Consumes bytes of the extensions. Returns true once the input stands at the CR after them. */
  scan(input: InputBuffer): boolean {
    while (input.start < input.end) {
      const byte = input.bytes[input.start] as number;
      if (byte === CR && this.#mayEnd()) return true;
      const next = nextState(this.#state, byte);
      if (next === INVALID) {
        const message = `Cannot parse chunk extension: unexpected ${describeByte(byte)}`;
        input.refuse(400, message, input.start);
      }
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
    input.refuse(413, `Chunk extensions too long: over ${this.#maxBytes} bytes`, input.start);
  }
}

/** The state after `byte`, or `INVALID`. */
function nextState(state: number, byte: number): number {
  switch (state) {
    case NAME_START:
      return isInClass(byte, TOKEN) ? NAME : INVALID;
    case NAME:
      if (isInClass(byte, TOKEN)) return NAME;
      return byte === EQUALS ? VALUE_START : byte === SEMICOLON ? NAME_START : INVALID;
    case VALUE_START:
      return byte === QUOTE ? QUOTED : isInClass(byte, TOKEN) ? TOKEN_VALUE : INVALID;
    case TOKEN_VALUE:
      if (isInClass(byte, TOKEN)) return TOKEN_VALUE;
      return byte === SEMICOLON ? NAME_START : INVALID;
    case QUOTED:
      if (isInClass(byte, QUOTED_TEXT)) return QUOTED;
      return byte === QUOTE ? QUOTED_END : byte === BACKSLASH ? QUOTED_PAIR : INVALID;
    case QUOTED_PAIR:
      return isInClass(byte, FIELD_CONTENT) ? QUOTED : INVALID;
    default:
      return byte === SEMICOLON ? NAME_START : INVALID;
  }
}
