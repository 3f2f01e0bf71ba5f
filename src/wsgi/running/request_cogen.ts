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
  isOperation,
  type Operation,
  optionError,
  type Scheduler,
  showValue,
  type Task,
} from "../../coroutine/mod.ts";
import {
  type CurrentStep,
  currentStep,
  handleRejection,
  isOf,
  noteWait,
  start,
} from "../../coroutine/internal.ts";
import type { ByteSocket, Files, SocketHandler } from "../../socket/mod.ts";
import type { WaitListener } from "../app_wait.ts";
import type { HeaderList } from "../block.ts";
import { BoundWait } from "../bound_operation.ts";
import type { RequestBus, ServedBus } from "../bus.ts";
import type { Cogen } from "../cogen.ts";
import { Core } from "../core/core.ts";
import { type BodyBuffer, ClientDisconnected } from "../input/body_buffer.ts";
import { CogenInput } from "../input/input.ts";
import type { OperationNotPerformed } from "../not_performed.ts";
import { QuickOperation } from "../quick_operation.ts";
import type { RequestControls, RequestTimeouts, TakenEvents } from "../request_controls.ts";
import type { ResponseListener } from "../response_report.ts";
import type { Binding, BoundOperation, Planner, TypedWait } from "../waiting.ts";
import { noteAbort } from "./abort_reasons.ts";
import { isPromise } from "./app_steps.ts";
import { guardListeners } from "./guarded_signal.ts";
import { PlannedWaits } from "./planned_waits.ts";
import { Stopping, type StoppingSource } from "./stopping.ts";

/** A wait of {@linkcode Cogen.run} that has not ended. */
interface Run<T = unknown> {
  readonly operation: Operation<T>;
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
  readonly endWait: (() => void) | undefined;
  /** All waits of the request. */
  readonly runs: Set<Run>;
  task: Task<unknown> | undefined;
}

/** What the exchange gives to the requests. */
export interface CogenHost extends RequestControls, StoppingSource {
  /** The bus of the server. */
  readonly servedBus: ServedBus | undefined;
}

/** `environ.cogen` of one request. */
export class RequestCogen implements Cogen, Planner, Binding {
  readonly scheduler: Scheduler;
  /** The step that the app makes, or made last; undefined before the first. Set by the app run. */
  appStep: CurrentStep | undefined;

  requestId: string | undefined;
  traceId: string | undefined;

  readonly #body: BodyBuffer;
  readonly #controls: CogenHost;
  /** The waits of the app; made for the first of them, or for the closing of the app. */
  #plannedWaits: PlannedWaits | undefined;
  // Made when the app first asks for them: most apps use one of them, or none.
  #core: Core | undefined;
  #input: CogenInput | undefined;
  #bus: RequestBus | undefined;
  #controller: AbortController | undefined;
  #stopping: Stopping | undefined;
  /** The error that ended the request early. */
  #abortReason: Error | undefined;
  /** The error of the waits that the end of the app has ended; made for the first of them. */
  #endError: Error | undefined;
  /** The running tasks of {@linkcode Cogen.run}. */
  #runs: Set<Run> | undefined;
  #waitListeners: WaitListener[] | undefined;
  /** True once the app has ended: no wait can begin any more. */
  #closed = false;

  /**
   * @param scheduler Runs the app.
   * @param body The request body.
   * @param controls The exchange that the calls of the app are passed on to.
   */
  constructor(scheduler: Scheduler, body: BodyBuffer, controls: CogenHost) {
    this.scheduler = scheduler;
    this.#body = body;
    this.#controls = controls;
  }

  get core(): Core {
    return this.#core ??= new Core(this);
  }

  get input(): CogenInput {
    return this.#input ??= new CogenInput(this.#body, this);
  }

  get bus(): RequestBus {
    const { servedBus } = this;
    if (servedBus === undefined) {
      throw new TypeError(
        "The server has no bus: write serve({ bus: await openBus(memoryTransport()) }), with ./bus",
      );
    }
    return this.#bus ??= servedBus.bind(this);
  }

  get servedBus(): ServedBus | undefined {
    return this.#controls.servedBus;
  }

