/**
 * The connections of one server: accepted, counted, checked against their deadlines, forgotten.
 *
 * Deadlines are coarse, so that setting one costs nothing: while a connection is open, a timer checks
 * all of them once a second. Owned by {@linkcode WSGIServer}, which passes every new socket here.
 *
 * @module
 */

import { callAfterPoll, callHook, Roster, tellMistakes } from "../coroutine/internal.ts";
import type { Address, Files, ListenTLSOptions, Socket, SocketHandler } from "../socket/mod.ts";
import type { ConnectionFacts } from "../wsgi/environ.ts";
import type { ServerFields } from "../wsgi/running/response.ts";
import type { StoppingListener } from "../wsgi/running/stopping.ts";
import {
  type ActiveRequest,
  describeActive,
  describeServed,
  type ServedListener,
} from "./counts/active_requests.ts";
import { ClientConnection, type ConnectionHost } from "./client_connection.ts";
import { DateHeader } from "./date_header.ts";
import { LogStream } from "./log/log_stream.ts";
import { ParserPool } from "./parser_pool.ts";
import { environEnd, sendsHeader } from "./listening/proxy_option.ts";
import { LateOpening, type Opening } from "./opening/opening.ts";
import type { Openings, OpeningsHost } from "./opening/openings.ts";
import { type RefusalKind, Refusals } from "./counts/refusals.ts";
import type { RequestExchange } from "./request_exchange.ts";
import type { Settings } from "./settings.ts";
import { type TurnQueue, turnsOf } from "./turn_queue.ts";
import { Tally } from "./counts/tally.ts";
import type { TimeoutsMs } from "./timeouts.ts";

/** The time between two checks of the deadlines, in milliseconds. */
const CHECK_INTERVAL_MS = 1000;
/** The time between two lines in the log about a shortage of descriptors, in milliseconds. */
const SHORTAGE_PAUSE_MS = 60_000;

/** The connections of each server, for {@linkcode connectionsOf}. */
const ofServer = new WeakMap<object, Connections>();

/**
 * Finds the connections of a server.
 *
 * @param server A `WSGIServer`.
 * @returns Its connections.
 * @throws {TypeError} If it is no server.
 */
export function connectionsOf(server: object): Connections {
  const connections = ofServer.get(Object(server));
  if (connections !== undefined) return connections;
  throw new TypeError(
    "Cannot serve a connection: write new WSGIConnection(socket, server), with a WSGIServer",
  );
}

/** All connections of a server, and the objects that they share. */
export class Connections implements ConnectionHost, OpeningsHost {
  readonly settings: Settings;
  readonly fields: ServerFields;
  readonly parsers: ParserPool;
  readonly turns: TurnQueue;
  /** The refused requests and connections, and the failed handshakes. */
  readonly refusals: Refusals;
  readonly closings: Set<() => void> = new Set();
  readonly files: Files | undefined;
  /** The counts that are no property of an open connection. */
  readonly tally: Tally = new Tally();
  /** Whether clients are asked for a certificate. */
  asksClients: boolean;
  /** Called when the last connection or the last app has ended. */
  onEmpty: () => void = () => {};

  readonly #open = new Roster<ClientConnection>();
  /** The value of `SERVER_SOFTWARE`, one string for all connections. */
  readonly #software: string;
  readonly #date = new DateHeader();
  /** `closing` once a shutdown has begun; `closed` when no connection may be accepted any more. */
  #state: "open" | "closing" | "closed" = "open";
  /** Set once a shutdown has begun. */
  #stopReason: Error | undefined;
  /** Called when a shutdown begins: the requests that want to know. */
  readonly #onStopping = new Roster<StoppingListener>();
  /** Set when the code of the openings is loaded. */
  #openings: Openings | undefined;
  #accepted = 0;
  #active = 0;
  #served = 0;
  readonly #listeners = new Set<{ readonly listener: ServedListener }>();
  /** The requests whose app has not ended, although the connection is closed. */
  readonly #outliving = new Set<RequestExchange>();
  #cancelCheck: (() => void) | undefined;
  /** The time of the last line in the log about a shortage of descriptors, in milliseconds. */
  #shortageToldMs = -Infinity;
  /** Set by the option `debug`, when its code is loaded. */
  #lookForMistakes: (() => void) | undefined;
  /** Loads the code of the option `debug`. */
  #debugging: Promise<void> | undefined;

