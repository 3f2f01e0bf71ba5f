/** The error of a failed assertion. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** Throws an error with `message`, followed by the caller's message if there is one. */
export function failWith(message: string, msg: string | undefined): never {
  throw new AssertionError(msg ? `${message}: ${msg}` : `${message}.`);
}
