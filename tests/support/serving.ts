/**
 * A server on a network in memory with a manual clock, and clients for it.
 *
 * Nothing happens until the test advances the clock. `settle` also lets promises settle in between.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type MemoryNetwork, memoryNetwork } from "../../adapters/memory.ts";
import { ManualClock } from "../../src/coroutine/mod.ts";
import { type ServerOptions, WSGIServer } from "../../src/server/mod.ts";
import type { Adapter, Socket } from "../../src/socket/mod.ts";
import type { Mounts, WSGIApp } from "../../src/wsgi/mod.ts";
import { parseResponses, type TextResponse } from "./http_text.ts";
import { latin1Bytes } from "./latin1_bytes.ts";
import { ranMs } from "./run_time.ts";

export { latin1Bytes };

/** A manual clock that also advances while an app computes. */
export class WorkingClock extends ManualClock {
  #worked = 0;

  /** Advances the clock by the time for which an app has computed. The app calls this. */
  work(milliseconds: number): void {
    this.#worked += milliseconds;
  }

  override now(): number {
    return super.now() + this.#worked;
  }
}

/** A client that acts only when a test calls its methods. */
export class TestClient {
  /** The bytes received, one latin-1 string for each write of the server. */
  readonly pieces: string[] = [];
  /** Whether the server has sent its FIN. */
  ended = false;
  /** Whether the connection is closed. */
  closed = false;
  #socket: Socket | undefined;
  #unsent: Uint8Array[] = [];
  #taken = 0;
  #blocked = false;

  constructor(network: MemoryNetwork, server: WSGIServer) {
    const { address } = server;
    const where = address.family === "unix" ? { path: address.path } : address;
    network.connect(where, (socket) => {
      this.#socket = socket;
      return {
        onData: (bytes) => void this.pieces.push(network.adapter.latin1(bytes, 0, bytes.length)),
        onEnd: () => void (this.ended = true),
        onDrain: () => this.#flush(),
        onClose: () => void (this.closed = true),
      };
    });
  }

  /** All bytes received, as latin-1. */
  received(): string {
    return this.pieces.join("");
  }

  /** The bytes received since the last call, as latin-1. */
  take(): string {
    const text = this.received().slice(this.#taken);
    this.#taken += text.length;
    return text;
  }

  /** The responses received, to requests of these methods. */
  responses(...methods: string[]): TextResponse[] {
    return parseResponses(this.received(), methods);
  }

  /** The only response received. The test fails if there are more. */
  response(method = "GET"): TextResponse {
    const responses = this.responses(method);
    assertEquals(responses.length, 1, this.received());
    return responses[0] as TextResponse;
  }

  /** Whether the last response is complete, by its framing or by the end of the connection. */
  isAnswered(...methods: string[]): boolean {
    if (this.ended || this.closed) return true;
    if (!this.received().includes("\r\n\r\n")) return false;
    return this.responses(...methods).at(-1)?.complete === true;
  }

  /**
   * Sends as many bytes as the server takes, and the rest when it takes more. A string is latin-1.
   */
  send(data: string | Uint8Array): this {
    this.#unsent.push(typeof data === "string" ? latin1Bytes(data) : data);
    this.#blocked = false;
    this.#flush();
    return this;
  }

  /** The number of bytes that the server has not taken yet. */
  get unsent(): number {
    return this.#unsent.reduce((sum, bytes) => sum + bytes.length, 0);
  }

  end(): void {
    this.#open.endWrite();
  }

  destroy(): void {
    this.#socket?.destroy();
  }

  pause(): void {
    this.#open.pauseReading();
  }

  resume(): void {
    this.#open.resumeReading();
  }

  get #open(): Socket {
    if (this.#socket === undefined) throw new Error("The client is not connected yet");
    return this.#socket;
  }

  #flush(): void {
    this.#blocked = false;
    for (let bytes; !this.#blocked && (bytes = this.#unsent.shift()) !== undefined;) {
      const rest = bytes.subarray(PIECE);
      if (rest.length > 0) this.#unsent.unshift(rest);
      this.#blocked = !this.#open.write(bytes.subarray(0, PIECE));
    }
  }
}

const PIECE = 16_384;

/** A request without a body. */
export function get(path: string, ...fields: string[]): string {
  return requestText("GET", path, fields);
}

/** A request with a body and its Content-Length. */
export function post(path: string, body: string, ...fields: string[]): string {
  return requestText("POST", path, [`Content-Length: ${body.length}`, ...fields]) + body;
}

