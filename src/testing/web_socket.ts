/**
 * The client's end of a WebSocket: it reads and answers as a browser does, on the virtual clock of the test.
 *
 * `client.ts` makes it, once a handshake has succeeded.
 *
 * @module
 */

import { type HostAsyncDisposable, optionError } from "../coroutine/mod.ts";
import { closePayload, encodeFrame, type Message, MessageReader } from "../websocket/mod.ts";
import { type SocketEnd, WebSocketClosed } from "../websocket/mod.ts";
import { checkLeaving, type ClientSocket, type Ending } from "./client_socket.ts";
import { disposeBy } from "./dispose.ts";
import { fieldPairs, type RequestOptions } from "./request.ts";
import type { TestResponse } from "./response.ts";
import type { VirtualTime } from "./virtual_time.ts";

/** Options of `TestClient.webSocket`. */
export interface TestWebSocketOptions extends Pick<RequestOptions, "headers" | "query"> {
  /** The subprotocols that the client offers. Default: none. */
  readonly protocols?: readonly string[];
  /** The origin of the page; by default, the client is no browser and sends none. */
  readonly origin?: string;
}

/** The server has not accepted a WebSocket. */
export class WebSocketRefused extends Error {
  /** `WebSocketRefused`. */
  override readonly name = "WebSocketRefused";
  /** The answer of the server. */
  readonly response: TestResponse;

  /**
   * Makes the error.
   *
   * @param response The answer of the server.
   */
  constructor(response: TestResponse) {
    super(`The server refused the WebSocket: ${response.status} ${response.text.trim()}`);
    this.response = response;
  }
}

/** The end of the error of a loop that goes on after the end of the connection. */
const END_ADVICE =
  "; receive() has given undefined: end the loop there, or write for await (const message of socket)";

/** The sample of RFC 6455 §1.3. */
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
/** A server must take any mask, and a test wants the same bytes each time. */
const MASK = Uint8Array.of(0x5a, 0x0f, 0xc3, 0x96);

/** The header fields of a handshake. */
export function handshakeFields(options: TestWebSocketOptions): [string, string][] {
  const { protocols = [], origin, headers } = options;
  if (!Array.isArray(protocols) || protocols.some((name) => typeof name !== "string")) {
    throw optionError("protocols of webSocket", protocols, 'a list of names such as ["chat"]');
  }
  return [
    ["Connection", "Upgrade"],
    ["Upgrade", "websocket"],
    ["Sec-WebSocket-Version", "13"],
    ["Sec-WebSocket-Key", KEY],
    ...(protocols.length === 0
      ? []
      : [["Sec-WebSocket-Protocol", protocols.join(", ")] as [string, string]]),
    ...(origin === undefined ? [] : [["Origin", origin] as [string, string]]),
    ...fieldPairs(headers),
  ];
}

/** The part of the class that depends on the compiler: the method for `await using`. */
export interface TestWebSocket extends HostAsyncDisposable {}

/** A WebSocket of a test. Pings are answered at once, and a Close frame as well. */
export class TestWebSocket implements AsyncIterable<Message> {
  static {
    disposeBy(this.prototype, async function (this: TestWebSocket) {
      if (this.end === undefined) await this.close(1000);
    });
  }

  /** The subprotocol that the server has chosen; empty for none. */
  readonly protocol: string;
  /** The header fields of the answer to the handshake. */
  readonly headers: Headers;
  /** The number of Pings that the server has sent. */
  pings = 0;
  readonly #socket: ClientSocket;
  readonly #time: VirtualTime;
  readonly #reader = new MessageReader({ from: "server", maxMessageBytes: Infinity });
  readonly #messages: Message[] = [];
  /** Whether {@linkcode receive} has told the end. It stays true. */
  #isEndTold = false;
  /** The Close frame of the server. */
  #close: SocketEnd | undefined;
  #hasClosed = false;
  #failure: unknown;

