/**
 * The check of an app's byte array: its length must be that of its memory, because the framing announces it.
 *
 * The response calls this for each byte array, and the app run for empty ones.
 *
 * @module
 */

/** The getter of `length` itself. A subclass or a member of one array may hide it by another value. */
const lengthOf = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  "length",
)?.get as () => number;

/**
 * Checks a byte array before its length decides the framing of a response.
 *
 * @throws {TypeError} If the array is a proxy, has a `length` of its own, or has lost its memory.
 */
export function checkBytes(block: Uint8Array): void {
  const length = lengthOf.call(block);
  if (length !== block.length) {
    throw new TypeError(
      `Cannot send a Uint8Array with a length of its own, ${block.length} for ${length} bytes: ` +
        "expected an array without such a member",
    );
  }
  if (length === 0) checkAttached(block);
}

/**
 * Checks that an empty byte array has not lost its bytes.
 *
 * @throws {TypeError} If the memory was transferred, for example by `postMessage`.
 */
export function checkAttached(block: Uint8Array): void {
  try {
    // `ArrayBuffer.detached` says the same, but Node 20 does not have it.
    new Uint8Array(block.buffer);
  } catch {
    throw new TypeError("Cannot send a Uint8Array after its buffer was transferred: send a copy");
  }
}
