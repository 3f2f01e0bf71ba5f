/**
 * UTF-8 for blocks that are strings.
 *
 * ASCII stays a string: its latin-1 bytes are the same, and a string is cheaper to send. A regular
 * expression detects ASCII fast in a short text, but its time grows with the length. A longer text is
 * encoded into a scratch array, which is faster: if each character gave one byte, the text is ASCII.
 *
 * {@linkcode Response} calls this once for each block.
 *
 * @module
 */

const encoder = new TextEncoder();
/** Up to this many characters the regular expression is as fast as the encoder. */
const MAX_SHORT_LENGTH = 64;
/** Scratch memory, overwritten by each call. A longer text is encoded into an array of its own. */
const scratch = new Uint8Array(8192);
// deno-lint-ignore no-control-regex -- all of ASCII is meant
const NOT_ASCII = /[^\x00-\x7f]/;

/**
 * A cache of one entry: the last short text that was ASCII. An app often sends the same constant again,
 * and comparing a string with itself is cheaper than the regular expression
 * (`npm run bench -- --workload hello`).
 */
let lastShort = "";

/**
 * Encodes a text in UTF-8.
 *
 * @param text Any string; a lone surrogate becomes U+FFFD.
 * @returns Bytes; or the text itself if it is ASCII and not long.
 */
export function encodeText(text: string): Uint8Array | string {
  if (text.length <= MAX_SHORT_LENGTH) return encodeShort(text);
  if (text.length > scratch.length) return encoder.encode(text);
  const { read, written } = encoder.encodeInto(text, scratch);
  // The text did not fit: it has characters of two bytes or more.
  if (read < text.length) return encoder.encode(text);
  return written === text.length ? text : scratch.slice(0, written);
}

function encodeShort(text: string): Uint8Array | string {
  if (text === lastShort) return text;
  if (NOT_ASCII.test(text)) return encoder.encode(text);
  return lastShort = text;
}
