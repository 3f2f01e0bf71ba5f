/**
 * Errors on their way to the log, and `wsgi.errors`.
 *
 * @module
 */

import type { ErrorStream } from "../wsgi/mod.ts";

/**
 * An error as text: with its stack and its causes, for the log alone.
 *
 * @param error Anything that was thrown.
 * @returns One or more lines.
 */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return `${typeof error} thrown: ${safeString(error)}`;
  const text = error.stack ?? `${error.name}: ${error.message}`;
  // Some engines leave the message out of the stack, and some stacks are empty.
  const whole = text.includes(error.message) ? text : `${error.name}: ${error.message}\n${text}`;
  return error.cause === undefined ? whole : `${whole}\ncaused by ${describeError(error.cause)}`;
}

function safeString(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "a value without text";
  }
}

/** A `wsgi.errors` that passes whole lines on to a log. */
export class LogStream implements ErrorStream {
  readonly #log: (line: string) => void;
  #rest = "";

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  write(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() as string;
    for (const line of lines) this.#log(line);
  }

  writelines(lines: Iterable<string>): void {
    for (const line of lines) this.write(line);
  }

  flush(): void {
    if (this.#rest === "") return;
    this.#log(this.#rest);
    this.#rest = "";
  }
}
