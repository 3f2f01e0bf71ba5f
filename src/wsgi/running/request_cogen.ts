/**
 * The server's {@linkcode Cogen}: one object for each request.
 *
 * Beside the public interface it has the methods of the engine: the app run takes planned operations
 * from it and stores their results; the exchange aborts it when the client disconnects. Tasks that
 * {@linkcode Cogen.run} has started end with the request: when the app is closed or aborted, they are
 * cancelled, and their promises reject.
 *
 * The exchange makes this object; the exchange and the app run call it.
 *
 * @module
 */

import {
  Call,
  type Coroutine,
  type HostAbortSignal,
  type Operation,
  type Scheduler,
  type Task,
} from "../../coroutine/mod.ts";
import { NOT_YET } from "../../coroutine/internal.ts";
import type { ByteSocket, Files, SocketHandler } from "../../socket/mod.ts";
import type { HeaderList } from "../block.ts";
import type { Cogen } from "../cogen.ts";
import { Events } from "../cogen_events.ts";
import { type BodyBuffer, ReadOperation } from "../input/body_buffer.ts";
import { CogenInput } from "../input/input.ts";
import type { RequestControls, RequestTimeouts } from "../request_controls.ts";
import type { ResponseListener } from "../response_report.ts";
import type { Planner, Waiting } from "../waiting.ts";
import { guardListeners } from "./guarded_signal.ts";

/** A promise that {@linkcode Cogen.run} has returned and that has not settled. */
interface Run {
  readonly promise: Promise<unknown>;
  readonly reject: (reason: unknown) => void;
}

/** `environ.cogen` of one request. */
export class RequestCogen implements Cogen, Planner {
  readonly scheduler: Scheduler;
  operation: Operation<unknown> | undefined;
  result: unknown;
  exception: unknown;

  readonly #body: BodyBuffer;
  readonly #controls: RequestControls;
  // Made when the app first asks for them: most apps use one of them, or none.
  #core: { readonly events: Events } | undefined;
  #input: CogenInput | undefined;
  #controller: AbortController | undefined;
  /** The error that ended the request early. */
  #abortReason: Error | undefined;
  /** The running tasks of {@linkcode Cogen.run}. */
  #runs: Map<Task<unknown>, Run> | undefined;
  /** True once the app has ended: no wait can begin any more. */
  #closed = false;

  /**
   * @param scheduler Runs the app.
   * @param body The request body.
   * @param controls The exchange that the calls of the app are passed on to.
   */
  constructor(scheduler: Scheduler, body: BodyBuffer, controls: RequestControls) {
    this.scheduler = scheduler;
    this.#body = body;
    this.#controls = controls;
  }

  get core(): { readonly events: Events } {
    return this.#core ??= { events: new Events(this) };
  }

  get input(): CogenInput {
    return this.#input ??= new CogenInput(this.#body, this);
  }

  get signal(): HostAbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      guardListeners(this.#controller.signal, (error) => this.report(error));
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
    }
    return this.#controller.signal;
  }

  get files(): Files | undefined {
    return this.#controls.files;
  }

  plan(operation: Operation<unknown>): "" {
    this.operation = operation;
    return "";
  }

  call<A extends unknown[]>(fn: (...args: A) => unknown): (...args: A) => "" {
    return (...args) => this.plan(Call(fn, ...args));
  }

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

  run<T>(operation: Operation<T>): Promise<T> {
    let resolve!: (value: T) => void;
    let reject!: (reason: unknown) => void;
    const promise = new Promise<T>((...settle) => [resolve, reject] = settle);
    if (this.#closed) {
      // The promise rejects a turn later, because an app that retries in an endless loop must not
      // block all others.
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

  inform(status: 102 | 103, headers: HeaderList): void {
    checkInformStatus(status);
    this.#controls.inform(status, headers);
  }

  setTrailers(trailers: HeaderList): void {
    this.#controls.setTrailers(trailers);
  }

  report(error: unknown): void {
    this.#controls.report(error);
  }

  onFinished(listener: ResponseListener): void {
    this.#controls.onFinished(listener);
  }

  setTimeouts(timeouts: RequestTimeouts): void {
    this.#controls.setTimeouts(timeouts);
  }

  closeConnection(): void {
    this.#controls.closeConnection();
  }

  takeSocket(headers: HeaderList, accept: (socket: ByteSocket) => SocketHandler): void {
    this.#controls.takeSocket(headers, accept);
  }

  /**
   * Performs the planned operation at once if it is a read of bytes that have arrived already.
   *
   * @returns Whether the operation was performed, so that the app need not wait.
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

  /** Keeps the value of the planned operation. */
  settle(result: unknown): void {
    this.result = result;
    this.exception = undefined;
  }

  /** Keeps the error of the planned operation; a rejection without a reason is an error as well. */
  fail(error: unknown): void {
    this.result = this.exception = error ?? new Error(`The operation threw ${error}`);
  }

  /** Ends the waits of {@linkcode Cogen.run}: the client has disconnected, or the server shuts down. */
  abort(reason: Error): void {
    if (this.#abortReason !== undefined) return;
    this.#abortReason = reason;
    this.#controller?.abort(reason);
    this.#cancelRuns();
  }

  /** Ends the waits of {@linkcode Cogen.run}: the app has ended. */
  close(): void {
    this.#closed = true;
    this.#cancelRuns();
  }

  #cancelRuns(): void {
    if (this.#runs === undefined) return;
    const reason = this.#endReason();
    for (const [task, { promise, reject }] of [...this.#runs]) {
      task.cancel();
      // The app may have dropped the promise on purpose: its rejection must not end the process.
      promise.catch(() => {});
      reject(reason);
    }
  }

  #endReason(): unknown {
    return this.#abortReason ?? new DOMException("The request has ended", "AbortError");
  }
}

/** An app may not send 100 or 101 in this way: the server sends 100, and `takeSocket` sends 101. */
function checkInformStatus(status: unknown): void {
  if (status === 102 || status === 103) return;
  const given = typeof status === "number" ? status : `a ${typeof status}`;
  throw new TypeError(`Cannot inform with status ${given}: expected 102 or 103`);
}
