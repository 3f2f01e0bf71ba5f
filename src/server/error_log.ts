/**
 * Errors as text for the log, and `wsgi.errors` as a stream of lines.
 *
 * @module
 */

import type { ErrorStream } from "../wsgi/mod.ts";

/**
 * Writes an error as text, with its stack and its causes. The text is meant for the log, never for
 * a client.
 *
 * @param error Any thrown value.
 * @returns One or more lines.
 */
export function describeError(error: unknown): string {
  const texts: string[] = [];
  // A chain of causes may be a circle.
  for (let cause = error; texts.length < MAX_CAUSES; cause = cause.cause) {
    texts.push(describeOne(cause));
    if (!(cause instanceof Error) || cause.cause === undefined) break;
  }
  return texts.join("\ncaused by ");
}

/** At most this many errors of a chain are logged, because a chain may be a circle. */
const MAX_CAUSES = 8;

function describeOne(error: unknown): string {
  if (!(error instanceof Error)) return `${typeof error} thrown: ${safeString(error)}`;
  const summary = `${safeString(error.name)}: ${safeString(error.message)}`;
  const stack = safeString(error.stack ?? summary);
  // Some engines leave the message out of the stack, and a stack may be empty.
  return stack.includes(safeString(error.message)) ? stack : `${summary}\n${stack}`;
}

function safeString(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "a value without text";
  }
}

/** The `wsgi.errors` of a connection (PEP 3333): passes whole lines to the log. */
export class LogStream implements ErrorStream {
  readonly #log: (line: string) => void;
  /** The text after the last line feed; `flush` passes it on. */
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
