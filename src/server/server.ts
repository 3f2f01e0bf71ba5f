/**
 * The server: its options, its listener, its connections and its end.
 *
 * A server passes through four states, in this order: made, listening, stopping, finished. Every
 * connection passes {@linkcode WSGIServer.accept}, whether a listener or an embedder brings it.
 *
 * @module
 */

import { handleFailures } from "../coroutine/internal.ts";
import {
  type AbortSignalLike,
  checkNames,
  type Duration,
  type HostAsyncDisposable,
  optionError,
  type Scheduler,
  toMilliseconds,
} from "../coroutine/mod.ts";
import {
  type Adapter,
  type Address,
  formatAddress,
  type Listener,
  type Socket,
} from "../socket/mod.ts";
import type { ActiveRequest, ServedListener } from "./counts/active_requests.ts";
import { Connections } from "./connections.ts";
import { resolveTls, type TLSOptions } from "./listening/tls_options.ts";
import { checkServingOptions, resolveOptions, type ServingOptions } from "./options.ts";
import type { Settings } from "./settings.ts";
import { type ServerStats, statsOf } from "./counts/server_stats.ts";
import { DEFAULT_IDLE_MS, ServerShutdown, Shutdown, untilQuiet } from "./shutdown.ts";
import { WSGIConnection } from "./wsgi_connection.ts";

/** The listener is closed after this number of turns in a row without a new connection. */
const TURNS_WITHOUT_CONNECTION = 3;
/** The length of the queue of connections that the system keeps for a listener, if no option gives it. */
const DEFAULT_QUEUE_SIZE = 511;

/** Options of `serve` and {@linkcode WSGIServer}. */
export interface ServerOptions extends ServingOptions {
  /** Called when the server listens. */
  readonly onListen?: (server: WSGIServer) => void;
  /** Aborting this signal begins a graceful shutdown. */
  readonly signal?: AbortSignalLike;
  /** The class of the connections: {@linkcode WSGIConnection}, the default, or a subclass. */
  readonly ConnectionClass?: new (socket: Socket, server: WSGIServer) => WSGIConnection;
}

/** Options of {@linkcode WSGIServer.shutdown}. */
export interface ShutdownOptions {
  /** How long running requests may take to finish before they are cancelled. Default 10 s. */
  readonly grace?: Duration;
  /**
   * How long idle connections stay open for one more request, which is answered with `Connection: close`. A
   * request that a client sends while the server closes the connection has no response, so a server that is
   * replaced while others serve should wait for several seconds. Default 50 ms.
   */
  readonly idle?: Duration;
}

/** The part of the class that depends on the compiler: the method for `await using`. */
export interface WSGIServer extends HostAsyncDisposable {}

/**
 * An HTTP/1.1 server for WSGI apps, on any adapter.
 *
 * @example On a network inside the process
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { WSGIServer } from "@x/cogen-wsgi";
 * import { memoryNetwork } from "@x/cogen-wsgi/adapters/memory";
 *
 * const network = memoryNetwork();
 * const server = new WSGIServer({
 *   adapter: network.adapter,
 *   bindAddr: ["127.0.0.1", 80],
 *   *wsgiApp(_environ, startResponse) {
 *     startResponse("200 OK", [["Content-Type", "text/plain"]]);
 *     yield "hello";
 *   },
 * });
 * await server.listen();
 * const answer = await new Promise<string>((resolve) => {
 *   let text = "";
 *   const client = network.connect({ host: "127.0.0.1", port: 80 }, () => ({
 *     onData: (bytes) => void (text += network.adapter.latin1(bytes, 0, bytes.length)),
 *     onEnd: () => resolve(text),
 *     onDrain() {},
 *     onClose() {},
 *   }));
 *   client.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
 * });
 * assertStringIncludes(answer, "200 OK");
 * await server.close();
 * ```
 */
export class WSGIServer {
  /** Resolves when the server has ended: nothing listens, no connection is open, no app runs. */
  readonly finished: Promise<void>;

  static {
    const value = function (this: WSGIServer): Promise<void> {
      return this.shutdown();
    };
    const shape = { value, writable: true, configurable: true };
    Object.defineProperty(this.prototype, Symbol.asyncDispose, shape);
  }

