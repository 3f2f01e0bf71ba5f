/**
 * This middleware writes an access log: one line for each request, after its response.
 *
 * The facts of the response come from `environ.cogen.onFinished`, so the middleware need not see
 * the blocks.
 *
 * The trap: apps behind mounts and rewriting middleware change their environ, so the log line is made of
 * a copy that is taken before the app runs.
 *
 * @module
 */

import { refuseSurplus } from "../coroutine/mod.ts";
import type { Environ, ResponseOutcome, WSGIApp } from "../wsgi/mod.ts";
import { checkApp, checkCallback } from "./option_checks.ts";

/** One request and its response, for logs of another format. */
export interface AccessLogEntry {
  /** The request, as the middleware got it. */
  readonly environ: Environ;
  /**
   * The status code that was sent, also if the server answered in place of the app: 500 for an app that
   * failed, 503 at `timeouts.request`, 400, 408 or 413 for an upload; 101 for an upgrade. It is 499 if the
   * client left before the whole response was sent, or in the middle of its upload; `undefined` if the
   * server was closed before it sent a status.
   */
  readonly status: number | undefined;
  /** The length of the body that was sent, in bytes, without the framing of chunks. */
  readonly bytes: number;
  /** The end of the response: complete, left by its client, or cut by the server. */
  readonly outcome: ResponseOutcome;
  /**
   * The time from the call of the app until it was closed and the socket had taken the response, in
   * milliseconds.
   */
  readonly milliseconds: number;
  /** The time of day when the app was called. */
  readonly date: Date;
}

/**
 * Logs each request after its response, also if the app has failed or the client has left.
 *
 * The log has the status that was really sent. It is 499 for a client that left before the whole
 * response was sent, as in nginx. The response itself does not change, and keeps its
 * `Content-Length`. If `log` throws, the error is reported once, and the response does not change.
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
  log: (line: string, entry: AccessLogEntry) => unknown,
): WSGIApp {
  if (arguments.length > 2) refuseSurplus("accessLog", arguments, 2);
  checkApp("accessLog", app);
  checkCallback("accessLog", "log", log);
  return (environ, startResponse) => {
    const { clock } = environ.cogen.scheduler;
    const began = clock.now();
    const date = new Date();
    const request = { ...environ };
    environ.cogen.onFinished(({ status, bytes, outcome }) => {
      const milliseconds = clock.now() - began;
      const logged = outcome === "left" ? CLIENT_LEFT : status;
      const entry = { environ: request, status: logged, bytes, outcome, milliseconds, date };
      return log(combinedLine(entry), entry);
    });
    return app(environ, startResponse);
  };
}

/** The status that nginx introduced for a client that has left. It is never sent. */
const CLIENT_LEFT = 499;

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

/** Formats a date as `06/Nov/1994:08:49:37 +0000`. */
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
