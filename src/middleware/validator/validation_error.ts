/**
 * The error of the validator, and the check that throws it.
 *
 * @module
 */

/** A violation of PEP 3333 by an app or by its caller, found by {@linkcode validator}. */
export class WSGIValidationError extends Error {
  /** `WSGIValidationError`. */
  override readonly name = "WSGIValidationError";
}

/** Throws an error unless `condition` holds. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new WSGIValidationError(message);
}

/** Gives the text of a value for a message, cut after 200 characters. */
export function show(value: unknown): string {
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}
