/**
 * The decoding of a head as ISO-8859-1, one character for each byte. The strings are the "native
 * strings" of PEP 3333.
 *
 * Trap: `TextDecoder("latin1")` is a decoder of windows-1252, which maps the bytes 0x80 to 0x9f to
 * other characters.
 *
 * `reading/request_parser.ts` calls this if the embedder passes no faster decoder.
 *
 * @module
 */

/**
 * A function that decodes `bytes[start, end)` as ISO-8859-1.
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

/**
 * The number of characters made in one call, as engines limit the number of arguments. Most heads
 * are shorter.
 */
const MAX_ARGUMENTS = 8192;

/** Decodes `bytes[start, end)` as ISO-8859-1, without any function of a runtime. */
export function decodeLatin1(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let from = start; from < end; from += MAX_ARGUMENTS) {
    const part = bytes.subarray(from, Math.min(end, from + MAX_ARGUMENTS));
    text += Reflect.apply(String.fromCharCode, null, part) as string;
  }
  return text;
}
