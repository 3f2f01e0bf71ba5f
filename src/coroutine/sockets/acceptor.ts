/**
 * Coroutines accept and open connections with the operations of this file.
 *
 * An adapter calls back with each new socket; the callback wraps the socket in a
 * {@linkcode SocketStream} and hands it to a waiting coroutine. A connection that no coroutine can
 * receive any more is closed at once, so that no socket is lost.
 *
 * @module
 */

import { checkedOptions, checkFunction, NO_OPTIONS, refuseSurplus } from "../call_checks.ts";
import { optionError } from "../option_checks.ts";
import type { AbortSignalLike } from "../interop/abort_signal.ts";
import type { Operation } from "../operation.ts";
import { Queue } from "../operations/queue.ts";
import type { ByteSocket, SocketHandler } from "./byte_socket.ts";
import { type SocketStream, StreamConnection } from "./socket_stream.ts";
import { timed, TIMEOUT_OPTIONS, type TimeoutOptions } from "../timed_operation.ts";

/**
 * The connections of a listener that are not accepted yet.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memoryNetwork } from "@x/cogen-wsgi/adapters/memory";
 * import {
 *   Accept,
 *   Acceptor,
 *   Connect,
 *   readline,
 *   Scheduler,
 *   Send,
 *   toPromise,
 * } from "@x/cogen-wsgi/coroutine";
 *
 * const network = memoryNetwork();
 * const scheduler = new Scheduler({ clock: network.adapter.clock });
 * const address = { host: "127.0.0.1", port: 7 };
 * const acceptor = new Acceptor();
 * const listener = await network.adapter.listen(address, {}, acceptor.accept);
 * scheduler.add(function* echo() {
 *   const stream = yield* Accept(acceptor);
 *   yield* Send(stream, yield* readline(stream));
 *   stream.endWrite();
 * });
 * const task = scheduler.add(function* () {
 *   const stream = yield* Connect((open) => network.adapter.dial(address, open));
 *   yield* Send(stream, "hello\n");
 *   const line = yield* readline(stream, 100, { timeout: 5 });
 *   stream.destroy();
 *   return line.length;
 * });
 * assertEquals(await toPromise(task), 6);
 * await listener.close();
 * ```
 */
export class Acceptor {
  readonly #streams = new Queue<SocketStream>();

  /** The callback for a listener. The listener calls it with each new socket. */
  readonly accept: (socket: ByteSocket) => SocketHandler = (socket) => {
    const stream = new StreamConnection(socket);
    if (this.#streams.closed) stream.destroy();
    else this.#streams.putNowait(stream);
    return stream;
  };

  /** Waits for the next connection. {@linkcode Accept} calls this. */
  next(options: TimeoutOptions): Operation<SocketStream> {
    return this.#streams.get(options);
  }

  /**
   * Closes the connections that were not accepted, and all that arrive later. A waiting
   * {@linkcode Accept} fails with `QueueClosed`.
   */
  close(): void {
    this.#streams.close();
    while (!this.#streams.empty) this.#streams.getNowait().destroy();
  }
}

/**
 * Waits for the next connection.
 *
 * @param acceptor An acceptor, after its `accept` was given to a listener.
 * @param options `timeout`, `priority`.
 * @returns An operation that gives the connection. The peer may have ended the connection
 *   meanwhile.
 * @throws {QueueClosed} At the `yield`, if the acceptor is closed.
 */
export function Accept(
  acceptor: Acceptor,
  options: TimeoutOptions = NO_OPTIONS,
): Operation<SocketStream> {
  if (arguments.length > 2) refuseSurplus("Accept", arguments, 2);
  if (!(acceptor instanceof Acceptor)) {
    throw optionError("The first argument of Accept", acceptor, "an Acceptor");
  }
  return acceptor.next(checkedOptions("Accept", options, TIMEOUT_OPTIONS));
}

/**
 * Opens a connection: calls `open` once with the new socket, and passes the socket's events to the
 * handler that `open` returns. The signal is aborted when the waiting coroutine is cancelled or
 * times out; a dial function may ignore the signal.
 */
export type Dial = (
  open: (socket: ByteSocket) => SocketHandler,
  signal: AbortSignalLike,
) => unknown;

/**
 * Opens a connection: over plain TCP or a Unix socket with an adapter's `dial`, or with any other
 * function that calls `open` with a socket.
 *
 * @param dial Begins to connect; it may throw, or return a promise that rejects.
 * @param options `timeout`, `priority`. A connection that opens too late is closed. An adapter's
 *   `dial` that was given the signal stops its attempt.
 * @returns An operation that gives the connection.
 * @throws At the `yield`, the error that `dial` throws or rejects with.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memoryNetwork } from "@x/cogen-wsgi/adapters/memory";
 * import { Connect, Scheduler } from "@x/cogen-wsgi/coroutine";
 *
 * const { adapter } = memoryNetwork();
 * const address = { host: "127.0.0.1", port: 7 };
 * const scheduler = new Scheduler({ clock: adapter.clock });
 * const task = scheduler.add(function* () {
 *   try {
 *     return yield* Connect((open, signal) => adapter.dial(address, open, { signal }));
 *   } catch (error) {
 *     return String(error);
 *   }
 * });
 * await scheduler.run();
 * assertEquals(task.result, "Error: Cannot connect to 127.0.0.1:7: the connection is refused (ECONNREFUSED)");
 * ```
 */
export function Connect(dial: Dial, options: TimeoutOptions = NO_OPTIONS): Operation<SocketStream> {
  if (arguments.length > 2) refuseSurplus("Connect", arguments, 2);
  checkFunction("The first argument of Connect", dial, "a function that dials");
  return timed("Connect", options, (resume) => {
    const signal = new DialSignal();
    const dialling = dial((socket) => {
      const stream = new StreamConnection(socket);
      if (resume.settled) stream.destroy();
      else resume.value(stream);
      return stream;
    }, signal);
    Promise.resolve(dialling).catch((error: unknown) => resume.error(error));
    return () => signal.abort();
  });
}

/** A minimal `AbortSignal` for dial functions, as ECMAScript has none. */
class DialSignal implements AbortSignalLike {
  /** Becomes true when the wait for the connection is cancelled or times out. */
  aborted = false;
  reason: unknown;
  readonly #listeners = new Set<() => void>();

  addEventListener(_type: "abort", listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    this.#listeners.delete(listener);
  }

  abort(): void {
    this.aborted = true;
    this.reason = new Error("No coroutine waits for the connection any more");
    for (const listener of this.#listeners) listener();
  }
}
