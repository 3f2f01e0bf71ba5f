/**
 * The connections of one server: taken in, counted, looked at once a second, let go.
 *
 * @module
 */

import type { ConnectionFacts } from "../wsgi/environ.ts";
import type { ServerFields } from "../wsgi/running/response.ts";
import { ClientConnection, type ConnectionHost } from "./client_connection.ts";
import { DateHeader } from "./date_header.ts";
import { LogStream } from "./error_log.ts";
import type { Settings } from "./options.ts";
import { Readers } from "./parser_pool.ts";
import type { Socket } from "../socket/mod.ts";

/** How often deadlines are checked, in milliseconds. */
const SWEEP = 1000;

/** All connections of a server, and what each needs of it. */
export class Connections implements ConnectionHost {
  readonly settings: Settings;
  readonly fields: ServerFields;
  readonly readers: Readers;
  /** Whether no further requests are wanted. */
  closing = false;
  /** Whether no further connections are taken. */
  closed = false;
  /** How many connections have come. */
  accepted = 0;
  /** Called when the last connection, or the last app, has ended. */
  onQuiet: () => void = () => {};

  readonly #open = new Set<ClientConnection>();
  readonly #date = new DateHeader();
  #active = 0;
  #served = 0;
  #cancelSweep: (() => void) | undefined;

  constructor(settings: Settings) {
    this.settings = settings;
    this.readers = new Readers(settings);
    this.fields = { date: () => this.#date.value, server: undefined };
  }

  /** Open connections. */
  get size(): number {
    return this.#open.size;
  }

  /** Requests whose app has not ended. */
  get active(): number {
    return this.#active;
  }

  /** Requests whose app has ended. */
  get served(): number {
    return this.#served;
  }

  /** Whether no connection is open and no app runs. */
  get quiet(): boolean {
    return this.#open.size + this.#active === 0;
  }

  /** Takes in a connection; one too many is destroyed. */
  accept(socket: Socket): ClientConnection {
    this.accepted++;
    const connection = new ClientConnection(socket, this);
    this.#open.add(connection);
    const isTooMany = this.#open.size > this.settings.limits.maxConnections;
    if (isTooMany || this.closed) connection.destroy();
    if (this.#cancelSweep === undefined) this.#planSweep();
    return connection;
  }

  /** Those that are open now; they may end while one looks at them. */
  [Symbol.iterator](): IterableIterator<ClientConnection> {
    return [...this.#open].values();
  }

  factsOf(socket: Socket): ConnectionFacts {
    const { local, remote } = socket;
    const { settings } = this;
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

  began(): void {
    this.#active++;
  }

  ended(): void {
    this.#active--;
    this.#served++;
    if (this.quiet) this.onQuiet();
  }

  forget(connection: ClientConnection): void {
    this.#open.delete(connection);
    if (this.quiet) this.onQuiet();
  }

  /** Takes no more, and stops looking at deadlines. */
  close(): void {
    this.closed = true;
    this.#cancelSweep?.();
  }

  /** Deadlines are coarse, so that setting one costs nothing: everyone is looked at once a second. */
  #planSweep(): void {
    this.#date.refresh();
    const { clock } = this.settings.adapter;
    this.#cancelSweep = clock.setTimer(SWEEP, () => {
      this.#cancelSweep = undefined;
      const now = clock.now();
      for (const connection of this) connection.checkDeadline(now);
      if (this.#open.size > 0) this.#planSweep();
    });
  }
}