  /**
   * Makes the connections of a server.
   *
   * @param settings The settings of the server.
   * @param server The server, for {@linkcode connectionsOf}.
   */
  constructor(settings: Settings, server: object) {
    ofServer.set(server, this);
    this.settings = settings;
    this.asksClients = settings.tls?.clientCertificate !== undefined;
    this.#software = `cogen-wsgi (${settings.adapter.name})`;
    this.refusals = new Refusals(settings);
    this.parsers = new ParserPool(settings);
    this.turns = turnsOf(settings.adapter.clock);
    if (settings.debug) this.#debugging = this.#tellMistakes();
    this.files = this.tally.counting(settings.adapter.files);
    this.fields = { date: () => this.#date.value, server: settings.serverHeader };
  }

  /** The number of open connections. */
  get size(): number {
    return this.#open.size + this.awaitedPreambles;
  }

  /** The number of those that have no socket yet, because their PROXY header comes before the handshake. */
  get awaitedPreambles(): number {
    return this.#openings?.preambles.size ?? 0;
  }

  /** The number of connections that have come so far. */
  get accepted(): number {
    return this.#accepted;
  }

  /** The number of requests with an app that has not ended. */
  get active(): number {
    return this.#active;
  }

  /** The number of requests with an app that has ended. */
  get served(): number {
    return this.#served;
  }

  /** Whether no connection is open and no app runs. */
  get isEmpty(): boolean {
    return this.size + this.#active === 0;
  }

  get closing(): boolean {
    return this.#state !== "open";
  }

  /** Accepts a connection; a connection above the limit is counted, and destroyed at once. */
  accept(socket: Socket): ClientConnection {
    this.#accepted++;
    const connection = new ClientConnection(socket, this);
    const isRefused = this.refusesConnection(socket.remote);
    this.#open.add(connection);
    if (isRefused) connection.destroy();
    if (this.#cancelCheck === undefined) {
      // No check was planned while no connection was open.
      this.#lookForMistakes?.();
      this.#planCheck();
    }
    return connection;
  }

  refusesConnection(remote: Address): boolean {
    const reason = this.#excess();
    if (reason !== undefined) this.refusals.add("connection", reason, remote);
    return reason !== undefined || this.#state === "closed";
  }

  /** Takes the room of a new connection. Returns the reason if there is none. */
  #excess(): string | undefined {
    const { adapter, limits: { maxConnections }, log } = this.settings;
    if (this.size >= maxConnections) {
      return `Too many connections: limits.maxConnections is ${maxConnections}`;
    }
    // A member that an app adds to all objects is no function of the adapter.
    const isRoom = typeof adapter.takeDescriptor !== "function" || adapter.takeDescriptor();
    if (isRoom) return undefined;
    const now = adapter.clock.now();
    if (now - this.#shortageToldMs >= SHORTAGE_PAUSE_MS) {
      this.#shortageToldMs = now;
      log("Too many open files: new connections are closed until others end. ulimit -n is too low");
    }
    return "Too many open files";
  }

  /**
   * Iterates over a copy of the open connections, because connections may end during the iteration.
   */
  [Symbol.iterator](): IterableIterator<ClientConnection> {
    return this.#open.members().values();
  }

  /** Ends the connections that wait for the header before their handshake. */
  endPreambles(): void {
    this.#openings?.preambles.endAll();
  }

  headerRefused(reason: string, remote: Address): void {
    this.refused("proxy-header", `The PROXY header is refused: ${reason}`, remote);
  }

  preambleEnded(): void {
    if (this.isEmpty) this.onEmpty();
  }

