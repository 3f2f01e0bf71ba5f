/**
 * The scan of chunk extensions, which are checked, counted and dropped (RFC 9112 §7.1.1).
 *
 *     chunk-ext      = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
 *     chunk-ext-name = token
 *     chunk-ext-val  = token / quoted-string
 *     quoted-string  = DQUOTE *( qdtext / quoted-pair ) DQUOTE
 *     quoted-pair    = "\" ( HTAB / SP / VCHAR / obs-text )
 *     BWS            = *( SP / HTAB )
 *
 * Strategy: one state transition for each byte. A recipient must parse and remove "bad whitespace"
 * (RFC 9110 §5.6.3). The scanner does so where the grammar has it, and nowhere else. So the rest of
 * an extension must follow whitespace. Whitespace before CRLF is refused, as parsers have disagreed
 * about it.
 *
 * Trap: whitespace before the first semicolon is a part of the extensions, and counts towards the
 * limit.
 *
 * `chunked_reader.ts` calls this.
 *
 * @module
 */

import {
  CR,
  describeByte,
  FIELD_CONTENT,
  isInClass,
  QUOTED_TEXT,
  SPACE,
  TAB,
  TOKEN,
} from "../grammar.ts";
import type { InputBuffer } from "./input_buffer.ts";

// The states, named by the syntax that the scanner expects. `nextState` is the table of transitions.
/** Whitespace was read after a size or a value. */
const SEMICOLON_AFTER_SPACE = 0;
const NAME_START = 1;
const NAME = 2;
/** Whitespace was read after a name. */
const DELIMITER_AFTER_SPACE = 3;
const VALUE_START = 4;
const TOKEN_VALUE = 5;
const QUOTED = 6;
const QUOTED_PAIR = 7;
const QUOTED_END = 8;
/** The result of `nextState` for a byte that is not allowed there. */
const INVALID = -1;

const QUOTE = 0x22;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

/**
 * Scans the extensions of one chunk line after the other. A scan can stop and go on at any byte.
 */
export class ChunkExtensionScanner {
  readonly #maxBytes: number;
  /** The bytes of all extensions of the present body, with semicolons and whitespace. */
  #bytes = 0;
  #state = NAME_START;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Begins a new body. The limit applies to all extensions of a body together. */
  reset(): void {
    this.#bytes = 0;
  }

  /**
   * Begins the extensions of a chunk line with `byte`, the byte after the size. The byte counts
   * towards the limit.
   */
  start(input: InputBuffer, byte: number): void {
    this.#count(input);
    this.#state = byte === SEMICOLON ? NAME_START : SEMICOLON_AFTER_SPACE;
  }

  /**
   * Consumes bytes of the extensions. Returns true once the next byte of the input is the CR after
   * them.
   */
  scan(input: InputBuffer): boolean {
    while (input.start < input.end) {
      const byte = input.bytes[input.start] as number;
      if (byte === CR && this.#mayEnd()) return true;
      const next = nextState(this.#state, byte);
      if (next === INVALID) this.#refuse(input, byte);
      this.#count(input);
      this.#state = next;
      input.start++;
    }
    return false;
  }

  #mayEnd(): boolean {
    return this.#state === NAME || this.#state === TOKEN_VALUE || this.#state === QUOTED_END;
  }

  #refuse(input: InputBuffer, byte: number): never {
    const isAfterSpace = this.#state === SEMICOLON_AFTER_SPACE ||
      this.#state === DELIMITER_AFTER_SPACE;
    const place = isAfterSpace ? " after whitespace" : "";
    const message = `Cannot parse chunk extension: unexpected ${describeByte(byte)}${place}`;
    input.refuse(400, message, input.start);
  }

  #count(input: InputBuffer): void {
    if (++this.#bytes <= this.#maxBytes) return;
    input.refuse(413, `Chunk extensions too long: over ${this.#maxBytes} bytes`, input.start);
  }
}

/** Whether `byte` may begin the extensions of a chunk line, right after the size. */
export function beginsExtension(byte: number): boolean {
  return byte === SEMICOLON || isWhitespace(byte);
}

/** Gives the state after `byte`, or `INVALID`. */
function nextState(state: number, byte: number): number {
  switch (state) {
    case NAME_START:
      return isInClass(byte, TOKEN) ? NAME : isWhitespace(byte) ? NAME_START : INVALID;
    case NAME:
      if (isInClass(byte, TOKEN)) return NAME;
      return isWhitespace(byte) ? DELIMITER_AFTER_SPACE : afterName(byte);
    case DELIMITER_AFTER_SPACE:
      return isWhitespace(byte) ? DELIMITER_AFTER_SPACE : afterName(byte);
    case VALUE_START:
      if (isWhitespace(byte)) return VALUE_START;
      return byte === QUOTE ? QUOTED : isInClass(byte, TOKEN) ? TOKEN_VALUE : INVALID;
    case QUOTED:
      if (isInClass(byte, QUOTED_TEXT)) return QUOTED;
      return byte === QUOTE ? QUOTED_END : byte === BACKSLASH ? QUOTED_PAIR : INVALID;
    case QUOTED_PAIR:
      return isInClass(byte, FIELD_CONTENT) ? QUOTED : INVALID;
    case TOKEN_VALUE:
      return isInClass(byte, TOKEN) ? TOKEN_VALUE : afterValue(byte);
    default:
      return afterValue(byte);
  }
}

function afterName(byte: number): number {
  return byte === EQUALS ? VALUE_START : byte === SEMICOLON ? NAME_START : INVALID;
}

function afterValue(byte: number): number {
  if (isWhitespace(byte)) return SEMICOLON_AFTER_SPACE;
  return byte === SEMICOLON ? NAME_START : INVALID;
}

function isWhitespace(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}
