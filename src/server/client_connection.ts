/**
 * One client's connection: bytes to requests, requests to apps, responses to bytes, in order.
 *
 * The story: `onData` feeds the parser; `#advance` takes its events; a request becomes an exchange,
 * whose body is fed from further events; when its app is done and its body read, the next event is
 * asked for. Every ending goes through `#close` (politely: FIN, then wait for the client's) or
 * `#cut` (at once). `#await` says what is waited for, and so which deadline holds.
 *
 * @module
 */

import {
  type DataEvent,
  errorResponse,
  type HttpEvent,
  informational,
  ProtocolError,
} from "../http/mod.ts";
import { NO_BODY } from "../wsgi/input/body_buffer.ts";

import type { ConnectionFacts, EnvironMaker } from "../wsgi/environ.ts";
import type { ServerFields } from "../wsgi/running/response.ts";
import type { WSGIConnection } from "./wsgi_connection.ts";
import { type ExchangeHost, RequestExchange } from "./request_exchange.ts";
import type { Settings } from "./settings.ts";
import { Output } from "./output.ts";
import { type ConnectionPhase, PhaseDeadline } from "./phase_deadline.ts";
import type { ParserPool, PooledParser } from "./parser_pool.ts";
import type { ByteSocket, Socket, SocketHandler } from "../socket/mod.ts";

/** What a connection needs of its server. */
export interface ConnectionHost {
  readonly settings: Settings;
  readonly fields: ServerFields;
  readonly parsers: ParserPool;
  /** Whether no further requests are wanted. */
  readonly closing: boolean;
  factsOf(socket: Socket): ConnectionFacts;
  /** The app of a request has begun. */
  appBegan(): void;
  /** The app of a request is done. */
  appEnded(): void;
  /** The connection is gone. */
  forget(connection: ClientConnection): void;
}

/** How long pipelined requests may go on before others get their turn, in milliseconds. */
const MAX_ADVANCE = 1;

const HEAD_TIMEOUT = new ProtocolError(408, "The request head did not come in time");
const BODY_TIMEOUT = new ProtocolError(408, "The request body did not come in time");
const REQUEST_TIMEOUT = new ProtocolError(503, "The request took too long");
const UNAVAILABLE = new ProtocolError(503, "The server is shutting down");

/** A connection to one client. */
export class ClientConnection implements WSGIConnection, ExchangeHost {
  readonly settings: Settings;
  readonly output: Output;
  readonly deadline: PhaseDeadline;
  readonly facts: ConnectionFacts;
  readonly fields: ServerFields;
  time: number;

  readonly #host: ConnectionHost;
  readonly #socket: Socket;
  /** Reads its requests, if it is in the middle of one, or there are enough readers for all. */
  #pooled: PooledParser | undefined;
  #exchange: RequestExchange | undefined;
  /**
   * `serving` until the last response is decided, `lingering` for the client's FIN, then `gone`; or
   * `given`, to an app, until then.
   */
  #state: "serving" | "lingering" | "given" | "gone" = "serving";
  /** Who is told of the connection since it was given away. */
  #taker: SocketHandler | undefined;
  #advancing = false;
  #paused = false;
  #clientEnded = false;
  #retired = false;
  /** How many bytes have come, and how many had when no further requests were wanted. */
  #pushed = 0;
  #pushedInTime: number | undefined;
  #cancelHalfClosed: (() => void) | undefined;

  constructor(socket: Socket, host: ConnectionHost) {
    const { settings } = host;
    this.#host = host;
    this.#socket = socket;
    this.settings = settings;
    this.fields = host.fields;
    this.facts = host.factsOf(socket);
    this.output = new Output(socket, settings.adapter.clock);
    this.deadline = new PhaseDeadline(settings.timeoutsMs, settings.limits.minBodyRate);
    this.time = settings.adapter.clock.now();
    this.deadline.enter("idle", this.time);
  }

  /** Whether it is between requests. */
  get idle(): boolean {
    return this.#exchange === undefined;
  }

  get environs(): EnvironMaker {
    return this.#lentParser().environs;
  }

  get mayPersist(): boolean {
    return !this.#host.closing || this.#exchange?.received === true && this.#hasMore();
  }

