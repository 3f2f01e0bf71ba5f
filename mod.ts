/**
 * A server for WSGI-style apps written as generators: the same bytes on Node, Deno and Bun.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { serve, Sleep } from "@x/cogen-wsgi";
 *
 * const server = await serve({
 *   bindAddr: ["127.0.0.1", 0],
 *   *wsgiApp(environ, startResponse) {
 *     startResponse("200 OK", [["Content-Type", "text/plain"]]);
 *     yield "Hello, ";
 *     yield* environ.cogen.wait(Sleep(0.01));
 *     yield "world!";
 *   },
 * });
 * const response = await fetch(server.url);
 * assertEquals(await response.text(), "Hello, world!");
 * await server.close();
 * ```
 *
 * @module
 */

import { isGranted } from "./adapters/deno/granted.ts";
import {
  checkNames,
  refuseSurplus,
  Scheduler,
  type SchedulerOptions,
} from "./src/coroutine/mod.ts";
import { type ServerOptions, WSGIServer } from "./src/server/mod.ts";
import { checkServingOptions } from "./src/server/options.ts";
import type { Adapter, DiallingAdapter } from "./src/socket/mod.ts";

// The server.
export {
  type BindAddress,
  type Limits,
  type ServerOptions,
  ServerShutdown,
  type ServerStats,
  type ShutdownOptions,
  type Timeouts,
  type TLSOptions,
  WSGIConnection,
  WSGIServer,
} from "./src/server/mod.ts";
export type { Adapter, Address, Listener, Socket, SocketHandler } from "./src/socket/mod.ts";
export { ProtocolError, ResponseError } from "./src/http/mod.ts";

// The app contract.
export type * from "./src/wsgi/environ_extensions.ts";
export {
  type AppIterable,
  type AppReturn,
  type AppYield,
  type ArrayApp,
  type AsyncApp,
  type Block,
  ClientDisconnected,
  type Closeable,
  type Cogen,
  type Environ,
  type GeneratorApp,
  type HeaderList,
  type Middleware,
  type Mounts,
  type ProxyFacts,
  type ProxyProtocolFacts,
  type StartResponse,
  type WSGIApp,
  WSGIError,
  WSGIFileWrapper,
  type WSGIInput,
  WSGIPathInfoDispatcher,
} from "./src/wsgi/mod.ts";

// Middleware.
export {
  accessLog,
  type AccessLogEntry,
  type AccessLogFormat,
  type AccessLogOptions,
  basicAuth,
  type BasicAuthOptions,
  type BlockStage,
  cors,
  type CORSOptions,
  delegate,
  errorPage,
  type ErrorResponse,
  type ForwardedField,
  HTTPException,
  lazyStartResponse,
  passThrough,
  requestId,
  type RequestIdOptions,
  staticFiles,
  type StaticFilesOptions,
  type SyncApp,
  syncInput,
  trustProxy,
  type TrustProxyOptions,
  validator,
  WSGIValidationError,
} from "./src/middleware/mod.ts";

// Coroutines.
export {
  Accept,
  Acceptor,
  AddCoro,
  all,
  allSettled,
  Call,
  Connect,
  type Coroutine,
  type CoroutineFunction,
  type Deadline,
  type Duration,
  Join,
  local,
  type Operation,
  OperationTimeout,
  priority,
  PublishSubscribeQueue,
  Queue,
  QueueClosed,
  race,
  readline,
  readlines,
  Recv,
  RecvAll,
  Scheduler,
  type SchedulerOptions,
  type Scope,
  scope,
  Semaphore,
  Send,
  SendAll,
  Signal,
  Sleep,
  type SocketStream,
  type Task,
  TaskCancelled,
  timeout,
  type TimeoutOptions,
  toPromise,
  until,
  WaitForSignal,
} from "./src/coroutine/mod.ts";

/** Options of {@linkcode serve}. */
export interface ServeOptions extends ServerOptions {
  /** Where sockets come from. Default: the runtime's. */
  readonly adapter?: Adapter;
}

