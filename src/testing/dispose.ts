/**
 * The method for `await using`, without the library that declares `AsyncDisposable`: see `HostAsyncDisposable`.
 *
 * The classes of this room that end by `await using` call this.
 *
 * @module
 */

/** Gives a class the method for `await using`. */
export function disposeBy<T extends object>(prototype: T, end: (this: T) => Promise<void>): void {
  const shape = { value: end, writable: true, configurable: true };
  Object.defineProperty(prototype, Symbol.asyncDispose, shape);
}
