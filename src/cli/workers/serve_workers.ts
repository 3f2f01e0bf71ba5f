/**
 * The option `--workers`: this process holds the listening sockets, and gives each connection to a worker.
 *
 * `serve.ts` calls this.
 *
 * @module
 */

import { runtimeAdapter } from "../../../mod.ts";
import { memoryTransport, type MessageChannel, serveChannel } from "../../bus/mod.ts";
import { milliseconds, moduleBeside } from "../../threads/mod.ts";
import type { ListenTLSOptions } from "../../socket/mod.ts";
import type { AppPlace } from "../app_loader.ts";
import { hasBroker } from "../bus.ts";
import { usage } from "../failure.ts";
import { after, afterInParts, onSignal } from "../host/mod.ts";
import { type Endpoint, listenFailure } from "../listening.ts";
import { counted, runUntilSignal, say, sayFailure, type Service } from "../running.ts";
import { tellReady, tellReloading } from "../status/service_manager.ts";
import type { Settings } from "../settings.ts";
import { Gather } from "../status/gather.ts";
import { withStatus } from "../status/status_server.ts";
import { emptyQueues, nextPoll } from "./backlog.ts";
import { Listeners } from "./listeners.ts";
import { handOverRest, maxWaiting } from "./hand_over.ts";
import { descriptorLimit, processorCount, startProcess } from "./processes.ts";
import { Supervisor, type SupervisorHost } from "./supervisor.ts";

/**
 * Serves an app in workers until a signal ends this process.
 *
 * @param place The app.
 * @param words The arguments of the command.
 * @param settings The options.
 * @param endpoints The addresses.
 * @returns The exit code.
 * @throws {CommandFailure} If the app cannot be loaded or an address cannot be listened on.
 */
export async function serveWorkers(
  place: AppPlace,
  words: readonly string[],
  settings: Settings,
  endpoints: readonly Endpoint[],
): Promise<number> {
  const workers = workerCount(settings);
  refuseUnable(settings);
  await tryCertificates(endpoints);
  // The workers share one bus: that of the broker, or one whose messages are here.
  const transport = memoryTransport();
  const open = (channel: MessageChannel) => serveChannel(transport, channel);
  const host = hostOf(place, [...words, ...inheritedWords(words, endpoints)]);
  const listeners = new Listeners(endpoints, settings, (stream, index) => {
    supervisor.connections.offer(stream, index);
  });
  const gather = new Gather(afterInParts);
  const supervisor: Supervisor = new Supervisor(host, {
    workers,
    gather,
    grace: settings.get<number>("grace") as number,
    timeout: settings.get<number>("worker-timeout") as number,
    maxWaiting: maxWaiting(descriptorLimit()),
    listen: () => listeners.open(),
    ...(hasBroker(settings) ? {} : { open }),
  });
  // A SIGHUP would end this process otherwise.
  onSignal("SIGHUP", () => {
    tellReloading();
    void supervisor.reload().then(tellReady);
  });
  return await withStatus(settings, [], gather, async () => {
    try {
      await supervisor.begin();
    } catch (error) {
      await listeners.close();
      throw error;
    }
    const places = listeners.places.join(" and ");
    const serving = `${place.name} on ${places} with ${counted(workers, "worker")}`;
    return await runUntilSignal(serviceOf(supervisor, listeners), settings, serving);
  });
}

/** The inherited sockets as options: `LISTEN_PID` is the process of the supervisor. */
function inheritedWords(words: readonly string[], endpoints: readonly Endpoint[]): string[] {
  const texts = endpoints.map(({ text }) => text).filter((text) => text.startsWith("fd://"));
  const isGiven = words.some((word) => word.includes("fd://"));
  return isGiven ? [] : texts.flatMap((text) => ["--bind", text]);
}

function workerCount(settings: Settings): number {
  const workers = settings.get<number | "auto">("workers");
  return workers === "auto" ? processorCount() : workers as number;
}

function refuseUnable(settings: Settings): void {
  if (settings.get("reload") === true) {
    throw usage("--reload serves from one process: leave out --workers, or send SIGHUP to reload");
  }
}

/** A certificate that cannot be used is an error before any worker starts, as without workers. */
async function tryCertificates(endpoints: readonly Endpoint[]): Promise<void> {
  for (const endpoint of endpoints) {
    if (endpoint.tls === undefined) continue;
    const { cert, key, ca, names = {} } = endpoint.tls;
    const tls = {
      ...{ cert, key, names, handshakeTimeoutMs: 1000 },
      ...(ca === undefined ? {} : { clientCertificate: { ca, isRequired: true } }),
    } as ListenTLSOptions;
    try {
      const { listen } = await runtimeAdapter();
      const handler = () => ({ onData() {}, onEnd() {}, onDrain() {}, onClose() {} });
      await (await listen({ host: "127.0.0.1", port: 0 }, { tls }, handler)).close();
    } catch (error) {
      throw listenFailure(error, endpoint);
    }
  }
}

function hostOf(place: AppPlace, words: readonly string[]): SupervisorHost {
  return {
    start(name, events) {
      const started = startProcess(moduleBeside("worker", import.meta.url), events);
      started.send({ type: "start", task: { name, place, words } });
      return started;
    },
    after,
    afterInParts,
    now: () => milliseconds() / 1000,
    say,
    sayFailure: (failure) => void sayFailure(failure),
  };
}

function serviceOf(supervisor: Supervisor, listeners: Listeners): Service {
  let closed: Promise<void> | undefined;
  return {
    running: () => Promise.resolve(supervisor.running),
    async shutdown(grace) {
      await (closed ??= closeListeners(supervisor, listeners));
      await handOverRest(supervisor.connections, grace, { milliseconds, nextPoll });
      await supervisor.stop(grace);
    },
    reopenLogs: () => supervisor.reopenLogs(),
  };
}

/** Closes the listeners. Deno tells of connections that it has accepted before also after that. */
async function closeListeners(supervisor: Supervisor, listeners: Listeners): Promise<void> {
  const offered = () => supervisor.connections.offered;
  await emptyQueues(offered, listeners.backlog);
  await listeners.close();
  await emptyQueues(offered, listeners.backlog);
}
