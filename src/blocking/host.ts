/**
 * The threads, the timers and the files of the runtime, by the modules of Node that Deno and Bun have as well.
 *
 * This is the only file of the room that imports modules of a runtime.
 *
 * The trap: `terminate()` ends a thread of Node and of Bun wherever it is. Deno ends a thread that waits, but not
 * one that computes: such a thread goes on for ever.
 *
 * @module
 */

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { createRequire } from "node:module";
import host from "node:process";
import * as timers from "node:timers";
import { pathToFileURL } from "node:url";
import { parentPort, Worker, workerData } from "node:worker_threads";

/** Whether `terminate()` ends a thread that computes: not on Deno. */
export const STOPS_COMPUTING: boolean = host.versions["deno"] === undefined;

/** Whether the debugger shows the stack of a thread: on Node alone. */
const TELLS_STACKS = STOPS_COMPUTING && host.versions["bun"] === undefined;

/** The time by a clock that never goes back, in milliseconds. */
export function milliseconds(): number {
  return Number(host.hrtime.bigint()) / 1e6;
}

/** The longest delay of a timer, in milliseconds. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** Calls `job` after a time, unless the process ends before; returns a function that cancels the call. */
export function after(delayMs: number, job: () => void): () => void {
  if (delayMs === Infinity) return () => {};
  const timer = timers.setTimeout(job, Math.min(delayMs, MAX_DELAY_MS));
  timer.unref?.();
  return () => timers.clearTimeout(timer);
}

/** A thread, as the main thread sees it. */
export interface Thread {
  post(message: object): void;
  /** Whether the thread keeps the process alive. */
  keepAlive(isBusy: boolean): void;
  /** Ends the thread, even in the middle of a step; see the head of this file. */
  stop(): Promise<unknown>;
  /** The lines of the stack of a thread that computes; only Node shows them, and empty elsewhere. */
  stack(): Promise<string>;
}

/** The value that a thread begins with: its URL, and the memory that it shares. */
export interface ThreadTask {
  readonly module: string;
  readonly memory: SharedArrayBuffer;
}

/**
 * Starts a thread.
 *
 * @param name The name of a module of this folder, without its extension: that is `.ts` in the sources, and
 *   `.js` in the npm package.
 * @param task The value that its `threadSide` gives, with the URL of the module that the thread loads.
 * @param hear Called with each message of the thread, with the error that ends it, and at its end.
 */
export function startThread(name: string, task: ThreadTask, hear: {
  message(message: unknown): void;
  error(error: unknown): void;
  exit(code: number): void;
}): Thread {
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf("."));
  const program = new URL(`./${name}${extension}`, import.meta.url);
  const worker = new Worker(loadable(program, task.module), { workerData: task });
  worker.on("message", hear.message);
  worker.on("error", hear.error);
  worker.on("exit", hear.exit);
  return {
    post: (message) => worker.postMessage(message),
    keepAlive: (isBusy) => isBusy ? worker.ref() : worker.unref(),
    stop: () => worker.terminate(),
    stack: () => TELLS_STACKS ? pausedStack(worker) : Promise.resolve(""),
  };
}

/**
 * The URL that a thread can load. The threads of Deno load files and data only, and this package may be at another
 * URL. The threads of an old Node read no TypeScript, also if the main thread does, so they load `tsx`.
 */
