/**
 * A server: listens, keeps its connections, and ends well.
 *
 * @module
 */

import { type Duration, type Scheduler, toMilliseconds } from "../coroutine/mod.ts";
import {
  type Adapter,
  type Address,
  formatAddress,
  type Listener,
  type Socket,
} from "../socket/mod.ts";
import type { WSGIConnection } from "./wsgi_connection.ts";
import { Connections } from "./connections.ts";
import { resolveOptions, type ServerOptions, type Settings } from "./options.ts";
import { ServerShutdown, Shutdown } from "./shutdown.ts";

/** For so many turns nobody must have come before a server that ends listens no more. */
const CALM_TURNS = 3;
/** But it listens no longer than that, in milliseconds. */
const MAX_TAKING_IN = 100;

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
  /** Resolves when the server has ended: nothing listens, no connection is open, no app runs. */
  readonly finished: Promise<void>;

  readonly #options: ServerOptions;
  readonly #settings: Settings;
  readonly #connections: Connections;
  readonly #shutdown: Shutdown;
  #listening = false;
  #listener: Listener | undefined;
  #ending: Promise<void> | undefined;
  #resolveFinished!: () => void;

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
    this.#connections = new Connections(this.#settings);
    this.#shutdown = new Shutdown(this.#connections);
    this.finished = new Promise((resolve) => this.#resolveFinished = resolve);
  }

  /**
   * Begins to listen.
   *
   * @returns The server, listening.
   * @throws Rejects with an error that names the address, if it cannot be bound; with `ServerShutdown`
   *   if it was shut down meanwhile.
   */
  async listen(): Promise<this> {
    if (this.#listening || this.#listener !== undefined || this.stopping) {
      throw new TypeError("A server listens only once");
    }
    const { adapter, bind, backlog, tls } = this.#settings;
    const { signal, onListen } = this.#options;
    signal?.throwIfAborted();
    this.#listening = true;
    const options = {
      ...(backlog === undefined ? {} : { backlog }),
      ...(tls === undefined ? {} : { tls }),
    };
    const listening = adapter.listen(bind, options, (socket) => this.accept(socket));
    this.#listener = await listening.finally(() => this.#listening = false);
    if (this.stopping) {
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
   * Serves a connection that came some other way than by listening: a tunnel, a test, a device. Those
   * that came by listening pass here too, so that a subclass may look at them.
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
  accept(socket: Socket): WSGIConnection {
    return this.#connections.accept(socket);
  }

  /** Where it listens; with the port that was picked for port 0. */
  get address(): Address {
    if (this.#listener === undefined) throw new TypeError("The server does not listen yet");
    return this.#listener.address;
  }

  /** Where it listens, as a URL with a slash at its end. */
  get url(): string {
    const { address } = this;
    const secure = this.#settings.tls === undefined ? "http" : "https";
    const scheme = address.family === "unix" ? "http+unix" : secure;
    const authority = address.family === "unix"
      ? encodeURIComponent(address.path)
      : formatAddress(reachable(address));
    return `${scheme}://${authority}/`;
  }

  /** Runs the apps; coroutines of your own may join them. */
  get scheduler(): Scheduler {
    return this.#settings.scheduler;
  }

  /** Whether a shutdown has begun. */
  get stopping(): boolean {
    return this.#ending !== undefined;
  }

  /**
   * Counts what there is.
   *
   * @returns The counts now.
   */
  stats(): ServerStats {
    return {
      connections: this.#connections.size,
      activeRequests: this.#connections.active,
      servedRequests: this.#connections.served,
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
    this.#shutdown.limit(toMilliseconds(options.grace ?? 10));
    return this.#ending ??= this.#end();
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

  /** Whom the kernel has connected already, it would reset: they are taken in before that. */
  async #takeIn(): Promise<void> {
    const { clock } = this.#settings.adapter;
    const end = clock.now() + MAX_TAKING_IN;
    for (let calm = 0; calm < CALM_TURNS && clock.now() < end && !this.#shutdown.isOver;) {
      const before = this.#connections.accepted;
      await new Promise<void>((resolve) => clock.defer(resolve));
      calm = this.#connections.accepted === before ? calm + 1 : 0;
    }
  }

  async #end(): Promise<void> {
    this.#connections.closing = true;
    try {
      if (this.#listener !== undefined) await this.#takeIn();
      await this.#listener?.close();
    } catch (error) {
      this.#settings.report(error);
    }
    await this.#shutdown.run();
    this.#resolveFinished();
  }
}

/** Any interface is none that a client could ask for. */
function reachable(address: Exclude<Address, { family: "unix" }>): Address {
  if (address.host === "0.0.0.0") return { ...address, host: "127.0.0.1" };
  if (address.host === "::") return { ...address, host: "::1" };
  return address;
}
