/** The shortening of a failing message, so that the failure is easy to read. */

/** The most shorter messages that are tried. */
const MAX_TRIES = 3000;

/**
 * Removes parts of `bytes`, first large ones and then smaller ones, as long as `fails` is true for
 * the rest.
 */
export function shrink(bytes: Uint8Array, fails: (bytes: Uint8Array) => boolean): Uint8Array {
  let smallest = bytes;
  let tries = 0;
  for (let size = bytes.length >> 1; size > 0; size >>= 1) {
    for (let from = 0; from + size <= smallest.length && tries < MAX_TRIES;) {
      const shorter = new Uint8Array(smallest.length - size);
      shorter.set(smallest.subarray(0, from));
      shorter.set(smallest.subarray(from + size), from);
      tries++;
      if (fails(shorter)) smallest = shorter;
      else from += size;
    }
  }
  return smallest;
}
