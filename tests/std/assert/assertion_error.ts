/** What a failed assertion throws. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** Throws with `message`, followed by the caller's own words if there are any. */
export function failWith(message: string, msg: string | undefined): never {
  throw new AssertionError(msg ? `${message}: ${msg}` : `${message}.`);
}
