/**
 * `environ.cogen`: waiting inside an app, through all middleware between the app and the server.
 *
 * The app sets `operation` and yields `""`. Middleware passes the empty block on. The server performs
 * the operation and sets `result` and `exception`. One object serves the whole request, so a middleware
 * may copy the environ.
 *
 * The server's implementation is `running/request_cogen.ts`.
 *
 * @module
 */

import type { HostAbortSignal, Operation, Scheduler } from "../coroutine/mod.ts";
import type { WaitListener } from "./app_wait.ts";
import type { RequestBus, ServedBus } from "./bus.ts";
import type { Core } from "./core/core.ts";
import type { CogenInput } from "./input/input.ts";
import type { RequestControls } from "./request_controls.ts";
import type { BoundOperation, Waiter } from "./waiting.ts";

/** Waiting inside an app, and the controls of its request. */
export interface Cogen extends RequestControls, Waiter {
  /** The scheduler that runs the app. Coroutines of the app's own may join it. */
  readonly scheduler: Scheduler;
  /**
   * The operation that the next `yield ""` performs; reset when the server begins to perform it. Setting
   * a second one before that is an error: {@linkcode OperationNotPerformed}.
   */
  operation: Operation<unknown> | undefined;
  /**
   * The value of the last operation in cogen's style, or its error. Reading it throws
   * {@linkcode OperationNotPerformed} while a planned operation was not performed.
   */
  result: unknown;
  /** The error of the last operation in cogen's style; `undefined` if it succeeded. */
  exception: unknown;
  /**
   * The id of the request, which the access log and the error log write, and which answers of the server in place
   * of the app's have as `X-Request-Id`. The middleware `requestId` sets it; `undefined` without that.
   */
  requestId: string | undefined;
  /**
   * The id of the trace that the request belongs to, which the access log writes. The middleware
   * `openTelemetry` sets it; `undefined` without that.
   */
  traceId: string | undefined;
  /**
   * The operations, in cogen's style: `core.events`, `core.sockets`, `core.queue`, `core.pubsub` and
   * `core.util`. Each call plans its operation and returns `""`, to be yielded.
   */
  readonly core: Core;
  /** The request body, in cogen's style. */
  readonly input: CogenInput;
  /**
   * The bus of the server: signals, topics and queues that all processes of the app share. Its operations
   * know the request. Reading it throws a `TypeError` if the server has no bus: the option `bus` gives one, and
   * so does the command `cogen-wsgi`.
   */
  readonly bus: RequestBus;
  /**
   * The bus of the server itself, for objects that outlive the request, such as a channel of events or a topic:
   * its operations know no request. `undefined` if the server has none.
   */
  readonly servedBus: ServedBus | undefined;
  /**
   * Aborts when the client disconnects or a shutdown ends the request; never after a success.
   *
   * An error that a listener throws is logged. A listener of a signal that `AbortSignal.any` makes of this
   * one is out of the server's reach: its error goes to the runtime, which may end the process.
   */
  readonly signal: HostAbortSignal;
  /**
   * Aborts when a shutdown of the server begins; its reason is a `ServerShutdown`. It is aborted already for
   * a request that begins during a shutdown. The request itself goes on. An app that streams without an
   * end should end its response then, so that the shutdown does not use its whole grace period.
   */
  readonly stopping: HostAbortSignal;
  /** Whether a shutdown of the server has begun. It makes no signal, which takes memory as long as the app runs. */
  readonly isStopping: boolean;

  /**
   * Calls a function after each wait of the app that begins from now on. Waits of coroutines that the app has
   * added are not told. An error of the function is reported.
   *
   * @param listener Takes the wait.
   * @throws {TypeError} If `listener` is not a function.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { Sleep } from "@x/cogen-wsgi";
   * import { testClient } from "@x/cogen-wsgi/testing";
   *
   * const waits: [string, number][] = [];
   * await using client = testClient(function* (environ, startResponse) {
   *   environ.cogen.onWait(({ operation, beganAtMs, endedAtMs }) => {
   *     waits.push([operation, endedAtMs - beganAtMs]);
   *   });
   *   yield* environ.cogen.wait(Sleep(2));
   *   startResponse("200 OK", [["Content-Type", "text/plain"]]);
   *   yield "hello";
   * });
   * await client.get("/");
   * assertEquals(waits, [["Sleep", 2000]]);
   * ```
   */
  onWait(listener: WaitListener): void;

  /**
   * Waits until a shutdown of the server begins; the wait ends at once if one has begun. Apps usually put the
   * operation into a `race`.
   *
   * @returns An operation that knows the request: for `yield*`, `yield`, `await environ.cogen.run(...)`.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { race, serve, Sleep } from "@x/cogen-wsgi";
   *
   * const server = await serve({
   *   bindAddr: ["127.0.0.1", 0],
   *   *wsgiApp(environ, startResponse) {
   *     startResponse("200 OK", [["Content-Type", "text/event-stream"]]);
   *     while (!environ.cogen.stopping.aborted) {
   *       yield "data: tick\n\n";
   *       yield* environ.cogen.wait(race([Sleep(60), environ.cogen.untilStopping()]));
   *     }
   *     yield "data: the end\n\n";
   *   },
   * });
   * const response = await fetch(server.url);
   * const shutdown = server.shutdown();
   * assertEquals(await response.text(), "data: tick\n\ndata: the end\n\n");
   * await shutdown;
   * ```
   */
  untilStopping(): BoundOperation<void>;

  /**
   * Calls a function in cogen's style: `yield environ.cogen.call(fn)(...args)`. Its result is then in
   * {@linkcode Cogen.result}.
   *
   * @param fn Any function: of a coroutine, of an operation, such as `queue.get`, of a promise, or of
   *   a plain value. It is called when the server performs the call.
   * @returns A function that takes the arguments and returns the empty block to be yielded.
   */
  call<A extends unknown[]>(fn: (...args: A) => unknown): (...args: A) => "";

  /**
   * Waits, typed and through middleware: `yield* environ.cogen.wait(operation)`.
   *
   * @param operation The operation to wait for.
   * @returns An operation that knows the request; its `yield*` gives the result.
   * @throws {TypeError} If the argument is no operation.
   * @throws At the `yield*`: the operation's error; {@linkcode OperationNotPerformed} if a middleware
   *   did not pass the empty block on.
   */
  wait<T>(operation: Operation<T>): BoundOperation<T>;

  /**
   * Waits in an async app: `await environ.cogen.run(operation)`.
   *
   * @param operation The operation to wait for.
   * @returns The result of the operation. The promise rejects with its error, if the request is
   *   cancelled meanwhile, and after the app was closed.
   */
  run<T>(operation: Operation<T>): Promise<T>;
}
