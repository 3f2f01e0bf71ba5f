/**
 * A client for the tests of an app: requests go through the real parser and the real server, over a
 * network in memory and on a virtual clock.
 *
 * - `server_under_test.ts`: the server, the clock and the network, and their end
 * - `requests.ts`: the requests and the cookies
 * - `exchange.ts`: one request and its response
 * - `raw.ts`: bytes as they are
 * - `events.ts`: a stream of events
 * - `web_socket.ts`: a WebSocket
 * - `connections.ts`: the connections, and which may be used again
 * - `client_socket.ts`: the client's end of a connection, which may leave or stall at any byte
 * - `virtual_time.ts`: the loop that moves the clock
 *
 * @module
 */

import {
  checkNames,
  checkOption,
  type Duration,
  type HostAsyncDisposable,
  optionError,
  refuseSurplus,
  toMilliseconds,
} from "../coroutine/mod.ts";
import type { ServerStats, WSGIServer } from "../server/mod.ts";
import type { Mounts, WSGIApp } from "../wsgi/mod.ts";
import { disposeBy } from "./dispose.ts";
import { eventFields, TestEvents, type TestEventsOptions } from "./events.ts";
import { type Exchange, TestStream } from "./exchange.ts";
import { fetchBy } from "./fetch.ts";
import { type RawAnswer, sendRaw } from "./raw.ts";
import type { RequestOptions } from "./request.ts";
import { Requests } from "./requests.ts";
import type { TestResponse } from "./response.ts";
import {
  ServerUnderTest,
  type TestClientOptions,
  type TestServerOptions,
} from "./server_under_test.ts";
import {
  handshakeFields,
  TestWebSocket,
  type TestWebSocketOptions,
  WebSocketRefused,
} from "./web_socket.ts";

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
  if (app === undefined) {
    throw optionError("The app of testClient", app, "an app, mounts, or the options of a server");
  }
  options = checkNames("The options of testClient", options, [
    "cookies",
    "autojump",
    "window",
    "files",
  ], {
    complaint: "Unknown option of testClient",
  });
  return new TestClient(isServerOptions(app) ? app : { wsgiApp: app }, options);
}

/** The part of the class that depends on the compiler: the method for `await using`. */
export interface TestClient extends HostAsyncDisposable {}

/** A client for the tests of an app; {@linkcode testClient} makes it. */
export class TestClient {
  static {
    disposeBy(this.prototype, function (this: TestClient) {
      return this.close();
    });
  }

  /** The server under test. */
  readonly server: WSGIServer;
  /** The lines of the error log so far. */
  readonly log: string[];
  readonly #under: ServerUnderTest;
  readonly #requests: Requests;
  /** Set by the first {@linkcode close}. */
  #closing: Promise<void> | undefined;

  /**
   * Makes a client: see {@linkcode testClient}.
   *
   * @param server The options of the server.
   * @param options The options of the client.
   */
  constructor(server: TestServerOptions, options: TestClientOptions) {
    this.#under = new ServerUnderTest(server, options);
    this.#requests = new Requests(this.#under, options.cookies === true);
    this.server = this.#under.server;
    this.log = this.#under.log;
  }

  /** The virtual time in seconds, from 0. */
  get now(): number {
    return this.#under.time.clock.now() / 1000;
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
    return await this.#requests.whole(method, path, options);
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
    const method = Object.hasOwn(options, "method") ? options.method : undefined;
    const { exchange } = await this.#requests.head(method ?? "GET", path, options);
    return new TestStream(exchange);
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
    options = checkNames("The options of events", options, ["headers", "query", "lastEventId"], {
      complaint: "Unknown option of events",
      suggestions: { lastId: "lastEventId" },
    });
    checkOption("lastEventId of events", options.lastEventId, "string");
    const { query, lastEventId = "" } = options;
    const begin = async (last: string): Promise<Exchange> => {
      const { exchange } = await this.#requests.head("GET", path, {
        headers: eventFields(options, last),
        ...(query === undefined ? {} : { query }),
      });
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
    options = checkNames("The options of webSocket", options, [
      "headers",
      "query",
      "protocols",
      "origin",
    ], {
      complaint: "Unknown option of webSocket",
      suggestions: { protocol: "protocols" },
    });
    const { query } = options;
    const { exchange, headers } = await this.#requests.head("GET", path, {
      headers: handshakeFields(options),
      ...(query === undefined ? {} : { query }),
    });
    const { reader, socket } = exchange;
    if (reader.state !== "tunnel") throw new WebSocketRefused(await exchange.response());
    return new TestWebSocket(socket, this.#under.time, headers, reader.body);
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
    return await sendRaw(this.#under, bytes, options);
  }

  /**
   * Moves the virtual time forward. Each timer on the way runs at its time.
   *
   * @param duration The time to move by; a number is in seconds.
   */
  async advance(duration: Duration): Promise<void> {
    await this.#under.time.advance(toMilliseconds(duration, "duration"));
  }

  /**
   * Waits until nothing more happens at the present time: each app has ended, or waits. The clock does not move.
   */
  async settle(): Promise<void> {
    await this.#under.time.quiet();
  }

  /**
   * Takes the logged errors, such as those that the app has thrown, so that the disposal does not fail for
   * them.
   *
   * @returns The errors since the last call, oldest first.
   */
  takeErrors(): unknown[] {
    return this.#under.takeErrors();
  }

  /**
   * Ends the connections of the client and then the server. A request that has no answer yet never gets one.
   *
   * @throws {LeftBehind} If the app left a coroutine, a timer or a connection behind, with the line
   *   at which each coroutine waits; and if an error was not taken, which then is its `cause`.
   */
  close(): Promise<void> {
    return this.#closing ??= this.#under.close();
  }
}

function isServerOptions(app: WSGIApp | Mounts | TestServerOptions): app is TestServerOptions {
  return typeof app === "object" && app !== null && Object.hasOwn(app, "wsgiApp");
}
