/**
 * A WebSocket as its app sees it: operations that know their request, and iteration.
 *
 * This file has the public class; the connection does the work. `accept.ts` makes it.
 *
 * @module
 */

import {
  type Abort,
  isOperation,
  type Operation,
  operation,
  optionError,
  type Resume,
  until,
} from "../coroutine/mod.ts";
import {
  type BoundOperation,
  type Cogen,
  isPromise,
  NOT_YET,
  QuickOperation,
} from "../wsgi/mod.ts";
import { NO_STATUS, NORMAL } from "./codec/close_codes.ts";
import { closePayload, codeError } from "./codec/frame_writer.ts";
import type { Connection } from "./connection.ts";
import type { Handshake } from "./handshake.ts";
import type { Message } from "./message.ts";
import { type SocketEnd, WebSocketClosed } from "./socket_end.ts";

/** `each` handles messages for this time, in milliseconds, without a wait. */
const MAX_TURN_MS = 1;

/** The end of the error of a loop that goes on after the end of the connection. */
const END_ADVICE =
  "; receive() has given undefined: end the loop there, or write yield* socket.each(handle)";

/** Gives the connection of a socket, for the topics. */
export let connectionOf: (socket: WebSocketConnection) => Connection;

/**
 * A WebSocket of an app; {@linkcode acceptWebSocket} makes it.
 *
 * Its operations know their request: `yield* socket.receive()` in a generator, through any middleware,
 * `await environ.cogen.run(socket.receive())` in an async app, and inside `race`, `all` and `timeout`. A
 * `receive` that loses a race loses no message.
 *
 * One coroutine may receive at a time; any number may send.
 */
export class WebSocketConnection implements AsyncIterable<Message> {
  /** The subprotocol; `undefined` if the client and the app have none in common. */
  readonly protocol: string | undefined;
  /** Whether messages may be compressed. */
  readonly isCompressed: boolean;
  readonly #connection: Connection;
  readonly #cogen: Cogen;
  readonly #receive: BoundOperation<Message | undefined>;
  /** Whether a {@linkcode receive} after the end has given `undefined`. It stays true. */
  #isEndTold = false;

  static {
    connectionOf = (socket) => socket.#connection;
  }

  /** @ignore */
  constructor(connection: Connection, cogen: Cogen, handshake: Handshake) {
    this.#connection = connection;
    this.#cogen = cogen;
    this.protocol = handshake.protocol;
    this.isCompressed = handshake.deflate !== undefined;
    this.#receive = cogen.wait(new Receive(connection));
  }

  /** The end of the connection; `undefined` as long as it is open. */
  get end(): SocketEnd | undefined {
    return this.#connection.end;
  }

  /** The number of bytes that were sent, and that the socket has not taken yet. */
  get bufferedBytes(): number {
    return this.#connection.output.size;
  }

