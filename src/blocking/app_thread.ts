/**
 * A thread that runs an app, as the main thread sees it: its memory, its calls, its end.
 *
 * The pool starts threads, and a request gives its job to one.
 *
 * @module
 */

import { after, moduleBeside, startThread, STOPS_COMPUTING, type Thread } from "../threads/mod.ts";
import { BlockingThreadDied } from "./errors.ts";
import { freesThread, type Job, type JobThread } from "./job.ts";
import {
  CALL,
  CELL,
  errorOf,
  type Fault,
  faultOf,
  makeMemory,
  type SharedCells,
  type ThreadTask,
  viewsOf,
} from "./protocol.ts";

/** The time in which an app that does not only compute comes to its next call, which ends it. */
const NEXT_CALL_MS = 50;

/** The states of a thread: each leads to a later one, except that `idle` and `busy` alternate. */
export type AppThreadState = "loading" | "idle" | "busy" | "ended";

/** The pool of a thread. */
export interface ThreadHost {
  /** The app is loaded, or its request has ended. */
  free(thread: AppThread): void;
  /** The thread has ended: with an error if its app could not be loaded. */
  ended(thread: AppThread, loadError?: Error): void;
  /** The runtime cannot end the thread, which goes on beside the pool. */
  lost(): void;
  /** The thread of a request has ended by itself. */
  died(): void;
}

/** The parts of a request that a thread has from the beginning, beside the environ. */
export interface RequestBeginning {
  /** The whole request body; `undefined` if the thread has to read it. */
  readonly body: Uint8Array | undefined;
  /** Whether the server cannot refuse a plain head, so that the head may come with the end. */
  readonly mayJoin: boolean;
}

/** One thread. */
export class AppThread implements JobThread {
  state: AppThreadState = "loading";
  /** Cancels the end of a thread that is not used; the pool sets it. */
  cancelIdle: () => void = () => {};
  readonly #shared: SharedCells;
  readonly #host: ThreadHost;
  readonly #thread: Thread;
  /** The value that ends the thread, which may be `null`, if one was not caught. */
  #uncaught: { readonly thrown: unknown } | undefined;
  /** The number of calls so far. */
  #seen = 0;
  #job: Job | undefined;
  /** The last request: its log hears of a thread that ends by itself while it is free. */
  #lastJob: Job | undefined;

  /**
   * @param module The URL of the app's module.
   * @param host Its pool.
   */
  constructor(module: string, host: ThreadHost) {
    const memory = makeMemory();
    this.#shared = viewsOf(memory);
    this.#host = host;
    const task: ThreadTask = { module, memory };
    this.#thread = startThread(moduleBeside("thread", import.meta.url), task, {
      message: (message) => this.#loaded(message as { fault?: Fault }),
      error: (error) => void (this.#uncaught = { thrown: error }),
      exit: (code) => this.#exited(code),
    }, [module]);
  }

  /**
   * Begins a request.
   *
   * @param beginning The request body, if it has arrived, and whether the head may come with the end.
   * @param post Posts the environ, once.
   */
  begin(
    job: Job,
    { body, mayJoin }: RequestBeginning,
    post: (send: (environ: Record<string, unknown>) => void) => void,
  ): void {
    this.state = "busy";
    this.#job = this.#lastJob = job;
    const { cells, bytes } = this.#shared;
    if (body !== undefined) bytes.set(body);
    cells[CELL.body] = body?.length ?? -1;
    cells[CELL.mayJoin] = mayJoin ? 1 : 0;
    Atomics.store(cells, CELL.aborted, 0);
    this.#thread.keepAlive(true);
    post((environ) => this.#thread.post(environ));
    void this.#hear(job);
  }

  answer(kind: number, bytes?: Uint8Array): void {
    const { cells, bytes: memory } = this.#shared;
    if (bytes !== undefined) memory.set(bytes);
    cells[CELL.kind] = kind;
    cells[CELL.length] = bytes?.length ?? 0;
    Atomics.add(cells, CELL.answer, 1);
    Atomics.notify(cells, CELL.answer);
  }

  abort(): void {
    Atomics.store(this.#shared.cells, CELL.aborted, 1);
  }

  async kill(error: Error): Promise<void> {
    const job = this.#job;
    await new Promise<void>((resolve) => after(NEXT_CALL_MS, resolve));
    if (this.#job !== job) return;
    const stack = await this.#thread.stack();
    // The app may have ended meanwhile.
    if (job === undefined || this.#job !== job) return;
    error.stack += stack === ""
      ? "\n    at an unknown place: this runtime does not tell it"
      : stack;
    if (!STOPS_COMPUTING) {
      error.stack +=
        "\n    Deno cannot end a thread that computes: it may go on beside its successor";
      this.#host.lost();
    }
    job.fail(error);
    void this.stop();
  }

  /** Ends the thread, without its request. The process lives until then, as its code may wait for the end. */
  stop(): Promise<unknown> {
    this.#end();
    this.#host.ended(this);
    this.#thread.keepAlive(true);
    return this.#thread.stop();
  }

  #end(): void {
    this.state = "ended";
    this.#job = undefined;
    this.cancelIdle();
    // Ends `#hear`.
    Atomics.notify(this.#shared.cells, CELL.call);
  }

  #loaded({ fault }: { fault?: Fault }): void {
    if (this.state !== "loading") return;
    if (fault === undefined) return this.#free();
    this.#end();
    this.#host.ended(this, errorOf(fault));
    void this.#thread.stop();
  }

  #free(): void {
    this.state = "idle";
    this.#thread.keepAlive(false);
    this.#host.free(this);
  }

  #exited(code: number): void {
    if (this.state === "ended") return;
    const error = this.#death(code);
    const isLoading = this.state === "loading";
    const job = this.#job;
    this.#end();
    if (!isLoading) this.#host.died();
    this.#host.ended(this, isLoading ? error : undefined);
    if (job !== undefined) job.fail(error);
    else this.#lastJob?.diedLater(error);
  }

  #death(code: number): BlockingThreadDied {
    const text = "The thread of the app has ended";
    if (this.#uncaught === undefined) return new BlockingThreadDied(`${text} with code ${code}`);
    const cause = this.#uncaught.thrown;
    const { name, message } = faultOf(cause);
    return new BlockingThreadDied(`${text} by ${name}: ${message}`, { cause });
  }

  /** Passes on the calls of one request, to its end. */
  async #hear(job: Job): Promise<void> {
    const { cells } = this.#shared;
    while (this.#job === job) {
      if (Atomics.load(cells, CELL.call) === this.#seen) {
        const { async, value } = waitAsync(cells, CELL.call, this.#seen);
        if (async) await value;
        continue;
      }
      this.#seen = Atomics.load(cells, CELL.call);
      const call = this.#read();
      if (call.kind !== CALL.done) job.take(call);
      if (!freesThread(call)) continue;
      this.#job = undefined;
      job.end();
      this.#free();
    }
  }

  #read() {
    const { cells, bytes } = this.#shared;
    const length = cells[CELL.length] as number;
    return {
      kind: cells[CELL.kind] as number,
      argument: cells[CELL.argument] as number,
      bytes: new Uint8Array(bytes.subarray(0, length)),
    };
  }
}

/** `Atomics.waitAsync`, which the types of ES2023 lack. */
const { waitAsync } = Atomics as unknown as {
  waitAsync(
    cells: Int32Array,
    index: number,
    value: number,
  ): { readonly async: boolean; readonly value: Promise<string> | string };
};