  /**
   * Begins after the handshake.
   *
   * @param socket The connection.
   * @param time The time of the test.
   * @param headers The fields of the answer.
   * @param first The bytes that came with the answer.
   */
  constructor(
    socket: ClientSocket,
    time: VirtualTime,
    headers: Headers,
    first: readonly Uint8Array[],
  ) {
    this.#socket = socket;
    this.#time = time;
    this.headers = headers;
    this.protocol = headers.get("Sec-WebSocket-Protocol") ?? "";
    if (headers.get("Sec-WebSocket-Accept") !== ACCEPT) {
      throw new Error("The server answered the handshake with a wrong Sec-WebSocket-Accept");
    }
    socket.begin((bytes) => this.#receive(bytes), undefined);
    for (const bytes of first) this.#receive(bytes);
  }

  /** The end of the connection, with 1006 if the server has sent no Close frame; `undefined` before. */
  get end(): SocketEnd | undefined {
    if (this.#close !== undefined) return this.#close;
    const isOver = this.#socket.closed || this.#socket.ended;
    return isOver ? { code: 1006, reason: "" } : undefined;
  }

  /** Sends a message, as far as the server takes it. */
  send(message: string | Uint8Array): void {
    if (typeof message !== "string" && !(message instanceof Uint8Array)) {
      throw optionError("The message", message, "a string or a Uint8Array");
    }
    this.write(
      encodeFrame(typeof message === "string" ? "text" : "binary", message, { mask: MASK }),
    );
  }

  /** Sends any bytes, such as a frame that breaks the protocol. */
  write(bytes: Uint8Array): void {
    if (!(bytes instanceof Uint8Array)) {
      throw optionError("The bytes of write", bytes, "a Uint8Array, such as encodeFrame gives it");
    }
    this.#socket.send(bytes);
  }

  /**
   * Waits for the next message.
   *
   * @returns The message; `undefined` at the end of the connection.
   * @throws {WebSocketClosed} If an earlier call has given `undefined`: a loop that does not look for the end would
   *   never rest.
   * @throws {FrameError} If the server has broken the protocol.
   */
  async receive(): Promise<Message | undefined> {
    const message = await this.#take();
    if (message !== undefined) return message;
    if (this.#isEndTold) throw new WebSocketClosed(this.end as SocketEnd, END_ADVICE);
    this.#isEndTold = true;
    return undefined;
  }

  /** Gives the messages up to the end of the connection. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Message, void, undefined> {
    for (;;) {
      const message = await this.#take();
      if (message === undefined) return;
      yield message;
    }
  }

  async #take(): Promise<Message | undefined> {
    await this.#until("a message", () => this.#messages.length > 0 || this.end !== undefined);
    return this.#messages.shift();
  }

  /**
   * Sends a Close frame, and waits for the end of the connection.
   *
   * @param code The code; without one, the frame is empty.
   * @param reason The reason.
   * @returns The code and the reason of the server's Close frame.
   */
  async close(code: number = 1005, reason: string = ""): Promise<SocketEnd> {
    this.#writeClose(code, reason);
    await this.#until("the end of the WebSocket", () => this.end !== undefined);
    return this.end as SocketEnd;
  }

  /** Stops reading. */
  stall(): void {
    this.#socket.end("stall");
  }

  /** Goes on reading after a {@linkcode stall}. */
  resume(): void {
    this.#socket.resume();
  }

  /**
   * Leaves without a Close frame.
   *
   * @param how `reset`, the default, cuts the connection; `fin` closes the direction to the server.
   */
  async disconnect(how: Exclude<Ending, "stall"> = "reset"): Promise<void> {
    checkLeaving(how);
    this.#socket.end(how);
    await this.#time.quiet();
  }

  async #until(awaited: string, reached: () => boolean): Promise<void> {
    await this.#time.until(awaited, () => this.#failure !== undefined || reached());
    if (this.#failure !== undefined) throw this.#failure;
  }

  #writeClose(code: number, reason: string): void {
    if (this.#hasClosed) return;
    this.#hasClosed = true;
    this.write(encodeFrame("close", closePayload(code, reason), { mask: MASK }));
  }

  #receive(bytes: Uint8Array): void {
    this.#reader.push(bytes);
    try {
      for (;;) {
        const event = this.#reader.next();
        if (event.type === "need-data") break;
        if (event.type === "text" || event.type === "binary") this.#messages.push(event.data);
        else if (event.type === "ping") this.#answer(event.data);
        else if (event.type === "close") this.#takeClose(event.code, event.reason);
      }
    } catch (error) {
      this.#failure = error;
      this.#socket.end("reset");
    }
    this.#reader.detach();
  }

  #answer(data: Uint8Array): void {
    this.pings++;
    if (!this.#hasClosed) this.write(encodeFrame("pong", data, { mask: MASK }));
  }

  #takeClose(code: number, reason: string): void {
    this.#close = { code, reason };
    this.#writeClose(code, "");
    this.#socket.end("fin");
  }
}
