/**
 * The option `--max-requests`: a worker is replaced after a number of requests.
 *
 * The number has a random part, so that the workers are not replaced at the same time.
 *
 * @module
 */

import { type Mounts, type WSGIApp, WSGIPathInfoDispatcher } from "../../wsgi/mod.ts";
import type { Settings } from "../settings.ts";

/** The random part, as a share of the number, if `--max-requests-jitter` is left out. */
const DEFAULT_JITTER = 0.1;

/**
 * Counts the requests of an app.
 *
 * @param app The app.
 * @param settings The options `max-requests` and `max-requests-jitter`.
 * @param onLimit Called at the limit, and again each time the same number of requests has followed.
 * @returns The app that counts; the same app if there is no limit.
 */
export function countedApp(
  app: WSGIApp | Mounts,
  settings: Pick<Settings, "get">,
  onLimit: (count: number) => void,
): WSGIApp | Mounts {
  const limit = settings.get<number>("max-requests") ?? Infinity;
  if (limit === Infinity) return app;
  const jitter = settings.get<number>("max-requests-jitter") ?? Math.floor(limit * DEFAULT_JITTER);
  const last = limit + Math.floor(Math.random() * (jitter + 1));
  const whole = typeof app === "function" ? app : WSGIPathInfoDispatcher(app);
  let count = 0;
  return (environ, startResponse) => {
    count++;
    if (count % last === 0) onLimit(count);
    return whole(environ, startResponse);
  };
}
