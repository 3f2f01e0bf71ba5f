/**
 * The program of a thread with one version of the app, for `--reload`.
 *
 * A thread has module records of its own, so that each version loads all its modules anew, also those that
 * the app imports. `app_versions.ts` starts the threads.
 *
 * @module
 */

import { runtimeAdapter, serve } from "../../../mod.ts";
import type { Listener } from "../../socket/mod.ts";
import { threadSide } from "../../threads/mod.ts";
import { type AppPlace, loadServed } from "../app_loader.ts";
import { splitArguments } from "../arguments.ts";
import { closeServedBus } from "../bus.ts";
import { failureMessage } from "../failure.ts";
import { followLinks } from "../host/mod.ts";
import { openLogs } from "../logs/logs.ts";
import { buffersOf, type FromThread, type ToThread } from "./messages.ts";
import { endpointsOf } from "../listening.ts";
import { listeningOptionsOf } from "../proxies.ts";
import { collectSettings } from "../settings.ts";
import { recordersOf } from "../status/recorders.ts";
import { serveMessages } from "./thread_server.ts";

/** The task of a new thread. */
export interface ThreadTask {
  readonly place: AppPlace;
  /** The arguments of the command. */
  readonly words: readonly string[];
}

const link = threadSide<ThreadTask, ToThread>();
const post = (message: FromThread) => link.post(message, buffersOf(message));

/** The command listens, and its connections come as messages. */
const LISTENER: Listener = {
  address: { family: "IPv4", host: "127.0.0.1", port: 0 },
  close: () => Promise.resolve(),
  ref() {},
  unref() {},
};

async function run({ place, words }: ThreadTask): Promise<void> {
  followLinks();
  const settings = await collectSettings(splitArguments(words));
  openLogs(settings);
  const served = await loadServed(place, settings);
  const adapter = { ...await runtimeAdapter(), listen: () => Promise.resolve(LISTENER) };
  // The environs tell whether clients are asked for certificates.
  const tls = endpointsOf(settings).find((endpoint) => endpoint.tls !== undefined)?.tls;
  const server = await serve({
    ...listeningOptionsOf(settings),
    ...(tls === undefined ? {} : { tls }),
    ...served,
    adapter,
    bindAddr: ["127.0.0.1", 0],
  });
  link.listen(serveMessages(server, post, recordersOf(settings, [server])));
  void server.finished.then(() => closeServedBus(served.bus)).then(() => post({ type: "ended" }));
  post({ type: "loaded" });
}

run(link.task).catch((error) => {
  post(failureMessage(error));
});
