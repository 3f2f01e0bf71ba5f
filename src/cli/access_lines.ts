/**
 * The access log of the command: its formats.
 *
 * @module
 */

import { accessLog, type AccessLogEntry } from "../middleware/mod.ts";
import { type Mounts, type WSGIApp, WSGIPathInfoDispatcher } from "../wsgi/mod.ts";

/** The end of a line in the combined format: two quoted texts, and the duration. */
const COMBINED_END = / "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*" \d+$/;

/**
 * Adds an access log to an app.
 *
 * @param app The app.
 * @param format The option `--access-log`.
 * @param write Takes each line, with its newline.
 * @param worker The name of this process among several; each line ends with it.
 * @returns The app with its log; the same app for `off`.
 */
export function withAccessLog(
  app: WSGIApp | Mounts,
  format: string,
  write: (line: string) => unknown,
  worker?: string,
): WSGIApp | Mounts {
  if (format === "off") return app;
  const whole = typeof app === "function" ? app : WSGIPathInfoDispatcher(app);
  const common = (line: string) => line.replace(COMBINED_END, "");
  return accessLog(whole, (line, entry) => {
    if (format === "json") return void write(`${jsonLine(entry, worker)}\n`);
    const text = format === "common" ? common(line) : line;
    void write(worker === undefined ? `${text}\n` : `${text} ${worker}\n`);
  });
}

function jsonLine(entry: AccessLogEntry, worker: string | undefined): string {
  const { environ, status, bytes, outcome, milliseconds, date } = entry;
  return JSON.stringify({
    time: date.toISOString(),
    remote: environ.REMOTE_ADDR,
    user: environ.REMOTE_USER,
    method: environ.REQUEST_METHOD,
    uri: environ.REQUEST_URI,
    protocol: environ.SERVER_PROTOCOL,
    status,
    bytes,
    outcome,
    milliseconds: Math.round(milliseconds * 1000) / 1000,
    referer: environ.HTTP_REFERER,
    userAgent: environ.HTTP_USER_AGENT,
    worker,
  });
}
