/**
 * `environ.cogen`: how an app waits, through whatever middleware lies between it and the server.
 *
 * The app leaves the operation in `operation` and yields `""`; middleware passes the empty block on;
 * the server performs the operation and leaves `result` and `exception`. The object is one for the
 * request, so a copied environ works as well.
 *
 * @module
 */

import {
  Call,
  type Coroutine,
  type CoroutineFunction,
  type Operation,
  type Scheduler,
  type Task,
} from "../coroutine/mod.ts";
import { NOT_YET } from "../coroutine/internal.ts";
import type { HeaderList } from "./app.ts";
import { type BodyBuffer, ReadOperation } from "./input/body_buffer.ts";
import type { RequestControls } from "./request_controls.ts";
import { Events } from "./cogen_events.ts";
import type { ByteSocket, Files, SocketHandler } from "../socket/mod.ts";
import { CogenInput, type Waiting } from "./input/input.ts";
import type { RequestTimeouts } from "./request_timeouts.ts";

/** What {@linkcode Cogen.run} has started: somebody may wait for it. */
interface Run {
  readonly promise: Promise<unknown>;
  readonly reject: (reason: unknown) => void;
}

/** A request's way to wait. */
export class Cogen {
  /** Runs the app; coroutines of one's own may join it. */
  readonly scheduler: Scheduler;
  /** What the next `yield ""` performs. */
  operation: Operation<unknown> | undefined;
  /** What the last operation gave: its value, or its error. */
  result: unknown;
  /** The error of the last operation, if it failed. */
  exception: unknown;

  readonly #body: BodyBuffer;
  readonly #conversation: RequestControls;
  #core: { readonly events: Events } | undefined;
  #input: CogenInput | undefined;
  #controller: AbortController | undefined;
  #abortReason: unknown;
  #runs: Map<Task<unknown>, Run> | undefined;
  #closed = false;

  /** @ignore */
  constructor(scheduler: Scheduler, body: BodyBuffer, conversation: RequestControls) {
    this.scheduler = scheduler;
    this.#body = body;
    this.#conversation = conversation;
  }

  /** The operations, in cogen's style. */
  get core(): { readonly events: Events } {
    return this.#core ??= { events: new Events(this) };
  }

  /** The request body, in cogen's style. */
  get input(): CogenInput {
    return this.#input ??= new CogenInput(this.#body, this);
  }

  /** Aborts when the client is gone or a shutdown forces it; never on success. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
    }
    return this.#controller.signal;
  }

  /** The files that the server may read; `undefined` if its adapter has none. */
  get files(): Files | undefined {
    return this.#conversation.files;
  }

  /** Leaves an operation for the next `yield ""`, and gives that `""`. */
  plan(operation: Operation<unknown>): "" {
    this.operation = operation;
    return "";
  }

  /** `yield environ.cogen.call(fn)(...args)`: runs a coroutine; its result is in `result`. */
  call<A extends unknown[]>(fn: CoroutineFunction<A, unknown>): (...args: A) => "" {
    return (...args) => this.plan(Call(fn, ...args));
  }

  /**
   * `yield* environ.cogen.wait(operation)`: waits, typed, through middleware.
   *
   * @returns What the operation gives.
   * @throws What the operation throws; a `TypeError` if a middleware kept the empty block for itself.
   */
  *wait<T>(operation: Operation<T>): Waiting<T> {
    this.operation = operation as Operation<unknown>;
    yield "";
    if (this.operation !== undefined) {
      this.operation = undefined;
      throw new TypeError(
        `${operation.name} was not performed: a middleware took the empty block and did not pass it on`,
      );
    }
    if (this.exception !== undefined) throw this.exception;
    return this.result as T;
  }

