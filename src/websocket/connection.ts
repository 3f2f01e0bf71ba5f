/**
 * One WebSocket connection after its handshake: the handler of its socket, and the waits of its app.
 *
 * | state | frames of the client | the app receives | the app sends | deadline |
 * |---|---|---|---|---|
 * | `open` | queued for the app | the queued messages | yes | ping, then its answer |
 * | `answering` | dropped, or kept in the reader | the queued messages | yes | no step of the app |
 * | `closing` | dropped up to a Close | the end | no | the Close of the client |
 * | `ended` | dropped | the end | no | the FIN of the client |
 * | `gone` | | the queued messages, then the end | no | none |
 *
 * Strategy: an end that comes from the client, from a fault of it, or from a shutdown first lets the app answer the
 * messages that came before (`answering`). The app has done so when it asks for the next message or ends. Then
 * the Close frame follows its answers, and the FIN follows the Close frame at once, or after the Close of the
 * client if the server has closed first (RFC 6455 §7.1.1). The rest of the client's bytes is read and
 * dropped, because a close with unread bytes would reset the connection and take the Close frame along.
 *
 * Reading pauses while the queue is full, so that a client cannot send faster than the app receives. An app
 * that sends waits while the socket is full, so a client that does not read stops its app, and then itself.
 *
 * `accept.ts` makes this; the operations of `web_socket.ts` and the topics call it.
 *
 * @module
 */

import type { Clock, Resume } from "../coroutine/mod.ts";
import type { ByteSocket, SocketHandler } from "../socket/mod.ts";
import { type AppOutcome, ClientDisconnected, NOT_YET } from "../wsgi/mod.ts";
import { ABNORMAL, GOING_AWAY, INTERNAL_ERROR, NORMAL } from "./codec/close_codes.ts";
import { FrameError } from "./codec/errors.ts";
import type { CloseEvent, WebSocketEvent } from "./codec/events.ts";
import { closePayload, encodeFrame } from "./codec/frame_writer.ts";
import { MessageReader } from "./codec/message_reader.ts";
import { DeadlineLine, type LineMember } from "./deadline_line.ts";
import type { MessageDeflate } from "./deflate.ts";
import { type Frame, FrameOutput } from "./frame_output.ts";

/** A message: text, or bytes. */
export type Message = string | Uint8Array<ArrayBuffer>;

/** The end of a connection, as its app sees it. */
export interface SocketEnd {
  /**
   * The code of the first Close frame, whichever side has sent it; 1005 if that frame had no code, and 1006
   * if the connection ended without one (RFC 6455 §7.1.5).
   */
  readonly code: number;
  /** The reason of that frame; after 1006, the observation of the server, or empty. */
  readonly reason: string;
}

/**
 * The connection has ended, so that nothing can be sent.
 *
 * An app need not catch this error: like every {@linkcode ClientDisconnected}, it is not reported.
 */
export class WebSocketClosed extends ClientDisconnected {
  /** `WebSocketClosed`. */
  override readonly name: string = "WebSocketClosed";
  /** The end of the connection. */
  readonly end: SocketEnd;

  /**
   * Makes the error.
   *
   * @param end The end of the connection.
   */
  constructor(end: SocketEnd) {
    super(`The WebSocket is closed: ${end.code}${end.reason === "" ? "" : `, ${end.reason}`}`);
    this.end = end;
  }
}

/** The settings of a connection, checked, with times in milliseconds. */
export interface ConnectionSettings {
  readonly maxMessageBytes: number;
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
  /** A shutdown closes this connection after a random part of this time. */
  readonly shutdownSpreadMs: number;
}

type State = "open" | "answering" | "closing" | "ended" | "gone";

/** An end that waits until the app has answered. */
interface Ending {
  readonly end: SocketEnd;
  /** The Close frame of the server; `undefined` if the client cannot get one any more. */
  readonly close: SocketEnd | undefined;
  /** Whether the server closes first, so that a Close frame of the client follows. */
  readonly isFirst: boolean;
}

/** A message that waits for room. */
interface Sender {
  readonly resume: Resume<void>;
  readonly message: Message;
}

/** A Ping that waits for its Pong. */
interface Pinger {
  readonly id: number;
  readonly resume: Resume<void>;
}

