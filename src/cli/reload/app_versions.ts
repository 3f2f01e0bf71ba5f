/**
 * The versions of an app, for `--reload`: each is a thread, and the newest one gets the new connections.
 *
 * An old version gives back its connections between two requests, ends the requests that it has, and then
 * ends its thread. `reload.ts` calls this.
 *
 * @module
 */

import type { Socket, SocketHandler } from "../../socket/mod.ts";
import { moduleBeside, startThread, type Thread } from "../../threads/mod.ts";
import type { ThreadTask } from "./app_thread.ts";
import { CommandFailure, EXIT, failureFrom, messageOf } from "../failure.ts";
import { afterInParts } from "../host/mod.ts";
import { buffersOf, type FromThread, type ToThread } from "./messages.ts";
import { Relay, type Server } from "./relay.ts";
import { say } from "../running.ts";
import { Gather, type Source } from "../status/gather.ts";
import type { Answered, Ask } from "../status/recorders.ts";

/** The time for a thread to end after its grace period, in seconds. A blocked thread is then stopped. */
const END_SECONDS = 3;

const ENDED = "its thread has ended";
const ENDED_EARLY =
  `${ENDED}, because it awaits a promise that never settles, or has called process.exit`;

/** Starts the thread of a version. */
export type StartThread = (
  ...given: Parameters<typeof startThread>
) => Pick<Thread, "post" | "stop">;

/** The thread of one version. */
export class AppThread implements Server, Source {
  readonly title = "the app";
  readonly relays: Map<number, Relay> = new Map();
  /** Resolves when the app is loaded; rejects if it cannot be. */
  readonly loaded: Promise<void>;
  /** Becomes true with {@linkcode loaded}, and stays so. */
  #isLoaded = false;
  /** Resolves with the reason when the thread has ended; the reason is empty after a shutdown. */
  readonly ended: Promise<string>;
  readonly #thread: ReturnType<StartThread>;
  /** Called for the next message of each type that is not about one connection. */
  readonly #hear: { [Type in FromThread["type"]]?: (message: FromThread & { type: Type }) => void };
  #end: (reason: string) => void = () => {};
  #move: (relay: Relay) => void = () => {};

  constructor(task: ThreadTask, start: StartThread) {
    this.ended = new Promise((resolve) => this.#end = resolve);
    let fault: string | undefined;
    this.#thread = start(moduleBeside("app_thread", import.meta.url), task, {
      message: (message) => this.#receive(message as FromThread),
      error: (error) => fault = messageOf(error),
      exit: () => this.#end(fault ?? (this.#isLoaded ? ENDED : ENDED_EARLY)),
    });
    this.#hear = { ended: () => this.#end("") };
    this.loaded = new Promise((resolve, reject) => {
      this.#hear.loaded = () => {
        this.#isLoaded = true;
        resolve();
      };
      this.#hear.failed = (message) => reject(failureFrom(message));
      void this.ended.then((reason) => {
        const message = `cannot load ${task.place.name}: ${reason}`;
        reject(new CommandFailure(EXIT.notLoaded, message));
      });
    });
    this.loaded.catch(() => {});
    void this.ended.then(() => {
      void this.#thread.stop();
      for (const relay of this.relays.values()) relay.cut();
    });
  }

  post(message: ToThread): void {
    this.#thread.post(message, buffersOf(message));
  }

  ask(question: Ask): void {
    this.post(question);
  }

  /** Calls `take` with each answer. */
  onAnswer(take: (answer: Answered) => void): void {
    this.#hear.answer = take;
  }

  /** Counts the requests that run. */
  running(): Promise<number> {
    return new Promise((resolve) => {
      this.#hear.count = ({ count }) => resolve(count);
      void this.ended.then(() => resolve(0));
      this.post({ type: "count" });
    });
  }

  /** Gives the connections between two requests to `move`, ends the other ones, and the thread. */
  retire(grace: number, move: (relay: Relay) => void): void {
    const relays = [...this.relays.values()];
    for (const relay of relays) relay.hold();
    this.#move = move;
    this.#hear.retired = () => {
      for (const relay of relays) if (this.relays.get(relay.id) === relay) relay.attach(this);
    };
    this.post({ type: "retire", grace });
    this.#stopAfter(grace);
  }

  /**
   * Ends the thread after the requests that it has, at most after `grace` seconds. One that still loads its app
   * has no requests, and its load may never end.
   */
  async shutdown(grace: number): Promise<void> {
    if (!this.#isLoaded) return this.stop();
    this.post({ type: "shutdown", grace });
    this.#stopAfter(grace);
    await this.ended;
  }

  /** Stops the thread at once, even in the middle of a step. */
  stop(): void {
    this.#end("");
  }

  #stopAfter(grace: number): void {
    void this.ended.then(afterInParts(grace + END_SECONDS, () => this.stop()));
  }

  #receive(message: FromThread): void {
    if (!("id" in message)) {
      return (this.#hear[message.type] as ((message: FromThread) => void) | undefined)?.(message);
    }
    const relay = this.relays.get(message.id);
    if (relay === undefined) return;
    if (message.type === "leave") {
      relay.hold();
      return this.post({ type: "left", id: relay.id });
    }
    if (message.type !== "moved") return relay.receive(message);
    this.relays.delete(relay.id);
    this.#move(relay);
  }
}

