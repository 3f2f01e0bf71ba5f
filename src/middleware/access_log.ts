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

import { checkOption, refuseSurplus } from "../coroutine/mod.ts";
import type { WSGIApp } from "../wsgi/mod.ts";
import { type AccessLogEntry, type AccessLogFormat, lineMaker } from "./access_log_formats.ts";
import { checkApp, checkCallback, checkOptionNames } from "./option_checks.ts";
import { traceIdOf } from "./trace_parent.ts";

/** Options of {@linkcode accessLog}. */
export interface AccessLogOptions {
  /** The format of the lines. Default `combined`. */
  readonly format?: AccessLogFormat;
  /** The name of this process among several, as a field of each line. Default: none. */
  readonly worker?: string;
}

/**
 * Logs each request after its response, also if the app has failed or the client has left.
 *
 * The log has the status that was really sent. It is 499 for a client that left before the whole
 * response was sent, as in nginx. The response itself does not change, and keeps its
 * `Content-Length`. If `log` throws, the error is reported once, and the response does not change.
 *
 * The option `format` names the format of the lines: {@linkcode AccessLogFormat}. Times of day are in UTC.
 * Text that the client sent is escaped, so that it cannot add lines or fields. Put {@linkcode requestId}
 * around the app or around the log for lines with a request id.
 *
 * @param app The app.
 * @param log Takes each line, without a newline, and the facts of that line.
 * @param options The format, and the name of the worker.
 * @returns The app with the log.
 * @throws {TypeError} If the app or the log is no function, or an option is unknown or of the wrong kind.
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
 * assertMatch(lines[0]!, /^127\.0\.0\.1 - - \[.+ \+0000\] "GET \/a\?b HTTP\/1\.1" 200 5 "-" ".+" \d+ \d+ - - -$/);
 * ```
 *
 * @example A format of one's own, without the requests of a health check
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { accessLog, type WSGIApp } from "@x/cogen-wsgi";
 * import { testClient } from "@x/cogen-wsgi/testing";
 *
 * const app: WSGIApp = (_environ, startResponse) => {
 *   startResponse("200 OK", [["Content-Type", "text/plain"]]);
 *   return ["hello"];
 * };
 * const lines: string[] = [];
 * await using client = testClient(accessLog(app, (line) => lines.push(line), {
 *   format: ({ environ, status, bytes }) =>
 *     environ.PATH_INFO === "/health" ? undefined : `${environ.REQUEST_URI} ${status} ${bytes}`,
 * }));
 * await client.get("/health");
 * await client.get("/a?b");
 * assertEquals(lines, ["/a?b 200 5"]);
 * ```
 */
export function accessLog(
  app: WSGIApp,
  log: (line: string, entry: AccessLogEntry) => unknown,
  options: AccessLogOptions = {},
): WSGIApp {
  if (arguments.length > 3) refuseSurplus("accessLog", arguments, 3);
  checkApp("accessLog", app);
  checkCallback("accessLog", "log", log);
  options = checkOptionNames("accessLog", options, ["format", "worker"]);
  const { format = "combined", worker } = options;
  checkOption("worker of accessLog", worker, "string");
  const lineOf = lineMaker(format);
  return (environ, startResponse) => {
    const { cogen } = environ;
    const { clock } = cogen.scheduler;
    const began = clock.now();
    const date = new Date();
    const request = { ...environ };
    cogen.onFinished(({ status, bytes, outcome, firstByteAtMs }) => {
      const entry: AccessLogEntry = {
        environ: request,
        status: outcome === "left" ? CLIENT_LEFT : status,
        bytes,
        outcome,
        milliseconds: clock.now() - began,
        firstByteMilliseconds: firstByteAtMs === undefined ? undefined : firstByteAtMs - began,
        requestId: cogen.requestId,
        worker,
        traceId: cogen.traceId ?? traceIdOf(request),
        date,
      };
      const line = lineOf(entry);
      return line === undefined ? undefined : log(line, entry);
    });
    return app(environ, startResponse);
  };
}

/** The status that nginx introduced for a client that has left. It is never sent. */
const CLIENT_LEFT = 499;
