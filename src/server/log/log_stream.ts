/**
 * `wsgi.errors` as a stream of lines.
 *
 * Apps call this, and the connection does at the end of each request.
 *
 * @module
 */

import { handleRejection } from "../../coroutine/internal.ts";
import type { ErrorStream } from "../../wsgi/mod.ts";

/** The `wsgi.errors` of a connection (PEP 3333): passes whole lines to the log. */
export class LogStream implements ErrorStream {
  readonly #log: (line: string) => void;
  /** The text after the last line feed; `flush` passes it on. */
  #rest = "";

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  write(text: string): void {
    // The text of a promise that was not awaited is only its kind, and its rejection must not end the process.
    handleRejection(text);
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
