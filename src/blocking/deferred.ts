/**
 * A promise that other code settles.
 *
 * `pool.ts` and `job.ts` call this.
 *
 * @module
 */

/** A promise, and the functions that settle it. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** Makes a promise. Its rejection needs no listener. */
export function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((...functions) => [resolve, reject] = functions);
  promise.catch(() => {});
  return { promise, resolve, reject };
}
