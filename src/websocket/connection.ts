/**
 * One WebSocket connection after its handshake: the handler of its socket, and the operations of its app.
 *
 * The state is one row of the table in `connection_state.ts`. The parts have files of their own: the messages of
 * the client (`inbox.ts`), those of the app (`message_output.ts`), Pings and Pongs (`pulse.ts`), and the deadlines
 * of the end (`end_deadline.ts`).
 *
 * Strategy: an end that comes from the client, from a fault of it, or from a shutdown first lets the app answer the
 * messages that came before (`holding`, `answering`). The app has done so when it asks for the next message or
 * ends. Then the Close frame follows its answers, and the FIN follows the Close frame at once, or after the Close
 * of the client if the server has closed first (RFC 6455 §7.1.1). The rest of the client's bytes is read and
 * dropped, because a close with unread bytes would reset the connection and take the Close frame along.
 *
 * `accept.ts` makes this; the operations of `web_socket.ts` and the topics call it.
 *
 * @module
 */

import { type Abort, type Clock, type Resume, showValue } from "../coroutine/mod.ts";
import type { ByteSocket, SocketHandler } from "../socket/mod.ts";
import { type AppOutcome, type ErrorStream, NOT_YET } from "../wsgi/mod.ts";
import { FrameError } from "./codec/errors.ts";
import type { CloseEvent, WebSocketEvent } from "./codec/events.ts";
import { closePayload, encodeFrame } from "./codec/frame_writer.ts";
import { MessageReader } from "./codec/message_reader.ts";
import { type ConnectionState, mayTakeEvents, mustPause, STATES } from "./connection_state.ts";
import type { MessageDeflate } from "./deflate.ts";
import { EndDeadline, type EndHost } from "./end_deadline.ts";
import type { OutputOwner } from "./frame_output.ts";
import { Inbox } from "./inbox.ts";
import type { Message } from "./message.ts";
import { MessageOutput } from "./message_output.ts";
import { Pulse, type PulseHost } from "./pulse.ts";
import { APP_ENDS, LOST, SHUTDOWN, SILENT, type SocketEnd, WebSocketClosed } from "./socket_end.ts";
import { WaitLine } from "./wait_line.ts";

/** The settings of a connection, checked, with times in milliseconds. */
export interface ConnectionSettings {
  readonly maxMessageBytes: number;
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
  /** A shutdown closes this connection after a random part of this time. */
  readonly shutdownSpreadMs: number;
}

/**
 * The frames of a long read are taken for this time; then other connections get their turn. The connections that go
 * on in the same turn share the time.
 */
const MAX_ADVANCE_MS = 1;
/** The number of connections that go on in a later turn, of all servers. */
let advancingLater = 0;
/** The number of bytes from which a read is long. The frames of a shorter one take less than the time. */
const LONG_READ_BYTES = 4096;
/** The clock is read once for this many frames. */
const FRAMES_BETWEEN_READINGS = 16;

/** An end that waits until the app has answered. */
interface Ending {
  readonly end: SocketEnd;
  /** The Close frame of the server; `undefined` if the client cannot get one any more. */
  readonly close: SocketEnd | undefined;
}

/** A WebSocket connection of a server. */
export class Connection implements SocketHandler, PulseHost, EndHost, OutputOwner {
  readonly clock: Clock;
  readonly settings: ConnectionSettings;
  readonly output: MessageOutput;
  /**
   * The subscribers of each topic of this connection, which leaves them when nothing can be sent any more.
   * `undefined` before the first subscription.
   */
  topics: Set<Set<Connection>> | undefined;
  /** Whether the socket was asked to pause reading. */
  isPaused = false;

  /** Whether `#advance` has used its time, and goes on in a later turn. */
  #advancesLater = false;
  readonly #socket: ByteSocket;
  readonly #errors: ErrorStream;
  readonly #reader: MessageReader;
  readonly #inbox = new Inbox();
  readonly #pulse: Pulse;
  #state: ConnectionState = STATES.open;
  /** Set from `holding` or `answering` on. */
  #ending: Ending | undefined;
  #end: SocketEnd | undefined;
  #endDeadline: EndDeadline | undefined;
  #closers: WaitLine<SocketEnd> | undefined;
  #cancelShutdown: (() => void) | undefined;

