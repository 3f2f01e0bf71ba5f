/**
 * Middleware that writes an access log.
 *
 * @module
 */

import type { Block, Environ, StartResponse, WSGIApp } from "../wsgi/mod.ts";
import { passThrough } from "./pass_through.ts";

/** A request that has been answered, for logs of one's own format. */
export interface AccessLogEntry {
  /** The request. */
  readonly environ: Environ;
  /** The status that was sent; 500 for an app that failed before; `undefined` if none was. */
  readonly status: number | undefined;
  /** How many bytes of body the app gave, before chunking. */
  readonly bytes: number;
  /** How long it took until the app was closed, in milliseconds. */
  readonly milliseconds: number;
  /** When the request began. */
  readonly date: Date;
}

/**
 * Logs each request when its response is done, whether it went well, failed or was left alone.
 *
 * The line is that of the Combined Log Format, followed by the time that it took in microseconds
 * (Apache's `%D`); times of day are in UTC. What clients choose is escaped, so that a line stays one.
 *
 * @param app The app.
 * @param log Takes each line, without a newline; and what it was made of.
 * @returns The app, with that middleware.
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
  return function* logged(environ, startResponse) {
    const { clock } = environ.cogen.scheduler;
    const began = clock.now();
    const date = new Date();
    // Apps behind mounts and rewriting middleware see another environ.
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

/** Counts what passes. */
class Count {
  status: number | undefined;
  bytes = 0;
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

  /** Before the first block, the server answers in place of the app. */
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

/** `06/Nov/1994:08:49:37 +0000`. */
function timeOfDay(date: Date): string {
  const [, day, month, year, time] = date.toUTCString().split(" ");
  return `${day}/${month}/${year}:${time} +0000`;
}

/** As Apache does: quotes and backslashes are quoted, what is not printable becomes `\xhh`. */
function escape(text: string): string {
  return text.replace(/["\\]/g, "\\$&").replace(/[^\x20-\x7e]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}