  /**
   * Waits for the next message.
   *
   * @returns An operation that gives the text or the bytes of a message, and `undefined` at the end of the
   *   connection; then {@linkcode end} has the code and the reason.
   * @throws {TypeError} At the `yield`, if another coroutine is receiving.
   * @throws {WebSocketClosed} At the `yield`, if an earlier call after the end has given `undefined`: a loop that
   *   does not look for the end would never rest.
   */
  receive(): BoundOperation<Message | undefined> {
    const { end, hasMessage } = this.#connection;
    if (end === undefined || hasMessage) return this.#receive;
    // The end is told when the operation is performed: it may lose a race before it has begun.
    return this.#wait("receive", (resume: Resume<undefined>) => {
      if (this.#isEndTold) throw new WebSocketClosed(end, END_ADVICE);
      this.#isEndTold = true;
      resume.value(undefined);
    });
  }

  /**
   * Sends a message. The operation waits while the client reads more slowly than the app sends, so that the
   * memory of the connection stays bounded.
   *
   * @param message A string is a text message, a `Uint8Array` a binary one. The bytes are copied when they are
   *   sent; until then, they must not change.
   * @returns An operation without a value.
   * @throws {TypeError} If the message is neither.
   * @throws {WebSocketClosed} At the `yield`, if the connection has ended. An app need not catch the error.
   */
  send(message: string | Uint8Array): BoundOperation<void> {
    checkMessage(message);
    return this.#cogen.wait(new Send(this.#connection, message as Message));
  }

  /**
   * Sends a Ping, and waits for its Pong. The server pings silent clients by itself; this is for an app that
   * wants to know the time of a round trip.
   *
   * @returns An operation without a value.
   * @throws {WebSocketClosed} At the `yield`, if the connection ends before.
   */
  ping(): BoundOperation<void> {
    return this.#wait("ping", (resume: Resume<void>) => this.#connection.ping(resume));
  }

  /**
   * Closes the connection, and waits until the client has closed it too, at most for ten seconds. Messages that
   * the app has not received are dropped.
   *
   * An app that returns closes with 1000, and one that throws with 1011, without this call.
   *
   * @param code The code: 1000 to 1003, 1007 to 1014, or 3000 to 4999; default 1000.
   * @param reason A text of at most 123 bytes.
   * @returns An operation that gives the end of the connection.
   * @throws {TypeError} For a code that is no number, or a reason that is no text.
   * @throws {RangeError} For a code that may not be sent, or a reason that is too long.
   */
  close(code: number = NORMAL, reason: string = ""): BoundOperation<SocketEnd> {
    if (typeof code !== "number") throw optionError("The code to close", code, "a number");
    // An endpoint must not set 1005 (RFC 6455 §7.4.1); in a payload it stands for no code.
    if (code === NO_STATUS) throw codeError(code);
    if (typeof reason !== "string") throw optionError("The reason to close", reason, "a string");
    closePayload(code, reason);
    return this.#wait("close", (resume: Resume<SocketEnd>) => {
      this.#connection.close(code, reason);
      return this.#connection.awaitEnd(resume);
    });
  }

  /**
   * Receives all messages in a generator app: `const end = yield* socket.each(function* (message) { ... })`.
   *
   * @param handle Called with each message, one after the other. It may be a generator function or an async
   *   one, or give an operation to wait for.
   * @returns The end of the connection, as the value of the `yield*`.
   * @throws {TypeError} At the `yield`, if the argument is no function.
   */
  each(
    handle: (message: Message) => unknown,
  ): Generator<"" & Operation<unknown>, SocketEnd, unknown> {
    if (typeof handle !== "function") {
      throw optionError("The argument of each", handle, "a function of the message");
    }
    return new Each(this.#connection, this.#cogen, this.#receive, handle) as unknown as EachSteps;
  }

  /**
   * Receives all messages in an async app: `for await (const message of socket)`. The loop ends with the
   * connection; leaving it does not close the connection.
   */
  [Symbol.asyncIterator](): AsyncIterator<Message, undefined> {
    return {
      next: () => {
        const step = this.#cogen.run(this.#receive).then(stepOf);
        // The request may end before an app that does not await the step.
        step.catch(() => {});
        return step;
      },
    };
  }

  #wait<T>(name: string, start: (resume: Resume<T>) => Abort | void): BoundOperation<T> {
    return this.#cogen.wait(operation(start, name));
  }
}

function stepOf(message: Message | undefined): IteratorResult<Message, undefined> {
  return message === undefined ? { done: true, value: undefined } : { done: false, value: message };
}

/** Whether an operation was a {@linkcode Send} for which there was room: then it is performed. */
function isDone(operation: Operation<unknown>): boolean {
  return operation instanceof Send && operation.attemptNow() !== NOT_YET;
}

function isGenerator(given: unknown): given is Generator<"" & Operation<unknown>> {
  return typeof (given as Generator | undefined)?.next === "function";
}

/** The type of {@linkcode Each}: that of the generator in whose place it stands. */
type EachSteps = Generator<"" & Operation<unknown>, SocketEnd, unknown>;

/** The steps of a wait of {@linkcode Each}: of an operation, or of a generator of the app. */
type WaitSteps = Iterator<"" & Operation<unknown>, unknown, unknown>;

/** A step of {@linkcode Each}: that of a wait, or the last one. */
type EachStep = IteratorResult<"" & Operation<unknown>, unknown>;

/**
 * The messages of {@linkcode WebSocketConnection.each}, and the waits between them.
 *
 * An iterator made by hand, because a generator that waits takes two more objects on each idle connection. Its
 * plain twin would be:
 *
 * ```ts ignore
 * function* each() {
 *   for (let message; (message = yield* receive) !== undefined;) yield* handle(message);
 *   return connection.end;
 * }
 * ```
 */
class Each {
  readonly #connection: Connection;
  readonly #cogen: Cogen;
  readonly #receive: BoundOperation<Message | undefined>;
  readonly #handle: (message: Message) => unknown;
  /**
   * `returning` once the app has asked for the end, and a generator of the app still waits in its `finally`;
   * `over` when there are no more steps.
   */
  #state: "open" | "returning" | "over" = "open";
  /** The steps of the last wait; `undefined` before the first one. */
  #steps: WaitSteps | undefined;
  /** Whether the last wait was one for a message. */
  #isReceiving = false;
  /** When the turn ends, by the clock; `undefined` until a second message is there after a wait. */
  #turnEndMs: number | undefined;

