/**
 * The errors that escape to the process: exceptions and rejections that no code catches.
 *
 * Node, Deno and Bun tell of them by events of the global `process`. Without such an object, they are not heard,
 * and end the program as usual. The contract of adapters calls this.
 *
 * @module
 */

type Listener = (error: unknown) => void;

/** The part of the global `process` that is used here. */
interface ProcessEvents {
  on(event: string, listener: Listener): unknown;
  off(event: string, listener: Listener): unknown;
}

const EVENTS = ["uncaughtException", "unhandledRejection"];

/**
 * Hears each error that escapes. The process goes on after it.
 *
 * @param listener Takes the errors.
 * @returns A function that ends the hearing.
 */
export function onEscape(listener: Listener): () => void {
  const { process } = globalThis as { readonly process?: ProcessEvents };
  if (typeof process?.on !== "function" || typeof process.off !== "function") return () => {};
  for (const event of EVENTS) process.on(event, listener);
  return () => {
    for (const event of EVENTS) process.off(event, listener);
  };
}
