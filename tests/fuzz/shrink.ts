/** Makes a message that breaks a promise as short as it goes, for a reader's sake. */

/** How often a shorter message is tried at most. */
const MAX_TRIES = 3000;

/** The shortest message found for which `fails` still holds, taking parts out of `bytes`. */
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
