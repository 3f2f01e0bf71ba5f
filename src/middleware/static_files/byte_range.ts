/**
 * Byte ranges (RFC 9110 §14).
 *
 * @module
 */

/** A part of a representation, in bytes. */
export interface ByteRange {
  /** Where it begins. */
  readonly offset: number;
  /** How long it is; never 0. */
  readonly length: number;
}

/**
 * Reads a Range field.
 *
 * A field that is malformed, of another unit, or that asks for several ranges counts as none: the
 * answer is then the whole (RFC 9110 §14.2 allows a server to ignore any Range field).
 *
 * @param field The field value.
 * @param size The size of the whole, in bytes.
 * @returns The range; `undefined` for the whole; `"unsatisfiable"` if it begins beyond the end.
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

/** The last bytes; of nothing, they are the whole. */
function suffix(wanted: number, size: number): ByteRange | "unsatisfiable" | undefined {
  if (wanted === 0) return "unsatisfiable";
  const length = Math.min(wanted, size);
  return length === 0 ? undefined : { offset: size - length, length };
}
