/**
 * The check of UTF-8 in pieces (RFC 3629), so that a text message fails at its first wrong byte and
 * not at its end.
 *
 *     UTF8-1 = %x00-7F
 *     UTF8-2 = %xC2-DF UTF8-tail
 *     UTF8-3 = %xE0 %xA0-BF UTF8-tail / %xE1-EC 2( UTF8-tail ) /
 *              %xED %x80-9F UTF8-tail / %xEE-EF 2( UTF8-tail )
 *     UTF8-4 = %xF0 %x90-BF 2( UTF8-tail ) / %xF1-F3 3( UTF8-tail ) / %xF4 %x80-8F 2( UTF8-tail )
 *
 * Only the second byte of a character has a range of its own. The state is therefore three numbers: how many
 * bytes are missing, and the range of the next one.
 *
 * The reader calls this for a message that comes in pieces; a whole one is checked by its decoding.
 *
 * @module
 */

const TAIL_FROM = 0x80;
const TAIL_TO = 0xbf;

/** The state of a check between two pieces. */
export class UTF8Check {
  /** The number of bytes that the current character still lacks. */
  #missing = 0;
  #from = TAIL_FROM;
  #to = TAIL_TO;

  /** Whether the bytes so far end at the end of a character. */
  get isWhole(): boolean {
    return this.#missing === 0;
  }

  /** Begins with another text. */
  restart(): void {
    this.#missing = 0;
  }

  /**
   * Checks the next bytes of the text.
   *
   * @returns The index of the first byte that no text can have there; -1 if all are possible.
   */
  push(bytes: Uint8Array, start: number, end: number): number {
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number;
      if (this.#missing === 0) {
        if (byte >= 0x80 && !this.#begin(byte)) return at;
      } else {
        if (byte < this.#from || byte > this.#to) return at;
        this.#missing--;
        this.#from = TAIL_FROM;
        this.#to = TAIL_TO;
      }
    }
    return -1;
  }

  /** Begins a character of two bytes or more; `false` if none begins with this byte. */
  #begin(byte: number): boolean {
    if (byte < 0xc2 || byte > 0xf4) return false;
    this.#missing = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    this.#from = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : TAIL_FROM;
    this.#to = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : TAIL_TO;
    return true;
  }
}
