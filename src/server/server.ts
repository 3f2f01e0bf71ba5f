/**
 * A server: listens, keeps its connections, and ends well.
 *
 * @module
 */

import type { Scheduler } from "../coroutine/mod.ts";
import { type Duration, toMilliseconds } from "../coroutine/mod.ts";
import type { ConnectionFacts } from "../wsgi/environ.ts";
import type { ServerFields } from "../wsgi/response.ts";
import { formatAddress } from "./address.ts";
import { type ConnectionHost, WSGIConnection } from "./connection.ts";
import { DateHeader } from "./date_header.ts";
import { LogStream } from "./error_log.ts";
import { resolveOptions, type ServerOptions, type Settings } from "./options.ts";
import type { Adapter, Address, Listener, Socket, SocketHandler } from "./socket.ts";

/** What {@linkcode WSGIServer.stats} counts. */
export interface ServerStats {
  /** Open connections. */
  readonly connections: number;
  /** Requests whose app has not ended. */
  readonly activeRequests: number;
  /** Requests whose app has ended. */
  readonly servedRequests: number;
}

/** How a shutdown goes. */
export interface ShutdownOptions {
  /** How long running requests may take to finish before they are cancelled. Default 10 s. */
  readonly grace?: Duration;
}

/** How often deadlines are checked, in milliseconds. */
const SWEEP = 1000;
/** How long a shutdown waits on an idle connection, on which a request may be under way; in ms. */
const RETIRE_AFTER = 250;
/** How long the `finally` blocks of cancelled requests may take, in milliseconds. */
const CANCEL_TIME = 1000;

/** A running request was cancelled because the server is shutting down. */
export class ServerShutdown extends Error {
  /** `ServerShutdown`. */
  override readonly name = "ServerShutdown";

  /** Makes the error; its message is always the same. */
  constructor() {
    super("The server is shutting down");
  }
}

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
export class WSGIServer implements AsyncDisposable {
  readonly #settings: Settings;
  readonly #options: ServerOptions;
  readonly #host: ConnectionHost;
  readonly #connections = new Set<WSGIConnection>();
  #listener: Listener | undefined;
  #listening = false;
  #closing = false;
  #gone = false;
  #active = 0;
  #served = 0;
  #cancelSweep: (() => void) | undefined;
  /** Looks again whether a shutdown must wait. */
  #review: (() => void) | undefined;
  #shutdown: Promise<void> | undefined;
  /** When a shutdown cancels what still runs, by the clock. */
  #cancelAt = Infinity;
  readonly #finished = deferred();

  /**
   * Checks the options; it does not listen yet.
   *
   * @param options As of `serve`, and the adapter to listen with.
   * @throws {TypeError} For an option that is unknown or of the wrong kind.
   * @throws {RangeError} For a number outside its range.
   */
  constructor(options: ServerOptions & { readonly adapter: Adapter }) {
    this.#options = options;
    this.#settings = resolveOptions(options, options.adapter);
    this.#host = this.#connectionHost();
  }

  /**
   * Begins to listen.
   *
   * @returns The server, listening.
   * @throws Rejects with an error that names the address, if it cannot be bound; with `ServerShutdown`
   *   if it was shut down meanwhile.
   */
  async listen(): Promise<this> {
    if (this.#listening || this.#listener !== undefined || this.#closing) {
      throw new TypeError("A server listens only once");
    }
    const { adapter, bind, backlog } = this.#settings;
    const { signal, onListen } = this.#options;
    signal?.throwIfAborted();
    this.#listening = true;
    const options = backlog === undefined ? {} : { backlog };
    const listening = adapter.listen(bind, options, (socket) => this.accept(socket));
    this.#listener = await listening.finally(() => this.#listening = false);
    if (this.#closing) {
      await this.#listener.close();
      throw new ServerShutdown();
    }
    this.#followSignal(signal);
    try {
      onListen?.(this);
    } catch (error) {
      await this.close();
      throw error;
    }
    return this;
  }

