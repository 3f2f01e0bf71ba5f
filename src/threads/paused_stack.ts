/**
 * The stack of a thread that computes, read by the debugger of Node.
 *
 * The thread is paused, its frames are read, and it goes on. `threads.ts` calls this.
 *
 * @module
 */

import { createRequire } from "node:module";
import * as timers from "node:timers";

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

/** A message of the debugger of the thread. */
interface DebuggerMessage {
  readonly method?: string;
  readonly params: {
    readonly scriptId: string;
    readonly url: string;
    readonly callFrames: readonly CallFrame[];
  };
}

/** The debugger of one thread. */
class ThreadDebugger {
  readonly #session: InspectorSession;
  #sessionId: unknown;

  /** @param onMessage Called with each message of the debugger. */
  constructor(threadId: number, onMessage: (message: DebuggerMessage) => void) {
    const { Session } = createRequire(import.meta.url)("node:inspector") as {
      Session: new () => InspectorSession;
    };
    this.#session = new Session();
    this.#session.connect();
    this.#session.on("NodeWorker.attachedToWorker", ({ params }) => {
      if ((params["workerInfo"] as { workerId: string }).workerId !== `${threadId}`) return;
      this.#sessionId = params["sessionId"];
      this.send(1, "Debugger.enable");
      this.pause();
    });
    this.#session.on("NodeWorker.receivedMessageFromWorker", ({ params }) => {
      if (params["sessionId"] !== this.#sessionId) return;
      onMessage(JSON.parse(params["message"] as string) as DebuggerMessage);
    });
    this.#session.post("NodeWorker.enable", { waitForDebuggerOnStart: false });
  }

  send(id: number, method: string): void {
    if (this.#sessionId === undefined) return;
    const message = JSON.stringify({ id, method });
    this.#session.post("NodeWorker.sendMessageToWorker", { sessionId: this.#sessionId, message });
  }

  pause(): void {
    this.send(2, "Debugger.pause");
  }

  /** Lets the thread go on. */
  close(): void {
    // A thread that stays paused cannot be ended. A pause that was asked for again may come after the resume.
    this.send(3, "Debugger.resume");
    this.send(4, "Debugger.disable");
    if (this.#sessionId !== undefined) {
      this.#session.post("NodeWorker.detach", { sessionId: this.#sessionId });
    }
    this.#session.disconnect();
  }
}

/** Reads the stack of a thread; empty if the thread cannot be paused in time. */
export async function pausedStack(threadId: number): Promise<string> {
  const urls = new Map<string, string>();
  let paused: (frames: readonly CallFrame[]) => void = () => {};
  const frames = new Promise<readonly CallFrame[]>((resolve) => paused = resolve);
  const inspector = new ThreadDebugger(threadId, ({ method, params }) => {
    if (method === "Debugger.scriptParsed") urls.set(params.scriptId, params.url);
    if (method === "Debugger.paused") paused(params.callFrames);
  });
  // A pause is without effect while the thread is in native code, so it is asked for again.
  const again = timers.setInterval(() => inspector.pause(), PAUSE_MS / 10);
  const tooLate = timers.setTimeout(() => paused([]), PAUSE_MS);
  try {
    return (await frames).map((frame) => lineOf(frame, urls)).join("");
  } finally {
    timers.clearInterval(again);
    timers.clearTimeout(tooLate);
    inspector.close();
  }
}

function lineOf({ functionName, location }: CallFrame, urls: Map<string, string>): string {
  const { scriptId, lineNumber, columnNumber } = location;
  const place = `${urls.get(scriptId) ?? ""}:${lineNumber + 1}:${columnNumber + 1}`;
  return `\n    at ${functionName === "" ? place : `${functionName} (${place})`}`;
}