  readonly #options: ServerOptions;
  readonly #settings: Settings;
  readonly #connections: Connections;
  readonly #shutdown: Shutdown;
  readonly #ConnectionClass: NonNullable<ServerOptions["ConnectionClass"]>;
  /** Ends the reports of errors of coroutines that are not joined. */
  readonly #ignoreFailures: () => void;
  /** Whether `listen` waits for the adapter. */
  #listening = false;
  #listener: Listener | undefined;
  /** Set when a shutdown begins; resolves with {@linkcode finished}. */
  #ending: Promise<void> | undefined;
  readonly #resolveFinished: () => void;

  /**
   * Checks the options. The server does not listen yet.
   *
   * @param options The options of `serve`, and the adapter to listen with.
   * @throws {TypeError} For an option that is unknown or of the wrong kind.
   * @throws {RangeError} For a number outside its range.
   */
  constructor(options: ServerOptions & { readonly adapter: Adapter }) {
    options = checkServingOptions(options);
    this.#options = options;
    this.#settings = resolveOptions(options, options.adapter);
    this.#ConnectionClass = checkConnectionClass(options.ConnectionClass);
    this.#connections = new Connections(this.#settings, this);
    this.#shutdown = new Shutdown(this.#connections);
    const { scheduler, reportFailure } = this.#settings;
    this.#ignoreFailures = handleFailures(scheduler, reportFailure);
    let resolveFinished = () => {};
    this.finished = new Promise((resolve) => resolveFinished = resolve);
    this.#resolveFinished = resolveFinished;
  }

