/**
 * What the validator throws.
 *
 * @module
 */

/** A breach of PEP 3333 that {@linkcode validator} has found, by the app or by whoever calls it. */
export class WSGIValidationError extends Error {
  /** `WSGIValidationError`. */
  override readonly name = "WSGIValidationError";
}

/** Throws unless `condition` holds. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new WSGIValidationError(message);
}

/** A value as a message shows it, and not more of it than a line. */
export function show(value: unknown): string {
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}
