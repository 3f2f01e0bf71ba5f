/**
 * The error log of a server: each entry is a text, or one JSON object on one line.
 *
 * The message of an error may have text of a client in it. So the further lines of a text are indented, and
 * control characters are escaped: no text can look like another entry, or command a terminal.
 *
 * The trap: the app may have thrown any value, and may have changed the environ. Making an entry never throws.
 *
 * `options.ts` calls this.
 *
 * @module
 */

import { indentEntry } from "../../coroutine/internal.ts";
import type { Environ } from "../../wsgi/environ.ts";

/** The format of the entries of the error log. */
export type LogFormat = "text" | "json";

/** An entry of the log, as members of its JSON object. Members without a value are left out. */
export interface LogEntry {
  /** `error` for a failure, `info` for another message. */
  readonly level: "error" | "info";
  /** The message. */
  readonly message: string;
  /** The method of the request that has failed. */
  readonly method?: string | undefined;
  /** The target of the request that has failed. */
  readonly uri?: string | undefined;
  /** The id of the request that has failed. */
  readonly requestId?: string | undefined;
  /** The name of the process, if several processes run the app. */
  readonly worker?: string | undefined;
  /** The name of the class of the error. */
  readonly error?: string | undefined;
  /** The error with its stack, and its causes; several lines. */
  readonly stack?: string | undefined;
}

/** The error log of one server. None of its functions throws. */
export interface ErrorLog {
  /** Writes a line of `wsgi.errors`. */
  line(text: string): void;
  /** Writes a fault of the server or of its adapter. */
  fault(text: string): void;
  /**
   * Writes an error.
   *
   * @param place The request or the coroutine that has failed.
   * @param text The error as text, of one line or more.
   * @param environ The environ of the request.
   */
  error(place: string | undefined, text: string, error: unknown, environ?: Environ): void;
}

/**
 * Makes the error log of a server.
 *
 * @param write Takes each entry. Never throws.
 * @param format The format of the entries.
 * @param worker The name of the process, for entries in JSON.
 */
export function errorLog(
  write: (entry: string) => void,
  format: LogFormat,
  worker: string | undefined,
): ErrorLog {
  if (format === "text") {
    return {
      line: (text) => write(indentEntry(text)),
      fault: (text) => write(indentEntry(text)),
      error: (place, text) => write(indentEntry(place === undefined ? text : `${place}: ${text}`)),
    };
  }
  return {
    line: (message) => write(jsonEntry({ level: "info", message, worker })),
    fault: (message) => write(jsonEntry({ level: "error", message, worker })),
    error: (place, stack, error, environ) => {
      const [first = ""] = stack.split("\n", 1);
      const message = place === undefined ? first : `${place}: ${first}`;
      const facts = factsOf(environ);
      const name = nameOfError(error);
      write(jsonEntry({ level: "error", message, ...facts, worker, error: name, stack }));
    },
  };
}

/**
 * Formats an entry as one line of JSON, with the time.
 *
 * @param entry The entry.
 * @returns The line, without a newline.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { jsonEntry } from "@x/cogen-wsgi/server";
 *
 * const line = jsonEntry({ level: "info", message: "two\nlines" });
 * const { time, ...rest } = JSON.parse(line);
 * assertEquals(rest, { level: "info", message: "two\nlines" });
 * assertEquals(line.split("\n").length, 1);
 * ```
 */
export function jsonEntry(entry: LogEntry): string {
  const text = JSON.stringify({ time: new Date().toISOString(), ...entry });
  // JSON leaves these as they are. A terminal or an editor takes some of them for commands or for line ends.
  return text.replace(/[\x7f-\x9f\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

function factsOf(environ: Environ | undefined): Partial<LogEntry> {
  if (environ === undefined) return {};
  const textOf = (read: () => unknown) => {
    try {
      const value = read();
      return typeof value === "string" ? value : undefined;
    } catch {
      return undefined;
    }
  };
  return {
    method: textOf(() => environ.REQUEST_METHOD),
    uri: textOf(() => environ.REQUEST_URI),
    requestId: textOf(() => environ.cogen.requestId),
  };
}

function nameOfError(error: unknown): string {
  try {
    const name = (error as Error | undefined)?.name;
    return typeof name === "string" ? name : typeof error;
  } catch {
    return "unknown";
  }
}
