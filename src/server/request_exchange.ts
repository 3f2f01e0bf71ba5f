/**
 * One request and its response. The object is made anew for each request, so that no state of a
 * request outlives it on the connection.
 *
 * The exchange is the one object between the app run, the HTTP writer and the connection: it is the
 * context of the app run, the context of the response's head, and the controls behind
 * `environ.cogen`. Three interfaces and one object save two allocations a request.
 *
 * {@linkcode ClientConnection} makes the exchange, and sets the members that tell the progress of
 * the request.
 *
 * @module
 */

import { launch, type LaunchedTask, nameOf } from "../coroutine/internal.ts";
import { checkNames, checkOption, optionError, type Task } from "../coroutine/mod.ts";
import {
  informational,
  type RequestHead,
  type ResponseContext,
  tunnelResponse,
} from "../http/mod.ts";
import type { WSGIApp } from "../wsgi/app.ts";
import type { HeaderList } from "../wsgi/block.ts";
import type { ServedBus } from "../wsgi/bus.ts";
import { tellsOfAbort } from "../wsgi/running/abort_reasons.ts";
import { runApp } from "../wsgi/running/app_run.ts";
import type { AppContext } from "../wsgi/running/app_context.ts";
import { BodyBuffer, ClientDisconnected, NO_BODY } from "../wsgi/input/body_buffer.ts";
import type { RequestControls, RequestTimeouts, TakenEvents } from "../wsgi/request_controls.ts";
import type { ResponseListener } from "../wsgi/response_report.ts";
import { RequestCogen } from "../wsgi/running/request_cogen.ts";
import { LEFT, type ReportedRequest, ResponseReporter } from "../wsgi/running/response_reporter.ts";
import type { StoppingListener, StoppingSource } from "../wsgi/running/stopping.ts";
import type { ConnectionFacts, Environ, EnvironMaker } from "../wsgi/environ.ts";
import { appAt } from "../wsgi/path_info_dispatcher.ts";
import { unquotePath } from "../wsgi/path_info.ts";
import type { ByteSocket, Files, SocketHandler } from "../socket/mod.ts";
import { WSGIInput } from "../wsgi/input/input.ts";
import { Response, type ServerFields, WSGIError } from "../wsgi/running/response.ts";
import type { Settings } from "./settings.ts";
import type { ConnectionOutput } from "./output.ts";
import type { PhaseDeadline } from "./phase_deadline.ts";
import { changeTimeouts } from "./timeouts.ts";

/** The members that an exchange needs of its connection. */
export interface ExchangeHost {
  readonly settings: Settings;
  readonly output: ConnectionOutput;
  readonly deadline: PhaseDeadline;
  readonly environs: EnvironMaker;
  readonly facts: ConnectionFacts;
  readonly fields: ServerFields;
  /** Tells of the beginning of a shutdown. */
  readonly stopping: StoppingSource;
  /** The waits for apps that are being closed; see {@linkcode AppContext.closings}. */
  readonly closings: Set<() => void>;
  /** The files of the adapter. */
  readonly files: Files | undefined;
  /** The time at which the last bytes came, by the clock, in milliseconds. */
  readonly time: number;
  /** Whether the server allows a further request on this connection. */
  readonly mayPersist: boolean;
  /** Whether the server has ended the connection in the middle of a response. */
  readonly wasCut: boolean;
  /** The app wants more of the body of `exchange`; the client may wait for 100 (Continue). */
  bodyWanted(exchange: RequestExchange): void;
  /** A deadline of the request has passed. */
  timedOut(phase: "close"): void;
  /** The app of `exchange` is done. */
  appDone(exchange: RequestExchange, isComplete: boolean): void;
  /**
   * The app takes the socket: written bytes are handed over first, and no deadline holds any more. The
   * connection calls `events`.
   */
  giveAway(
    exchange: RequestExchange,
    open: (socket: ByteSocket) => SocketHandler,
    events: TakenEvents,
  ): void;
}

/** The part of a head that is needed as long as the app runs. */
type KeptHead = Pick<RequestHead, "method" | "target" | "path" | "minorVersion">;