/** The head of a request. */
export function requestText(method: string, path: string, fields: readonly string[] = []): string {
  return [`${method} ${path} HTTP/1.1`, "Host: test", ...fields, "", ""].join("\r\n");
}

/** A server in memory, its clock and its clients. */
export interface Serving {
  readonly clock: ManualClock;
  readonly network: MemoryNetwork;
  readonly server: WSGIServer;
  /** Connects a client. The client may send at once. */
  connect(): TestClient;
  /** Sends one request on a connection of its own, and gives the client. */
  ask(request: string): TestClient;
  /** Advances the clock. The default is 0, so that only due turns and timers run. */
  run(milliseconds?: number): void;
  /** Advances the clock, and lets promises settle before and after. */
  settle(milliseconds?: number): Promise<void>;
  /**
   * Lets promises, and the threads and files of the runtime, go on until a condition holds. The clock does
   * not move.
   */
  eventually(awaited: string, condition: () => boolean | Promise<boolean>): Promise<void>;
  /** Advances the clock until a promise settles. */
  until<T>(promise: Promise<T>): Promise<T>;
  /** The lines of the log since the last call. */
  takeLog(): string[];
  /**
   * Ends clients and server. The test fails if a connection, a task, a timer or a line of the log
   * is left.
   */
  finish(): Promise<void>;
}

/** Options of {@linkcode serving}. */
export interface ServingOptions extends Partial<ServerOptions> {
  readonly clock?: ManualClock;
  /** The number of undelivered bytes from which on `write` returns `false`. */
  readonly window?: number;
  /** The files that apps may read. */
  readonly files?: Adapter["files"] | undefined;
}

/** Serves an app in memory. */
export async function serving(
  wsgiApp: WSGIApp | Mounts,
  { clock = new ManualClock(), window = 65_536, files, ...options }: ServingOptions = {},
): Promise<Serving> {
  const log: string[] = [];
  const network = memoryNetwork({ clock, window, files, log: (line) => log.push(line) });
  const server = new WSGIServer({
    bindAddr: ["127.0.0.1", 80],
    ...options,
    wsgiApp,
    adapter: network.adapter,
  });
  await server.listen();
  return new MemoryServing(clock, network, server, log);
}

class MemoryServing implements Serving {
  readonly clock: ManualClock;
  readonly network: MemoryNetwork;
  readonly server: WSGIServer;
  readonly #log: string[];
  readonly #clients: TestClient[] = [];

  constructor(clock: ManualClock, network: MemoryNetwork, server: WSGIServer, log: string[]) {
    this.clock = clock;
    this.network = network;
    this.server = server;
    this.#log = log;
  }

  connect(): TestClient {
    const client = new TestClient(this.network, this.server);
    this.#clients.push(client);
    this.clock.turn();
    return client;
  }

  ask(request: string): TestClient {
    const client = this.connect().send(request);
    this.run();
    return client;
  }

  run(milliseconds = 0): void {
    this.clock.advance(milliseconds);
  }

  async settle(milliseconds = 0): Promise<void> {
    await this.#promises();
    this.run(milliseconds);
    await this.#promises();
  }

  async eventually(
    awaited: string,
    condition: () => boolean | Promise<boolean>,
  ): Promise<void> {
    const start = ranMs();
    while (!await condition()) {
      if (ranMs() - start > 20_000) throw new Error(`Waited 20,000 ms for: ${awaited}`);
      await this.settle();
    }
  }

  async until<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const done = () => void (settled = true);
    promise.then(done, done);
    for (let round = 0; round < 1000; round++) {
      await this.#promises();
      if (settled) return promise;
      this.run(100);
    }
    throw new Error("The promise did not settle in 100 seconds of the clock");
  }

  takeLog(): string[] {
    return this.#log.splice(0);
  }

  async finish(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await this.settle();
    // The runtime closes a file of an app in its own time.
    await this.eventually(
      "the end of all requests",
      () => this.server.stats().activeRequests === 0,
    );
    const { connections, activeRequests } = this.server.stats();
    assertEquals({ connections, activeRequests }, { connections: 0, activeRequests: 0 });
    assertEquals(this.server.scheduler.stats(), { tasks: 0, ready: 0, deadlines: 0, signals: 0 });
    await this.until(this.server.close());
    assertEquals(this.#log, []);
    assertEquals(this.clock.idle, true);
  }

  async #promises(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) {
      await Promise.resolve();
      this.clock.turn();
    }
    // The runtime's own streams and files need a turn of the event loop or more: a test that uses
    // them waits with `eventually`.
    await new Promise((resolve) => setImmediate(resolve));
    this.run();
  }
}
