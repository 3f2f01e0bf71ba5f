/** One byte, one character: the reading of a head as text (PEP 3333's native strings). */

/**
 * Decodes `bytes[start, end)` as ISO-8859-1: one byte, one character.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { type Latin1Decoder, RequestParser } from "@x/cogen-wsgi/http";
 *
 * const latin1: Latin1Decoder = (bytes, start, end) =>
 *   String.fromCharCode(...bytes.subarray(start, end));
 * assertEquals(new RequestParser({ latin1 }).bufferedBytes, 0);
 * ```
 */
export type Latin1Decoder = (bytes: Uint8Array, start: number, end: number) => string;

/** Engines bound the arguments of one call; heads are mostly far below this. */
const SLICE = 8192;

/**
 * The decoder for embedders that bring none. `TextDecoder("latin1")` would not do: it is windows-1252,
 * which maps the bytes 0x80 to 0x9f elsewhere.
 */
export function decodeLatin1(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let from = start; from < end; from += SLICE) {
    const part = bytes.subarray(from, Math.min(end, from + SLICE));
    text += Reflect.apply(String.fromCharCode, null, part) as string;
  }
  return text;
}
