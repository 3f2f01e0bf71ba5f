/**
 * The supervisor of `--workers`, without I/O: it starts workers, replaces them, and ends them.
 *
 * Each worker has a place with a name, and is in one state:
 *
 * | state | its app | gets connections | its process ends |
 * | --- | --- | --- | --- |
 * | `loading` | is loaded | no | the failure is reported; a place without a worker gets one after a pause |
 * | `ready` | serves | yes | the crash is reported, and the place gets another worker |
 * | `ending` | ends its requests | no | expected |
 * | `gone` | - | no | - |
 *
 * A worker is replaced by one that is ready: `replace` starts the new one, and the old one ends its requests
 * only then. So a version that cannot be loaded changes nothing.
 *
 * `crash_pause.ts` has the pause before a worker that replaces a crashed one, and `pings.ts` finds the workers that
 * stand still.
 *
 * `serve_workers.ts` gives it processes and a clock.
 *
 * @module
 */

import type { MessageChannel } from "../../bus/mod.ts";
import type { Address } from "../../socket/mod.ts";
import { CommandFailure, EXIT, failureFrom } from "../failure.ts";
import type { Gather } from "../status/gather.ts";
import { HandOver } from "./hand_over.ts";
import { pauseAfterCrash } from "./crash_pause.ts";
import type { FromWorker } from "./messages.ts";
import { type PingHost, Pings } from "./pings.ts";
import { type Place, type ProcessEvents, Worker, type WorkerProcess } from "./supervised_worker.ts";

/** The time after its grace period in which a worker must end; then it is killed. */
const END_SECONDS = 3;
/** The longest time for which the idle connections of a worker that is replaced stay open. */
const MAX_IDLE_SECONDS = 30;

/** The world of a supervisor. */
export interface SupervisorHost extends PingHost {
  start(name: string, events: ProcessEvents): WorkerProcess;
  /** As `after`, for the deadline of a worker: after a pause of this process, messages of workers come first. */
  afterInParts(seconds: number, job: () => void): () => void;
  now(): number;
  sayFailure(failure: CommandFailure): void;
}

/** How a supervisor works. Times are in seconds. */
export interface SupervisorOptions {
  readonly workers: number;
  /** The time for the requests of a worker that is replaced. */
  readonly grace: number;
  /** The time after which a worker that does not answer is killed. */
  readonly timeout: number;
  /** Called when the first worker has loaded the app; gives the addresses of the service. */
  readonly listen: () => Promise<readonly Address[]>;
  /** The number of connections that may wait for a worker. */
  readonly maxWaiting: number;
  /** Asks the workers that serve for their status. */
  readonly gather?: Gather;
  /**
   * Called with the channel to each new worker, for its bus; the function that it returns is called at the worker's
   * end.
   */
  readonly open?: (channel: MessageChannel) => () => void;
}

/** Workers, and the connections on their way to them. */
export class Supervisor {
  readonly connections: HandOver;
  readonly #host: SupervisorHost;
  readonly #options: SupervisorOptions;
  readonly #places: readonly Place[];
  /** All workers whose process has not ended. */
  readonly #workers = new Set<Worker>();
  #addresses: Promise<readonly Address[]> | undefined;
  /** The reload that runs, and whether one was asked for that has not begun. */
  #reloading: Promise<void> | undefined;
  #isReloadWanted = false;
  /** `starting` until the first worker serves; a worker that ends before is not started again. */
  #phase: "starting" | "serving" | "stopping" = "starting";
  readonly #pings: Pings;
  /** Resolves when the first worker serves. */
  readonly #serves: Promise<void>;
  #tellServing!: () => void;
  /** Called when no process is left after `stop`. */
  readonly #onEmpty: (() => void)[] = [];

