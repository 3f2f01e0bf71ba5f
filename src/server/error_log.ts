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
  const texts: string[] = [];
  // Causes may go round in a circle.
  for (let cause = error; texts.length < MAX_CAUSES; cause = cause.cause) {
    texts.push(describeOne(cause));
    if (!(cause instanceof Error) || cause.cause === undefined) break;
  }
  return texts.join("\ncaused by ");
}

const MAX_CAUSES = 8;

function describeOne(error: unknown): string {
  if (!(error instanceof Error)) return `${typeof error} thrown: ${safeString(error)}`;
  const summary = `${safeString(error.name)}: ${safeString(error.message)}`;
  const stack = safeString(error.stack ?? summary);
  // Some engines leave the message out of the stack, and some stacks are empty.
  return stack.includes(safeString(error.message)) ? stack : `${summary}\n${stack}`;
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
