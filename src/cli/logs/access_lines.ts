/**
 * The app as the command serves it: with request ids, and with an access log.
 *
 * @module
 */

import { accessLog, type AccessLogFormat, requestId } from "../../middleware/mod.ts";
import { type Mounts, type WSGIApp, WSGIPathInfoDispatcher } from "../../wsgi/mod.ts";
import { writeAccess } from "./logs.ts";
import type { Settings } from "../settings.ts";

/**
 * Adds request ids and an access log to an app, as the options say.
 *
 * @param app The app.
 * @param settings The options `request-id` and `access-log`.
 * @param worker The name of this process among several, for the access log.
 * @returns The app; the same app if both options are `off`.
 */
export function withAccessLog(
  app: WSGIApp | Mounts,
  settings: Settings,
  worker?: string,
): WSGIApp | Mounts {
  const ids = settings.get<string>("request-id");
  const format = settings.get<string>("access-log");
  if (ids === "off" && format === "off") return app;
  const whole = typeof app === "function" ? app : WSGIPathInfoDispatcher(app);
  const named = ids === "off" ? whole : requestId(whole, { fromRequest: ids === "take" });
  if (format === "off") return named;
  return accessLog(named, writeAccess, {
    format: format as AccessLogFormat,
    ...(worker === undefined ? {} : { worker }),
  });
}