  /**
   * `await environ.cogen.run(operation)`: waits, in an async app.
   *
   * @returns What the operation gives; rejects with its error, if the request is cancelled meanwhile,
   *   and once the app has been closed.
   */
  run<T>(operation: Operation<T>): Promise<T> {
    let resolve!: (value: T) => void;
    let reject!: (reason: unknown) => void;
    const promise = new Promise<T>((...settle) => [resolve, reject] = settle);
    if (this.#closed) {
      // In a turn of its own: an app that tries for ever must not hold up all others.
      this.scheduler.clock.defer(() => reject(this.#endReason()));
      return promise;
    }
    const runs = this.#runs ??= new Map();
    const task = this.scheduler.add(function* run(): Coroutine<void> {
      try {
        resolve((yield operation) as T);
      } catch (error) {
        reject(error);
      } finally {
        runs.delete(task);
      }
    });
    runs.set(task, { promise, reject });
    return promise;
  }

  /**
   * Sends an informational response at once, such as 103 (Early Hints, RFC 8297); nothing to clients
   * of HTTP/1.0.
   *
   * @param status 103, or 102.
   * @param headers Its header fields, such as `Link`.
   * @throws {WSGIError} If the response has begun.
   * @throws {ResponseError} For a field that may not be sent.
   */
  inform(status: 102 | 103, headers: HeaderList): void {
    this.#conversation.inform(status, headers);
  }

  /**
   * Sets the trailer fields, sent after a chunked body (RFC 9110 §6.5). `startResponse` must have been
   * given a `Trailer` field with their names, and no `Content-Length`. Clients of HTTP/1.0 do not get
   * them.
   *
   * @param trailers The fields; a later call replaces them.
   * @throws {WSGIError} If they were not announced.
   * @throws {ResponseError} For a field that may not be a trailer, such as `Content-Type`.
   */
  setTrailers(trailers: HeaderList): void {
    this.#conversation.setTrailers(trailers);
  }

  /**
   * Tells the server's `onError` and its log of an error that the app, or a middleware, has dealt with
   * itself. What an app throws is told of without this.
   *
   * @param error The error; with it goes the environ that the server made.
   */
  report(error: unknown): void {
    this.#conversation.report(error);
  }

  /**
   * Gives this request other deadlines than the server's: a long upload more time, a cheap page less.
   * They take effect at once, and end with the request; like all deadlines they are looked at once a
   * second. What is left out stays as it is. Once the app has ended, nothing changes any more.
   *
   * @param timeouts The deadlines to change.
   * @throws {TypeError} For a deadline that a request has not.
   * @throws {RangeError} For a negative time.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { serve } from "@x/cogen-wsgi";
   *
   * await using server = await serve({
   *   bindAddr: ["127.0.0.1", 0],
   *   timeouts: { body: 5, request: 10 },
   *   *wsgiApp(environ, startResponse) {
   *     environ.cogen.setTimeouts({ body: { minutes: 5 }, request: Infinity });
   *     const upload = yield* environ["wsgi.input"].read();
   *     startResponse("200 OK", [["Content-Type", "text/plain"]]);
   *     yield `${upload.length} bytes`;
   *   },
   * });
   * const response = await fetch(server.url, { method: "POST", body: "a long upload" });
   * assertEquals(await response.text(), "13 bytes");
   * ```
   */
  setTimeouts(timeouts: RequestTimeouts): void {
    this.#conversation.setTimeouts(timeouts);
  }

  /**
   * Takes the connection over: `101 Switching Protocols` is sent, or `200 OK` to CONNECT, and from then
   * on the bytes are the app's. What has come already is delivered first. The request body must have
   * been read to its end. The app itself may go on, and is cancelled when the connection is gone.
   *
   * @param headers The header fields of the answer; for 101 with an `Upgrade` field.
   * @param accept Is given the connection, and gives who is told what happens to it.
   * @throws {WSGIError} If the client has not asked for it, the body is not read, or a response has
   *   begun.
   * @throws {ResponseError} For a field that may not be sent.
   */
  takeSocket(headers: HeaderList, accept: (socket: ByteSocket) => SocketHandler): void {
    this.#conversation.takeSocket(headers, accept);
  }

  /**
   * Performs the planned operation if it is a read of what is here already: then nobody has to wait.
   *
   * @ignore
   */
  readNow(): boolean {
    const { operation } = this;
    if (!(operation instanceof ReadOperation)) return false;
    const read: unknown = operation.attempt();
    if (read === NOT_YET) return false;
    this.operation = undefined;
    this.settle(read);
    return true;
  }

  /**
   * Keeps what the planned operation gave.
   *
   * @ignore
   */
  settle(result: unknown): void {
    this.result = result;
    this.exception = undefined;
  }

  /**
   * Keeps how the planned operation failed; even a promise rejected with nothing has.
   *
   * @ignore
   */
  fail(error: unknown): void {
    this.result = this.exception = error ?? new Error(`The operation threw ${error}`);
  }

  /**
   * The client is gone, or a shutdown forces it.
   *
   * @ignore
   */
  abort(reason: Error): void {
    if (this.#abortReason !== undefined) return;
    this.#abortReason = reason;
    this.#controller?.abort(reason);
    this.#cancelRuns();
  }

  /**
   * The app has ended: nobody can wait any more.
   *
   * @ignore
   */
  close(): void {
    this.#closed = true;
    this.#cancelRuns();
  }

  #cancelRuns(): void {
    if (this.#runs === undefined) return;
    const reason = this.#endReason();
    for (const [task, { promise, reject }] of [...this.#runs]) {
      task.cancel();
      // An app that has started something and let it be has done nothing wrong.
      promise.catch(() => {});
      reject(reason);
    }
  }

  #endReason(): unknown {
    return this.#abortReason ?? new DOMException("The request has ended", "AbortError");
  }
}