  get signal(): HostAbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      guardListeners(this.#controller.signal, (error) => this.report(error));
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
    }
    return this.#controller.signal;
  }

  get stopping(): HostAbortSignal {
    this.#stopping ??= new Stopping(this.#controls);
    return this.#stopping.signal((error) => this.report(error), this.#closed);
  }

  get isStopping(): boolean {
    return this.#controls.stopReason !== undefined;
  }

  untilStopping(): BoundOperation<void> {
    this.#stopping ??= new Stopping(this.#controls);
    return new BoundWait(this.#stopping.until(), this);
  }

  get files(): Files | undefined {
    return this.#controls.files;
  }

  get operation(): Operation<unknown> | undefined {
    return this.#plannedWaits?.operation;
  }

  set operation(operation: Operation<unknown> | undefined) {
    this.#waits.operation = operation;
  }

  get result(): unknown {
    return this.#plannedWaits?.result;
  }

  set result(result: unknown) {
    this.#waits.result = result;
  }

  get exception(): unknown {
    return this.#plannedWaits?.exception;
  }

  set exception(exception: unknown) {
    this.#waits.exception = exception;
  }

  plan(operation: Operation<unknown>): "" {
    this.#waits.plan(operation);
    return "";
  }

  call<A extends unknown[]>(fn: (...args: A) => unknown): (...args: A) => "" {
    return (...args) => this.plan(Call(fn, ...args));
  }

  wait<T>(operation: Operation<T>): BoundOperation<T> {
    return operation instanceof QuickOperation && operation.bindTo(this)
      ? operation
      : new BoundWait(checkedOperation(operation, "wait"), this);
  }

  get isElsewhere(): boolean {
    const step = currentStep();
    return step !== undefined && step !== this.appStep;
  }

  expect(wait: TypedWait): void {
    this.#waits.expect(wait);
  }

  forget(wait: TypedWait): void {
    this.#plannedWaits?.forget(wait);
  }

  get #waits(): PlannedWaits {
    return this.#plannedWaits ??= new PlannedWaits();
  }

  run<T>(given: Operation<T>): Promise<T> {
    const operation = checkedOperation(given, "run");
    let resolve!: (value: T) => void;
    let reject!: (reason: unknown) => void;
    const promise = new Promise<T>((...settle) => [resolve, reject] = settle);
    if (this.#closed) {
      // The promise rejects a turn later, because an app that retries in an endless loop must not
      // block all others.
      this.scheduler.clock.defer(() => reject(this.makeEndReason()));
      handleRejection(promise);
      return promise;
    }
    noteWait(this.scheduler, operation);
    const runs = this.#runs ??= new Set();
    const endWait = this.beginWait(operation);
    const wait: Run<T> = {
      operation,
      promise,
      resolve,
      reject,
      endWait,
      runs,
      task: undefined,
    };
    runs.add(wait as Run);
    wait.task = start(this.scheduler, run, wait as Run);
    return promise;
  }

  /** The running tasks of {@linkcode run}. */
  get runTasks(): Iterable<Task<unknown>> {
    return [...this.#runs ?? []].map(({ task }) => task).filter((task) => task !== undefined);
  }

  onWait(listener: WaitListener): void {
    if (typeof listener !== "function") {
      throw optionError("The listener of onWait", listener, "a function");
    }
    (this.#waitListeners ??= []).push(listener);
  }

  /** Notes the beginning of a wait. @returns Tells of its end; `undefined` if there is no listener. */
  beginWait(value: unknown): (() => void) | undefined {
    const listeners = this.#waitListeners;
    if (listeners === undefined) return undefined;
    const { clock } = this.scheduler;
    const operation = isOperation(value) ? value.name : "promise";
    const beganAtMs = clock.now();
    return () => {
      const wait = { operation, beganAtMs, endedAtMs: clock.now() };
      for (const listener of listeners) {
        try {
          const given: unknown = listener(wait);
          if (isPromise(given)) given.then(undefined, (error) => this.report(error));
        } catch (error) {
          this.report(error);
        }
      }
    };
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

  takeSocket(
    headers: HeaderList,
    accept: (socket: ByteSocket) => SocketHandler,
    events?: TakenEvents,
  ): void {
    this.#controls.takeSocket(headers, accept, events);
  }

  /** Takes the operation that an empty block stands for: the last one that was planned. */
  take(): Operation<unknown> | undefined {
    return this.#plannedWaits?.take();
  }

  /**
   * Performs the operation of an empty block at once, if it need not wait.
   *
   * @returns Whether the operation was performed.
   */
  performNow(): boolean {
    return this.#plannedWaits?.performNow() ?? false;
  }

  /** Keeps the value of the operation that {@linkcode take} has given. */
  settle(result: unknown): void {
    this.#waits.settle(result);
  }

  /** Keeps the error of that operation. */
  fail(error: unknown): void {
    this.#waits.fail(error);
  }

  /**
   * The app has ended by itself.
   *
   * @returns The error of an operation that is planned; nothing will perform it any more.
   */
  unperformed(): OperationNotPerformed | undefined {
    return this.#plannedWaits?.unperformed();
  }

  /**
   * The app is being closed. Its steps may go on, and planned operations that nothing performs any
   * more are no mistake.
   */
  beginClosing(): void {
    this.#waits.beginClosing();
  }

  /**
   * The client has disconnected, or the server shuts down: ends the waits of {@linkcode Cogen.run}, except those
   * of an app that is being closed already.
   */
  abort(reason: Error): void {
    if (this.#abortReason !== undefined) return;
    this.#abortReason = reason;
    noteAbort(reason);
    const isClosing = this.#waits.isClosing;
    this.beginClosing();
    this.#controller?.abort(reason);
    if (!isClosing) this.#cancelRuns();
  }

  /** Ends the waits of {@linkcode Cogen.run}: the app has ended. */
  close(): void {
    this.#closed = true;
    this.#stopping?.close();
    this.#cancelRuns();
  }

  #cancelRuns(): void {
    if (this.#runs === undefined || this.#runs.size === 0) return;
    const reason = this.makeEndReason();
    for (const { task, promise, reject } of [...this.#runs]) {
      // A result that is on its way still arrives: an item of a queue would be lost otherwise.
      const isOnItsWay = task?.state === "ready";
      task?.cancel();
      // The app may have dropped the promise on purpose: its rejection must not end the process.
      promise.catch(() => {});
      if (!isOnItsWay) reject(reason);
    }
  }

  /** Gives the error with which waits end once the app has ended or was aborted. */
  makeEndReason(): Error {
    const known = this.#abortReason ?? this.#endError;
    if (known !== undefined) return known;
    this.#endError = new DOMException("The request has ended", "AbortError");
    noteAbort(this.#endError);
    return this.#endError;
  }
}

/** The coroutine of a wait. One generator function for all waits: each one of its own would cost V8 a map. */
function* run(wait: Run): Coroutine<void> {
  const { operation, promise, resolve, reject, endWait, runs } = wait;
  try {
    resolve(yield operation);
  } catch (error) {
    // The client may leave at any time, also while an app that has dropped the promise still sends.
    if (isOf(ClientDisconnected, error)) handleRejection(promise);
    reject(error);
  } finally {
    endWait?.();
    runs.delete(wait);
  }
}

/**
 * Checks an argument of `wait` or `run`. A promise and a coroutine pass as well.
 *
 * @throws {TypeError} For a value of another kind, such as the `""` of a call in cogen's style.
 */
function checkedOperation<T>(given: Operation<T>, method: "wait" | "run"): Operation<T> {
  if (isOperation(given)) return given;
  handleRejection(given);
  if (typeof given === "object" && given !== null) return Call(() => given) as Operation<T>;
  const kind = given === "" ? "the empty block of a call in cogen's style" : showValue(given);
  const verb = method === "wait" ? "wait for" : "run";
  throw new TypeError(
    `Cannot ${verb} ${kind}: expected an operation, as in environ.cogen.${method}(Sleep(1))`,
  );
}

/** An app may not send 100 or 101 in this way: the server sends 100, and `takeSocket` sends 101. */
function checkInformStatus(status: unknown): void {
  if (status === 102 || status === 103) return;
  handleRejection(status);
  const given = typeof status === "number" ? status : `a ${typeof status}`;
  throw new TypeError(`Cannot inform with status ${given}: expected 102 or 103`);
}