  constructor(
    connection: Connection,
    cogen: Cogen,
    receive: BoundOperation<Message | undefined>,
    handle: (message: Message) => unknown,
  ) {
    this.#connection = connection;
    this.#cogen = cogen;
    this.#receive = receive;
    this.#handle = handle;
  }

  // The methods of a generator.

  [Symbol.iterator](): this {
    return this;
  }

  next(sent?: unknown): EachStep {
    if (this.#state === "over") return { done: true, value: undefined };
    try {
      return this.#follow(this.#steps?.next(sent));
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  throw(error: unknown): EachStep {
    try {
      if (this.#steps?.throw === undefined) throw error;
      return this.#follow(this.#steps.throw(error));
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  return(value: unknown): EachStep {
    try {
      const step = this.#steps?.return?.(value);
      this.#state = "returning";
      return this.#follow(step ?? { done: true, value });
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  /** Follows a step of the last wait to the next step; `undefined` before the first wait. */
  #follow(first: EachStep | undefined): EachStep {
    for (let step = first;;) {
      if (step !== undefined && !step.done) return step;
      const wait = this.#state === "open" ? this.#advance(step?.value) : undefined;
      if (wait === undefined) {
        const value = this.#state === "open" ? this.#connection.end : step?.value;
        this.#end();
        return { done: true, value };
      }
      this.#steps = wait[Symbol.iterator]();
      step = this.#steps.next(undefined);
    }
  }

  #end(): void {
    this.#state = "over";
    this.#steps = undefined;
  }

  /**
   * Handles messages up to the next wait.
   *
   * @param sent The value of the last wait.
   * @returns The wait; `undefined` at the end of the connection.
   */
  #advance(sent: unknown): EachWait | undefined {
    for (let taken = this.#isReceiving ? sent as Message | undefined : this.#take();;) {
      this.#isReceiving = taken === NOT_YET;
      if (taken === NOT_YET) return this.#receive;
      if (taken === undefined) return undefined;
      const given = this.#handle(taken);
      const wait = isPromise(given) ? until(given) : given;
      if (isGenerator(wait)) return wait;
      if (isOperation(wait) && !isDone(wait)) return this.#cogen.wait(wait);
      taken = this.#take();
    }
  }

  /** Takes a message that is here, without a wait. With each wait, the server decides whose turn is next. */
  #take(): Message | undefined | typeof NOT_YET {
    const connection = this.#connection;
    // The clock of Deno costs a hundredth of an echo, and most messages come alone.
    if (connection.hasMessage) {
      const nowMs = connection.clock.now();
      this.#turnEndMs ??= nowMs + MAX_TURN_MS;
      if (nowMs < this.#turnEndMs) return connection.takeMessage();
    }
    this.#turnEndMs = undefined;
    return NOT_YET;
  }
}

/** The wait of {@linkcode Each}: an operation, or a generator of the app. */
type EachWait = BoundOperation<unknown> | Generator<"" & Operation<unknown>>;

/** @throws {TypeError} If a value is no message. */
export function checkMessage(message: unknown): void {
  if (typeof message === "string" || message instanceof Uint8Array) return;
  throw optionError("The message", message, "a string or a Uint8Array");
}

/** An operation of a connection. It has no timeout of its own, also if the scheduler has a default. */
abstract class SocketOperation<T> extends QuickOperation<T> {
  protected readonly connection: Connection;

  constructor(connection: Connection) {
    super();
    this.connection = connection;
  }

  override start(resume: Resume<T>): Abort | void {
    const value = this.attempt();
    if (value === NOT_YET) return this.begin(resume);
    resume.value(value);
  }
}

/** The operation of {@linkcode WebSocketConnection.receive}. */
class Receive extends SocketOperation<Message | undefined> {
  get name(): string {
    return "receive";
  }

  attempt(): Message | undefined | typeof NOT_YET {
    return this.connection.takeMessage();
  }

  protected begin(resume: Resume<Message | undefined>): void {
    this.connection.awaitMessage(resume);
  }
}

/** The operation of {@linkcode WebSocketConnection.send}. */
class Send extends SocketOperation<void> {
  readonly #message: Message;

  constructor(connection: Connection, message: Message) {
    super(connection);
    this.#message = message;
  }

  get name(): string {
    return "send";
  }

  attempt(): void | typeof NOT_YET {
    return this.connection.send(this.#message);
  }

  protected begin(resume: Resume<void>): Abort {
    return this.connection.awaitRoom(resume, this.#message);
  }
}
