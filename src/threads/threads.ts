/**
 * Threads with module records of their own, as the thread that starts them sees them, and as they see it.
 *
 * The trap: `terminate()` ends a thread of Node and of Bun wherever it is. Deno ends a thread that waits, but not
 * one that computes: such a thread goes on for ever.
 *
 * `blocking` and `cli` call this.
 *
 * @module
 */

import host from "node:process";
import * as timers from "node:timers";
import { parentPort, Worker, workerData } from "node:worker_threads";
import { MAX_DELAY_MS } from "../../adapters/shared/timer.ts";
import { markMessage, unmarkMessage } from "./own_message.ts";
import { pausedStack } from "./paused_stack.ts";
import { findTypeScriptLoader, readsTypeScript } from "./type_script.ts";

/** Whether `terminate()` ends a thread that computes: not on Deno. */
export const STOPS_COMPUTING: boolean = host.versions["deno"] === undefined;

/** Whether the debugger shows the stack of a thread: on Node alone. */
const TELLS_STACKS = STOPS_COMPUTING && host.versions["bun"] === undefined;

/** The time by a clock that never goes back, in milliseconds. */
export function milliseconds(): number {
  return Number(host.hrtime.bigint()) / 1e6;
}

/** Calls `job` after a time, unless the process ends before; returns a function that cancels the call. */
export function after(delayMs: number, job: () => void): () => void {
  if (delayMs === Infinity) return () => {};
  const timer = timers.setTimeout(job, Math.min(delayMs, MAX_DELAY_MS));
  timer.unref?.();
  return () => timers.clearTimeout(timer);
}

/**
 * The URL of a module of this package beside another one. The npm package has JavaScript instead of TypeScript,
 * so the extension is that of the other module.
 */
export function moduleBeside(name: string, url: string): URL {
  return new URL(name + url.slice(url.lastIndexOf(".")), url);
}

/** A thread, as its starter sees it. */
export interface Thread {
  /** Sends a message. The buffers in `transfer` move to the thread. */
  post(message: object, transfer?: ArrayBuffer[]): void;
  /** Sets whether the thread keeps the process alive. */
  keepAlive(isBusy: boolean): void;
  /** Ends the thread at once, even in the middle of a step; see the head of this file. */
  stop(): Promise<unknown>;
  /** The lines of the stack of a thread that computes. Node shows them; the text is empty elsewhere. */
  stack(): Promise<string>;
}

/** The receivers of the events of a thread. */
export interface ThreadEvents {
  /** Called with each message of the thread. */
  message(message: unknown): void;
  /** Called with the error that ends the thread. */
  error(error: unknown): void;
  /** Called at the end of the thread. */
  exit(code: number): void;
}

/**
 * Starts a thread.
 *
 * @param program The URL of its module.
 * @param task The value that its {@linkcode threadSide} gives.
 * @param events The receivers of its events.
 * @param modules The URLs of further modules that the thread loads, which may be TypeScript.
 */
export function startThread(
  program: URL,
  task: object,
  events: ThreadEvents,
  modules: readonly string[] = [],
): Thread {
  const worker = new Worker(loadable(program, modules), { workerData: task });
  worker.on("message", (data) => {
    const message = unmarkMessage(data);
    if (message !== undefined) events.message(message);
  });
  worker.on("error", (error) => events.error(error));
  worker.on("exit", (code) => events.exit(code));
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    keepAlive: (isBusy) => isBusy ? worker.ref() : worker.unref(),
    stop: () => worker.terminate(),
    stack: () => TELLS_STACKS ? pausedStack(worker.threadId) : Promise.resolve(""),
  };
}

const TYPE_SCRIPT_FILE = /^file:[^#]*\.[cm]?tsx?(#|$)/;

/**
 * The URL that a thread can load. The threads of Deno load files and data only, and this package may be at another
 * URL. The threads of an old Node read no TypeScript, also if the main thread does, so they load `tsx`.
 */
function loadable({ href, protocol }: URL, modules: readonly string[]): URL {
  const isTypeScript = [href, ...modules].some((url) => TYPE_SCRIPT_FILE.test(url));
  const loader = isTypeScript && !readsTypeScript() ? findTypeScriptLoader(modules) : undefined;
  if (loader === undefined && protocol === "file:") return new URL(href);
  const register = loader === undefined
    ? ""
    : `import { register } from ${JSON.stringify(loader)};register();`;
  // Bun takes the text after the last dot of a URL for a file extension. Base64 has no dot.
  const source = `${register}await import(${JSON.stringify(href)})`;
  return new URL(`data:text/javascript;base64,${btoa(source)}`);
}

/** The side of a thread that {@linkcode startThread} has started. */
export function threadSide<Task, Message>(): {
  readonly task: Task;
  post(message: object, transfer?: ArrayBuffer[]): void;
  listen(listener: (message: Message) => void): void;
} {
  return {
    task: workerData as Task,
    post: (message, transfer) => parentPort?.postMessage(markMessage(message), transfer ?? []),
    listen: (listener) => void parentPort?.on("message", listener),
  };
}
