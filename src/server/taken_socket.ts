/**
 * The handler of a socket that an app has taken, behind a guard.
 *
 * The socket belongs to the app, and its events come from the runtime. An error of the handler must not
 * reach the runtime, where it would end the process: it goes to the log, and the socket is destroyed.
 *
 * The connection calls this.
 *
 * @module
 */

import { showValue } from "../coroutine/mod.ts";
import { handleRejection } from "../coroutine/internal.ts";
import type { ByteSocket, SocketHandler } from "../socket/mod.ts";

const METHODS = ["onData", "onEnd", "onDrain", "onClose"] as const;

/**
 * Gives a socket to an app.
 *
 * @param socket The socket.
 * @param accept The function of the app that takes the socket.
 * @param reporter Takes an error of the handler, at most one.
 * @returns The guarded handler.
 * @throws {TypeError} If `accept` gives no handler.
 */
export function takenBy(
  socket: ByteSocket,
  accept: (socket: ByteSocket) => SocketHandler,
  reporter: ErrorReporter,
): TakenSocket {
  const handler: unknown = accept(socket);
  if (!isHandler(handler)) {
    handleRejection(handler);
    const advice = handler instanceof Promise ? "; take the socket when the promise is there" : "";
    throw new TypeError(
      `The function that took a socket gave ${showValue(handler)}: ` +
        `expected an object with ${METHODS.join(", ")}${advice}`,
    );
  }
  return new TakenSocket(socket, handler, reporter);
}

function isHandler(value: unknown): value is SocketHandler {
  return typeof value === "object" && value !== null &&
    METHODS.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
}

/** The request of an app that has taken the socket: its errors name the request. */
export interface ErrorReporter {
  report(error: unknown): void;
}

/** The guarded handler. */
export class TakenSocket implements SocketHandler {
  readonly #socket: ByteSocket;
  readonly #handler: SocketHandler;
  readonly #reporter: ErrorReporter;
  /** Becomes true with the first error; only `onClose` is passed on then. */
  #hasFailed = false;

  constructor(socket: ByteSocket, handler: SocketHandler, reporter: ErrorReporter) {
    this.#socket = socket;
    this.#handler = handler;
    this.#reporter = reporter;
  }

  report(error: unknown): void {
    this.#reporter.report(error);
  }

  onData(bytes: Uint8Array, owned?: boolean): void {
    if (this.#hasFailed) return;
    try {
      this.#watch(this.#handler.onData(bytes, owned));
    } catch (error) {
      this.#fail(error);
    }
  }

  get wantedBytes(): number {
    return this.#handler.wantedBytes ?? 0;
  }

  onEnd(): void {
    if (!this.#hasFailed) this.#call(() => this.#handler.onEnd());
  }

  onDrain(): void {
    if (!this.#hasFailed) this.#call(() => this.#handler.onDrain());
  }

  onClose(error?: Error): void {
    this.#call(() => this.#handler.onClose(error));
  }

  #call(event: () => unknown): void {
    try {
      this.#watch(event());
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Takes the error of a handler that is an async function. */
  #watch(given: unknown): void {
    if (given instanceof Promise) given.catch((error) => this.#fail(error));
  }

  #fail(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.report(error);
    this.#socket.destroy();
  }
}
