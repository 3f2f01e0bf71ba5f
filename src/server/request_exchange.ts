/**
 * One request and its response: everything that is theirs, made anew for each.
 *
 * @module
 */

import { launch } from "../coroutine/internal.ts";
import type { Operation, Task } from "../coroutine/mod.ts";
import {
  informational,
  type RequestHead,
  type ResponseContext,
  ResponseWriter,
  tunnelResponse,
} from "../http/mod.ts";
import type { WSGIApp } from "../wsgi/app.ts";
import type { HeaderList } from "../wsgi/block.ts";
import { runApp } from "../wsgi/running/app_run.ts";
import type { AppContext } from "../wsgi/running/app_context.ts";
import { BodyBuffer, ClientDisconnected, NO_BODY } from "../wsgi/input/body_buffer.ts";
import type { RequestControls, RequestTimeouts } from "../wsgi/request_controls.ts";
import { RequestCogen } from "../wsgi/running/request_cogen.ts";
import type { ConnectionFacts, Environ, EnvironMaker } from "../wsgi/environ.ts";
import type { ByteSocket, Files, SocketHandler } from "../socket/mod.ts";
import { WSGIInput } from "../wsgi/input/input.ts";
import { Response, type ServerFields, WSGIError } from "../wsgi/running/response.ts";
import type { Settings } from "./settings.ts";
import type { Output } from "./output.ts";
import type { PhaseDeadline } from "./phase_deadline.ts";
import { changeTimeouts } from "./timeouts.ts";

/** What an exchange needs of its connection. */
export interface ExchangeHost {
  readonly settings: Settings;
  readonly output: Output;
  readonly deadline: PhaseDeadline;
  readonly environs: EnvironMaker;
  readonly facts: ConnectionFacts;
  readonly fields: ServerFields;
  /** The time, as of the bytes that came last, by the clock. */
  readonly time: number;
  /** Whether the server would go on with this connection. */
  readonly mayPersist: boolean;
  /** The app wants more of the body of `exchange`. */
  bodyWanted(exchange: RequestExchange): void;
  /** The app is done with `exchange`; `complete` is whether its response is. */
  responded(exchange: RequestExchange, complete: boolean): void;
  /** The app of an exchange takes the connection, when what was written has been handed over. */
  giveAway(accept: (socket: ByteSocket) => SocketHandler): void;
}

/** A request on its way through an app. */
export class RequestExchange implements AppContext, ResponseContext, RequestControls {
  readonly startedAt: number;
  readonly head: RequestHead;
  readonly body: BodyBuffer;
  readonly environ: Environ;
  readonly cogen: RequestCogen;
  readonly response: Response;
  /** Whether the request is wholly read. */
  received = false;
  /** Whether the app is done. */
  responded = false;
  /** Bytes of the body that came after the app was done. */
  surplus = 0;
  /** Whether the app has asked for the body. */
  asked = false;

  /** Why it was aborted. */
  #reason: Error | undefined;
  readonly #host: ExchangeHost;
  readonly #output: Output;
  readonly #writer: ResponseWriter;
  #task: Task<unknown> | undefined;

  constructor(head: RequestHead, host: ExchangeHost) {
    this.#host = host;
    this.#output = host.output;
    this.head = head;
    this.startedAt = host.time;
    this.body = head.framing.kind === "none"
      ? NO_BODY
      : new BodyBuffer(() => host.bodyWanted(this));
    const cogen = this.cogen = new RequestCogen(host.settings.scheduler, this.body, this);
    const input = new WSGIInput(this.body, cogen);
    this.environ = host.environs.make({ head, cogen, input }, host.facts);
    this.#writer = new ResponseWriter(this);
    this.response = new Response(this.#writer, host.output.sink, host.fields);
  }

  /** Runs the app; its first step at once. */
  start(): void {
    this.#task = launch(this.#host.settings.scheduler, runApp(this), "runApp");
  }

  /**
   * Whether the connection may persist, asked when the response's head is made: a body that the
   * client still holds back, or of which too much is left, is not worth it.
   */
  get keepAlive(): boolean {
    const { head } = this;
    if (!head.keepAlive || !this.#host.mayPersist || head.method === "CONNECT") return false;
    if (this.received) return true;
    if (this.asked) return true;
    const { expectContinue, framing } = head;
    if (expectContinue) return false;
    return framing.kind !== "length" ||
      framing.length <= this.#host.settings.limits.maxDrainedBytes;
  }

  /** Whether the connection persists, as the response's head has said. */
  get persists(): boolean {
    return this.#writer.keepAlive;
  }

  /** The client is gone, or must go: waits are aborted and the app is closed. */
  abort(reason?: Error): void {
    if (this.responded || this.response.ended || this.#reason !== undefined) return;
    const cause = this.#reason = reason ?? new ClientDisconnected();
    this.body.fail(cause);
    this.cogen.abort(cause);
    this.#task?.cancel();
  }

  get app(): WSGIApp {
    return this.#host.settings.app;
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

  get files(): Files | undefined {
    return this.#host.settings.adapter.files;
  }

  now(): number {
    return this.#host.settings.adapter.clock.now();
  }

  flush(): void {
    this.#output.flush();
  }

  pendingBytes(): number {
    return this.#output.size;
  }

  allSent(): boolean {
    return this.response.heldBytes === 0 && this.#output.gone;
  }

  full(): boolean {
    return this.#output.full;
  }

  drained(): Operation<void> {
    return this.#output.drained();
  }

  inform(status: 102 | 103, headers: HeaderList): void {
    if (this.#speaksHTTP10) return;
    this.response.inform(status, headers);
    this.flush();
  }

  setTrailers(trailers: HeaderList): void {
    this.response.setTrailers(trailers);
  }

  /** Of no effect once the app is done: the next request may have begun. */
  setTimeouts(timeouts: RequestTimeouts): void {
    const { deadline } = this.#host;
    const changed = changeTimeouts(deadline.timeoutsMs, timeouts);
    if (!this.responded) deadline.change(changed, this.now());
  }

  takeSocket(headers: HeaderList, accept: (socket: ByteSocket) => SocketHandler): void {
    const isTunnel = this.method === "CONNECT";
    if (!isTunnel && (!this.head.upgrade || this.#speaksHTTP10)) {
      throw new WSGIError("A socket cannot be taken: the client has not asked for an upgrade");
    }
    if (!isTunnel && !headers.some(([name]) => name.toLowerCase() === "upgrade")) {
      throw new WSGIError("A socket cannot be taken without an Upgrade field in the answer");
    }
    if (!this.received) {
      throw new WSGIError("A socket cannot be taken before the request body is read");
    }
    this.response.handOver(isTunnel ? tunnelResponse(headers) : informational(101, headers));
    this.#host.giveAway(accept);
  }

  get #speaksHTTP10(): boolean {
    return this.minorVersion === 0 || this.protocol === "HTTP/1.0";
  }

  ended(complete: boolean): void {
    this.#host.responded(this, complete);
  }

  /** The app that lets an abort pass has done nothing wrong. */
  report(error: unknown): void {
    if (this.#reason !== undefined && error === this.#reason) return;
    this.#host.settings.report(error, this.environ);
  }
}