  /**
   * @param host The processes and the clock.
   * @param options The number of workers, and their times.
   */
  constructor(host: SupervisorHost, options: SupervisorOptions) {
    this.#host = host;
    this.#options = options;
    this.#serves = new Promise((resolve) => this.#tellServing = resolve);
    this.connections = new HandOver((text) => host.say(text), options.maxWaiting);
    this.#pings = new Pings(this.#workers, options.timeout, host);
    this.#places = Array.from({ length: options.workers }, (_, index) => ({
      name: String(index + 1),
      ...{ worker: undefined, next: undefined, crashes: 0, cancelStart: undefined },
    }));
  }

  /**
   * Starts the workers. The first one must serve before the others are started, so that an app that cannot be
   * loaded is reported once.
   *
   * @throws {CommandFailure} If the first worker cannot serve.
   */
  async begin(): Promise<void> {
    const [first, ...others] = this.#places as [Place, ...Place[]];
    this.#pings.begin();
    const worker = this.#start(first);
    await worker.readyOrEnded;
    if (worker.state !== "ready" || this.#isStopping) {
      throw worker.failure ?? new CommandFailure(EXIT.notStarted, "the command was ended");
    }
    this.#phase = "serving";
    for (const place of others) this.#start(place);
    this.#tellServing();
  }

  get #isStopping(): boolean {
    return this.#phase === "stopping";
  }

  /** Counts the requests that run. */
  get running(): number {
    return [...this.#workers].reduce((sum, { load }) => sum + load.requests, 0);
  }

  /**
   * Replaces all workers, one after the other, by workers that are started after this call. The first one that
   * cannot serve ends this.
   *
   * @returns Resolves when this reload has ended; never if the supervisor does not begin to serve.
   */
  reload(): Promise<void> {
    this.#isReloadWanted = true;
    return this.#reloading ??= this.#runReloads().finally(() => this.#reloading = undefined);
  }

  async #runReloads(): Promise<void> {
    if (this.#phase === "starting") await this.#serves;
    while (this.#isReloadWanted && !this.#isStopping) {
      this.#isReloadWanted = false;
      this.#host.say("SIGHUP: the workers are replaced, one after the other");
      if (await this.#replaceAll()) this.#host.say("all workers are replaced");
      else if (!this.#isStopping) this.#host.say("the workers before go on");
    }
  }

  async #replaceAll(): Promise<boolean> {
    for (const place of this.#places) {
      this.#dropLoading(place);
      const worker = this.#replace(place);
      await worker.readyOrEnded;
      if (worker.state !== "ready" || this.#isStopping) return false;
    }
    return true;
  }

  /** A worker that loads since before the reload may have read the files before their change. */
  #dropLoading(place: Place): void {
    for (const name of ["worker", "next"] as const) {
      const worker = place[name];
      if (worker?.state !== "loading") continue;
      place[name] = undefined;
      worker.state = "ending";
      worker.running.kill();
    }
  }

  /**
   * Ends all workers.
   *
   * @param grace The seconds for the requests that run. A second call may shorten them.
   * @returns Resolves when no process is left.
   */
  async stop(grace: number): Promise<void> {
    this.#phase = "stopping";
    this.#pings.end();
    for (const { cancelStart } of this.#places) cancelStart?.();
    this.connections.clear();
    for (const worker of this.#workers) {
      if (worker.state === "loading") worker.running.kill();
      else this.#end(worker, grace, 0.05);
    }
    if (this.#workers.size > 0) await new Promise<void>((resolve) => this.#onEmpty.push(resolve));
  }

  /** Starts a worker that replaces the one of a place. */
  #replace(place: Place): Worker {
    if (place.next !== undefined) return place.next;
    const { worker } = place;
    if (worker === undefined || worker.state === "loading") return worker ?? this.#start(place);
    return place.next = this.#launch(place);
  }

  #start(place: Place): Worker {
    place.cancelStart?.();
    place.cancelStart = undefined;
    return place.worker = this.#launch(place);
  }

  #launch(place: Place): Worker {
    const worker = new Worker(place);
    this.#workers.add(worker);
    this.connections.add(worker);
    worker.running = this.#host.start(place.name, {
      message: (message) => this.#receive(worker, message),
      ended: (how) => this.#ended(worker, how),
    });
    worker.closeChannel = this.#options.open?.(worker.bus.channel);
    // The first worker may take its time: an operator sees that nothing is served.
    if (this.#phase === "serving") this.#limitLoading(worker);
    return worker;
  }

  /** An app that never ends its loading would keep its place, and every later reload, waiting. */
  #limitLoading(worker: Worker): void {
    const { timeout } = this.#options;
    worker.cancelKill = this.#host.afterInParts(timeout, () => {
      this.#host.say(`${worker.title} has not loaded the app in ${timeout} s: it is killed`);
      worker.running.kill();
    });
  }

  #receive(worker: Worker, message: FromWorker): void {
    worker.unanswered = 0;
    switch (message.type) {
      case "loaded":
        return void this.#listen(worker);
      case "failed":
        worker.failure = failureFrom(message);
        // The worker waits for this answer: a message that it left unread at its end could take this one with it.
        return worker.send({ type: "end", grace: 0, idle: 0 });
      case "ready":
        return this.#becameReady(worker);
      case "took":
        return this.connections.took(worker, message.id);
      case "missed":
        return this.connections.missed(worker, message.id);
      case "pong":
        worker.load = message.load;
        return this.connections.loaded(worker, message.load);
      case "replace":
        if (worker.state !== "ready" || this.#isStopping) return;
        this.#host.say(`${worker.title} is replaced: ${message.reason}`);
        return void this.#replace(worker.place);
      case "bus":
        return worker.bus.receive(message.message);
      case "answer":
        return this.#options.gather?.receive(worker, message);
    }
  }

  /** Lets all workers open the files of their logs again. */
  reopenLogs(): void {
    for (const worker of this.#workers) worker.send({ type: "reopenLogs" });
  }

  async #listen(worker: Worker): Promise<void> {
    try {
      this.#addresses ??= this.#options.listen();
      worker.send({ type: "listen", addresses: await this.#addresses });
    } catch (error) {
      worker.failure = error instanceof CommandFailure
        ? error
        : new CommandFailure(EXIT.crashed, String(error));
      worker.running.kill();
    }
  }

  #becameReady(worker: Worker): void {
    if (worker.state !== "loading") return;
    if (this.#isStopping) return worker.running.kill();
    worker.cancelKill?.();
    worker.state = "ready";
    worker.readyAt = this.#host.now();
    const { place } = worker;
    const old = place.worker;
    place.worker = worker;
    if (place.next === worker) place.next = undefined;
    if (old !== undefined && old !== worker) this.#end(old, this.#options.grace);
    this.#options.gather?.add(worker);
    this.connections.send();
    worker.settle();
  }

  /** Lets a worker end its requests, and kills it if it takes too long. */
  #end(worker: Worker, grace: number, idle = Math.min(grace / 2, MAX_IDLE_SECONDS)): void {
    worker.state = "ending";
    worker.send({ type: "end", grace: Number.isFinite(grace) ? grace : null, idle });
    worker.cancelKill?.();
    worker.cancelKill = this.#host.afterInParts(grace + END_SECONDS, () => {
      this.#host.say(`${worker.title} does not end: it is killed`);
      worker.running.kill();
    });
  }

  #ended(worker: Worker, how: string): void {
    const { state, place, failure } = worker;
    if (state === "gone") return;
    worker.state = "gone";
    worker.cancelKill?.();
    worker.closeChannel?.();
    this.#workers.delete(worker);
    this.connections.remove(worker);
    this.#options.gather?.remove(worker);
    worker.settle();
    if (this.#isStopping) {
      if (this.#workers.size === 0) this.#onEmpty.forEach((listener) => listener());
      return;
    }
    if (place.next === worker) place.next = undefined;
    if (this.#phase === "starting") {
      // `begin` throws this.
      worker.failure ??= new CommandFailure(EXIT.notLoaded, `the first worker has ended: ${how}`);
      return;
    }
    if (state !== "ending") {
      if (failure !== undefined) this.#host.sayFailure(failure);
      else this.#host.say(`${worker.title} has crashed: ${how}`);
    }
    if (place.worker === worker) this.#startLater(worker);
  }

  #startLater({ place, readyAt }: Worker): void {
    place.worker = undefined;
    if (place.next !== undefined) {
      place.worker = place.next;
      place.next = undefined;
      return;
    }
    const pause = pauseAfterCrash(place, this.#host.now() - readyAt);
    if (pause === 0) return void this.#start(place);
    this.#host.say(`worker ${place.name} starts again in ${pause} s`);
    place.cancelStart = this.#host.after(pause, () => this.#start(place));
  }
}
