/**
 * `acceptWebSocket`: the handshake of a request, and the socket that follows.
 *
 * @module
 */

import { checkNames, type Duration, optionError, toMilliseconds } from "../coroutine/mod.ts";
import type { ByteSocket } from "../socket/mod.ts";
import { type AppOutcome, checkEnviron, type Environ, type TakenEvents } from "../wsgi/mod.ts";
import { isToken } from "./codec/extensions.ts";
import { DEFAULT_MAX_MESSAGE_BYTES } from "./codec/message_reader.ts";
import { Connection, type ConnectionSettings } from "./connection.ts";
import { type MessageCompression, MessageDeflate } from "./deflate.ts";
import { type HandshakeTerms, shakeHands } from "./handshake.ts";
import { type OriginOption, originTest } from "./origin.ts";
import { WebSocketConnection } from "./web_socket.ts";

/** How the server finds clients that have gone without a word. */
export interface PingOptions {
  /** A client that has sent nothing for this time gets a Ping. Default 20 s; `Infinity` for never. */
  readonly interval?: Duration;
  /** A client that gives no sign of life for this time after a Ping is gone. Default 20 s. */
  readonly timeout?: Duration;
}

/** Options of {@linkcode acceptWebSocket}. */
export interface WebSocketOptions {
  /**
   * The subprotocols of the app, the preferred one first. The first one that the client offers is agreed on; if
   * there is none, the connection has no subprotocol. Default: none.
   */
  readonly protocols?: readonly string[];
  /**
   * The pages that may connect: `"*"` for all, an origin such as `"https://example.com"`, a list of origins, or a
   * function that gets the origin and the environ and gives a boolean. Default: pages of the same scheme, host
   * and port as the request, by its `Host`. A client that sends no `Origin` is no browser, and may connect.
   */
  readonly origin?: OriginOption;
  /** The largest message, in bytes. A client that sends a larger one is refused with 1009. Default 1 MiB. */
  readonly maxMessageBytes?: number;
  /** How the server finds clients that have gone without a word. Default: 20 s and 20 s. */
  readonly ping?: PingOptions;
  /** Compresses messages for clients that can: `permessageDeflate(zlib)`. Default: none. */
  readonly compression?: MessageCompression;
  /**
   * When the server shuts down, the client gets 1001 after a random part of this time, so that not all clients
   * come back at once. Default 2 s.
   */
  readonly shutdownSpread?: Duration;
}

const KNOWN_OPTIONS: readonly (keyof WebSocketOptions)[] = [
  ...["protocols", "origin", "maxMessageBytes", "ping", "compression", "shutdownSpread"] as const,
];

/**
 * Accepts a WebSocket (RFC 6455). The call answers the handshake; the app then goes on, receives and sends, and
 * its end closes the connection: a `return` with 1000, an error with 1011.
 *
 * - The end of the connection does not cancel the app: `receive` gives `undefined`, and `socket.end` has the code
 *   and the reason. Messages that came before the end are received first.
 * - A client that sends faster than the app receives is stopped; so is an app that sends faster than the client
 *   reads. Nothing is lost, and the memory is bounded.
 * - The deadlines of HTTP end here. Clients that have gone are found by Pings.
 * - When the server shuts down, the client gets 1001, spread over `shutdownSpread`.
 *
 * Behind a proxy that ends TLS, pages have another origin than the request that arrives: use `trustProxy`, or list
 * the origin in `origin`.
 *
 * @param environ The request.
 * @param options The subprotocols, the origins, the limits and the compression.
 * @returns The socket.
 * @throws {HTTPException} If the request is no valid handshake, or its origin is not allowed. The app need not
 *   catch it: the server answers with 400, 403, 405 or 426.
 * @throws {TypeError} For an option that is unknown or of the wrong kind.
 * @throws {RangeError} For a number outside its range.
 *
 * @example An echo
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import type { Environ, StartResponse } from "@x/cogen-wsgi";
 * import { testClient } from "@x/cogen-wsgi/testing";
 * import { acceptWebSocket } from "@x/cogen-wsgi/websocket";
 *
 * function* echo(environ: Environ, _startResponse: StartResponse) {
 *   const socket = acceptWebSocket(environ);
 *   for (;;) {
 *     const message = yield* socket.receive();
 *     if (message === undefined) return;
 *     yield* socket.send(message);
 *   }
 * }
 *
 * await using client = testClient(echo);
 * const socket = await client.webSocket("/");
 * socket.send("hello");
 * assertEquals(await socket.receive(), "hello");
 * assertEquals(await socket.close(1000), { code: 1000, reason: "" });
 * ```
 */