/** A request on its way through an app. */
export class RequestExchange
  implements AppContext, ResponseContext, ReportedRequest, RequestControls, StoppingSource {
  readonly startedAt: number;
  /** The whole head, until the app takes the socket. */
  head: KeptHead & Partial<RequestHead>;
  readonly body: BodyBuffer;
  readonly environ: Environ;
  readonly cogen: RequestCogen;
  readonly response: Response;
  /** Whether the whole request is read. The connection sets it. */
  isRead = false;
  /** Whether the app is done. The connection sets it. */
  isAppDone = false;
  /** The number of body bytes that have come. */
  receivedBytes = 0;
  /** The number of body bytes that came after the app was done. */
  surplusBytes = 0;
  /** Whether the app has asked for the body. The connection sets it. */
  isBodyWanted = false;

  /** The reason of the abort, once the request is aborted. */
  #reason: Error | undefined;
  /** Makes the report on the response, if one is needed. */
  #lazyReporter: ResponseReporter | undefined;
  /** Whether the app is done, and the connection has decided on the response. */
  #isFinished = false;
  /** Whether a flush of the blocks of `write` is due in the next turn of the host. */
  #isFlushDue = false;
  readonly #host: ExchangeHost;
  #task: LaunchedTask | undefined;
  /** Whether the app has asked for the end of the connection. */
  #isLast = false;

  constructor(head: RequestHead, host: ExchangeHost) {
    this.#host = host;
    this.head = head;
    this.startedAt = host.time;
    this.body = head.framing.kind === "none" ? NO_BODY : makeBody(this, host);
    const cogen = this.cogen = new RequestCogen(host.settings.scheduler, this.body, this);
    const input = new WSGIInput(this.body, cogen);
    this.environ = host.environs.make({ head, cogen, input }, host.facts);
    this.response = new Response(host.output.sink, host.fields, this);
  }

  /** Runs the app. Its first step runs inside this call. */
  start(): void {
    const { scheduler, debug } = this.#host.settings;
    const name = debug ? this.#describe() : "runApp";
    this.#task = launch(scheduler, runApp(this), name);
  }

  /** The time that counts as used by the app, in milliseconds; 0 if it has ended in its first step. */
  get usedMs(): number {
    return this.#task?.usedMs ?? 0;
  }

  /** The app and its request, for the warnings of debugging. */
  #describe(): string {
    const { appName, method, head: { target } } = this;
    return `${appName === "" ? "an app" : `the app ${appName}`} (${method} ${target})`;
  }

  /**
   * Whether the connection may persist, asked when the response's head is made. The connection ends
   * if the client still holds the body back, or if the rest of the body is too long to be
   * discarded.
   */
  get keepAlive(): boolean {
    const { head } = this;
    if (this.#isLast || !head.keepAlive || !this.#host.mayPersist) return false;
    if (head.method === "CONNECT") return false;
    if (this.isRead) return true;
    if (this.isBodyWanted) return true;
    const { expectContinue, framing } = head;
    if (expectContinue) return false;
    return framing?.kind !== "length" ||
      framing.length <= this.#host.settings.limits.maxDrainedBytes;
  }

  /** Whether the connection persists, as the response's head says. */
  get persists(): boolean {
    return this.response.keepAlive && !this.#isLast;
  }

  /** Whether an abort has an effect: the app runs, its response is not complete, and no abort came before. */
  get isAbortable(): boolean {
    return !this.isAppDone && !this.response.ended && !this.isAborted;
  }

  /** Aborts the app's waits and cancels the app, because the client has gone or must go. */
  abort(reason?: Error): void {
    if (!this.isAbortable) return;
    const cause = this.#reason = reason ?? new ClientDisconnected();
    if (reason === undefined) this.#reporter.clientLeft();
    const { reader } = this.body;
    // The error ends the app itself, which then closes. A coroutine that the app waits for is cancelled instead: if
    // both came, the cancellation would cut the `finally` short that the error runs.
    if (reader === this.#task) this.body.fail(cause);
    try {
      this.cogen.abort(cause);
    } catch (error) {
      this.report(error);
    }
    this.#task?.cancel();
    this.body.fail(cause);
  }

  /** Drops the rest of the body: the app has ended. A coroutine that it has left behind gets no more of it. */
  discardBody(): void {
    const { body } = this;
    if (body === NO_BODY) return;
    body.discard();
    if (this.isRead) return;
    body.fail(this.cogen.makeEndReason());
  }

  get output(): ConnectionOutput {
    return this.#host.output;
  }

  get app(): WSGIApp {
    return this.#host.settings.app;
  }

  get appName(): string {
    return nameOf(appAt(this.app, unquotePath(this.head.path)));
  }

  get isAborted(): boolean {
    return this.#reason !== undefined;
  }

  /** An async app may write while it waits, so the blocks of one turn of the host are sent after it. */
  blockWritten(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    this.#host.settings.adapter.clock.defer(() => {
      this.#isFlushDue = false;
      this.output.flush();
    });
  }

  headSent(): void {
    this.#lazyReporter?.headSent(this.#host.settings.scheduler.clock);
  }

  /** Whether the server has ended the connection in the middle of a response. */
  get wasCut(): boolean {
    return this.#host.wasCut;
  }

  get burstMs(): number {
    return this.#host.settings.burstMs;
  }

  get protocol(): "HTTP/1.0" | "HTTP/1.1" {
    return this.#host.settings.protocol;
  }

  get method(): string {
    return this.head.method;
  }

  get minorVersion(): 0 | 1 {
    return this.head.minorVersion;
  }

  get closeTimeoutMs(): number {
    return this.#host.deadline.timeoutsMs.close;
  }

  closeTimedOut(): void {
    this.#host.timedOut("close");
  }

  get closings(): Set<() => void> {
    return this.#host.closings;
  }

  get servedBus(): ServedBus | undefined {
    return this.#host.settings.bus;
  }

  get files(): Files | undefined {
    return this.#host.files;
  }

  now(): number {
    return this.#host.settings.adapter.clock.now();
  }

  inform(status: 102 | 103, headers: HeaderList): void {
    if (this.#speaksHTTP10) return;
    this.response.inform(status, headers);
    this.output.flush();
  }

  setTrailers(trailers: HeaderList): void {
    this.response.setTrailers(trailers);
  }

  get stopReason(): Error | undefined {
    return this.#host.stopping.stopReason;
  }

  onStopping(listener: StoppingListener): void {
    this.#host.stopping.onStopping(listener);
  }

  offStopping(listener: StoppingListener): void {
    this.#host.stopping.offStopping(listener);
  }

  closeConnection(): void {
    this.#isLast = true;
  }

  /** Changes nothing once the app is done, because the next request may have begun. */
  setTimeouts(timeouts: RequestTimeouts): void {
    const { deadline } = this.#host;
    const changed = changeTimeouts(deadline.timeoutsMs, timeouts);
    if (!this.isAppDone) deadline.change(changed, this.now());
  }

  takeSocket(
    headers: HeaderList,
    open: (socket: ByteSocket) => SocketHandler,
    events: TakenEvents = {},
  ): void {
    if (typeof open !== "function") {
      throw optionError("The handler of takeSocket", open, "a function that takes the socket");
    }
    const own = checkNames("events of takeSocket", events, ["onAppEnd", "onStopping"]);
    checkOption("onAppEnd of takeSocket", own.onAppEnd, "function");
    checkOption("onStopping of takeSocket", own.onStopping, "function");
    // A connection that lingers would have no deadline any more.
    if (this.#reason !== undefined) throw this.#reason;
    const isTunnel = this.method === "CONNECT";
    if (!isTunnel && (!this.head.upgrade || this.#speaksHTTP10)) {
      throw new WSGIError("A socket cannot be taken: the client has not asked for an upgrade");
    }
    if (!isTunnel && !headers.some(([name]) => name.toLowerCase() === "upgrade")) {
      throw new WSGIError("A socket cannot be taken without an Upgrade field in the answer");
    }
    if (!this.isRead) {
      throw new WSGIError("A socket cannot be taken before the request body is read");
    }
    this.response.handOver(isTunnel ? tunnelResponse(headers) : informational(101, headers));
    // The connection may last for days. The strings of the fields would keep the text of the whole head.
    const { method, target, path, minorVersion } = this.head;
    this.head = { method, target, path, minorVersion };
    // The methods of a class must be called on their object.
    const isWhole = own.onAppEnd === events.onAppEnd && own.onStopping === events.onStopping;
    this.#host.giveAway(this, open, isWhole ? events : own);
  }

  get #speaksHTTP10(): boolean {
    return this.minorVersion === 0 || this.protocol === "HTTP/1.0";
  }

  onFinished(listener: ResponseListener): void {
    if (typeof listener !== "function") {
      throw optionError("The listener of onFinished", listener, "a function");
    }
    this.#reporter.add(listener);
    if (this.#isFinished) this.#reporter.conclude();
  }

  /**
   * The kind of the response, once the app is done: the first digit of its status, 0 if no status was sent, or
   * {@linkcode LEFT} if the client left before the end of the response.
   */
  get responseKind(): number {
    if (this.#lazyReporter?.hasLeft) return LEFT;
    return (this.finalStatus ?? 0) / 100 | 0;
  }

  /** The status that was sent, by the server or by the app. */
  get finalStatus(): number | undefined {
    return this.#lazyReporter?.ownStatus ?? this.response.sentCode;
  }

  /** The facts of the connection. */
  get facts(): ConnectionFacts {
    return this.#host.facts;
  }

  /** The coroutine of the app, unless it is in its first step, and those of `environ.cogen.run`. */
  get tasks(): Task<unknown>[] {
    return [...this.#task === undefined ? [] : [this.#task], ...this.cogen.runTasks];
  }

  /** Notes the answer that the server has sent in place of the app's. */
  answered(status: number, bytes: number): void {
    this.#reporter.answered(status, bytes);
    this.headSent();
  }

  /** Notes that the client has ended the connection in the middle of its upload. */
  uploadBroke(): void {
    this.#reporter.uploadBroke();
  }

  /** Tells the listeners of the finished response, as soon as the socket has taken the bytes. */
  finish(): void {
    this.#isFinished = true;
    this.#lazyReporter?.conclude();
  }

  get #reporter(): ResponseReporter {
    return this.#lazyReporter ??= new ResponseReporter(this);
  }

  /** The fields of each answer that is not the app's. An app with an id for its requests finds it there, too. */
  get ownFields(): HeaderList {
    const id = this.#requestId;
    return id !== undefined && SENDABLE_ID.test(id) ? [["X-Request-Id", id]] : [];
  }

  /** The id of the request. An app may have put any value there, also a getter that throws. */
  get #requestId(): string | undefined {
    try {
      const id: unknown = this.cogen.requestId;
      return typeof id === "string" ? id : undefined;
    } catch {
      return undefined;
    }
  }

  ended(complete: boolean): void {
    this.#host.appDone(this, complete);
  }

  /**
   * Reports an error. The reason of the abort, or of the end of a wait that the app has left behind, is not
   * reported, nor the `AbortError` that a runtime's function makes of it, nor the error of a client that has
   * left: an app need not catch these errors. An error that comes again, as from the reading and the closing
   * of a file, is reported once. A thrown string or number has no identity, and is reported each time.
   */
  report(error: unknown): void {
    if (tellsOfAbort(error)) return;
    if (!this.#reporter.noteError(error)) return;
    // An app may change or delete the names in the environ, so the head gives them.
    const { method, target } = this.head;
    const id = this.#requestId;
    const place = `${method} ${target}${id === undefined ? "" : ` (request ${id})`} failed`;
    this.#host.settings.report(error, place, this.environ);
  }
}

/** Makes the buffer of a body. A closure in the constructor would cost each request an object. */
function makeBody(exchange: RequestExchange, host: ExchangeHost): BodyBuffer {
  return new BodyBuffer(() => host.bodyWanted(exchange));
}

/** The ids that a field of a response may have as its value. */
const SENDABLE_ID = /^[!-~]{1,128}$/;
