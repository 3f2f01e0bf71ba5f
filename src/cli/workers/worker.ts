/**
 * The program of a worker, for `--workers`: it loads the app, and serves the connections that the supervisor
 * brings.
 *
 * A worker that loses its supervisor ends its requests, and then itself.
 *
 * @module
 */

import { runtimeAdapter, serve, type WSGIServer } from "../../../mod.ts";
import type { AcceptedStream } from "../../../adapters/node.ts";
import { channelTransport } from "../../bus/mod.ts";
import type { Address } from "../../socket/mod.ts";
import { loadServed, type ServedApp } from "../app_loader.ts";
import { splitArguments } from "../arguments.ts";
import { closeServedBus } from "../bus.ts";
import { failureMessage } from "../failure.ts";
import { after } from "../host/mod.ts";
import { endpointsOf, newCertificateFailure } from "../listening.ts";
import { exitWhenLogged, openLogs, reopenLogs } from "../logs/logs.ts";
import { listeningOptionsOf } from "../proxies.ts";
import { collectSettings, type Settings } from "../settings.ts";
import { type Recorders, recordersOf } from "../status/recorders.ts";
import { busChannel } from "./bus_channel.ts";
import { handedAdapter } from "./handed_adapter.ts";
import type { Load, ToWorker, WorkerTask } from "./messages.ts";
import { supervisorLink } from "./processes.ts";
import { countedApp } from "./request_limit.ts";

/** The time for running requests if the supervisor ends before the settings are known. */
const DEFAULT_GRACE_SECONDS = 10;

/** The time for the answer of the supervisor to a failure, which is `end`. */
const ANSWER_SECONDS = 10;

/** A worker, from its first message on. */
class Worker {
  readonly #link = supervisorLink({
    message: (message, stream) => void this.#receive(message, stream),
    terminate: () => this.#link.post({ type: "replace", reason: "it got SIGTERM" }),
    abandoned: () => void this.#end(this.#grace, 0.05),
  });
  readonly #servers: WSGIServer[] = [];
  readonly #takers: ((stream: AcceptedStream) => void)[] = [];
  #task: WorkerTask | undefined;
  #settings: Settings | undefined;
  #served: ServedApp | undefined;
  #recorders: Recorders | undefined;
  readonly #channel = busChannel((message) => this.#link.post({ type: "bus", message }));

  get #grace(): number {
    return this.#settings?.get<number>("grace") ?? DEFAULT_GRACE_SECONDS;
  }

  get #load(): Load {
    const all = this.#servers.map((server) => server.stats());
    const sum = (name: "connections" | "activeRequests") =>
      all.reduce((total, stats) => total + stats[name], 0);
    return { connections: sum("connections"), requests: sum("activeRequests") };
  }

  async #receive(message: ToWorker, stream: AcceptedStream | undefined): Promise<void> {
    switch (message.type) {
      case "start":
        return await this.#orFail(() => this.#start(message.task));
      case "listen":
        return await this.#orFail(() => this.#listen(message.addresses));
      case "connection":
        return this.#take(message.id, message.address, stream);
      case "ping":
        return this.#link.post({ type: "pong", load: this.#load });
      case "bus":
        return this.#channel.receive(message.message);
      case "ask":
        if (this.#recorders !== undefined) this.#link.post(this.#recorders.answer(message));
        return;
      case "reopenLogs":
        return reopenLogs();
      case "end":
        return await this.#end(message.grace ?? Infinity, message.idle);
    }
  }

  async #orFail(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const failed = failureMessage(error);
      this.#link.post(failed);
      after(ANSWER_SECONDS, () => void exitWhenLogged(failed.code));
    }
  }

  async #start(task: WorkerTask): Promise<void> {
    this.#task = task;
    const settings = await collectSettings(splitArguments(task.words));
    this.#settings = settings;
    openLogs(settings);
    const local = () => channelTransport(this.#channel.channel);
    const { wsgiApp, ...served } = await loadServed(task.place, settings, {
      worker: task.name,
      local,
    });
    const counted = countedApp(wsgiApp, settings, (count) => {
      this.#link.post({ type: "replace", reason: `it has served ${count} requests` });
    });
    this.#served = { ...served, wsgiApp: counted };
    this.#link.post({ type: "loaded" });
  }

  /** Signals pass between the requests of all addresses, so their servers share one scheduler. */
  async #listen(addresses: readonly Address[]): Promise<void> {
    const settings = this.#settings as Settings;
    const runtime = await runtimeAdapter();
    const served = this.#served as ServedApp;
    for (const [index, endpoint] of endpointsOf(settings).entries()) {
      const { bindAddr, tls } = endpoint;
      const { adapter, take } = handedAdapter(runtime, addresses[index] as Address);
      this.#takers.push(take);
      this.#servers.push(
        await serve({
          ...listeningOptionsOf(settings),
          ...(tls === undefined ? {} : { tls }),
          ...served,
          worker: this.#task?.name ?? "",
          adapter,
          bindAddr,
        }).catch((error: unknown) => {
          // The supervisor has tried the certificate of its start.
          throw tls === undefined ? error : newCertificateFailure(error);
        }),
      );
    }
    this.#recorders = recordersOf(settings, this.#servers);
    this.#link.post({ type: "ready" });
  }

  #take(id: number, address: number, stream: AcceptedStream | undefined): void {
    const take = this.#takers[address];
    if (stream === undefined || take === undefined) return this.#link.post({ type: "missed", id });
    // The supervisor gives the connection to another worker unless it reads this message, so no byte may be
    // read before.
    this.#link.post({ type: "took", id });
    take(stream);
  }

  async #end(grace: number, idle: number): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.shutdown({ grace, idle })));
    if (this.#served !== undefined) await closeServedBus(this.#served.bus);
    if (this.#recorders !== undefined) this.#link.post(this.#recorders.last());
    await exitWhenLogged(0);
  }
}

new Worker();