  #followSignal(signal: AbortSignal | undefined): void {
    if (signal === undefined) return;
    const abort = () => void this.shutdown();
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    // A signal may outlive many servers.
    void this.finished.then(() => signal.removeEventListener("abort", abort));
  }

  /**
   * Serves a connection that came some other way than by listening: a tunnel, a test, a device.
   *
   * @param socket The connection.
   * @returns Who must be told what happens to it.
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
  accept(socket: Socket): SocketHandler {
    const connection = new WSGIConnection(socket, this.#host);
    this.#connections.add(connection);
    const isTooMany = this.#connections.size > this.#settings.limits.maxConnections;
    if (isTooMany || this.#gone) connection.destroy();
    if (this.#cancelSweep === undefined) this.#planSweep();
    return connection;
  }

  /** Where it listens; with the port that was picked for port 0. */
  get address(): Address {
    if (this.#listener === undefined) throw new TypeError("The server does not listen yet");
    return this.#listener.address;
  }

  /** Where it listens, as a URL with a slash at its end. */
  get url(): string {
    const { address } = this;
    const scheme = address.family === "unix" ? "http+unix" : "http";
    const authority = address.family === "unix"
      ? encodeURIComponent(address.path)
      : formatAddress(reachable(address));
    return `${scheme}://${authority}/`;
  }

  /** Runs the apps; coroutines of your own may join them. */
  get scheduler(): Scheduler {
    return this.#settings.scheduler;
  }

  /** Resolves when the server has ended: nothing listens, no connection is open. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /** Whether a shutdown has begun. */
  get stopping(): boolean {
    return this.#closing;
  }

  /**
   * Counts what there is.
   *
   * @returns The counts now.
   */
  stats(): ServerStats {
    return {
      connections: this.#connections.size,
      activeRequests: this.#active,
      servedRequests: this.#served,
    };
  }

  /**
   * Ends gracefully: accepts no more, answers what is under way, cancels through `finally` what takes
   * longer than the grace period, then closes.
   *
   * @param options How long running requests may take. A second call may shorten that.
   * @returns Resolves when all is closed.
   */
  shutdown(options: ShutdownOptions = {}): Promise<void> {
    const grace = toMilliseconds(options.grace ?? 10);
    const cancelAt = this.#settings.adapter.clock.now() + grace;
    if (cancelAt < this.#cancelAt) {
      this.#cancelAt = cancelAt;
      this.#review?.();
    }
    return this.#shutdown ??= this.#end();
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

  /** As {@linkcode shutdown}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  async #end(): Promise<void> {
    const { clock } = this.#settings.adapter;
    this.#closing = true;
    try {
      await this.#listener?.close();
    } catch (error) {
      this.#settings.report(error);
    }
    const retireAt = clock.now() + RETIRE_AFTER;
    await this.#quiet(() => Math.min(retireAt, this.#cancelAt));
    for (const connection of [...this.#connections]) connection.retire();
    await this.#quiet(() => this.#cancelAt);
    const reason = new ServerShutdown();
    for (const connection of [...this.#connections]) connection.abort(reason);
    const destroyAt = clock.now() + CANCEL_TIME;
    await this.#quiet(() => destroyAt);
    for (const connection of [...this.#connections]) connection.destroy();
    await this.#quiet(() => destroyAt + CANCEL_TIME);
    this.#gone = true;
    this.#cancelSweep?.();
    this.#finished.resolve();
  }

  /** Waits until no connection is open and no app runs, or for a time that may still change. */
  async #quiet(until: () => number): Promise<void> {
    const { clock } = this.#settings.adapter;
    for (;;) {
      const left = until() - clock.now();
      if (this.#connections.size + this.#active === 0 || left <= 0) return;
      await new Promise<void>((resolve) => {
        const cancel = clock.setTimer(Math.min(left, MAX_TIMER), resolve);
        this.#review = () => {
          cancel();
          resolve();
        };
      });
      this.#review = undefined;
    }
  }

  #connectionHost(): ConnectionHost {
    const settings = this.#settings;
    const date = new DateHeader();
    const fields: ServerFields = { date: () => date.value(), server: undefined };
    const isClosing = () => this.#closing;
    return {
      settings,
      fields,
      get closing() {
        return isClosing();
      },
      factsOf: (socket) => connectionFacts(socket, settings),
      began: () => void this.#active++,
      ended: () => {
        this.#active--;
        this.#served++;
        if (this.#active === 0) this.#review?.();
      },
      forget: (connection) => {
        this.#connections.delete(connection);
        if (this.#connections.size === 0) this.#review?.();
      },
    };
  }

  /** Deadlines are coarse, so that setting one costs nothing: everyone is looked at once a second. */
  #planSweep(): void {
    const { clock } = this.#settings.adapter;
    this.#cancelSweep = clock.setTimer(SWEEP, () => {
      this.#cancelSweep = undefined;
      const now = clock.now();
      for (const connection of [...this.#connections]) connection.checkDeadline(now);
      if (this.#connections.size > 0) this.#planSweep();
    });
  }
}

const MAX_TIMER = 2 ** 31 - 1;

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => resolve = settle);
  return { promise, resolve };
}

/** Any interface is none that a client could ask for. */
function reachable(address: Exclude<Address, { family: "unix" }>): Address {
  if (address.host === "0.0.0.0") return { ...address, host: "127.0.0.1" };
  if (address.host === "::") return { ...address, host: "::1" };
  return address;
}

function connectionFacts(socket: Socket, settings: Settings): ConnectionFacts {
  const { local, remote } = socket;
  return {
    serverName: settings.serverName,
    serverPort: local.family === "unix" ? "" : String(local.port),
    serverSoftware: `cogen-wsgi (${settings.adapter.name})`,
    serverProtocol: settings.protocol,
    remoteAddress: remote.family === "unix" ? "" : remote.host,
    remotePort: remote.family === "unix" ? "" : String(remote.port),
    urlScheme: socket.encrypted ? "https" : "http",
    errors: new LogStream(settings.log),
  };
}