/** All versions of one app. */
export class AppVersions {
  /** Asks all versions for their status. */
  readonly gather: Gather = new Gather(afterInParts);
  readonly #task: ThreadTask;
  readonly #grace: number;
  readonly #start: StartThread;
  readonly #threads = new Set<AppThread>();
  #current: AppThread | undefined;
  /** The connections that wait for a version, because the last one has crashed. */
  readonly #waiting = new Set<Relay>();
  #lastId = 0;
  #isStopping = false;

  /**
   * @param task The app.
   * @param grace The seconds for the running requests of an old version.
   * @param start Starts a thread.
   */
  constructor(task: ThreadTask, grace: number, start: StartThread = startThread) {
    this.#task = task;
    this.#grace = grace;
    this.#start = start;
  }

  /** The number of connections that have come. */
  get accepted(): number {
    return this.#lastId;
  }

  /** Whether a version serves. */
  get isServing(): boolean {
    return this.#current !== undefined;
  }

  /** Whether {@linkcode shutdown} was called. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Begins to load a version. The present one goes on. */
  load(): AppThread {
    const thread = new AppThread(this.#task, this.#start);
    this.#threads.add(thread);
    thread.onAnswer((answer) => this.gather.receive(thread, answer));
    thread.loaded.then(() => this.gather.add(thread), () => {});
    void thread.ended.then(() => {
      this.#threads.delete(thread);
      this.gather.remove(thread);
    });
    return thread;
  }

  /** Puts a loaded version in the place of the present one. */
  use(thread: AppThread): void {
    const old = this.#current;
    this.#current = thread;
    const place = (relay: Relay) => this.#place(relay);
    for (const relay of this.#waiting) place(relay);
    this.#waiting.clear();
    old?.retire(this.#grace, place);
    void thread.ended.then((reason) => {
      if (this.#current !== thread || this.#isStopping) return;
      this.#current = undefined;
      say(`the app has crashed: ${reason}; it starts again when a file changes`);
    });
  }

  /** Takes a new connection. */
  accept(socket: Socket): SocketHandler {
    const relay = new Relay(++this.#lastId, socket);
    this.#place(relay);
    return relay;
  }

  /** Counts the requests that run, in all versions. */
  async running(): Promise<number> {
    const counts = await Promise.all([...this.#threads].map((thread) => thread.running()));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Ends all versions. */
  async shutdown(grace: number): Promise<void> {
    this.#isStopping = true;
    for (const relay of this.#waiting) relay.cut();
    await Promise.all([...this.#threads].map((thread) => thread.shutdown(grace)));
  }

  /** Opens the files of the logs again, in all versions. */
  reopenLogs(): void {
    for (const thread of this.#threads) thread.post({ type: "reopenLogs" });
  }

  #place(relay: Relay): void {
    if (this.#current === undefined) this.#waiting.add(relay);
    else relay.attach(this.#current);
  }
}
