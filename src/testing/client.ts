/**
 * A client for the tests of an app: requests go through the real parser and the real server, over a
 * network in memory and on a virtual clock.
 *
 * - `exchange.ts`: one request and its response
 * - `events.ts`: a stream of events
 * - `web_socket.ts`: a WebSocket
 * - `connections.ts`: the connections, and which may be used again
 * - `client_socket.ts`: the client's end of a connection, which may leave or stall at any byte
 * - `virtual_time.ts`: the clock, and the loop that moves it
 *
 * @module
 */

import { memoryNetwork } from "../../adapters/memory.ts";
import {
  checkNames,
  checkOption,
  type Duration,
  ManualClock,
  optionError,
  refuseSurplus,
  Scheduler,
  toMilliseconds,
} from "../coroutine/mod.ts";
import { type ServerOptions, type ServerStats, WSGIServer } from "../server/mod.ts";
import { type Adapter, decodeLatin1, joinBytes, latin1Bytes } from "../socket/mod.ts";
import type { Environ, Mounts, WSGIApp } from "../wsgi/mod.ts";
import { ADDRESS, Connections } from "./connections.ts";
import { Cookies } from "./cookies.ts";
import { eventFields, TestEvents, type TestEventsOptions } from "./events.ts";
import { Exchange, TestStream } from "./exchange.ts";
import { fetchBy } from "./fetch.ts";
import { counted, runtimeFiles } from "./files.ts";
import { checkRequest, prepareRequest, type RequestOptions } from "./request.ts";
import { TestResponse } from "./response.ts";
import { VirtualTime } from "./virtual_time.ts";
import { describeWaits } from "./waits.ts";
import {
  handshakeFields,
  TestWebSocket,
  type TestWebSocketOptions,
  WebSocketRefused,
} from "./web_socket.ts";

/** Options of {@linkcode testClient}. */
export interface TestClientOptions {
  /** Whether the client keeps cookies from one request to the next. Default `false`. */
  readonly cookies?: boolean;
  /**
   * Whether the clock jumps to the next timer when nothing else can happen. Default `true`; with
   * `false`, only {@linkcode TestClient.advance} moves it.
   */
  readonly autojump?: boolean;
  /** The number of bytes on their way to the client at which the server waits. Default 64 KB. */
  readonly window?: number;
  /** The files that the app may read. Default: those of the runtime. */
  readonly files?: NonNullable<Adapter["files"]>;
}

/** The options of a server, without those about listening. */
export type TestServerOptions = Omit<ServerOptions, "scheduler" | "signal" | "onListen">;

/** The virtual time for the `finally` blocks of apps: the default of `timeouts.close`. */
const CLOSING_MS = 30_000;

/** The error of a test whose app left a coroutine, a timer or a connection, or whose errors were not taken. */
export class LeftBehind extends Error {
  /** `LeftBehind`. */
  override readonly name = "LeftBehind";
}

/**
 * Makes a client for the tests of an app. Requests go through the real parser and the real server, over a
 * network in memory.
 *
 * The clock is virtual: it stands still while the app computes, and jumps to the next timer when the
 * test waits and nothing else can happen. To begin a request and let its app wait, as for a long poll,
 * do not await the request: `const poll = client.get("/poll"); await client.settle();`.
 *
 * @param app The app, mounts, or the options of a server. The client ignores `bindAddr`,
 *   `tls` and `adapter`, because the network is in memory.
 * @param options The cookies, the clock, the window and the files of the client.
 * @returns The client. Its disposal (`await using`, or `close()`) fails if the app left a coroutine, a
 *   timer or a connection, and if an error was logged that the test did not take.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Sleep, type Environ, type StartResponse } from "@x/cogen-wsgi";
 * import { testClient } from "@x/cogen-wsgi/testing";
 *
 * function* app(environ: Environ, startResponse: StartResponse) {
 *   startResponse("200 OK", [["Content-Type", "text/plain"]]);
 *   yield* environ.cogen.wait(Sleep(3600));
 *   yield `Good morning, ${environ.QUERY_STRING}`;
 * }
 *
 * await using client = testClient(app);
 * const response = await client.get("/", { query: { name: "Ann" } });
 * assertEquals([response.status, response.text], [200, "Good morning, name=Ann"]);
 * assertEquals(client.now, 3600);
 * ```
 */
export function testClient(
  app: WSGIApp | Mounts | TestServerOptions,
  options: TestClientOptions = {},
): TestClient {
  if (arguments.length > 2) refuseSurplus("testClient", arguments, 2);
  checkNames("The options of testClient", options, ["cookies", "autojump", "window", "files"], {
    complaint: "Unknown option of testClient",
  });
  return new TestClient(isServerOptions(app) ? app : { wsgiApp: app }, options);
}

