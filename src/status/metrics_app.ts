/**
 * The metrics of servers for Prometheus, as an app.
 *
 * Users mount this app, or serve it on an address of its own.
 *
 * @module
 */

import { checkNames } from "../coroutine/mod.ts";
import type { WSGIServer } from "../server/mod.ts";
import type { StartResponse, WSGIApp } from "../wsgi/mod.ts";
import { checkSnapshots, formatMetrics, type MetricsSnapshot, sumMetrics } from "./metrics.ts";
import { MetricsRecorder } from "./metrics_recorder.ts";
import { checkServers } from "./servers.ts";

/** Options of {@linkcode metricsApp}. */
export interface MetricsOptions {
  /**
   * Gives the snapshots of other processes that serve the same app; they are added to those of this one. Called
   * for each request. Default: none.
   */
  readonly others?: () => PromiseLike<readonly MetricsSnapshot[]> | readonly MetricsSnapshot[];
}

/**
 * Makes an app that answers with metrics in the text format of Prometheus.
 *
 * The names are those of OpenTelemetry's stable HTTP conventions, and `cogen_` begins all others. A client that
 * leaves is no error: its response has no status and no `error_type`.
 *
 * @param servers The server, or several; none if `others` gives all metrics. Their responses are counted from now
 *   on.
 * @param options The metrics of other processes.
 * @returns The app. It has no guard: its numbers show the load of the server, and no request.
 * @throws {TypeError} If an argument is of a wrong kind.
 *
 * @example
 * ```ts
 * import { assertMatch } from "@std/assert";
 * import { serve } from "@x/cogen-wsgi";
 * import { metricsApp } from "@x/cogen-wsgi/status";
 *
 * await using server = await serve({
 *   bindAddr: ["127.0.0.1", 0],
 *   wsgiApp(_environ, startResponse) {
 *     startResponse("200 OK", [["Content-Type", "text/plain"]]);
 *     return ["hello"];
 *   },
 * });
 * await using admin = await serve({ bindAddr: ["127.0.0.1", 0], wsgiApp: metricsApp(server) });
 * await (await fetch(server.url)).text();
 * const text = await (await fetch(admin.url)).text();
 * assertMatch(text, /http_server_request_duration_seconds_count\{.*status_code="200".*\} 1\n/);
 * ```
 */
export function metricsApp(
  servers: WSGIServer | readonly WSGIServer[],
  options: MetricsOptions = {},
): WSGIApp {
  options = checkNames("options of metricsApp", options, ["others"]);
  const { others } = options;
  checkServers("metricsApp", servers, others);
  const recorder = new MetricsRecorder(servers);
  return (_environ, startResponse) => {
    if (others === undefined) return answer(startResponse, recorder.snapshot());
    const gathered = Promise.resolve().then(others);
    return gathered.then((all) => {
      checkSnapshots("The result of others", all);
      return answer(startResponse, sumMetrics([recorder.snapshot(), ...all]));
    });
  };
}

function answer(startResponse: StartResponse, metrics: MetricsSnapshot): string[] {
  startResponse("200 OK", [
    ["Content-Type", "text/plain; version=0.0.4; charset=utf-8"],
    ["Cache-Control", "no-store"],
  ]);
  return [formatMetrics(metrics)];
}