export function acceptWebSocket(
  environ: Environ,
  options: WebSocketOptions = {},
): WebSocketConnection {
  checkEnviron("acceptWebSocket", environ);
  options = checkNames("options of acceptWebSocket", options, KNOWN_OPTIONS);
  const settings = settingsOf(options);
  const handshake = shakeHands(environ, termsOf(options));
  const { cogen, "wsgi.errors": errors } = environ;
  const { clock } = cogen.scheduler;
  const { compression } = options;
  const opened = new Opened();
  const open = (socket: ByteSocket) => {
    const deflate = compression === undefined || handshake.deflate === undefined
      ? undefined
      : MessageDeflate.of(compression, handshake.deflate);
    return opened.open(new Connection(socket, clock, settings, errors, deflate));
  };
  cogen.takeSocket(handshake.headers, open, opened);
  return new WebSocketConnection(opened.connection, cogen, handshake);
}

/**
 * The events of the request, passed on to the connection that `takeSocket` opens. It lasts as long as the
 * connection: functions made in `acceptWebSocket` would keep the whole handshake, and two more objects.
 */
class Opened implements TakenEvents {
  readonly onAppEnd: (outcome: AppOutcome) => void = this.tellEnd;
  readonly onStopping: () => void = this.tellStopping;
  #connection: Connection | undefined;

  get connection(): Connection {
    return this.#connection as Connection;
  }

  open(connection: Connection): Connection {
    return this.#connection = connection;
  }

  tellEnd(outcome: AppOutcome): void {
    this.#connection?.appEnded(outcome);
  }

  tellStopping(): void {
    this.#connection?.shutdownBegan();
  }
}

function settingsOf(options: WebSocketOptions): ConnectionSettings {
  const { maxMessageBytes = DEFAULT_MAX_MESSAGE_BYTES, ping = {}, shutdownSpread = 2 } = options;
  const { interval = 20, timeout = 20 } = checkNames("ping", ping, ["interval", "timeout"]);
  if (typeof maxMessageBytes !== "number") {
    throw optionError("maxMessageBytes", maxMessageBytes, "a number");
  }
  const isCount = Number.isSafeInteger(maxMessageBytes) || maxMessageBytes === Infinity;
  if (!isCount || maxMessageBytes < 0) {
    throw new RangeError(
      `maxMessageBytes is ${maxMessageBytes}: expected a whole number from 0 or Infinity`,
    );
  }
  return shared({
    maxMessageBytes,
    pingIntervalMs: aboveZero(interval, "interval of ping"),
    pingTimeoutMs: aboveZero(timeout, "timeout of ping"),
    shutdownSpreadMs: toMilliseconds(shutdownSpread, "shutdownSpread"),
  });
}

/** A time in milliseconds. With 0, Pings would follow each other without a pause, or every client would be gone. */
function aboveZero(time: Duration, name: string): number {
  const milliseconds = toMilliseconds(time, name);
  if (milliseconds > 0) return milliseconds;
  throw new RangeError(`${name} is 0: expected more than 0, or Infinity for none`);
}

let lastSettings: ConnectionSettings | undefined;

/** Most connections have the same settings as the one before, and share the object. */
function shared(settings: ConnectionSettings): ConnectionSettings {
  const names = Object.keys(settings) as (keyof ConnectionSettings)[];
  const isSame = names.every((name) => lastSettings?.[name] === settings[name]);
  return isSame ? lastSettings as ConnectionSettings : lastSettings = settings;
}

function termsOf({ protocols = [], origin, compression }: WebSocketOptions): HandshakeTerms {
  const areTokens = Array.isArray(protocols) &&
    protocols.every((name) => typeof name === "string" && isToken(name));
  if (!areTokens) throw optionError("protocols", protocols, 'a list of names such as ["chat"]');
  if (compression !== undefined && compression?.parameters === undefined) {
    throw optionError("compression", compression, "permessageDeflate(zlib)");
  }
  return { protocols, allowsOrigin: originTest(origin), deflate: compression?.parameters };
}