/** A client for the tests of an app; {@linkcode testClient} makes it. */
export class TestClient implements AsyncDisposable {
  /** The server under test. */
  readonly server: WSGIServer;
  /** The lines of the error log so far. */
  readonly log: string[] = [];
  readonly #connections: Connections;
  readonly #time: VirtualTime;
  readonly #cookies: Cookies | undefined;
  /** The logged errors that the test has not taken. */
  #errors: unknown[] = [];
  /** Set by the first {@linkcode close}. */
  #closing: Promise<void> | undefined;

  /**
   * Makes a client: see {@linkcode testClient}.
   *
   * @param server The options of the server.
   * @param options The options of the client.
   */
  constructor(server: TestServerOptions, options: TestClientOptions) {
    checkOption("cookies", options.cookies, "boolean");
    checkOption("autojump", options.autojump, "boolean");
    const { window = 65_536, files = runtimeFiles() } = options;
    if (typeof window !== "number" || !(window > 0)) {
      throw optionError("window of testClient", window, "a number of bytes above 0");
    }
    if (typeof files?.open !== "function") {
      throw optionError("files of testClient", files, "an object with open and realPath");
    }
    const { scheduler: given } = server as ServerOptions;
    if (given !== undefined) {
      const expected = "none, because the client has a scheduler on its virtual clock";
      throw optionError("scheduler of testClient", given, expected);
    }
    const log = (line: string) => {
      this.log.push(line);
      server.log?.(line);
    };
    const clock = new ManualClock();
    // The clock stands still during a turn, so no time would ever end a run of turns.
    const scheduler = new Scheduler({ clock, log, debug: true, quantum: 0 });
    this.#time = new VirtualTime(clock, scheduler, options.autojump ?? true);
    const network = memoryNetwork({ clock, log, window, files: counted(files, this.#time) });
    this.#connections = new Connections(network);
    this.#cookies = options.cookies === true ? new Cookies() : undefined;
    const { bindAddr: _bindAddr, tls: _tls, ...rest } = server;
    this.server = new WSGIServer({
      ...rest,
      bindAddr: [ADDRESS.host, ADDRESS.port],
      adapter: network.adapter,
      scheduler,
      log,
      onError: (error: unknown, environ: Environ | undefined) => {
        this.#errors.push(error);
        server.onError?.(error, environ);
      },
    });
    // A network in memory listens at once, so there is no need to wait for the promise.
    void this.server.listen();
  }

  /** The virtual time in seconds, from 0. */
  get now(): number {
    return this.#time.clock.now() / 1000;
  }

  /** The counts of the server: see {@linkcode WSGIServer.stats}. */
  get stats(): ServerStats {
    return this.server.stats();
  }

  /**
   * Sends a request, and waits for the whole response.
   *
   * @param method The method, such as `OPTIONS`.
   * @param path The path with its query, or an absolute URL.
   * @param options The header fields, the query, the body, and a planned fault.
   * @returns The response.
   * @throws {TypeError} For a request that cannot be sent.
   * @throws {TruncatedResponse} If the server ends the connection before the response is whole.
   * @throws {StuckError} If nothing can happen any more.
   */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<TestResponse> {
    const exchange = await this.#begin(method, path, options);
    const response = await exchange.response();
    if (exchange.socket.reusable && response.complete && exchange.reader.state === "complete") {
      this.#connections.keep(exchange.socket);
    } else if (!exchange.socket.closed) {
      exchange.socket.end("reset");
    }
    this.#keepCookies(path, response.headers);
    return response;
  }

  /** Sends a GET: see {@linkcode request}. */
  get(path: string, options?: RequestOptions): Promise<TestResponse> {
    return this.request("GET", path, options);
  }

  /** Sends a HEAD: see {@linkcode request}. */
  head(path: string, options?: RequestOptions): Promise<TestResponse> {
    return this.request("HEAD", path, options);
  }

  /** Sends a POST: see {@linkcode request}. */
  post(path: string, options?: RequestOptions): Promise<TestResponse> {
    return this.request("POST", path, options);
  }

  /** Sends a PUT: see {@linkcode request}. */
  put(path: string, options?: RequestOptions): Promise<TestResponse> {
    return this.request("PUT", path, options);
  }

  /** Sends a PATCH: see {@linkcode request}. */
  patch(path: string, options?: RequestOptions): Promise<TestResponse> {
    return this.request("PATCH", path, options);
  }

  /** Sends a DELETE: see {@linkcode request}. */
  delete(path: string, options?: RequestOptions): Promise<TestResponse> {
    return this.request("DELETE", path, options);
  }

  /**
   * Sends a request, and waits for the head of its response only.
   *
   * @param path The path with its query.
   * @param options The options of a request, and the method. Default: GET.
   * @returns The response, which the test reads piece by piece; the client may leave or stall at any time.
   */
  async open(
    path: string,
    options: RequestOptions & { readonly method?: string } = {},
  ): Promise<TestStream> {
    const exchange = await this.#begin(options.method ?? "GET", path, options);
    await exchange.head();
    const stream = new TestStream(exchange);
    this.#keepCookies(path, stream.headers);
    return stream;
  }

  /**
   * Opens a stream of events, and reads it as a browser's `EventSource` does.
   *
   * @param path The path with its query.
   * @param options The id of the last event, the query, and further header fields.
   * @returns The stream, after the head of its response.
   * @throws {EventsRefused} If the server does not answer with 200 and `text/event-stream`.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { EventChannel, eventStream } from "@x/cogen-wsgi/sse";
   * import { testClient } from "@x/cogen-wsgi/testing";
   *
   * const news = new EventChannel({ epoch: "a" });
   * await using client = testClient((environ, startResponse) =>
   *   eventStream(environ, startResponse, news)
   * );
   * await using events = await client.events("/");
   * news.publish({ event: "headline", data: "tea" });
   * assertEquals(await events.next(), { event: "headline", data: "tea", id: "a-1" });
   * await events.disconnect();
   * news.publish("missed");
   * await events.connect();
   * assertEquals((await events.next())?.data, "missed");
   * ```
   */
  async events(path: string, options: TestEventsOptions = {}): Promise<TestEvents> {
    checkNames("The options of events", options, ["headers", "query", "lastEventId"], {
      complaint: "Unknown option of events",
      suggestions: { lastId: "lastEventId" },
    });
    checkOption("lastEventId of events", options.lastEventId, "string");
    const { query, lastEventId = "" } = options;
    const begin = async (last: string): Promise<Exchange> => {
      const exchange = await this.#begin("GET", path, {
        headers: eventFields(options, last),
        ...(query === undefined ? {} : { query }),
      });
      await exchange.head();
      this.#keepCookies(path, new TestResponse(exchange.reader, 0).headers);
      return exchange;
    };
    const events = new TestEvents(begin, lastEventId);
    await events.connect();
    return events;
  }

  /**
   * Opens a WebSocket. Its client answers Pings and Close frames as a browser does.
   *
   * @param path The path with its query.
   * @param options The subprotocols, the origin, and further header fields.
   * @returns The WebSocket, after its handshake.
   * @throws {WebSocketRefused} If the server answers with another status than 101.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import type { Environ } from "@x/cogen-wsgi";
   * import { testClient } from "@x/cogen-wsgi/testing";
   * import { acceptWebSocket } from "@x/cogen-wsgi/websocket";
   *
   * await using client = testClient(function* (environ: Environ) {
   *   const socket = acceptWebSocket(environ, { protocols: ["greeting"] });
   *   yield* socket.send("hello");
   *   yield* socket.close(4000, "that is all");
   * });
   * const socket = await client.webSocket("/", { protocols: ["greeting"] });
   * assertEquals([socket.protocol, await socket.receive()], ["greeting", "hello"]);
   * assertEquals([await socket.receive(), socket.end?.code], [undefined, 4000]);
   * ```
   */
  async webSocket(path: string, options: TestWebSocketOptions = {}): Promise<TestWebSocket> {
    checkNames("The options of webSocket", options, ["headers", "query", "protocols", "origin"], {
      complaint: "Unknown option of webSocket",
      suggestions: { protocol: "protocols" },
    });
    const { query } = options;
    const exchange = await this.#begin("GET", path, {
      headers: handshakeFields(options),
      ...(query === undefined ? {} : { query }),
    });
    await exchange.head();
    const { reader, socket } = exchange;
    if (reader.state !== "tunnel") throw new WebSocketRefused(await exchange.response());
    const { headers } = new TestResponse(reader, 0);
    this.#keepCookies(path, headers);
    return new TestWebSocket(socket, this.#time, headers, reader.body);
  }

