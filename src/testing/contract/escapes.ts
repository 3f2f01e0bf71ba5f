/**
 * The errors that escape from an adapter to the process while a check runs.
 *
 * An adapter that catches no error of a handler lets it end the process, and with it the other checks. Node, Deno and
 * Bun tell of such errors by events of the global `process`. Without such an object, they end the program as usual.
 *
 * @module
 */

import { showValue } from "../../coroutine/mod.ts";

/** The part of the global `process` that is used here. */
interface ProcessEvents {
  on(event: string, listener: (error: unknown) => void): unknown;
  off(event: string, listener: (error: unknown) => void): unknown;
}

const EVENTS = ["uncaughtException", "unhandledRejection"];

/**
 * Runs a check until its end, or until an error escapes.
 *
 * @param run The check. It goes on in vain if an error has escaped.
 * @throws Rejects with the error of the check, or with one that tells of the escaped error.
 */
export async function withoutEscapes(run: () => Promise<void> | void): Promise<void> {
  const { process } = globalThis as { readonly process?: Partial<ProcessEvents> };
  if (typeof process?.on !== "function" || typeof process.off !== "function") return await run();
  const { on, off } = process as ProcessEvents;
  let escaped = (_error: unknown) => {};
  const escape = new Promise<never>((_, reject) => {
    escaped = (error) => {
      const text = error instanceof Error ? `${error.name}: ${error.message}` : showValue(error);
      reject(new Error(`An error escaped, and would end the process: ${text}`, { cause: error }));
    };
  });
  for (const event of EVENTS) on.call(process, event, escaped);
  try {
    await Promise.race([run(), escape]);
  } finally {
    for (const event of EVENTS) off.call(process, event, escaped);
  }
}
