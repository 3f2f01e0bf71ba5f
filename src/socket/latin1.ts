/**
 * The encoding of latin-1, with the language alone.
 *
 * The output of a connection calls this when it joins small parts, and so does all code that turns the text of a
 * head into bytes.
 *
 * @module
 */

import { checkBytes, checkCount, checkText } from "./argument_checks.ts";

/** The number of arguments of one call. Some engines allow at most about 100,000. */
const MAX_ARGUMENTS = 4096;

/**
 * Decodes latin-1.
 *
 * @param bytes The bytes.
 * @param start The index of the first byte.
 * @param end The index after the last byte.
 * @returns The text, one character for each byte.
 * @throws {TypeError} For an argument of a wrong kind: all three are needed.
 */
export function decodeLatin1(bytes: Uint8Array, start: number, end: number): string {
  checkBytes("bytes of decodeLatin1", bytes);
  checkCount("start of decodeLatin1", start);
  checkCount("end of decodeLatin1", end);
  let text = "";
  for (let at = start; at < end; at += MAX_ARGUMENTS) {
    const part = bytes.subarray(at, Math.min(at + MAX_ARGUMENTS, end));
    // `String.fromCharCode(...part)` steps an iterator, and takes five to ten times the time.
    text += Reflect.apply(String.fromCharCode, null, part) as string;
  }
  return text;
}

/**
 * Encodes latin-1.
 *
 * @param text Characters up to U+00FF.
 * @param target The array for the bytes; it has room for them.
 * @param at The index of the first byte.
 * @throws {TypeError} For an argument of a wrong kind.
 * @throws {RangeError} If the array has no room for the bytes.
 */
export function encodeLatin1(text: string, target: Uint8Array, at: number): void {
  checkText("text of encodeLatin1", text);
  // The comparison is false for an index or an array that is missing, too.
  if (!(at + text.length <= target?.length)) {
    checkBytes("target of encodeLatin1", target);
    throw new RangeError(`encodeLatin1 has no room for ${text.length} bytes at index ${at}`);
  }
  for (let index = 0; index < text.length; index++) {
    target[at + index] = text.charCodeAt(index);
  }
}

/**
 * Gives the bytes of a text in latin-1.
 *
 * @param text Characters up to U+00FF.
 * @returns The bytes, one for each character.
 * @throws {TypeError} If the argument is no text.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { latin1Bytes } from "@x/cogen-wsgi/socket";
 *
 * assertEquals(latin1Bytes("A\xff"), new Uint8Array([65, 255]));
 * ```
 */
export function latin1Bytes(text: string): Uint8Array<ArrayBuffer> {
  checkText("text of latin1Bytes", text);
  const bytes = new Uint8Array(text.length);
  encodeLatin1(text, bytes, 0);
  return bytes;
}
