/**
 * The type of objects for `await using`, without the library that declares `AsyncDisposable`.
 *
 * A plain method would demand the library `ESNext.Disposable` of every user of these types.
 *
 * The classes that end by `await using` extend {@linkcode HostAsyncDisposable}.
 *
 * @module
 */

/** The key of the method for `await using`; `never` where the compiler's library has none. */
export type AsyncDisposeKey = SymbolConstructor extends
  { readonly asyncDispose: infer Key extends symbol } ? Key
  : never;

/** The method for `await using`, where the compiler knows it; it does the same as `shutdown` or `close`. */
export type HostAsyncDisposable = { readonly [Key in AsyncDisposeKey]: () => Promise<void> };