function loadable({ href, protocol }: URL, module: string): URL {
  const text = (value: string) => encodeURIComponent(JSON.stringify(value));
  const data = (source: string) => new URL(`data:text/javascript,${source}`);
  const needsTypes = [href, module].some((url) => /^file:[^#]*\.[cm]?tsx?(#|$)/.test(url));
  const loader = needsTypes ? typeScriptLoader([module, import.meta.url]) : undefined;
  if (loader !== undefined) {
    return data(`import { register } from ${text(loader)};register();await import(${text(href)})`);
  }
  return protocol === "file:" ? new URL(href) : data(`import ${text(href)}`);
}

/** The loader of `tsx` beside one of the modules, if this is a Node that needs one. */
function typeScriptLoader(modules: readonly string[]): string | undefined {
  const { versions, features } = host;
  const isOther = versions["bun"] !== undefined || versions["deno"] !== undefined;
  if (isOther || Boolean((features as { typescript?: unknown }).typescript)) return undefined;
  for (const module of modules) {
    try {
      // `require` resolves to the twin in CommonJS, which cannot register itself.
      const file = createRequire(module).resolve("tsx/esm/api").replace(/\.cjs$/, ".mjs");
      return pathToFileURL(file).href;
    } catch {
      // It is not installed there.
    }
  }
  return undefined;
}

/** The side of a thread that {@linkcode startThread} has started. */
export function threadSide<Task, Message>(): {
  readonly task: Task;
  post(message: object): void;
  listen(listener: (message: Message) => void): void;
} {
  return {
    task: workerData as Task,
    post: (message) => parentPort?.postMessage(message),
    listen: (listener) => void parentPort?.on("message", listener),
  };
}

/** The time in which a thread that computes can be paused. */
const PAUSE_MS = 1000;

/** The members of `node:inspector` that are used; not all runtimes have the module. */
interface InspectorSession {
  connect(): void;
  disconnect(): void;
  post(method: string, params: object): void;
  on(event: string, listener: (message: { params: Record<string, unknown> }) => void): void;
}

interface CallFrame {
  readonly functionName: string;
  readonly location: { scriptId: string; lineNumber: number; columnNumber: number };
}

/** Pauses a thread by the debugger of Node, and reads its stack. */
function pausedStack(worker: Worker): Promise<string> {
  const { Session } = createRequire(import.meta.url)("node:inspector") as {
    Session: new () => InspectorSession;
  };
  const session = new Session();
  let sessionId: unknown;
  const send = (id: number, method: string) =>
    sessionId !== undefined && session.post("NodeWorker.sendMessageToWorker", {
      sessionId,
      message: JSON.stringify({ id, method }),
    });
  return new Promise<string>((resolve) => {
    const timer = timers.setInterval(() => send(2, "Debugger.pause"), PAUSE_MS / 10);
    const cancel = after(PAUSE_MS, () => finish(""));
    const finish = (text: string) => {
      timers.clearInterval(timer);
      cancel();
      resolve(text);
    };
    const urls = new Map<unknown, string>();
    session.connect();
    session.on("NodeWorker.attachedToWorker", ({ params }) => {
      if ((params["workerInfo"] as { workerId: string }).workerId !== `${worker.threadId}`) return;
      sessionId = params["sessionId"];
      send(1, "Debugger.enable");
      send(2, "Debugger.pause");
    });
    session.on("NodeWorker.receivedMessageFromWorker", ({ params }) => {
      if (params["sessionId"] !== sessionId) return;
      const message = JSON.parse(params["message"] as string);
      if (message.method === "Debugger.scriptParsed") {
        urls.set(message.params.scriptId, message.params.url);
      }
      if (message.method !== "Debugger.paused") return;
      finish((message.params.callFrames as CallFrame[]).map((frame) => line(frame, urls)).join(""));
    });
    session.post("NodeWorker.enable", { waitForDebuggerOnStart: false });
  }).finally(() => {
    // A thread that stays paused cannot be ended. A pause that was asked for again may come after the resume.
    send(3, "Debugger.resume");
    send(4, "Debugger.disable");
    if (sessionId !== undefined) session.post("NodeWorker.detach", { sessionId });
    session.disconnect();
  });
}

function line({ functionName, location }: CallFrame, urls: Map<unknown, string>): string {
  const { scriptId, lineNumber, columnNumber } = location;
  const place = `${urls.get(scriptId) ?? ""}:${lineNumber + 1}:${columnNumber + 1}`;
  return `\n    at ${functionName === "" ? place : `${functionName} (${place})`}`;
}

/** A file, read without waiting. */
export interface SyncFile {
  /** The size in bytes; `undefined` if it is no regular file. */
  readonly size: number | undefined;
  /** Fills an array from the next bytes; returns their number, 0 at the end. */
  read(into: Uint8Array): number;
  close(): void;
}

/** Opens a file by its path, or takes an open one by its number. */
export function openFile(file: string | number): SyncFile {
  const number = typeof file === "number" ? file : openSync(file, "r");
  const stat = fstatSync(number);
  return {
    size: stat.isFile() && typeof file === "string" ? stat.size : undefined,
    read: (into) => readSync(number, into, 0, into.length, null),
    close: () => closeSync(number),
  };
}