  /**
   * Answers a `Request` as `fetch` does; its body and that of the response are streams.
   *
   * @param input A `Request`, or a URL or a path.
   * @param init The rest of the request.
   * @returns The response. Redirects are not followed.
   */
  async fetch(input: Request | URL | string, init?: RequestInit): Promise<Response> {
    return await fetchBy(this, input, init);
  }

  /**
   * Sends any bytes on a connection of their own, and waits until the server ends the connection.
   *
   * @param bytes The bytes; a string is latin-1.
   * @param options With `end`, the client closes its direction after the bytes.
   * @returns All bytes that the server sent.
   */
  async raw(
    bytes: string | Uint8Array,
    options: { readonly end?: boolean } = {},
  ): Promise<RawAnswer> {
    if (typeof bytes !== "string" && !(bytes instanceof Uint8Array)) {
      throw optionError("The bytes of raw", bytes, "a Uint8Array, or a latin-1 string");
    }
    checkNames("The options of raw", options, ["end"], { complaint: "Unknown option of raw" });
    checkOption("end of raw", options.end, "boolean");
    const pieces: Uint8Array[] = [];
    const socket = this.#connections.connect();
    socket.begin((piece) => void pieces.push(piece), undefined);
    socket.send(typeof bytes === "string" ? latin1Bytes(bytes) : bytes);
    if (options.end === true) socket.end("fin");
    await this.#time.until("the end of the connection", () => socket.ended || socket.closed);
    if (!socket.closed) socket.end("reset");
    const whole = joinBytes(pieces);
    return { bytes: whole, text: decodeLatin1(whole, 0, whole.length) };
  }

