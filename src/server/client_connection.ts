/**
 * The connection of one client: bytes to requests, requests to apps, responses to bytes, in order.
 *
 * The state is one row of the table in `connection_state.ts`. `onData` feeds the parser; `#advance`
 * takes the parser's events as long as the row allows it; a head begins a {@linkcode RequestExchange},
 * which further events fill; when the app is done and the request is read, the next head may come.
 * Every ending goes through `#close` (FIN, then wait for the client's FIN) or `#cut` (at once).
 *
 * The trap: a call of an app, of the output or of the socket may come back here, and change the state.
 * `#advancing` keeps such a call from taking events out of order.
 *
 * The socket calls the connection as its handler, and the exchange calls it as its host.
 * {@linkcode Connections} calls it about deadlines, and the shutdown does at its steps.
 *
 * @module
 */

import { NO_OPTIONS, type RosterMember, setTimerInParts } from "../coroutine/internal.ts";
import {
  type DataEvent,
  errorResponse,
  type HttpEvent,
  informational,
  ProtocolError,
} from "../http/mod.ts";
import type { Address, ByteSocket, Files, Socket, SocketHandler } from "../socket/mod.ts";
import type { ConnectionFacts, EnvironMaker } from "../wsgi/environ.ts";
import { NO_BODY } from "../wsgi/input/body_buffer.ts";
import type { TakenEvents } from "../wsgi/request_controls.ts";
import type { StoppingSource } from "../wsgi/running/stopping.ts";
import type { ServerFields } from "../wsgi/running/response.ts";
import {
  type ConnectionState,
  mayTakeEvents,
  mustPause,
  type StateName,
  STATES,
} from "./connection_state.ts";
import { LogStream } from "./log/log_stream.ts";
import type { Opening } from "./opening/opening.ts";
import { type ConnectionOutput, Output, type OutputOwner, SpentOutput } from "./output.ts";
import type { ParserPool, PooledParser } from "./parser_pool.ts";
import { PhaseDeadline } from "./phase_deadline.ts";
import { type ExchangeHost, RequestExchange } from "./request_exchange.ts";
import type { Settings } from "./settings.ts";
import type { RefusalKind } from "./counts/refusals.ts";
import { type ErrorReporter, takenBy, type TakenSocket } from "./taken_socket.ts";
import type { TimeoutsMs } from "./timeouts.ts";
import type { QueuedConnection, TurnQueue } from "./turn_queue.ts";

/** The members that a connection needs of its server. */
export interface ConnectionHost extends StoppingSource {
  readonly settings: Settings;
  readonly fields: ServerFields;
  readonly parsers: ParserPool;
  readonly turns: TurnQueue;
  /** Whether a shutdown has begun. */
  readonly closing: boolean;
  /** The files of the adapter; the open ones are counted. */
  readonly files: Files | undefined;
  /** The waits for apps that are being closed. */
  readonly closings: Set<() => void>;
  /** The facts of a connection that its environs begin with. */
  factsOf(socket: Socket): ConnectionFacts;
  /** The opening of a connection; `undefined` if its first byte belongs to a request. */
  openingOf(connection: ClientConnection, socket: Socket): Opening | undefined;
  /** The app of a request begins. */
  appBegan(): void;
  /** The app of a request is done. */
  appEnded(): void;
  /** The response to a request is decided: its app is done. */
  responded(exchange: RequestExchange): void;
  /** A deadline has passed, and the connection or the request ends for that reason. */
  timedOut(phase: keyof TimeoutsMs): void;
  /** The connection is closed, and the app of its request has not ended. */
  outlived(exchange: RequestExchange): void;
  /** A request is refused with a status, or a handshake or the header of a proxy (no status). */
  refused(kind: RefusalKind, reason: string, remote: Address, status?: number): void;
  /** The connection is closed. */
  forget(connection: ClientConnection): void;
}

/** The bytes that have come are read for this time; then other connections get their turn. */
const MAX_ADVANCE_MS = 1;
/**
 * Within a request, the clock is read once for this many events. With a reading for each event, a pipelined request
 * on Deno costs a tenth more (`npm run bench -- --workload x16 --runtime deno`).
 */
const EVENTS_BETWEEN_READINGS = 16;
/** The number of events of a body that are taken before its app begins. */
const MAX_BUFFERED_EVENTS = 64;
const NO_EVENTS: TakenEvents = NO_OPTIONS;
const { flush: flushLog } = LogStream.prototype;
const NO_BYTES = new Uint8Array(0);
/** The time for a client to close by itself, after which a shutdown ends its quiet connection. */
const QUIET_MS = 50;