  onData(bytes: Uint8Array): void {
    if (this.#state === "given") this.#taker?.onData(bytes);
    if (this.#state !== "serving") return;
    const { parser } = this.#lentParser();
    this.#pushed += bytes.length;
    parser.push(bytes);
    this.#advance();
    parser.detach();
    if (parser.idle && this.#host.parsers.isOverdrawn) this.#returnParser();
  }

  onEnd(): void {
    this.#clientEnded = true;
    if (this.#state === "given") this.#taker?.onEnd();
    if (this.#state !== "serving") return; // the adapter closes when what is written has gone
    this.#lentParser().parser.end();
    this.#advance();
    this.#limitHalfClosed();
  }

  onDrain(): void {
    this.output.drain();
    if (this.#state === "given") return this.#taker?.onDrain();
    this.#enter(this.deadline.phase);
    this.#advance();
  }

  onClose(error?: Error): void {
    const taker = this.#taker;
    this.#taker = undefined;
    this.#state = "gone";
    this.deadline.end();
    this.#cancelHalfClosed?.();
    // First, so that an app which waits for room is cancelled rather than woken.
    this.#exchange?.abort();
    this.output.close();
    this.#returnParser();
    this.#host.forget(this);
    taker?.onClose(error);
  }

  /** The app wants more of the body: the client may be waiting for leave to send it. */
  bodyWanted(exchange: RequestExchange): void {
    if (exchange.received) return;
    const first = !exchange.asked;
    exchange.asked = true;
    if (first && exchange.head.expectContinue && exchange.body.size === 0) {
      const { protocol } = this.settings;
      if (protocol === "HTTP/1.1" && !exchange.response.committed) {
        this.output.write(informational(100));
      }
      this.output.flush();
    }
    if (exchange.body.awaited) this.#enter("body");
    this.#advance();
  }

  /** An app takes the connection: what has come is delivered first, and no deadline holds any more. */
  giveAway(accept: (socket: ByteSocket) => SocketHandler): void {
    this.output.uncork();
    this.#state = "given";
    this.deadline.end();
    this.#cancelHalfClosed?.();
    this.#resume();
    const rest = this.#lentParser().parser.takeBuffered();
    const taker = this.#taker = accept(this.#socket);
    if (rest.length > 0) taker.onData(rest);
    if (this.#clientEnded) taker.onEnd();
  }

  /** The app is done. */
  responded(exchange: RequestExchange, complete: boolean): void {
    exchange.responded = true;
    this.#host.appEnded();
    exchange.body.discard();
    this.facts.errors.flush();
    if (this.#state === "given") this.#exchange = undefined;
    if (this.#state !== "serving") return;
    if (!complete && !exchange.response.committed) this.#answer(UNAVAILABLE);
    if (!complete || !exchange.persists) return this.#close();
    if (exchange.received) this.#finish();
    else this.#enter("body");
    this.#advance();
  }

  /** Ends the connection if nothing is under way on it; else its response will say that it is the last. */
  retire(): void {
    this.#retired = true;
    // A request that has begun to come is still answered.
    if (this.#exchange?.responded ?? this.#bufferedBytes === 0) this.#close();
  }

  /** Ends what is under way, through its `finally`. */
  abort(reason: Error): void {
    this.#exchange?.abort(reason);
    if (this.idle) this.#cut();
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#cut();
  }

  /** Acts on a deadline that has passed. Called about once a second. */
  checkDeadline(now: number): void {
    const { timeoutsMs } = this.deadline;
    if (now - this.output.fullSince >= timeoutsMs.write) return this.#cut();
    // Who still takes a response in is neither idle nor late: the timeout for writes holds.
    if (this.output.full) return;
    const exchange = this.#exchange;
    const isLate = now - (exchange?.startedAt ?? now) >= timeoutsMs.request;
    if (isLate && exchange?.responded === false) return this.#refuse(REQUEST_TIMEOUT);
    const { phase } = this.deadline;
    // A read that was given up, or cancelled, is waited for no more.
    if (phase === "body" && exchange?.body.awaited === false && !exchange.responded) {
      return this.#enter("none");
    }
    if (!this.deadline.isOver(now)) return;
    this.deadline.end();
    if (phase === "idle") this.#close();
    else if (phase === "head") this.#refuse(HEAD_TIMEOUT);
    else if (phase === "body" && exchange?.responded === false) this.#refuse(BODY_TIMEOUT);
    else this.#cut();
  }

  /** How much has come that is no part of an event yet. */
  get #bufferedBytes(): number {
    return this.#pooled?.parser.bufferedBytes ?? 0;
  }

  #lentParser(): PooledParser {
    return this.#pooled ??= this.#host.parsers.lend(this.#pushed);
  }

  #returnParser(): void {
    if (this.#pooled !== undefined) this.#host.parsers.takeBack(this.#pooled);
    this.#pooled = undefined;
  }

  /** Takes events while there are any that may be taken now. */
  #advance(): void {
    if (this.#advancing || this.#state !== "serving") return;
    this.#advancing = true;
    this.output.cork();
    try {
      const { clock } = this.settings.adapter;
      const end = (this.time = clock.now()) + MAX_ADVANCE;
      while (this.#takesEvents() && this.#handle(this.#lentParser().parser.next())) {
        if (!this.idle || this.#bufferedBytes === 0) continue;
        this.time = clock.now();
        if (this.time > end) {
          clock.defer(() => this.#advance());
          break;
        }
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#refuse(error);
    } finally {
      this.#advancing = false;
      this.output.uncork();
      // An empty line after a body (RFC 9112 §2.2) is not kept: it does not begin a request.
      if (this.deadline.phase === "idle" && this.#bufferedBytes > 0) this.#enter("head");
      this.#balance();
    }
  }

  #takesEvents(): boolean {
    if (this.#state !== "serving") return false;
    const exchange = this.#exchange;
    // A client that reads no responses gets no further requests answered.
    if (exchange === undefined) return !this.output.full;
    return !exchange.received && (exchange.responded || exchange.body.hungry);
  }

  /** Acts on an event; `false` when there is none yet. */
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
    this.#enter("none");
    // Who holds its body back is to be asked for it by the app.
    const fault = exchange.head.expectContinue ? undefined : this.#receiveWhatIsHere();
    this.#host.appBegan();
    exchange.start();
    if (fault !== undefined) throw fault;
    if (this.#clientEnded) this.#limitHalfClosed();
  }

  /**
   * What has come of a body with its head is there before the app looks at it, which so need not wait.
   * If it is faulty, the app is told no sooner than if it had come later.
   */
  #receiveWhatIsHere(): ProtocolError | undefined {
    try {
      while (this.#takesEvents() && this.#handle(this.#lentParser().parser.next()));
    } catch (error) {
      if (error instanceof ProtocolError) return error;
      throw error;
    }
  }

  #receive(exchange: RequestExchange, { bytes, copied }: DataEvent): void {
    this.deadline.bodyCame(bytes.length, this.time);
    if (!exchange.responded) {
      exchange.body.push(bytes, copied);
      if (!exchange.body.awaited) this.#enter("none");
      return;
    }
    exchange.surplus += bytes.length;
    if (exchange.surplus > this.settings.limits.maxDrainedBytes) this.#close();
  }

  #received(exchange: RequestExchange, trailers: readonly string[]): void {
    exchange.received = true;
    if (exchange.body !== NO_BODY) exchange.body.end(trailers);
    if (exchange.responded) this.#finish();
    else this.#enter("none");
  }

  /** A request is answered and wholly read: on to the next. */
  #finish(): void {
    this.#exchange = undefined;
    if (this.#retired && !this.#hasMore()) return this.#close();
    this.#enter("idle");
  }

  /** Whether a pipelined request is here that came before the client could know that we end. */
  #hasMore(): boolean {
    this.#pushedInTime ??= this.#pushed;
    return this.#pushed - this.#bufferedBytes < this.#pushedInTime;
  }

  /** The peer broke HTTP: it gets an answer if none is under way, and no more after it. */
  #refuse(error: ProtocolError): void {
    const exchange = this.#exchange;
    if (exchange === undefined || !exchange.response.committed) this.#answer(error);
    this.#close();
    exchange?.abort(this.#clientEnded ? undefined : error);
  }

  #answer(error: ProtocolError): void {
    const response = errorResponse(error, this.fields.date());
    this.output.write(response.replace("HTTP/1.1", this.settings.protocol));
  }

  /** A client that has only ended its side waits for its answer; one that is gone looks the same. */
  #limitHalfClosed(): void {
    const { halfClosed } = this.settings.timeoutsMs;
    const exchange = this.#exchange;
    if (exchange === undefined || exchange.response.ended || halfClosed === Infinity) return;
    const { clock } = this.settings.adapter;
    this.#cancelHalfClosed?.();
    this.#cancelHalfClosed = clock.setTimer(halfClosed, () => this.#leave());
  }

  /** The client has been half-closed for too long: it is taken for gone. */
  #leave(): void {
    const exchange = this.#exchange;
    if (exchange === undefined || exchange.response.ended) return;
    this.#cut();
    exchange.abort();
  }

  /** Politely: what is written goes out, then FIN, then the client's FIN is waited for. */
  #close(): void {
    if (this.#state !== "serving") return;
    const response = this.#exchange?.response;
    if (response?.untilClose && !response.ended && this.#socket.reset !== undefined) {
      return this.#cut();
    }
    this.#state = "lingering";
    this.output.end();
    // What the client still sends is read for nothing: closing on it would reset what we have sent.
    this.#resume();
    this.#enter("linger");
  }

  /** At once; by a reset if the client would else take what it has for all of the response. */
  #cut(): void {
    if (this.#state === "gone") return;
    this.#state = "gone";
    const response = this.#exchange?.response;
    const isWhole = response?.ended && !this.output.full;
    if (response?.untilClose && !isWhole && this.#socket.reset !== undefined) this.#socket.reset();
    else this.#socket.destroy();
  }

  /** Reads from the client as long as what it sends has a place. */
  #balance(): void {
    if (this.#state === "gone") return;
    const exchange = this.#exchange;
    const waiting = exchange === undefined ? this.output.full : exchange.received;
    const crowded = waiting
      ? this.#bufferedBytes > this.settings.limits.maxPipelinedBytes
      : exchange !== undefined && !exchange.responded && !exchange.body.hungry;
    if (!crowded || this.#state !== "serving") this.#resume();
    else if (!this.#paused) {
      this.#paused = true;
      this.#socket.pauseReading();
    }
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resumeReading();
  }

  #enter(phase: ConnectionPhase): void {
    this.deadline.enter(phase, this.#advancing ? this.time : this.settings.adapter.clock.now());
  }
}
