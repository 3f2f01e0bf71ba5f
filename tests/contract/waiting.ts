/**
 * Waiting in tests that talk to the real world: by condition, with a deadline.
 *
 * @module
 */

/** Resolves once `condition` holds; rejects, naming `what`, if it does not within `limit` ms. */
export async function until(
  what: string,
  condition: () => boolean,
  limit: number = 10_000,
): Promise<void> {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > limit) throw new Error(`Waited ${limit} ms for: ${what}`);
    await pause(1);
  }
}

/** Gives the world time to do what it must not do. */
export function settled(): Promise<void> {
  return pause(40);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** `length` bytes in which every stretch differs from those near it. */
export function pattern(length: number, seed: number = 0): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = at * 31 + (at >> 8) + seed;
  return bytes;
}

/** One array of several. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The index of the first byte that differs, or -1: megabytes are not for `assertEquals`. */
export function firstDifference(a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    if (a[at] !== b[at]) return at;
  }
  return -1;
}
