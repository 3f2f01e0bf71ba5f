/**
 * The command `serve`: one app, one or more addresses, in this process or in workers.
 *
 * @module
 */

import { serve, type WSGIServer } from "../../mod.ts";
import type { Bus } from "../bus/mod.ts";
import { type AppPlace, loadServed } from "./app_loader.ts";
import { closeServedBus } from "./bus.ts";
import { onSignal } from "./host/mod.ts";
import { endpointsOf, listenFailure, reloadCertificates, withUnixMode } from "./listening.ts";
import { openLogs } from "./logs/logs.ts";
import { reloading } from "./reload/reload.ts";
import {
  runUntilSignal,
  say,
  sayFailure,
  type Served,
  type Service,
  type Versions,
} from "./running.ts";
import { listeningOptionsOf } from "./proxies.ts";
import { tellReady, tellReloading } from "./status/service_manager.ts";
import { RANK, type Settings } from "./settings.ts";
import { withPlace, withStatus } from "./status/status_server.ts";
import { DEFAULT_BACKLOG, emptyQueues } from "./workers/backlog.ts";

/**
 * Serves an app until a signal ends the server.
 *
 * @param place The app.
 * @param words The arguments of the command.
 * @param settings The options.
 * @returns The exit code.
 * @throws {CommandFailure} If the app cannot be loaded or an address cannot be listened on.
 */
export async function serveCommand(
  place: AppPlace,
  words: readonly string[],
  settings: Settings,
): Promise<number> {
  const endpoints = endpointsOf(settings);
  openLogs(settings);
  if (wantsWorkers(settings)) {
    const { serveWorkers } = await import("./workers/serve_workers.ts");
    return await serveWorkers(place, words, settings, endpoints);
  }
  const { served, versions, others }: Served = settings.get("reload") === true
    ? await reloading(place, words, settings)
    : { served: await loadServed(place, settings) };
  const servers: WSGIServer[] = [];
  const backlog = endpoints.length * (settings.get<number>("backlog") ?? DEFAULT_BACKLOG);
  const service = serviceOf(servers, { versions, backlog }, served.bus);
  for (const endpoint of endpoints) {
    const { bindAddr, tls } = endpoint;
    const shared = { ...listeningOptionsOf(settings), ...served, bindAddr };
    const options = tls === undefined ? shared : { ...shared, tls };
    try {
      const mode = settings.get<number>("unix-mode");
      servers.push(await withUnixMode(endpoint, mode, () => serve(options)));
    } catch (error) {
      await service.shutdown(0);
      throw listenFailure(error, endpoint);
    }
  }
  if (endpoints.some(({ tls }) => tls !== undefined)) {
    onSignal("SIGHUP", () => {
      tellReloading();
      const failure = reloadCertificates(servers, settings);
      tellReady();
      if (failure === undefined) return say("SIGHUP: the certificates are read again");
      sayFailure(failure);
      say("the certificates before go on");
    });
  }
  const places = servers.map(({ address, url }, at) =>
    address.family === "unix" ? endpoints[at]?.text ?? url : url
  );
  // The servers of `--reload` only listen: their requests are those of the versions.
  const watched = others === undefined ? servers : [];
  const versionViews = others && withPlace(others, places.join(" and "));
  let isServing = false;
  try {
    return await withStatus(settings, watched, versionViews, () => {
      isServing = true;
      return runUntilSignal(service, settings, `${place.name} on ${places.join(" and ")}`);
    });
  } catch (error) {
    if (!isServing) await service.shutdown(0);
    throw error;
  }
}

/** A host that sets `WEB_CONCURRENCY` does not speak about the reload of a developer. */
function wantsWorkers(settings: Settings): boolean {
  if (settings.get("workers") === undefined) return false;
  return settings.get("reload") !== true || settings.rankOf("workers") > RANK.plainVariable;
}

function serviceOf(
  servers: readonly WSGIServer[],
  { versions, backlog }: { versions: Versions | undefined; backlog: number },
  bus: Bus | undefined,
): Service {
  /** The servers of `--reload` do not see the connections that come. */
  const emptied = async () => {
    if (versions !== undefined) await emptyQueues(() => versions.accepted, backlog);
  };
  return {
    async running() {
      const counts = servers.map((server) => server.stats().activeRequests);
      return counts.reduce((sum, count) => sum + count, await versions?.running() ?? 0);
    },
    async shutdown(grace) {
      await emptied();
      await Promise.all(servers.map((server) => server.shutdown({ grace })));
      await emptied();
      await versions?.shutdown(grace);
      if (bus !== undefined) await closeServedBus(bus);
    },
    reopenLogs: () => versions?.reopenLogs(),
  };
}
