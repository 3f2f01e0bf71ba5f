/**
 * The option `--status`: a server beside that of the app, with the status and the metrics.
 *
 * The status is for clients of this machine alone. A Unix socket has the permissions 0600 from its first moment on,
 * so that only the user of the server opens it. The server goes on until the service has ended, so that it shows
 * the requests which hold up the end.
 *
 * `serve.ts` and `serve_workers.ts` call this.
 *
 * @module
 */

import { serve, type WSGIServer } from "../../../mod.ts";
import { metricsApp, statusApp } from "../../status/mod.ts";
import { endpointOf, listenFailure, withUnixMode } from "../listening.ts";
import { say } from "../running.ts";
import { serverOptionsOf, type Settings } from "../settings.ts";
import type { Gather } from "./gather.ts";

/** The views and the metrics of other processes or threads. */
export type Others = Pick<Gather, "views" | "snapshots">;

/** Gives the servers of the versions of `--reload` the place at which the command listens for them. */
export function withPlace(versions: Others, place: string): Others {
  return {
    async views() {
      const views = await versions.views();
      return views.map((view) => ({
        ...view,
        servers: view.servers.map((server) => ({ ...server, url: place })),
      }));
    },
    snapshots: () => versions.snapshots(),
  };
}

/** The permissions of a Unix socket with a status. */
const OWNER_ONLY = 0o600;

/**
 * Calls `work` while the status is served, if the option asks for it.
 *
 * @param settings The option `status`.
 * @param servers The servers of this process.
 * @param others The workers or versions, if the app runs there.
 * @param work Serves the app until its end.
 * @throws {CommandFailure} If the address cannot be listened on.
 */
export async function withStatus<T>(
  settings: Settings,
  servers: readonly WSGIServer[],
  others: Others | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const text = settings.get<string>("status");
  if (text === undefined) return await work();
  const endpoint = endpointOf(text, "--status");
  const { log, logFormat } = serverOptionsOf(settings);
  const options = {
    bindAddr: endpoint.bindAddr,
    // The warnings of debugging are about the app.
    debug: false,
    wsgiApp: {
      "/metrics": metricsApp(servers, others && { others: () => others.snapshots() }),
      "/": statusApp(servers, others && { others: () => others.views() }),
    },
    ...(log === undefined ? {} : { log }),
    ...(logFormat === undefined ? {} : { logFormat }),
  };
  let server: WSGIServer;
  try {
    server = await withUnixMode(endpoint, OWNER_ONLY, () => serve(options));
  } catch (error) {
    throw listenFailure(error, endpoint);
  }
  say(`status on ${endpoint.isUnix ? text : server.url}`);
  try {
    return await work();
  } finally {
    await server.close();
  }
}