/** A connection to one client. */
export class ClientConnection
  implements SocketHandler, ExchangeHost, OutputOwner, QueuedConnection, RosterMember {
  readonly settings: Settings;
  output: ConnectionOutput;
  readonly deadline: PhaseDeadline;
  facts: ConnectionFacts;
  readonly fields: ServerFields;
  time: number;
  usedMs = 0;
  wasCut = false;
  place: number | undefined;

  readonly #host: ConnectionHost;
  readonly #socket: Socket;
  #state: ConnectionState = STATES.between;
  /** The request under way. Stays set after the last request of a connection that is closing. */
  #exchange: RequestExchange | undefined;
  /**
   * The parser, lent by the pool. Set while a message is read; between messages only as long as the
   * pool has enough parsers for all connections.
   */
  #pooled: PooledParser | undefined;
  /** Set when an app takes the socket: gets every event of the socket from then on. */
  #taker: TakenSocket | undefined;
  /** Whether `#advance` runs. */
  #advancing = false;
  /**
   * Whether the connection waits for a turn, to go on with the bytes that have come. Until then, reading pauses:
   * otherwise a client that sends faster than it is served would use all turns, and all memory.
   */
  #awaitsTurn = false;
  /** Whether the queue of turns will call {@linkcode send}. An open connection corks its output until then. */
  #isGathered = false;
  /** Whether `#advance` has entered a phase. `#settle` then sets the deadline, once for all requests of a read. */
  #isPhaseDue = false;
  /** Whether the socket was asked to pause reading. */
  #paused = false;
  /** Whether the client has sent its FIN. */
  #clientEnded = false;
  /** Whether the connection must end after the requests that have come. */
  #retired = false;
  /** Becomes true when the connection ends after a response that told the client nothing of it. */
  #endsUnannounced = false;
  /** Set until the opening is over, if the connection has one. */
  #opening: Opening | undefined;
  /** The client's end: that of the socket, or the one that the opening tells. */
  #remote: Address;
  /** The number of bytes that have come. */
  #receivedBytes = 0;
  /**
   * The value of `#receivedBytes` when a response was complete for the first time after the
   * connection had to end. Requests that came later are not answered, because a client could
   * pipeline for ever.
   */
  #servedBytes: number | undefined;
  /**
   * The time at which the connection began to linger although all of the client's bytes were read;
   * otherwise `Infinity`. With unread bytes, a close would reset the connection.
   */
  #quietSince = Infinity;
  #cancelHalfClosed: (() => void) | undefined;
  /** The functions that the app gave when it took the socket. */
  #takenEvents: TakenEvents = NO_EVENTS;

  constructor(socket: Socket, host: ConnectionHost) {
    const { settings } = host;
    this.#host = host;
    this.#socket = socket;
    this.settings = settings;
    this.fields = host.fields;
    this.#opening = host.openingOf(this, socket);
    this.facts = this.#opening?.facts ?? host.factsOf(socket);
    this.#remote = this.#opening?.remote ?? socket.remote;
    this.output = new Output(socket, settings.adapter, this);
    this.deadline = new PhaseDeadline(settings.timeoutsMs, settings.limits.minBodyRate);
    this.time = settings.adapter.clock.now();
    this.deadline.enter(this.#expectsHeader ? "head" : this.#state.phase, this.time);
  }

  get idle(): boolean {
    return this.#exchange === undefined;
  }

  get endsUnannounced(): boolean {
    return this.#endsUnannounced;
  }

  /** The name of the state, for counts. */
  get stateName(): StateName {
    return this.#state.name;
  }

  /** The number of bytes that have come, until an app has taken the socket. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** The request whose app runs. */
  get activeExchange(): RequestExchange | undefined {
    return this.#exchange?.isAppDone === false ? this.#exchange : undefined;
  }

  /** Whether this is the connection of a socket. */
  serves(socket: Socket): boolean {
    return this.#socket === socket;
  }

  timedOut(phase: keyof TimeoutsMs): void {
    this.#host.timedOut(phase);
  }

  get files(): Files | undefined {
    return this.#host.files;
  }

  get closings(): Set<() => void> {
    return this.#host.closings;
  }

  get stopping(): StoppingSource {
    return this.#host;
  }

  /** Only read in the middle of a message: the pool has lent a parser then. */
  get environs(): EnvironMaker {
    return (this.#pooled as PooledParser).environs;
  }

  get mayPersist(): boolean {
    return !this.#host.closing || this.#exchange?.isRead === true && this.#hasRequestToServe;
  }

  onData(bytes: Uint8Array, owned = false): void {
    const { handling } = this.#state;
    if (handling === "pass-on") this.#taker?.onData(bytes, owned);
    if (handling !== "serve") return;
    const own = this.#opening === undefined ? bytes : this.#bytesAfter(this.#opening, bytes);
    if (own.length === 0) return;
    const { parser } = this.#lentParser();
    this.#receivedBytes += own.length;
    parser.push(own, owned);
    this.#advance();
    parser.detach();
    if (parser.idle && this.#host.parsers.isOverdrawn) this.#returnParser();
  }

  get wantedBytes(): number {
    return this.#taker?.wantedBytes ?? this.activeExchange?.body.wantedBytes ?? 0;
  }

  onEnd(): void {
    this.#clientEnded = true;
    const { handling } = this.#state;
    if (handling === "pass-on") this.#taker?.onEnd();
    if (handling !== "serve") return;
    const ending = this.#opening?.end();
    if (ending === "held") return;
    if (ending === "cut") return this.#refuseHeader("it is cut");
    this.#lentParser().parser.end();
    this.#advance();
    this.#limitHalfClosed();
  }

  /** Whether the peer has still to send a PROXY header. */
  get #expectsHeader(): boolean {
    return this.#opening?.expectsHeader === true;
  }

  /** Gives bytes to the opening, and returns those after it. */
  #bytesAfter(opening: Opening, bytes: Uint8Array): Uint8Array {
    const result = opening.read(bytes);
    if (result.kind === "refused") this.#refuseHeader(result.reason);
    if (result.kind !== "over") return NO_BYTES;
    this.#opening = undefined;
    this.#takeFacts(opening);
    if (opening.expectsHeader) this.#enterPhase();
    return result.rest;
  }

  #takeFacts({ facts, remote }: Opening): void {
    this.facts = facts;
    this.#remote = remote;
  }

  /** Puts another opening in place of a late one; `undefined` if the first byte belongs to a request. */
  reopen(opening: Opening | undefined): void {
    this.#opening = opening;
    if (opening !== undefined) this.#takeFacts(opening);
  }

  /** Ends a connection without the header of its proxy. Bytes of ours would be no answer to it. */
  #refuseHeader(reason: string): void {
    const { remote } = this.#socket;
    this.#host.refused("proxy-header", `The PROXY header is refused: ${reason}`, remote);
    this.#cut();
  }

  outputBroke(error: unknown): void {
    if (this.#exchange === undefined) this.settings.report(error);
    else this.#exchange.report(error);
    this.#cut();
  }

  onDrain(): void {
    this.output.drain();
    if (this.#state.handling === "pass-on") {
      this.#releaseOutput();
      return this.#taker?.onDrain();
    }
    this.#enterPhase();
    this.#advance();
  }

  onClose(error?: Error): void {
    const taker = this.#taker;
    this.#taker = undefined;
    this.#leave(this.#state.next.cut);
    this.#cancelHalfClosed?.();
    // The app is aborted before the output closes: otherwise an app that waits for room would be
    // resumed.
    if (!this.#appOutlives) this.#exchange?.abort();
    this.output.close(error !== undefined);
    if (error !== undefined && this.#socket.encrypted && this.#receivedBytes === 0) {
      this.#host.refused("handshake", error.message, this.#remote);
    }
    this.#returnParser();
    // The connection of an app that goes on is still known, so that a shutdown can cancel the app.
    if (!this.#appOutlives) {
      if (this.activeExchange !== undefined) this.#host.outlived(this.activeExchange);
      this.#host.forget(this);
    }
    taker?.onClose(error);
  }

  /** Whether an app runs that does not end with its connection. */
  get #appOutlives(): boolean {
    return this.#takenEvents.onAppEnd !== undefined && this.#exchange !== undefined;
  }

  bodyWanted(exchange: RequestExchange): void {
    if (exchange.isRead) return;
    const isFirst = !exchange.isBodyWanted;
    exchange.isBodyWanted = true;
    if (isFirst && exchange.head.expectContinue && exchange.body.size === 0) {
      const { protocol } = this.settings;
      if (protocol === "HTTP/1.1" && !exchange.response.committed) {
        this.output.write(informational(100));
      }
      this.output.flush();
    }
    if (exchange.body.awaited) this.#enterPhase();
    this.#advance();
  }

  giveAway(
    exchange: RequestExchange,
    open: (socket: ByteSocket) => SocketHandler,
    events: TakenEvents,
  ): void {
    this.output.handOver();
    this.#leave(this.#state.next.take);
    this.#cancelHalfClosed?.();
    this.#resume();
    // The bytes that have come already are the taker's first ones.
    const rest = this.#lentParser().parser.takeBuffered();
    this.#returnParser();
    this.#releaseOutput();
    let taker: TakenSocket;
    try {
      taker = takenBy(this.#socket, open, exchange);
    } catch (error) {
      // The socket has no owner, so it must not stay open.
      this.#cut();
      throw error;
    }
    if (this.#state.handling !== "pass-on") return taker.onClose();
    this.#taker = taker;
    this.#takenEvents = events;
    if (rest.length > 0) taker.onData(rest, true);
    if (this.#clientEnded) taker.onEnd();
    if (this.#host.stopReason !== undefined) this.stoppingBegan();
  }

  /** Gives up the output of a taken socket, once all of its bytes have gone. */
  #releaseOutput(): void {
    const { size, full, sentBytes } = this.output;
    if (size === 0 && !full) this.output = SpentOutput.of(sentBytes);
  }

  /** A shutdown of the server begins: an app that has taken the socket is told. */
  stoppingBegan(): void {
    const taker = this.#taker;
    if (taker !== undefined) this.#tellTaker(taker, () => this.#takenEvents.onStopping?.());
  }

  /** Calls a function of the app that has taken the socket. Its error ends this connection only. */
  #tellTaker(reporter: ErrorReporter, event: () => void): void {
    try {
      event();
    } catch (error) {
      reporter.report(error);
      this.#cut();
    }
  }

  appDone(exchange: RequestExchange, isComplete: boolean): void {
    exchange.isAppDone = true;
    this.usedMs = Math.trunc(exchange.usedMs);
    this.#host.appEnded();
    exchange.discardBody();
    // The app may have put a method of its own in the place of `flush`, so the original is called.
    flushLog.call(this.facts.errors as LogStream);
    const events = this.#takenEvents;
    if (events.onAppEnd !== undefined) {
      const failure = exchange.isAborted ? "cancelled" : "failed";
      this.#tellTaker(exchange, () => events.onAppEnd?.(isComplete ? "complete" : failure));
    }
    if (this.#state === STATES.gone && this.#appOutlives) this.#host.forget(this);
    if (this.#state.handling !== "serve" && exchange.response.isTaken) this.#exchange = undefined;
    if (this.#isServing) this.#goOnAfter(exchange, isComplete);
    this.#host.responded(exchange);
    exchange.finish();
    this.#advance();
  }

  #goOnAfter(exchange: RequestExchange, isComplete: boolean): void {
    if (!isComplete && !exchange.response.committed) {
      this.#answer(new ProtocolError(503, "The server is shutting down"));
    }
    if (!isComplete || !exchange.persists) this.#close();
    else if (exchange.isRead) this.#finish(this.#state.next.appDone);
    else this.#move(this.#state.next.appDone);
  }

  retire(): void {
    this.#retired = true;
    // A request that has begun to come is still answered.
    if (this.#exchange === undefined && this.#bufferedBytes === 0) this.#endUnannounced();
    else if (this.#exchange?.isAppDone) this.#close();
  }

  /** Ends a connection that for a while has only waited for its client to close. */
  endQuiet(now: number): void {
    if (now - this.#quietSince >= QUIET_MS && this.#isFlushed) this.#cut();
  }

  abort(reason: Error): void {
    this.#servedBytes = 0; // no pipelined request begins any more
    this.#exchange?.abort(reason);
    if (this.idle) this.#cut();
  }

  destroy(): void {
    this.#cut();
  }

  /** Acts on a deadline that has passed. Called about once a second. */
  checkDeadline(now: number): void {
    // A taken socket has no deadline, nor has its app. Bytes that wait for a turn have come in time.
    if (this.#awaitsTurn || this.#state === STATES.taken || this.#state === STATES.gone) return;
    const { timeoutsMs, phase } = this.deadline;
    if (now - this.output.fullSince >= timeoutsMs.write) {
      this.#host.timedOut("write");
      return this.#cut();
    }
    // While the client still takes in a response, only the time-out for writes holds.
    if (this.output.full) return;
    const exchange = this.#exchange;
    if (exchange?.isAbortable && now - exchange.startedAt >= timeoutsMs.request) {
      this.#host.timedOut("request");
      return this.#refuse(new ProtocolError(503, "The request took too long"));
    }
    // The app may have stopped waiting for the body since the phase was entered.
    if (phase === "body" && this.#phase !== phase) return this.#enterPhase();
    if (!this.deadline.isOver(now)) return;
    this.deadline.end();
    if (phase !== "none") this.#host.timedOut(phase);
    if (this.#expectsHeader) return this.#refuseHeader("it did not come in time");
    if (phase === "idle") this.#close();
    else if (phase === "head") {
      const method = this.#pooled?.parser.method;
      this.#refuse(new ProtocolError(408, "The request head did not come in time", 0, method));
    } else if (phase === "body" && exchange?.isAppDone === false) {
      this.#refuse(new ProtocolError(408, "The request body did not come in time"));
    } else this.#cut();
  }

  /** Whether all written bytes have gone, as far as the socket can tell. */
  get #isFlushed(): boolean {
    return this.output.size === 0 && this.#socket.holdsBytes !== true;
  }

  /** The number of bytes that have come and are no part of an event yet. */
  get #bufferedBytes(): number {
    return this.#pooled?.parser.bufferedBytes ?? 0;
  }

  get #isServing(): boolean {
    return this.#state.handling === "serve";
  }

  /** The phase of this state. */
  get #phase(): ConnectionState["phase"] {
    return this.#exchange?.body.awaited === true
      ? this.#state.phaseIfBodyAwaited
      : this.#state.phase;
  }

  /** Whether a pipelined request is here that is served although the connection must end. */
  get #hasRequestToServe(): boolean {
    const servedBytes = this.#servedBytes ?? this.#receivedBytes;
    return this.#receivedBytes - this.#bufferedBytes < servedBytes;
  }

  #lentParser(): PooledParser {
    return this.#pooled ??= this.#host.parsers.lend(this.#receivedBytes);
  }

  #returnParser(): void {
    if (this.#pooled !== undefined) this.#host.parsers.takeBack(this.#pooled);
    this.#pooled = undefined;
  }

  /** Goes to a state of the table; its phase begins. */
  #move(state: ConnectionState): void {
    this.#state = state;
    this.#enterPhase();
  }

  /** Goes to a state without a deadline: the connection is taken or gone. */
  #leave(state: ConnectionState): void {
    this.#state = state;
    this.deadline.end();
  }

  #enterPhase(): void {
    if (this.#advancing) this.#isPhaseDue = true;
    else this.deadline.enter(this.#phase, this.settings.adapter.clock.now());
  }

  /** Takes events as long as the state allows it and there are any. */
  #advance(): void {
    if (this.#advancing || this.#awaitsTurn || !this.#isServing) return;
    this.time = this.settings.adapter.clock.now();
    this.#host.turns.sendOverdue(this.time);
    this.#advancing = true;
    this.output.cork();
    try {
      const mustWait = this.#bufferedBytes > 0 &&
        this.#host.turns.mustWait(this, this.time, this.activeExchange?.body.awaited);
      if (mustWait) this.#awaitTurn();
      else this.#takeEvents();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#refuse(error);
    } finally {
      this.#advancing = false;
      this.#isGathered ||= (this.output.size > 0 || this.activeExchange !== undefined) &&
        this.#host.turns.gather(this);
      if (!this.#isGathered) this.output.uncork();
      this.#settle();
    }
  }

  /** Takes events until there is none, or the time of this connection is over. */
  #takeEvents(): void {
    const { clock } = this.settings.adapter;
    const end = this.time + MAX_ADVANCE_MS;
    for (let count = 1; this.#takeEvent(); count++) {
      if (this.#bufferedBytes === 0) continue;
      if (!this.idle && count % EVENTS_BETWEEN_READINGS !== 0) continue;
      this.time = clock.now();
      if (this.time > end) return this.#awaitTurn();
    }
  }

  /** Serves the other connections first. */
  #awaitTurn(): void {
    this.#awaitsTurn = true;
    this.#host.turns.add(this);
  }

  send(): void {
    this.#isGathered = false;
    if (this.#advancing) return; // the end of `#advance` sends
    try {
      this.output.uncork();
      if (this.output.full) this.#settle(); // reading may have to pause
    } catch (error) {
      this.outputBroke(error);
    }
  }

  takeTurn(): void {
    this.#awaitsTurn = false;
    try {
      this.#advance();
    } catch (error) {
      this.outputBroke(error);
    }
  }

  /** Decides on the bytes that are left: whether a request has begun, and whether reading pauses. */
  #settle(): void {
    const buffered = this.#bufferedBytes;
    // The parser keeps no empty line after a body (RFC 9112 §2.2): that line begins no request.
    if (buffered > 0 && this.#state === STATES.between) {
      this.#state = this.#state.next.bytes;
      this.#isPhaseDue = true;
    }
    if (this.#isPhaseDue) this.deadline.enter(this.#phase, this.time);
    this.#isPhaseDue = false;
    if (!this.#isServing) return; // otherwise reading never pauses, or is left to the taker
    const bodyIsWanted = this.#exchange?.body.hungry === true;
    const isFlooded = buffered > this.settings.limits.maxPipelinedBytes;
    const pauses = this.#awaitsTurn ||
      mustPause(this.#state, this.output.full, bodyIsWanted, isFlooded);
    if (pauses) this.#pause();
    else this.#resume();
  }

  /** Takes and handles one event; `false` if none may be taken or none is there. */
  #takeEvent(): boolean {
    const bodyIsWanted = this.#exchange?.body.hungry === true;
    return mayTakeEvents(this.#state, this.output.full, bodyIsWanted) &&
      this.#handle(this.#lentParser().parser.next());
  }

  #handle(event: HttpEvent): boolean {
    switch (event.type) {
      case "request":
        this.#begin(new RequestExchange(event, this));
        return true;
      case "data":
        this.#receive(this.#exchange as RequestExchange, event);
        return true;
      case "end":
        this.#received(this.#exchange as RequestExchange, event.trailers);
        return true;
      case "need-data":
        return false;
      case "closed":
        this.#close();
        return false;
    }
  }

  #begin(exchange: RequestExchange): void {
    this.#exchange = exchange;
    this.deadline.begin();
    this.#move(this.#state.next.request);
    // The body of a client that expects 100 (Continue) comes when the app asks for it.
    const fault = exchange.head.expectContinue ? undefined : this.#receiveBufferedBody();
    this.#host.appBegan();
    exchange.start();
    if (fault !== undefined) throw fault;
    if (this.#clientEnded) this.#limitHalfClosed();
  }

  /**
   * Feeds the body bytes that came together with the head, before the app starts, so that the app's
   * first read does not wait.
   *
   * @returns A protocol error in these bytes. The caller throws it after the first step of the app, as
   *   if the bytes had come later.
   */
  #receiveBufferedBody(): ProtocolError | undefined {
    try {
      for (let count = 0; count < MAX_BUFFERED_EVENTS && this.#takeEvent(); count++);
    } catch (error) {
      if (error instanceof ProtocolError) return error;
      throw error;
    }
  }

  #receive(exchange: RequestExchange, { bytes, owned }: DataEvent): void {
    this.deadline.bodyCame(bytes.length, this.time);
    exchange.receivedBytes += bytes.length;
    if (!exchange.isAppDone) {
      exchange.body.push(bytes, owned);
      if (!exchange.body.awaited) this.#enterPhase();
      return;
    }
    exchange.surplusBytes += bytes.length;
    if (exchange.surplusBytes > this.settings.limits.maxDrainedBytes) this.#close();
  }

  #received(exchange: RequestExchange, trailers: readonly string[]): void {
    exchange.isRead = true;
    if (exchange.isAppDone) return this.#finish(this.#state.next.end);
    if (exchange.body !== NO_BODY) exchange.body.end(trailers);
    this.#move(this.#state.next.end);
  }

  /** A request is answered and wholly read: goes on to the next one, or ends. */
  #finish(next: ConnectionState): void {
    this.#exchange = undefined;
    if (this.#retired || this.#host.closing) this.#servedBytes ??= this.#receivedBytes;
    if (this.#retired && !this.#hasRequestToServe) this.#endUnannounced();
    else this.#move(next);
  }

  /** Ends a connection between two requests. */
  #endUnannounced(): void {
    this.#endsUnannounced = true;
    this.#close();
  }

  /** Answers an error, unless a response has begun, and ends the connection. */
  #refuse(error: ProtocolError): void {
    this.#host.refused("request", error.message, this.#remote, error.status);
    const exchange = this.#exchange;
    if (exchange === undefined || !exchange.response.committed) this.#answer(error);
    if (this.#clientEnded && exchange?.isRead === false && error.status === 400) {
      exchange.uploadBroke();
    }
    this.#close(true);
    exchange?.abort(this.#clientEnded ? undefined : error);
  }

  /** Answers in place of an app. The response to HEAD is the head alone (RFC 9110 §9.3.2). */
  #answer(error: ProtocolError): void {
    const { date, server } = this.fields;
    const method = this.#exchange?.method ?? error.method;
    const fields = this.#exchange?.ownFields ?? [];
    const response = errorResponse(error, { date: date(), server, method, fields });
    this.#exchange?.answered(error.status, response.length - response.indexOf("\r\n\r\n") - 4);
    this.output.write(response.replace("HTTP/1.1", this.settings.protocol));
  }

  /**
   * Gives the app of a half-closed client little time: a client that has gone looks the same as a
   * client that waits for its answer.
   */
  #limitHalfClosed(): void {
    const { halfClosed } = this.settings.timeoutsMs;
    const exchange = this.#exchange;
    if (exchange === undefined || exchange.response.ended || halfClosed === Infinity) return;
    this.#waitHalfClosed(halfClosed, () => this.#halfClosedOver());
  }

  #waitHalfClosed(milliseconds: number, onTime: () => void): void {
    this.#cancelHalfClosed?.();
    this.#cancelHalfClosed = setTimerInParts(this.settings.adapter.clock, milliseconds, onTime);
  }

  /** A client that has its whole response may well leave: its app then has the time of one that is closed. */
  #halfClosedOver(): void {
    const exchange = this.#exchange;
    const closeMs = exchange?.response.hasAllBytes === true ? exchange.closeTimeoutMs : 0;
    if (closeMs === 0) return this.#abandonHalfClosed();
    if (closeMs === Infinity) return;
    this.#waitHalfClosed(closeMs, () => this.#abandonHalfClosed());
  }

  /** Treats a client that has been half-closed for too long as gone. */
  #abandonHalfClosed(): void {
    const exchange = this.#exchange;
    if (exchange === undefined || exchange.response.ended) return;
    this.#host.timedOut("halfClosed");
    this.#cut("client");
    exchange.abort();
  }

  /**
   * Ends politely: sends all written bytes, then FIN, then waits for the client's FIN.
   *
   * @param isRefusal Whether the client may still send the rest of a message that was refused.
   */
  #close(isRefusal = false): void {
    if (!this.#isServing) return;
    const response = this.#exchange?.response;
    if (response?.untilClose && !response.ended && this.#socket.reset !== undefined) {
      return this.#cut();
    }
    if ((this.#exchange?.isRead ?? !isRefusal) && this.#bufferedBytes === 0) {
      this.#quietSince = this.settings.adapter.clock.now();
    }
    this.#move(this.#state.next.close);
    try {
      this.output.end();
      // Bytes that the client still sends are discarded: closing with unread bytes would reset the
      // connection, and the client might lose the response (RFC 9112 §9.6).
      this.#resume();
    } catch (error) {
      this.outputBroke(error);
    }
  }

  /**
   * Ends at once. Resets the connection if its end would delimit the response and the response is not
   * complete, so that the client cannot mistake a part for the whole. Also resets it if the client has not
   * taken all bytes: the system would keep them for minutes, for a client that reads nothing.
   *
   * @param party The party that ends the connection, for the report on the response.
   */
  #cut(party: "server" | "client" = "server"): void {
    if (this.#state === STATES.gone) return;
    if (this.#isGathered) this.output.uncork(); // without other connections, the bytes would have left
    this.wasCut = party === "server";
    this.#leave(this.#state.next.cut);
    const response = this.#exchange?.response;
    const isPart = response?.untilClose === true && !response.ended;
    try {
      if ((isPart || this.output.full) && this.#socket.reset !== undefined) this.#socket.reset();
      else this.#socket.destroy();
    } catch (error) {
      // The queue of turns, a timer and a shutdown go on with other connections.
      this.settings.report(error);
    }
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#socket.pauseReading();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resumeReading();
  }
}