  async #tellMistakes(): Promise<void> {
    const { settings } = this;
    this.#lookForMistakes = await tellMistakes(settings.scheduler, (text) => settings.log(text));
  }

  /** Loads the code that few servers need; `undefined` if no option needs it. */
  load(): Promise<unknown> | undefined {
    const openings = this.#loadOpenings();
    return this.#debugging?.then(() => openings) ?? openings;
  }

  #loadOpenings(): Promise<Openings> | undefined {
    const { proxyProtocol, tls } = this.settings;
    if (proxyProtocol === undefined && tls === undefined) return undefined;
    return import("./opening/openings.ts").then(({ Openings }) =>
      this.#openings ??= new Openings(this)
    );
  }

  /** The part of the TLS options by which the header of the PROXY protocol comes before the handshake. */
  preamble(accept: (socket: Socket) => SocketHandler): Pick<ListenTLSOptions, "preamble"> {
    if (this.settings.proxyProtocol === undefined) return {};
    return { preamble: (remote, end) => this.#openings?.preambleOf(remote, end, accept) };
  }

  openingOf(connection: ClientConnection, socket: Socket): Opening | undefined {
    if (this.#openings !== undefined) return this.#openings.of(socket);
    const loading = this.#loadOpenings();
    if (loading === undefined) return undefined;
    const { proxyProtocol, tls } = this.settings;
    const expectsHeader = tls === undefined && sendsHeader(proxyProtocol, socket);
    const late = new LateOpening(this.factsOf(socket), socket.remote, expectsHeader);
    void loading.then((openings) => {
      connection.reopen(openings.of(socket));
      late.replay(connection);
    });
    return late;
  }

  factsOf(socket: Socket): ConnectionFacts {
    const { settings } = this;
    const [remoteAddress, remotePort] = environEnd(socket.remote);
    const [, serverPort] = environEnd(socket.local);
    return {
      serverName: settings.serverName,
      serverPort,
      serverSoftware: this.#software,
      serverProtocol: settings.protocol,
      remoteAddress,
      remotePort,
      urlScheme: socket.encrypted ? "https" : "http",
      proxyProtocol: undefined,
      clientCertificate: undefined,
      isMultiprocess: settings.worker !== undefined,
      errors: new LogStream(settings.log),
    };
  }

  appBegan(): void {
    this.#active++;
  }

  appEnded(): void {
    this.#active--;
    this.#served++;
    if (this.#active === 0 && this.isEmpty) this.onEmpty();
  }

  responded(exchange: RequestExchange): void {
    this.tally.responses[exchange.responseKind]!++;
    if (this.#outliving.size > 0) this.#outliving.delete(exchange);
    if (this.#listeners.size > 0) this.#tell(exchange);
  }

  /** Calls a function with each response, at the end of its app. Returns a function that ends the calls. */
  onResponse(listener: ServedListener): () => void {
    // An object of its own, so that a function that is added twice is called twice.
    const entry = { listener };
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  #tell(exchange: RequestExchange): void {
    const response = describeServed(exchange, exchange.facts);
    for (const { listener } of this.#listeners) {
      callHook("onResponse", () => listener(response), (fault) => {
        if (fault !== "") this.settings.log(fault.trimStart());
      });
    }
  }

  /** The requests whose app has not ended, oldest first. */
  activeRequests(): ActiveRequest[] {
    const requests: ActiveRequest[] = [];
    for (const { activeExchange, facts, stateName } of this) {
      if (activeExchange !== undefined) {
        requests.push(describeActive(activeExchange, facts, stateName));
      }
    }
    for (const exchange of this.#outliving) {
      requests.push(describeActive(exchange, exchange.facts, "gone"));
    }
    return requests.sort((one, other) => other.ageMs - one.ageMs);
  }

  timedOut(phase: keyof TimeoutsMs): void {
    this.tally.timeouts[phase]++;
  }

  outlived(exchange: RequestExchange): void {
    this.#outliving.add(exchange);
  }

  /** Ends the connection of a socket that never gets a handler. */
  drop(socket: Socket): void {
    for (const connection of this) if (connection.serves(socket)) connection.onClose();
  }

  refused(kind: RefusalKind, reason: string, remote: Address, status?: number): void {
    this.refusals.add(kind, reason, remote, status);
  }

  forget(connection: ClientConnection): void {
    if (this.#open.delete(connection)) this.tally.closed(connection, this.closing);
    if (this.isEmpty) this.onEmpty();
  }

  /** Begins a shutdown: each connection persists only for requests that have come already. */
  beginClosing(reason: Error): void {
    if (this.#state === "open") this.#state = "closing";
    const isFirst = this.#stopReason === undefined;
    this.#stopReason = reason;
    for (const listener of this.#onStopping.members()) {
      if (this.#onStopping.delete(listener)) listener.stoppingBegan();
    }
    if (isFirst) { for (const connection of this) connection.stoppingBegan(); }
  }

  get stopReason(): Error | undefined {
    return this.#stopReason;
  }

  onStopping(listener: StoppingListener): void {
    this.#onStopping.add(listener);
  }

  offStopping(listener: StoppingListener): void {
    this.#onStopping.delete(listener);
  }

  /** Abandons the apps that are being closed and have not ended. */
  abandonClosings(): void {
    for (const abandon of [...this.closings]) abandon();
  }

  /** Accepts no more connections, and checks no more deadlines. */
  close(): void {
    this.#state = "closed";
    this.#cancelCheck?.();
  }

  #planCheck(): void {
    this.#date.refresh();
    const { clock } = this.settings.adapter;
    const dueAt = clock.now() + CHECK_INTERVAL_MS;
    this.#cancelCheck = clock.setTimer(CHECK_INTERVAL_MS, () => {
      const now = clock.now();
      const lateMs = now - dueAt;
      this.tally.delayed(lateMs);
      this.#lookForMistakes?.();
      // The process was paused, and has read no byte in this time.
      if (lateMs >= CHECK_INTERVAL_MS) {
        for (const { deadline } of this) deadline.extend(lateMs, now);
      }
      // An event loop calls timers before it reads: the bytes that came in a short pause are read first.
      callAfterPoll(clock, () => {
        this.#cancelCheck = undefined;
        if (this.#state === "closed") return;
        for (const connection of this) connection.checkDeadline(now);
        if (this.#open.size > 0) this.#planCheck();
      });
    });
  }
}