  constructor(
    socket: ByteSocket,
    clock: Clock,
    settings: ConnectionSettings,
    errors: ErrorStream,
    deflate: MessageDeflate | undefined,
  ) {
    this.#socket = socket;
    this.#errors = errors;
    // An app may have added a member to all objects.
    const base: Pick<Partial<ByteSocket>, "expectLittle"> = Object.prototype;
    if (socket.expectLittle !== base.expectLittle) socket.expectLittle?.();
    this.clock = clock;
    this.settings = settings;
    this.output = new MessageOutput(socket, this, deflate);
    this.#reader = new MessageReader({
      from: "client",
      maxMessageBytes: settings.maxMessageBytes,
      inflate: deflate?.inflate,
    });
    this.#pulse = new Pulse(this);
  }

  outputBroke(error: unknown): void {
    const text = error instanceof Error ? error.stack ?? error.message : showValue(error);
    try {
      this.#errors.write(`The socket of a WebSocket threw: ${text}\n`);
      this.#socket.destroy();
    } catch {
      // A socket that throws again cannot be ended, and the next outputs must be flushed.
    }
  }

  /** The end of the connection; `undefined` as long as messages may be sent. */
  get end(): SocketEnd | undefined {
    return this.#end;
  }

  /** Whether messages may be sent. */
  get isOpen(): boolean {
    return this.#state.sends;
  }

  // The events of the socket.

  onData(bytes: Uint8Array): void {
    this.#pulse.beat();
    if (!this.#state.reads) return;
    this.#reader.push(bytes);
    this.#advance(bytes.length < LONG_READ_BYTES ? Infinity : this.#endOfAdvance);
    this.#reader.detach();
  }

  onEnd(): void {
    // The shutdown waits for the app; the client will not send a Close frame any more.
    if (this.#state === STATES.holding) this.#state = STATES.answering;
    if (this.#state === STATES.closing) this.#finish();
    this.#beginEnd({ end: LOST, close: undefined }, STATES.answering);
  }

  onDrain(): void {
    this.#pulse.beat();
    this.#endDeadline?.drained();
    this.output.drain();
    if (this.output.isFull) return;
    if (this.isOpen) this.#pulse.sendOwedPong();
    this.output.sendWaiting();
  }

  onClose(): void {
    if (this.#state === STATES.gone) return;
    this.#pulse.stop();
    this.#endDeadline?.cancel();
    this.#cancelShutdown?.();
    this.output.close();
    this.#state = STATES.gone;
    this.#end ??= this.#ending?.end ?? LOST;
    this.#wakeAll();
  }

  // The events of the request.

  /** The app has ended: nothing is received or sent any more. */
  appEnded(outcome: AppOutcome): void {
    if (this.#isAnswering) return this.#conclude();
    const { code, reason } = APP_ENDS[outcome];
    this.close(code, reason);
  }

  /** A shutdown of the server begins: closes this connection a little later than others. */
  shutdownBegan(): void {
    const delayMs = Math.random() * this.settings.shutdownSpreadMs;
    this.#cancelShutdown = this.clock.setTimer(delayMs, () => {
      this.#beginEnd({ end: SHUTDOWN, close: SHUTDOWN }, STATES.holding);
    });
  }

  /** See {@linkcode PulseHost}: the client is dead, and no frame can reach it. */
  pulseLost(): void {
    this.#end = SILENT;
    this.#state = STATES.ended;
    this.#socket.destroy();
    this.#wakeAll();
  }

  /** Whether a message waits for the app. */
  get hasMessage(): boolean {
    return this.#inbox.hasMessage;
  }

  // The operations of the app. Most get the `resume` of the wait, and return a function that aborts it.

  /** Takes the next message, or `undefined` at the end of the connection. */
  takeMessage(): Message | undefined | typeof NOT_YET {
    const message = this.#inbox.take();
    if (message !== undefined) {
      this.#endDeadline?.received();
      if (this.isPaused) this.#advance(this.#endOfAdvance);
      return message;
    }
    if (this.#isAnswering) this.#conclude();
    return this.#state === STATES.open ? NOT_YET : undefined;
  }

  /** Begins to wait for a message. */
  awaitMessage(resume: Resume<Message | undefined>): void {
    this.#inbox.await(resume);
    this.output.flush();
  }

  /** Sends a message, if there is room. */
  send(message: Message): void | typeof NOT_YET {
    if (this.#isAnswering && this.#endDeadline?.isSendingOver) this.#conclude();
    if (!this.isOpen) throw this.#closedError();
    return this.output.send(message);
  }

  /** Begins to wait for room, and then sends a message. */
  awaitRoom(resume: Resume<void>, message: Message): Abort {
    return this.output.awaitRoom(resume, message);
  }

  /** Begins to wait for the Pong of a new Ping. */
  ping(resume: Resume<void>): Abort {
    if (!this.isOpen) throw this.#closedError();
    return this.#pulse.ping(resume);
  }

  /** Begins to wait until the connection has ended. */
  awaitEnd(resume: Resume<SocketEnd>): Abort | void {
    if (this.#state === STATES.ended || this.#state === STATES.gone) {
      return resume.value(this.#end as SocketEnd);
    }
    return (this.#closers ??= new WaitLine()).add({ resume });
  }

  /**
   * Closes the connection: sends a Close frame, unless one was sent, and then ends it.
   *
   * @throws {RangeError} For a code that may not be sent, or a reason that is too long.
   */
  close(code: number, reason: string): void {
    closePayload(code, reason);
    if (!this.isOpen) return;
    const close = { code, reason };
    this.#inbox.clear();
    if (this.#state === STATES.open) {
      this.#ending = { end: close, close };
      this.#state = STATES.holding;
    } else {
      const { end, close: former } = this.#ending as Ending;
      // The client has closed already, and the code of the app answers.
      if (former !== undefined) this.#ending = { end, close };
    }
    this.#conclude();
  }

  // The reading side.

  /**
   * Takes the events of the reader, as long as the state allows it.
   *
   * @param endMs The time from which other connections have their turn; reading pauses until it is over.
   */
  #advance(endMs = Infinity): void {
    if (this.#advancesLater) return;
    try {
      for (let count = 1; mayTakeEvents(this.#state, this.#inbox.isFull); count++) {
        const { bufferedBytes } = this.#reader;
        const event = this.#reader.next(FRAMES_BETWEEN_READINGS);
        const isPart = event.type === "need-data";
        if (isPart && this.#reader.bufferedBytes === bufferedBytes) break;
        this.#take(event);
        if ((isPart || count % FRAMES_BETWEEN_READINGS === 0) && this.#isOver(endMs)) break;
      }
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#fail(error);
    }
    const { isFull } = this.#inbox;
    // With a full inbox, the app goes on, in its share of the turns.
    if (mayTakeEvents(this.#state, isFull) && this.#isOver(endMs)) this.#advanceLater();
    const isPaused = this.#advancesLater || mustPause(this.#state, isFull);
    if (isPaused === this.isPaused) return;
    this.isPaused = isPaused;
    if (isPaused) this.#socket.pauseReading();
    else this.#socket.resumeReading();
  }

  /** Whether the time of this connection is over. Reads the clock only if there is an end. */
  #isOver(endMs: number): boolean {
    return endMs !== Infinity && this.clock.now() > endMs;
  }

  /** The time at which other connections have their turn. */
  get #endOfAdvance(): number {
    return this.clock.now() + MAX_ADVANCE_MS / (1 + advancingLater);
  }

  #advanceLater(): void {
    this.#advancesLater = true;
    advancingLater++;
    this.clock.defer(() => {
      this.#advancesLater = false;
      advancingLater--;
      this.#advance(this.#endOfAdvance);
    });
  }

  #take(event: WebSocketEvent): void {
    const isOpen = this.#state === STATES.open;
    switch (event.type) {
      case "text":
      case "binary":
        if (isOpen) this.#inbox.deliver(event.data);
        return;
      case "ping":
        if (isOpen) this.#pulse.answer(event.data);
        return;
      case "pong":
        return this.#pulse.takePong(event.data);
      case "close":
        return this.#takeClose(event);
    }
  }

  #takeClose({ code, reason }: CloseEvent): void {
    if (this.#state === STATES.closing) return this.#finish();
    // RFC 6455 §5.5.1: the answer echoes the code.
    this.#beginEnd({ end: { code, reason }, close: { code, reason: "" } }, STATES.answering);
  }

  #fail({ code, message }: FrameError): void {
    if (this.#state === STATES.closing) return this.#finish();
    const end = { code, reason: message };
    this.#beginEnd({ end, close: end }, STATES.answering);
  }

  // The end.

  /** Whether an end waits for the answers of the app. */
  get #isAnswering(): boolean {
    return this.#state === STATES.holding || this.#state === STATES.answering;
  }

  /** Begins an end: at once, or after the answers of the app. */
  #beginEnd(ending: Ending, state: ConnectionState): void {
    if (this.#state !== STATES.open) return;
    this.#state = state;
    this.#ending = ending;
    if (!this.#inbox.isBusy) return this.#conclude();
    this.#deadline().awaitAnswers(() => this.#conclude());
    this.#advance();
  }

  /** The app has answered, or has had its time: the Close frame of the server follows. */
  #conclude(): void {
    const { end, close } = this.#ending as Ending;
    this.#end = end;
    if (close !== undefined) {
      this.output.write(encodeFrame("close", closePayload(close.code, close.reason)));
    }
    this.#cancelShutdown?.();
    if (this.#state === STATES.answering) return this.#finish();
    this.#state = STATES.closing;
    this.output.flush();
    this.#awaitClient();
    this.#wake();
    this.#advance();
  }

  /** Both ends have closed, or the client has failed: sends a FIN, and waits for that of the client. */
  #finish(): void {
    this.#state = STATES.ended;
    this.output.end();
    this.#awaitClient();
    this.#advance();
    this.#wakeAll();
  }

  #awaitClient(): void {
    this.#deadline().awaitClient(() => this.#socket.destroy());
  }

  /** The deadline of the end, which takes the place of the signs of life. */
  #deadline(): EndDeadline {
    this.#pulse.stop();
    return this.#endDeadline ??= new EndDeadline(this);
  }

  /** Ends the waits of an app that can neither receive nor send any more. */
  #wake(): void {
    this.#inbox.end();
    const closedError = () => this.#closedError();
    this.output.failWaiting(closedError);
    this.#pulse.failWaiting(closedError);
    for (const subscribers of this.topics ?? []) subscribers.delete(this);
    this.topics = undefined;
  }

  #wakeAll(): void {
    this.#wake();
    for (const { resume } of this.#closers?.takeAll() ?? []) resume.value(this.#end as SocketEnd);
  }

  #closedError(): WebSocketClosed {
    return new WebSocketClosed(this.#end as SocketEnd);
  }
}