/** Reading pauses when messages of this cost are queued. */
const MAX_QUEUED_COST = 65_536;
/** UTF-8 has at most three bytes for each character of a string (UTF-16 unit). */
const MAX_CHARACTER_BYTES = 3;
/** Each message costs its length and this much, so that a flood of empty messages is bounded too. */
const MESSAGE_COST = 128;
/** The time in which the app must take a step to answer the messages that came before an end. */
const ANSWERING_MS = 1000;
/** The time for the Close frame, and then for the FIN, of the client. */
const CLOSING_MS = 10_000;

const SHUTDOWN: SocketEnd = { code: GOING_AWAY, reason: "The server is shutting down" };
/** The Close frame after each end of an app. */
const ENDS: Readonly<Record<AppOutcome, SocketEnd>> = {
  complete: { code: NORMAL, reason: "" },
  failed: { code: INTERNAL_ERROR, reason: "The app has failed" },
  cancelled: SHUTDOWN,
};

/** A WebSocket connection of a server. */
export class Connection implements SocketHandler, LineMember {
  readonly output: FrameOutput;
  readonly deflate: MessageDeflate | undefined;
  /**
   * The subscribers of each topic of this connection, which leaves them when nothing can be sent any more.
   * `undefined` before the first subscription.
   */
  topics: Set<Set<Connection>> | undefined;
  dueMs = 0;

  readonly #socket: ByteSocket;
  readonly #clock: Clock;
  readonly #settings: ConnectionSettings;
  readonly #reader: MessageReader;
  #state: State = "open";
  #ending: Ending | undefined;
  #end: SocketEnd | undefined;

  // The lists are made when they get their first member, because most connections are idle.
  /** The messages that the app has not received. */
  #queue: Message[] | undefined;
  #queuedCost = 0;
  #isPaused = false;
  /** The app has received a message, and has not asked for the next one. */
  #isAtWork = false;
  #receiver: Resume<Message | undefined> | undefined;
  #senders: Sender[] | undefined;
  #pingers: Pinger[] | undefined;
  #closers: Resume<SocketEnd>[] | undefined;
  #lastPing = 0;
  /** The payload of the last Ping that was not answered, because the socket was full. */
  #owedPong: Uint8Array | undefined;

  /** Cancels the deadline of the end. */
  #cancelTimer: (() => void) | undefined;
  /** The line for the next Ping, or for the answer to it; `undefined` once the end has begun. */
  #line: DeadlineLine | undefined;
  /** Whether the line is that of the answer to a Ping. */
  #isPinged = false;
  #cancelShutdown: (() => void) | undefined;
  /** Whether the client has shown a sign of life since the timer was set. */
  #isAlive = false;
  /** Whether the app has received or sent since the timer was set. */
  #hasStepped = false;

