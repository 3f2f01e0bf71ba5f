/**
 * The encoding of latin-1, with the language alone.
 *
 * The output of a connection calls this when it joins small parts. The memory adapter calls it,
 * too, and the Deno adapter does for text beyond ASCII.
 *
 * @module
 */

/** The number of arguments of one call. Some engines allow at most about 100,000. */
const MAX_ARGUMENTS = 4096;

/**
 * Decodes latin-1.
 *
 * @param bytes The bytes.
 * @param start The index of the first byte.
 * @param end The index after the last byte.
 * @returns The text, one character for each byte.
 */
export function decodeLatin1(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at += MAX_ARGUMENTS) {
    text += String.fromCharCode(...bytes.subarray(at, Math.min(at + MAX_ARGUMENTS, end)));
  }
  return text;
}

/**
 * Encodes latin-1.
 *
 * @param text Characters up to U+00FF.
 * @param target The array for the bytes; it has room for them.
 * @param at The index of the first byte.
 */
export function encodeLatin1(text: string, target: Uint8Array, at: number): void {
  for (let index = 0; index < text.length; index++) {
    target[at + index] = text.charCodeAt(index);
  }
}