/**
 * Serves an app until the server is shut down.
 *
 * @param options The app, and where to serve it; `bindAddr` is by default `127.0.0.1` and the port in
 *   the environment variable `PORT`, or 8000.
 * @returns The server, listening.
 * @throws {TypeError} For an option that is unknown or of the wrong kind, such as a missing host.
 * @throws {RangeError} For a number outside its range.
 * @throws Rejects with an error that names the address, if it cannot be bound.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { serve } from "@x/cogen-wsgi";
 *
 * await using server = await serve({
 *   bindAddr: ["127.0.0.1", 0],
 *   wsgiApp(_environ, startResponse) {
 *     startResponse("200 OK", [["Content-Type", "text/plain"]]);
 *     return ["hello"];
 *   },
 * });
 * assertEquals(await (await fetch(server.url)).text(), "hello");
 * ```
 */
export async function serve(options: ServeOptions): Promise<WSGIServer> {
  if (arguments.length > 1) {
    refuseSurplus("serve", arguments, 1, "serve({ wsgiApp: app, ...options })");
  }
  options = checkServingOptions(options);
  const { bindAddr = ["127.0.0.1", defaultPort()], adapter = await runtimeAdapter() } = options;
  const { debug = isDebugging() } = options;
  return await new WSGIServer({ ...options, bindAddr, adapter, debug }).listen();
}

/**
 * The adapter of the runtime this runs on. Those of the others are not even loaded.
 *
 * @returns The adapter for Deno, Bun or Node.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { runtimeAdapter } from "@x/cogen-wsgi";
 *
 * const adapter = await runtimeAdapter();
 * assertEquals(["node", "deno", "bun"].includes(adapter.name), true);
 * ```
 */
export async function runtimeAdapter(): Promise<DiallingAdapter> {
  if ("Deno" in globalThis) return (await import("./adapters/deno.ts")).denoAdapter();
  if ("Bun" in globalThis) return (await import("./adapters/bun.ts")).bunAdapter();
  return (await import("./adapters/node/adapter.ts")).nodeAdapter();
}

/**
 * A scheduler with the clock of the runtime this runs on: for coroutines beside a server, or without
 * one. `serve` takes it as the option `scheduler`.
 *
 * @param options As of {@linkcode Scheduler}, but for the clock.
 * @returns The scheduler; with an adapter at hand, `new Scheduler({ clock: adapter.clock })` is the same.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { createScheduler, Sleep } from "@x/cogen-wsgi";
 *
 * const scheduler = await createScheduler();
 * const task = scheduler.add(function* () {
 *   yield* Sleep(0.01);
 *   return "awake";
 * });
 * await scheduler.run();
 * assertEquals(task.result, "awake");
 * ```
 */
export async function createScheduler(
  options: Omit<SchedulerOptions, "clock"> = {},
): Promise<Scheduler> {
  if (arguments.length > 1) refuseSurplus("createScheduler", arguments, 1);
  options = checkNames("The argument of createScheduler", options, CREATE_OPTIONS, {
    complaint: "Unknown option of createScheduler",
  });
  const { clock } = await runtimeAdapter();
  return new Scheduler({ debug: isDebugging(), ...options, clock });
}

const CREATE_OPTIONS: readonly (keyof SchedulerOptions)[] = [
  ...["defaultTimeout", "defaultPriority", "debug", "quantum", "onError", "log"] as const,
];

/** A variable, where there is an environment, and Deno lets this program read the variable. */
function variable(name: string): string | undefined {
  const { process } = globalThis as { process?: { env: Record<string, string | undefined> } };
  return isGranted({ name: "env", variable: name }) ? process?.env[name] : undefined;
}

/** Whether `COGEN_DEBUG` is set, and not to 0. */
function isDebugging(): boolean {
  return !["", "0", "false"].includes(variable("COGEN_DEBUG") ?? "");
}

/** The port of `PORT`, or 8000. */
function defaultPort(): number {
  const port = variable("PORT");
  if (port === undefined || port === "") return 8000;
  if (!/^\d{1,5}$/.test(port)) {
    throw new RangeError(`The environment variable PORT is "${port}": expected a port number`);
  }
  return Number(port);
}