  constructor(
    socket: ByteSocket,
    clock: Clock,
    settings: ConnectionSettings,
    deflate: MessageDeflate | undefined,
  ) {
    this.#socket = socket;
    this.#clock = clock;
    this.#settings = settings;
    this.deflate = deflate;
    this.output = new FrameOutput(socket);
    this.#reader = new MessageReader({
      from: "client",
      maxMessageBytes: settings.maxMessageBytes,
      inflate: deflate?.inflate,
    });
    this.#awaitLife();
  }

  /** The end of the connection; `undefined` as long as messages may be sent. */
  get end(): SocketEnd | undefined {
    return this.#end;
  }

  /** Whether messages may be sent. */
  get isOpen(): boolean {
    return this.#state === "open" || this.#state === "answering";
  }

  // The events of the socket.

  onData(bytes: Uint8Array): void {
    this.#isAlive = true;
    if (!this.#reads) return;
    this.#reader.push(bytes);
    this.#advance();
    this.#reader.detach();
  }

  onEnd(): void {
    const ending = this.#ending;
    if (this.#state === "answering" && ending?.isFirst) {
      // The shutdown waits for the app; the client will not send a Close frame any more.
      this.#ending = { ...ending, isFirst: false };
    }
    if (this.#state === "closing") this.#finish();
    this.#beginEnd({ end: { code: ABNORMAL, reason: "" }, close: undefined, isFirst: false });
  }

  onDrain(): void {
    this.#isAlive = true;
    this.output.drain();
    if (this.output.isFull) return;
    if (this.#owedPong !== undefined && this.isOpen) {
      this.output.write(encodeFrame("pong", this.#owedPong));
    }
    this.#owedPong = undefined;
    for (let sender; !this.output.isFull && (sender = this.#senders?.shift()) !== undefined;) {
      const { resume, message } = sender;
      if (resume.settled) continue;
      this.#write(message);
      resume.value();
    }
  }

  onClose(): void {
    if (this.#state === "gone") return;
    this.#clearTimers();
    this.#cancelShutdown?.();
    this.output.close();
    this.#state = "gone";
    this.#end ??= this.#ending?.end ?? { code: ABNORMAL, reason: "" };
    this.#wakeAll();
  }

  // The events of the request.

  /** The app has ended: nothing is received or sent any more. */
  appEnded(outcome: AppOutcome): void {
    if (this.#state === "answering") return this.#conclude();
    const { code, reason } = ENDS[outcome];
    this.close(code, reason);
  }

  /** A shutdown of the server begins: closes this connection a little later than others. */
  shutdownBegan(): void {
    const delayMs = Math.random() * this.#settings.shutdownSpreadMs;
    this.#cancelShutdown = this.#clock.setTimer(delayMs, () => {
      this.#beginEnd({ end: SHUTDOWN, close: SHUTDOWN, isFirst: true });
    });
  }

  // The operations of the app. Most get the `resume` of the wait, and return a function that aborts it.

  /**
   * Takes the next message, or `undefined` at the end of the connection. The app asks for it, so it has answered
   * the one before.
   */
  takeMessage(): Message | undefined | typeof NOT_YET {
    this.#isAtWork = false;
    this.#hasStepped = true;
    const message = this.#queue?.shift();
    if (message !== undefined) {
      this.#queuedCost -= costOf(message);
      this.#isAtWork = true;
      if (this.#isPaused) this.#advance();
      return message;
    }
    if (this.#state === "answering") this.#conclude();
    return this.#state === "open" ? NOT_YET : undefined;
  }

  /** Begins to wait for a message. A wait that was aborted is settled, and gets none. */
  awaitMessage(resume: Resume<Message | undefined>): void {
    if (this.#receiver !== undefined && !this.#receiver.settled) {
      throw new TypeError("Cannot receive: another coroutine is receiving on this WebSocket");
    }
    this.output.flush();
    this.#receiver = resume;
  }

  /** Sends a message, if there is room. */
  send(message: Message): void | typeof NOT_YET {
    if (!this.isOpen) throw this.#closedError();
    if (this.output.isFull || this.#isAppBlocked) return NOT_YET;
    this.#hasStepped = true;
    this.#write(message);
  }

  /** Begins to wait for room, and then sends a message. */
  awaitRoom(resume: Resume<void>, message: Message): () => void {
    const sender = { resume, message };
    (this.#senders ??= []).push(sender);
    return () => remove(this.#senders, sender);
  }

  /** Begins to wait for the Pong of a new Ping. */
  ping(resume: Resume<void>): (() => void) | void {
    if (!this.isOpen) throw this.#closedError();
    const pinger = { id: ++this.#lastPing, resume };
    (this.#pingers ??= []).push(pinger);
    this.#writePing();
    return () => remove(this.#pingers, pinger);
  }

  /** Closes, and begins to wait until the connection has ended. */
  awaitEnd(resume: Resume<SocketEnd>): (() => void) | void {
    if (this.#state === "ended" || this.#state === "gone") {
      return resume.value(this.#end as SocketEnd);
    }
    (this.#closers ??= []).push(resume);
    return () => remove(this.#closers, resume);
  }

  /**
   * Closes the connection: sends a Close frame, unless one was sent, and then ends it.
   *
   * @throws {RangeError} For a code that may not be sent, or a reason that is too long.
   */
  close(code: number, reason: string): void {
    closePayload(code, reason);
    const close = { code, reason };
    if (this.#state === "open") {
      this.#dropQueue();
      this.#ending = { end: close, close, isFirst: true };
      this.#state = "answering";
      this.#conclude();
    } else if (this.#state === "answering") {
      const ending = this.#ending as Ending;
      // The client has closed already, and the code of the app answers.
      if (ending.close !== undefined) this.#ending = { ...ending, close };
      this.#dropQueue();
      this.#conclude();
    }
  }

  #dropQueue(): void {
    this.#queue = undefined;
    this.#queuedCost = 0;
  }

  // The reading side.

  /** Whether the bytes of the client are of use. */
  get #reads(): boolean {
    if (this.#state === "answering") return this.#ending?.isFirst === true;
    return this.#state === "open" || this.#state === "closing";
  }

  /** Takes the events of the reader, as long as the queue has room. */
  #advance(): void {
    try {
      while (this.#takesEvents) {
        const event = this.#reader.next();
        if (event.type === "need-data") break;
        this.#take(event);
      }
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#fail(error);
    }
    const mustPause = this.#state === "open" && !this.#takesEvents ||
      this.#state === "answering" && this.#ending?.isFirst === true;
    if (mustPause === this.#isPaused) return;
    this.#isPaused = mustPause;
    if (mustPause) this.#socket.pauseReading();
    else this.#socket.resumeReading();
  }

  get #takesEvents(): boolean {
    return this.#state === "open" && this.#queuedCost < MAX_QUEUED_COST ||
      this.#state === "closing";
  }

  #take(event: WebSocketEvent): void {
    switch (event.type) {
      case "text":
      case "binary":
        return this.#deliver(event.data);
      case "ping":
        return this.#answerPing(event.data);
      case "pong":
        return this.#takePong(event.data);
      case "close":
        return this.#takeClose(event);
    }
  }

  #deliver(message: Message): void {
    if (this.#state !== "open") return;
    const receiver = this.#receiver;
    this.#receiver = undefined;
    if (receiver !== undefined && !receiver.settled) {
      this.#isAtWork = true;
      return receiver.value(message);
    }
    (this.#queue ??= []).push(message);
    this.#queuedCost += costOf(message);
  }

  #answerPing(data: Uint8Array): void {
    if (this.#state !== "open") return;
    // RFC 6455 §5.5.3: of several Pings, the last one may be answered alone.
    if (this.output.isFull) this.#owedPong = data;
    else this.output.write(encodeFrame("pong", data));
  }

  #takePong(data: Uint8Array): void {
    if (data.length !== 4) return;
    const id = new DataView(data.buffer, data.byteOffset).getUint32(0);
    // A Pong answers the Pings before as well (RFC 6455 §5.5.3).
    if (id > this.#lastPing) return;
    for (let first; (first = this.#pingers?.[0]) !== undefined && first.id <= id;) {
      this.#pingers?.shift();
      first.resume.value();
    }
  }

  #takeClose({ code, reason }: CloseEvent): void {
    if (this.#state === "closing") return this.#finish();
    // RFC 6455 §5.5.1: the answer echoes the code.
    this.#beginEnd({ end: { code, reason }, close: { code, reason: "" }, isFirst: false });
  }

  #fail({ code, message }: FrameError): void {
    if (this.#state === "closing") return this.#finish();
    const end = { code, reason: message };
    this.#beginEnd({ end, close: end, isFirst: false });
  }

  // The end.

  /** Begins an end: at once, or after the answers of the app. */
  #beginEnd(ending: Ending): void {
    if (this.#state !== "open") return;
    this.#state = "answering";
    this.#ending = ending;
    if (this.#queuedCost === 0 && !this.#isAtWork) return this.#conclude();
    this.#awaitAnswers();
    this.#advance();
  }

  /** Whether the app waits for room. */
  get #isAppBlocked(): boolean {
    return this.#senders !== undefined && this.#senders.length > 0;
  }

  /** Waits for an app that takes steps; for one that waits for room, as long as its client reads. */
  #awaitAnswers(): void {
    this.#hasStepped = false;
    const { size } = this.output;
    const isBlocked = this.#isAppBlocked;
    this.#setTimer(isBlocked ? CLOSING_MS : ANSWERING_MS, () => {
      const hasBegunToWait = !isBlocked && this.#isAppBlocked;
      if (this.#hasStepped || hasBegunToWait || this.output.size < size) this.#awaitAnswers();
      else this.#conclude();
    });
  }

  /** Gives the client ten seconds to close, and ten more whenever it has read something. */
  #awaitClosing(): void {
    const { size } = this.output;
    this.#setTimer(CLOSING_MS, () => {
      if (this.output.size < size) this.#awaitClosing();
      else this.#socket.destroy();
    });
  }

  /** The app has answered, or has had its time: the Close frame of the server follows. */
  #conclude(): void {
    const { end, close, isFirst } = this.#ending as Ending;
    this.#end = end;
    if (close !== undefined) {
      this.output.write(encodeFrame("close", closePayload(close.code, close.reason)));
    }
    this.#cancelShutdown?.();
    if (isFirst) {
      this.#state = "closing";
      this.output.flush();
      this.#awaitClosing();
      this.#wake();
      this.#advance();
    } else this.#finish();
  }

  /** Both ends have closed, or the client has failed: sends a FIN, and waits for that of the client. */
  #finish(): void {
    this.#state = "ended";
    this.output.end();
    this.#awaitClosing();
    this.#advance();
    this.#wakeAll();
  }

  /** Ends the waits of an app that can neither receive nor send any more. */
  #wake(): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    receiver?.value(undefined);
    for (const list of [this.#senders, this.#pingers]) {
      for (const { resume } of list?.splice(0) ?? []) resume.error(this.#closedError());
    }
    for (const subscribers of this.topics ?? []) subscribers.delete(this);
    this.topics = undefined;
  }

  #wakeAll(): void {
    this.#wake();
    for (const resume of this.#closers?.splice(0) ?? []) resume.value(this.#end as SocketEnd);
  }

  #closedError(): WebSocketClosed {
    return new WebSocketClosed(this.#end as SocketEnd);
  }

  // The writing side.

  #write(message: Message): void {
    this.output.write(frameOf(message, this.deflate));
  }

  #writePing(): void {
    const id = new DataView(new ArrayBuffer(4));
    id.setUint32(0, this.#lastPing);
    this.output.write(encodeFrame("ping", new Uint8Array(id.buffer)));
  }

  // The deadlines.

  /** Waits for a sign of life of the client: its bytes, or room for those of the server. */
  #awaitLife(): void {
    this.#isAlive = false;
    this.#isPinged = false;
    this.#joinLine(this.#settings.pingIntervalMs);
  }

  #joinLine(delayMs: number): void {
    if (delayMs !== Infinity) this.#line = DeadlineLine.join(this.#clock, delayMs, this);
  }

  /** See {@linkcode LineMember}: there was no Ping, or no answer to it, for the time of the line. */
  deadlineOver(): void {
    this.#line = undefined;
    // While the app is slow, nothing is read, and a Ping could not be answered.
    if (this.#isAlive || this.#isPaused) return this.#awaitLife();
    if (this.#isPinged) return this.#giveUp();
    ++this.#lastPing;
    if (!this.output.isFull) this.#writePing();
    this.#isPinged = true;
    this.#joinLine(this.#settings.pingTimeoutMs);
  }

  /** The client is dead: no frame can reach it. */
  #giveUp(): void {
    this.#end = { code: ABNORMAL, reason: "The client gave no sign of life" };
    this.#state = "ended";
    this.#socket.destroy();
    this.#wakeAll();
  }

  /** Sets the deadline of the end, in place of the signs of life. */
  #setTimer(delayMs: number, onTime: () => void): void {
    this.#clearTimers();
    this.#cancelTimer = this.#clock.setTimer(delayMs, onTime);
  }

  #clearTimers(): void {
    this.#line?.leave(this);
    this.#line = undefined;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}

/** A text up to this length has a length of 7 bits, if it is ASCII. */
const MAX_SHORT_TEXT = 125;
// deno-lint-ignore no-control-regex -- all of ASCII is meant
const ASCII = /^[\x00-\x7f]*$/;
/** For each length, the first two bytes of a final text frame, as characters. */
const SHORT_HEADS: readonly string[] = Array.from(
  { length: MAX_SHORT_TEXT + 1 },
  (_, length) => `\x81${String.fromCharCode(length)}`,
);
const encoder = new TextEncoder();

/** The frame of a message, compressed if that makes it smaller. */
export function frameOf(message: Message, deflate: MessageDeflate | undefined): Frame {
  const isText = typeof message === "string";
  const type = isText ? "text" : "binary";
  if (deflate === undefined || message.length * MAX_CHARACTER_BYTES < deflate.minBytes) {
    if (isText && message.length <= MAX_SHORT_TEXT && ASCII.test(message)) {
      return SHORT_HEADS[message.length] + message;
    }
    return encodeFrame(type, message);
  }
  const bytes = isText ? encoder.encode(message) : message;
  const payload = deflate.deflate(bytes);
  return payload === undefined
    ? encodeFrame(type, bytes)
    : encodeFrame(type, payload, { isCompressed: true });
}

function costOf(message: Message): number {
  return MESSAGE_COST + message.length;
}

function remove<T>(list: T[] | undefined, item: T): void {
  const index = list?.indexOf(item) ?? -1;
  if (index >= 0) list?.splice(index, 1);
}