  /**
   * Begins to listen. A server listens only once.
   *
   * @returns This server, listening.
   * @throws Rejects with an error that names the address, if it cannot be bound; with `ServerShutdown`
   *   if the server was shut down meanwhile.
   */
  async listen(): Promise<this> {
    if (this.#listening || this.#listener !== undefined || this.stopping) {
      throw new TypeError("A server listens only once");
    }
    const { adapter, bind, backlog, tls } = this.#settings;
    const { signal, onListen } = this.#options;
    if (signal?.aborted) throw signal.reason;
    this.#listening = true;
    const accept = (socket: Socket) => this.accept(socket);
    const options = {
      log: this.#settings.logFault,
      ...(backlog === undefined ? {} : { backlog }),
      ...(tls === undefined ? {} : { tls: { ...tls, ...this.#connections.preamble(accept) } }),
    };
    const listen = () => adapter.listen(bind, options, accept);
    const loading = this.#connections.load();
    const listening = loading === undefined ? listen() : loading.then(listen);
    this.#listener = await listening.finally(() => this.#listening = false);
    if (this.stopping) {
      await this.#listener.close();
      throw new ServerShutdown();
    }
    this.#followSignal(signal);
    try {
      const heard: unknown = onListen?.(this);
      if (heard instanceof Promise) {
        heard.catch((error) => this.#settings.report(error, "onListen rejected"));
      }
    } catch (error) {
      await this.close();
      throw error;
    }
    return this;
  }

  #followSignal(signal: AbortSignalLike | undefined): void {
    if (signal === undefined) return;
    const abort = () => void this.shutdown();
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort);
    // A signal may live longer than many servers.
    void this.finished.then(() => signal.removeEventListener("abort", abort));
  }

  /**
   * Serves a connection that came in another way than by listening: a tunnel, a test, a device. The
   * connections of the listener pass here too, so that a subclass may inspect them.
   *
   * @param socket The connection.
   * @returns The handler that must be called with the events of the socket.
   *
   * @example A connection within the process
   * ```ts
   * import { assertStringIncludes } from "@std/assert";
   * import { WSGIServer } from "@x/cogen-wsgi";
   * import { memoryNetwork, socketPair } from "@x/cogen-wsgi/adapters/memory";
   *
   * const { adapter } = memoryNetwork();
   * const server = new WSGIServer({ adapter, wsgiApp: (_environ, start) => {
   *   start("200 OK", []);
   *   return ["hello"];
   * } });
   * const answer = await new Promise<string>((resolve) => {
   *   const [, client] = socketPair((socket) => server.accept(socket), () => ({
   *     onData: (bytes) => resolve(adapter.latin1(bytes, 0, bytes.length)),
   *     onEnd() {},
   *     onDrain() {},
   *     onClose() {},
   *   }));
   *   client.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
   * });
   * assertStringIncludes(answer, "hello");
   * await server.close();
   * ```
   */
  accept(socket: Socket): WSGIConnection {
    try {
      return new this.#ConnectionClass(socket, this);
    } catch (error) {
      // Without a handler, the connection would never hear of its end.
      this.#connections.drop(socket);
      throw error;
    }
  }

  /** The address of the listener, with the port that was picked for port 0. */
  get address(): Address {
    if (this.#listener === undefined) throw new TypeError("The server does not listen yet");
    return this.#listener.address;
  }

  /** The address of the listener as a URL, with a slash at its end. */
  get url(): string {
    const { address } = this;
    const secure = this.#settings.tls === undefined ? "http" : "https";
    const scheme = address.family === "unix" ? "http+unix" : secure;
    const authority = address.family === "unix"
      ? encodeURIComponent(address.path)
      : formatAddress(reachable(address));
    return `${scheme}://${authority}/`;
  }

  /**
   * Serves new handshakes with other certificates. Open connections stay, with the certificates that they have.
   *
   * @param tls The option `tls` in place of the one before: certificates, keys, and the demand on clients.
   * @throws {TypeError} For a wrong option, a server without `tls`, or a certificate or key that cannot be used;
   *   nothing has changed then. On Deno, also if the option `tls` had neither `reloadable` nor a member that
   *   includes it.
   *
   * @example
   * ```ts
   * import { assertThrows } from "@std/assert";
   * import { serve } from "@x/cogen-wsgi";
   *
   * await using server = await serve({
   *   bindAddr: ["127.0.0.1", 0],
   *   wsgiApp(_environ, startResponse) {
   *     startResponse("200 OK", []);
   *     return ["hello"];
   *   },
   * });
   * assertThrows(() => server.reloadTls({ cert: "", key: "" }), TypeError, "has no tls");
   * ```
   */
  reloadTls(tls: TLSOptions): void {
    if (this.#settings.tls === undefined) {
      throw new TypeError("Cannot reload: the server has no tls; pass the option tls to serve");
    }
    const options = resolveTls(tls);
    if (this.#listener === undefined) throw new TypeError("The server does not listen yet");
    if (this.#listener.reloadTls === undefined) {
      throw new TypeError(
        "Cannot reload: this listener cannot change its certificate; add reloadable: true to the option tls",
      );
    }
    this.#listener.reloadTls(options);
    this.#connections.asksClients = options.clientCertificate !== undefined;
  }

  /** The scheduler that runs the apps; it runs coroutines of your own beside them. */
  get scheduler(): Scheduler {
    return this.#settings.scheduler;
  }

  /** Whether a shutdown has begun. */
  get stopping(): boolean {
    return this.#ending !== undefined;
  }

  /**
   * Counts connections, requests, bytes, deadlines and coroutines, for monitoring.
   *
   * @returns The counts as of now.
   */
  stats(): ServerStats {
    return statsOf(this.#connections);
  }

  /**
   * Lists the requests whose app has not ended, oldest first.
   *
   * @returns The requests as of now.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { serve } from "@x/cogen-wsgi";
   *
   * await using server = await serve({
   *   bindAddr: ["127.0.0.1", 0],
   *   wsgiApp(_environ, startResponse) {
   *     const [request] = server.requests();
   *     startResponse("200 OK", [["Content-Type", "text/plain"]]);
   *     return [`${request!.method} ${request!.target}`];
   *   },
   * });
   * assertEquals(await (await fetch(`${server.url}here`)).text(), "GET /here");
   * ```
   */
  requests(): ActiveRequest[] {
    return this.#connections.activeRequests();
  }

  /**
   * Calls a function with each response, at the end of its app: for metrics. An error that the function throws
   * is logged. A middleware that logs uses `environ.cogen.onFinished`, which waits for the client as well.
   *
   * @param listener Takes the response.
   * @returns A function that ends the calls.
   * @throws {TypeError} If the listener is no function.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { serve } from "@x/cogen-wsgi";
   *
   * await using server = await serve({
   *   bindAddr: ["127.0.0.1", 0],
   *   wsgiApp(_environ, startResponse) {
   *     startResponse("404 Not Found", []);
   *     return ["nothing"];
   *   },
   * });
   * const seen: unknown[] = [];
   * server.onResponse(({ target, status }) => seen.push([target, status]));
   * await (await fetch(`${server.url}there`)).text();
   * assertEquals(seen, [["/there", 404]]);
   * ```
   */
  onResponse(listener: ServedListener): () => void {
    if (typeof listener !== "function") {
      throw optionError("The listener of onResponse", listener, "a function");
    }
    return this.#connections.onResponse(listener);
  }

  /**
   * Ends gracefully: accepts no more connections, answers the requests that have come, cancels through
   * `finally` the requests that take longer than the grace period, then closes.
   *
   * @param options The grace period, and the time for idle connections. A second call may shorten both.
   * @returns Resolves when no connection is open and no app runs. Rejects with a `TypeError` or a
   *   `RangeError` for a grace period that is no duration; the server then goes on.
   */
  async shutdown(options: ShutdownOptions = {}): Promise<void> {
    const { grace, idle } = checkNames("options of shutdown", options, ["grace", "idle"]);
    const graceMs = toMilliseconds(grace === undefined ? 10 : grace, "grace");
    if (idle !== undefined) this.#shutdown.keepIdle(toMilliseconds(idle, "idle"));
    else if (this.#ending === undefined) this.#shutdown.keepIdle(DEFAULT_IDLE_MS);
    this.#shutdown.limit(graceMs);
    await (this.#ending ??= this.#end());
  }

  /** Ends at once: running requests are cancelled through `finally`. */
  close(): Promise<void> {
    return this.shutdown({ grace: 0 });
  }

  /** Lets the server keep the process alive, as it does by default. */
  ref(): void {
    this.#listener?.ref();
  }

  /** Lets the process end while the server listens. */
  unref(): void {
    this.#listener?.unref();
  }

  /**
   * Waits until the connections in the queue of the system are accepted, because closing a listener
   * resets them. A busy server always has new connections, so the wait ends when as many have come as the
   * queue can hold. A bound in time would lose connections: some runtimes accept one connection a turn, and the
   * turns of a busy server are long.
   */
  async #acceptBacklog(): Promise<void> {
    const { adapter: { clock }, backlog = DEFAULT_QUEUE_SIZE } = this.#settings;
    const accepted = () => this.#connections.accepted;
    const last = accepted() + backlog + 1;
    const isOver = () => accepted() >= last || this.#shutdown.isOver;
    await untilQuiet(clock, TURNS_WITHOUT_CONNECTION, accepted, isOver);
  }

  async #end(): Promise<void> {
    this.#connections.beginClosing(new ServerShutdown());
    try {
      if (this.#listener !== undefined) await this.#acceptBacklog();
      await this.#listener?.close();
    } catch (error) {
      this.#settings.report(error);
    }
    await this.#shutdown.run();
    // The coroutines of a scheduler of its own may outlive the server, and fail because of its end.
    if (this.#options.scheduler !== undefined) this.#ignoreFailures();
    this.#resolveFinished();
  }
}

/** Checks the option `ConnectionClass`. */
function checkConnectionClass<T>(value: T | undefined): T | typeof WSGIConnection {
  const { prototype } = Object(value) as { prototype?: unknown };
  if (value === undefined) return WSGIConnection;
  if (value === WSGIConnection as unknown || prototype instanceof WSGIConnection) return value;
  throw optionError("ConnectionClass", value, "WSGIConnection, or a class that extends it");
}

/**
 * Replaces the address of any interface, to which no client can connect, by the loopback address.
 */
function reachable(address: Exclude<Address, { family: "unix" }>): Address {
  if (address.host === "0.0.0.0") return { ...address, host: "127.0.0.1" };
  if (address.host === "::") return { ...address, host: "::1" };
  return address;
}