  /**
   * Moves the virtual time forward. Each timer on the way runs at its time.
   *
   * @param duration The time to move by; a number is in seconds.
   */
  async advance(duration: Duration): Promise<void> {
    await this.#time.advance(toMilliseconds(duration, "duration"));
  }

  /** Waits until nothing more happens at the present time: each app has ended, or waits. The clock does not move. */
  async settle(): Promise<void> {
    await this.#time.quiet();
  }

  /**
   * Takes the logged errors, such as those that the app has thrown, so that the disposal does not fail for
   * them.
   *
   * @returns The errors since the last call, oldest first.
   */
  takeErrors(): unknown[] {
    const errors = this.#errors;
    this.#errors = [];
    return errors;
  }

  /**
   * Ends the connections of the client and then the server. A request that has no answer yet never gets one.
   *
   * @throws {LeftBehind} If the app left a coroutine, a timer or a connection behind, with the line
   *   at which each coroutine waits; and if an error was not taken, which then is its `cause`.
   */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** Does the same as {@linkcode close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#time.quiet();
    // A request that the test does not await must not end the test by a rejection.
    this.#time.abandon();
    this.#connections.reset();
    await this.#time.quiet();
    // The apps that wait in their `finally` blocks, or for the runtime, may end first.
    await this.#time.runtimeEnds(() => this.stats.activeRequests === 0);
    if (this.stats.activeRequests > 0) await this.#time.advance(CLOSING_MS);
    const left = this.#leftBehind();
    await this.#time.ended(this.server.close());
    const timers = this.#time.clock.timers;
    if (timers > 0 && left.length === 0) left.push(`- ${timers} timers`);
    const errors = this.takeErrors();
    if (left.length === 0 && errors.length === 0) return;
    const parts = [
      ...(left.length === 0 ? [] : [`The app left behind:\n${left.join("\n")}`]),
      ...(errors.length === 0 ? [] : [`The app failed, and the test took no error: ${this.log}`]),
    ];
    throw new LeftBehind(parts.join("\n"), { cause: errors[0] });
  }

  #leftBehind(): string[] {
    const { tasks } = this.server.scheduler.stats();
    const { connections } = this.server.stats();
    return [
      ...(tasks === 0 ? [] : [describeWaits(this.server.scheduler)]),
      ...(connections === 0 ? [] : [`- ${connections} connections`]),
    ];
  }

  async #begin(method: string, path: string, options: RequestOptions): Promise<Exchange> {
    if (this.#closing !== undefined) throw new TypeError("The client is closed");
    checkRequest(method, path, options);
    const cookie = this.#cookies?.header(targetOf(path), this.#time.clock.now()) ?? "";
    const request = await prepareRequest(method, path, options, cookie);
    const { fault } = options;
    const socket = fault === undefined ? this.#connections.take() : this.#connections.connect();
    return new Exchange(socket, this.#time, request, fault);
  }

  #keepCookies(path: string, headers: Headers): void {
    if (this.#cookies === undefined) return;
    this.#cookies.keep(targetOf(path), headers.getSetCookie(), this.#time.clock.now());
  }
}

/** The answer of {@linkcode TestClient.raw}. */
export interface RawAnswer {
  /** All bytes up to the end of the connection. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same as latin-1. */
  readonly text: string;
}

function isServerOptions(app: WSGIApp | Mounts | TestServerOptions): app is TestServerOptions {
  return typeof app === "object" && app !== null && "wsgiApp" in app;
}

/** The path and query of an absolute URL; any other path as it is. */
function targetOf(path: string): string {
  return path.replace(/^https?:\/\/[^/?#]*/i, "");
}
