/**
 * The client's end of a stream of events: it reads as a browser's `EventSource` does, and comes back when
 * the test says so.
 *
 * `client.ts` makes it.
 *
 * @module
 */

import type { HostAsyncDisposable } from "../coroutine/mod.ts";
import { decodeLatin1 } from "../socket/mod.ts";
import type { Ending } from "./client_socket.ts";
import { disposeBy } from "./dispose.ts";
import { EventParser, type TestEvent } from "./event_parser.ts";
import type { Exchange } from "./exchange.ts";
import { fieldPairs, type RequestOptions, toBytes } from "./request.ts";
import { TestResponse } from "./response.ts";

/** Options of `TestClient.events`. */
export interface TestEventsOptions extends Pick<RequestOptions, "headers" | "query"> {
  /** The id of the last event that the client has seen. Default: none. */
  readonly lastEventId?: string;
}

/** The server has not answered with a stream of events. A browser does not come back after that. */
export class EventsRefused extends Error {
  /** `EventsRefused`. */
  override readonly name = "EventsRefused";
  /** The answer of the server. */
  readonly response: TestResponse;

  /**
   * Makes the error.
   *
   * @param response The answer of the server.
   */
  constructor(response: TestResponse) {
    const { status } = response;
    const type = response.headers.get("Content-Type") ?? "none";
    const what = status === 200 ? `its Content-Type is ${type}` : response.text.trim();
    super(`The server sent no stream of events: ${status} ${what}`.trim());
    this.response = response;
  }
}

/** The header fields of a request for events. */
export function eventFields(
  { headers }: TestEventsOptions,
  lastEventId: string,
): [string, string][] {
  const given = fieldPairs(headers);
  const has = (name: string) => given.some(([other]) => other.toLowerCase() === name);
  if (!has("accept")) given.unshift(["Accept", "text/event-stream"]);
  if (lastEventId === "") return given;
  // The id is sent as UTF-8, and a field of a request has one character for each byte.
  const bytes = toBytes(lastEventId);
  return [...given, ["Last-Event-ID", decodeLatin1(bytes, 0, bytes.length)]];
}

/** The part of the class that depends on the compiler: the method for `await using`. */
export interface TestEvents extends HostAsyncDisposable {}

/** A stream of events, which a test reads event by event. */
export class TestEvents implements AsyncIterable<TestEvent> {
  static {
    disposeBy(this.prototype, async function (this: TestEvents) {
      if (!this.ended) await this.disconnect();
    });
  }

  readonly #begin: (lastEventId: string) => Promise<Exchange>;
  #exchange!: Exchange;
  #parser: EventParser;
  /** The number of pieces of the body that the parser has. */
  #parsedPieces = 0;
  /** Whether {@linkcode next} has told the end of this connection. {@linkcode connect} resets it. */
  #isEndTold = false;

  /**
   * Prepares a stream; {@linkcode connect} begins it.
   *
   * @param begin Sends the request with the id of the last event, and waits for the head of the response.
   * @param lastEventId The id of the last event that the client has seen; empty for none.
   */
  constructor(
    begin: (lastEventId: string) => Promise<Exchange>,
    lastEventId: string,
  ) {
    this.#begin = begin;
    this.#parser = new EventParser(lastEventId);
  }

  /**
   * Connects again, as a browser does after the end of a stream: with the `Last-Event-ID` that was seen
   * last. Events that were not read are dropped, and so is an event that has not ended. A stream that still
   * runs is disconnected first.
   *
   * @throws {EventsRefused} If the server does not answer with 200 and `text/event-stream`.
   */
  async connect(): Promise<void> {
    if (this.#exchange !== undefined && !this.#exchange.isOver) await this.disconnect();
    const { lastEventId, retryMs } = this;
    this.#parser = new EventParser(lastEventId);
    this.#parser.retryMs = retryMs;
    this.#parsedPieces = 0;
    this.#isEndTold = false;
    const exchange = this.#exchange = await this.#begin(lastEventId);
    const { status, headers } = new TestResponse(exchange.reader, 0);
    const type = headers.get("Content-Type") ?? "";
    if (status === 200 && /^text\/event-stream\s*(;|$)/i.test(type)) return;
    // The body of another type may have no end.
    if (status === 200) await this.disconnect();
    throw new EventsRefused(await exchange.response());
  }

  /** The fields of the head of the response. */
  get headers(): Headers {
    return new TestResponse(this.#exchange.reader, 0).headers;
  }

  /**
   * The id of the last event that has come, which {@linkcode connect} sends; empty for none. It may be later
   * than the last event that the test has read.
   */
  get lastEventId(): string {
    return this.#parsed().lastEventId;
  }

  /** The last `retry` of the server, in milliseconds; `undefined` before the first. */
  get retryMs(): number | undefined {
    return this.#parsed().retryMs;
  }

  /** The comments of this connection so far, such as heartbeats, oldest first. */
  get comments(): readonly string[] {
    return this.#parsed().comments;
  }

  /** Whether the connection of the stream has ended. Events may be left to read. */
  get ended(): boolean {
    return this.#exchange.isOver;
  }

  /**
   * Waits for the next event. Time passes as it needs.
   *
   * @returns The event; `undefined` at the end of the connection.
   * @throws {TypeError} If an earlier call has given `undefined`, until {@linkcode connect}: a loop that
   *   does not look for the end would never rest.
   * @throws {StuckError} If no event can come any more, but the connection stays.
   */
  async next(): Promise<TestEvent | undefined> {
    const event = await this.#take();
    if (event !== undefined) return event;
    if (this.#isEndTold) {
      throw new TypeError(
        "The stream of events has ended, and next() has given undefined: end the loop there, write " +
          "for await (const event of events), or call connect()",
      );
    }
    this.#isEndTold = true;
    return undefined;
  }

  /** Gives the events up to the end of the connection. */
  async *[Symbol.asyncIterator](): AsyncGenerator<TestEvent, void, undefined> {
    for (;;) {
      const event = await this.#take();
      if (event === undefined) return;
      yield event;
    }
  }

  async #take(): Promise<TestEvent | undefined> {
    await this.#exchange.more(() => this.#parsed().events.length > 0);
    return this.#parsed().events.shift();
  }

  /**
   * Ends the connection of the client; {@linkcode connect} begins the next.
   *
   * @param how `reset`, the default, cuts the connection; `fin` closes the direction to the server.
   */
  async disconnect(how: Exclude<Ending, "stall"> = "reset"): Promise<void> {
    await this.#exchange.disconnect(how);
  }

  /** Stops reading. The server goes on until the window is full. */
  stall(): void {
    this.#exchange.socket.end("stall");
  }

  /** Goes on reading after a {@linkcode stall}. */
  resume(): void {
    this.#exchange.socket.resume();
  }

  /** The parser, with all bytes that have come. */
  #parsed(): EventParser {
    const body = this.#exchange?.reader.body ?? [];
    for (; this.#parsedPieces < body.length; this.#parsedPieces++) {
      this.#parser.push(body[this.#parsedPieces] as Uint8Array);
    }
    return this.#parser;
  }
}
