/**
 * The Range field of a request (RFC 9110 §14).
 *
 * `staticFiles` calls this.
 *
 * @module
 */

/** A part of a representation, in bytes. */
export interface ByteRange {
  /** The position of its first byte. */
  readonly offset: number;
  /** The length, which is never 0. */
  readonly length: number;
}

/**
 * Parses a Range field.
 *
 * A field that is malformed, has another unit or asks for several ranges is ignored, as RFC 9110 §14.2
 * allows. The response is then the whole representation.
 *
 * @param field The field value.
 * @param size The size of the representation, in bytes.
 * @returns The range; `undefined` for the whole representation; `"unsatisfiable"` for a range that begins
 *   after its end.
 */
export function parseByteRange(
  field: string,
  size: number,
): ByteRange | "unsatisfiable" | undefined {
  const [, first, last] = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(field) ?? [];
  if (first === undefined || last === undefined) return undefined;
  if (first === "") return last === "" ? undefined : suffix(Number(last), size);
  const offset = Number(first);
  if (last !== "" && Number(last) < offset) return undefined;
  if (offset >= size) return "unsatisfiable";
  const end = last === "" ? size : Math.min(Number(last) + 1, size);
  return { offset, length: end - offset };
}

/** Gives the range of the last `wanted` bytes. For an empty representation, it is the whole. */
function suffix(wanted: number, size: number): ByteRange | "unsatisfiable" | undefined {
  if (wanted === 0) return "unsatisfiable";
  const length = Math.min(wanted, size);
  return length === 0 ? undefined : { offset: size - length, length };
}
