/**
 * Middleware that writes an access log: one line for each request, after its response.
 *
 * The trap: apps behind mounts and rewriting middleware change their environ, so the log line is made of
 * a copy that is taken before the app runs.
 *
 * @module
 */

import type { Block, Environ, StartResponse, WSGIApp } from "../wsgi/mod.ts";
import { checkApp, checkCallback } from "./option_checks.ts";
import { passThrough } from "./pass_through.ts";

/** One request and its response, for logs of another format. */
export interface AccessLogEntry {
  /** The request, as the middleware got it. */
  readonly environ: Environ;
  /**
   * The status code of the response. It is 500 if the app failed before its first block, and `undefined`
   * if the app never called `startResponse`.
   */
  readonly status: number | undefined;
  /** The length of the app's blocks in bytes, without the framing of chunks. */
  readonly bytes: number;
  /** The time from the call of the app until it was closed, in milliseconds. */
  readonly milliseconds: number;
  /** The time of day when the app was called. */
  readonly date: Date;
}

/**
 * Logs each request after its response, also if the app has failed or the client has left.
 *
 * A line has the Combined Log Format, followed by the duration in microseconds (Apache's `%D`). Times of
 * day are in UTC. Text that the client sent is escaped, so that it cannot add lines or fields.
 *
 * @param app The app.
 * @param log Takes each line, without a newline, and the facts of that line.
 * @returns The app with the log.
 * @throws {TypeError} If the app or the log is no function.
 *
 * @example
 * ```ts
 * import { assertMatch } from "@std/assert";
 * import { accessLog, serve } from "@x/cogen-wsgi";
 *
 * const lines: string[] = [];
 * await using server = await serve({
 *   bindAddr: ["127.0.0.1", 0],
 *   wsgiApp: accessLog((_environ, startResponse) => {
 *     startResponse("200 OK", []);
 *     return ["hello"];
 *   }, (line) => lines.push(line)),
 * });
 * await (await fetch(`${server.url}a?b`)).text();
 * assertMatch(lines[0]!, /^127\.0\.0\.1 - - \[.+ \+0000\] "GET \/a\?b HTTP\/1\.1" 200 5 "-" ".+" \d+$/);
 * ```
 */
export function accessLog(
  app: WSGIApp,
  log: (line: string, entry: AccessLogEntry) => void,
): WSGIApp {
  checkApp("accessLog", app);
  checkCallback("accessLog", "log", log);
  return function* logged(environ, startResponse) {
    const { clock } = environ.cogen.scheduler;
    const began = clock.now();
    const date = new Date();
    const request = { ...environ };
    const count = new Count(startResponse);
    try {
      yield* passThrough(() => app(environ, count.startResponse), environ.cogen, count);
    } catch (error) {
      count.fail();
      throw error;
    } finally {
      const { status, bytes } = count;
      const milliseconds = clock.now() - began;
      const entry = { environ: request, status, bytes, milliseconds, date };
      log(combinedLine(entry), entry);
    }
  };
}

/** The stage of one response: counts the blocks and passes them on. */
class Count {
  /** The status code of the last call of `startResponse`. */
  status: number | undefined;
  /** The length of all blocks so far. */
  bytes = 0;
  /** Takes the call of the app, notes its status, and passes it on. */
  readonly startResponse: StartResponse;

  constructor(startResponse: StartResponse) {
    this.startResponse = (status, headers, excInfo) => {
      const write = startResponse(status, headers, excInfo);
      this.status = Number(status.slice(0, 3));
      return (block) => {
        this.#add(block);
        write(block);
      };
    };
  }

  *block(block: Block): Generator<Block, void, unknown> {
    this.#add(block);
    yield block;
  }

  /** Notes an error of the app. Before the first block, the server answers it with a 500. */
  fail(): void {
    if (this.bytes === 0) this.status = 500;
  }

  #add(block: Block): void {
    this.bytes += typeof block === "string" ? utf8Length(block) : block.length;
  }
}

const encoder = new TextEncoder();

function utf8Length(text: string): number {
  // deno-lint-ignore no-control-regex -- all of ASCII is meant
  return /[^\x00-\x7f]/.test(text) ? encoder.encode(text).length : text.length;
}

function combinedLine({ environ, status, bytes, milliseconds, date }: AccessLogEntry): string {
  const { REQUEST_METHOD, REQUEST_URI, SERVER_PROTOCOL } = environ;
  return [
    escape(environ.REMOTE_ADDR || "-"),
    "-",
    escape(environ.REMOTE_USER || "-").replaceAll(" ", "\\x20"),
    `[${timeOfDay(date)}]`,
    `"${escape(`${REQUEST_METHOD} ${REQUEST_URI} ${SERVER_PROTOCOL}`)}"`,
    status ?? "-",
    bytes === 0 ? "-" : bytes,
    `"${escape(environ.HTTP_REFERER ?? "-")}"`,
    `"${escape(environ.HTTP_USER_AGENT ?? "-")}"`,
    Math.round(milliseconds * 1000),
  ].join(" ");
}

/** A date as `06/Nov/1994:08:49:37 +0000`. */
function timeOfDay(date: Date): string {
  const [, day, month, year, time] = date.toUTCString().split(" ");
  return `${day}/${month}/${year}:${time} +0000`;
}

/** Escapes as Apache does: a backslash before quotes and backslashes, `\xhh` for unprintable characters. */
function escape(text: string): string {
  return text.replace(/["\\]/g, "\\$&").replace(/[^\x20-\x7e]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}
