/**
 * A server on a free port of the loopback, and plain TCP clients for it, on the current runtime.
 *
 * The clock is real here: a test waits for a condition, with a limit in {@linkcode ranMs}.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { connect, type Socket } from "node:net";
import process from "node:process";
import { type Mounts, serve, type ServeOptions, type WSGIApp, type WSGIServer } from "../../mod.ts";
import { ranMs } from "./run_time.ts";

/**
 * The bounds on the time in which the server notices an event are multiplied by this number. They
 * count in `ranMs`, so 20 is enough on a busy machine. `SLACK=1` tests the promised bounds on a
 * quiet machine.
 */
export const SLACK: number = Number(process.env["SLACK"] ?? 20);

/** The runtime that runs the tests, with its version. */
export const RUNTIME: string = describeRuntime();

function describeRuntime(): string {
  const { bun, deno, node } = process.versions as Record<string, string | undefined>;
  return bun !== undefined ? `bun ${bun}` : deno !== undefined ? `deno ${deno}` : `node ${node}`;
}

/**
 * Waits until a condition holds. The condition is tested in each turn of the event loop, and after
 * 100 turns in each millisecond.
 *
 * @param awaited The condition in words, for the error.
 * @param limit Milliseconds of {@linkcode ranMs} after which the wait fails.
 */
export async function eventually(
  awaited: string,
  condition: () => boolean | Promise<boolean>,
  limit: number = 20_000,
): Promise<void> {
  const start = ranMs();
  for (let tries = 0; !await condition(); tries++) {
    if (ranMs() - start > limit) throw new Error(`Waited ${limit} ms for: ${awaited}`);
    await new Promise<void>((resolve) => {
      if (tries < 100) setImmediate(resolve);
      else setTimeout(resolve, 1);
    });
  }
}

/**
 * Resolves with `count()` when the count has stayed the same for 50 ms.
 *
 * @param goOn Moves a server in memory. It is called before each look at the count.
 */
export async function standstill(
  awaited: string,
  count: () => number,
  goOn: () => Promise<void> = () => Promise.resolve(),
): Promise<number> {
  let before = NaN;
  let since = ranMs();
  await eventually(awaited, async () => {
    await goOn();
    if (count() !== before) {
      before = count();
      since = ranMs();
    }
    return ranMs() - since > 50;
  });
  return before;
}

/** The ways in which a client leaves: it ends its side, closes the connection, or resets it. */
export const WAYS = ["ends", "closes", "resets"] as const;
export type Way = typeof WAYS[number];

/** A client that acts only when a test calls its methods. */
export class TcpClient {
  readonly stream: Socket;
  /** The number of bytes received. */
  count = 0;
  /** The bytes received, as latin-1. The text is empty if the client only counts them. */
  text = "";
  /** Whether the server has sent its FIN. */
  ended = false;
  closed = false;
  /** The code of the error that broke the connection. */
  error: string | undefined;
  /** Called when bytes, an end, an error or a close arrive, and when there is room to send. */
  onChange: () => void = () => {};

  private constructor(stream: Socket, keep: boolean) {
    this.stream = stream;
    stream.setNoDelay(true);
    stream.on("data", (bytes: Uint8Array) => {
      this.count += bytes.length;
      if (keep) this.text += (bytes as { toString(encoding?: string): string }).toString("latin1");
      this.onChange();
    });
    stream.on("drain", () => this.onChange());
    stream.on("end", () => {
      this.ended = true;
      this.onChange();
    });
    stream.on("error", (error: Error & { code?: string }) => {
      this.error = error.code ?? error.message;
      this.onChange();
    });
    stream.on("close", () => {
      this.closed = true;
      this.onChange();
    });
  }

  /** Connects. With `count: true` the client only counts the bytes that it receives. */
  static open(
    server: Pick<WSGIServer, "address">,
    options: { readonly count?: boolean } = {},
  ): Promise<TcpClient> {
    const { address } = server;
    if (address.family === "unix") throw new TypeError("These clients need a TCP address");
    const { host, port } = address;
    return new Promise((resolve, reject) => {
      const stream = connect({ host, port, allowHalfOpen: true }, () => {
        stream.off("error", reject);
        resolve(new TcpClient(stream, options.count !== true));
      });
      stream.once("error", reject);
    });
  }

  /**
   * Sends latin-1 text, or bytes. Returns `false` if the client should wait before it sends more.
   */
  send(data: string | Uint8Array): boolean {
    return typeof data === "string" ? this.stream.write(data, "latin1") : this.stream.write(data);
  }

  /** Sends `size` zeros in all, never more than the stream takes at a time. */
  async flood(size: number, block: Uint8Array = new Uint8Array(262_144)): Promise<void> {
    for (let sent = 0; sent < size && !this.stream.destroyed;) {
      const piece = block.subarray(0, Math.min(block.length, size - sent));
      sent += piece.length;
      this.sent += piece.length;
      if (!this.send(piece)) await this.#drained();
      else await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** The number of bytes that {@linkcode flood} has given to the stream. */
  sent = 0;

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.stream.off("drain", done).off("close", done);
        resolve();
      };
      this.stream.on("drain", done).on("close", done);
    });
  }

  /** Leaves, in one of the {@linkcode WAYS}. */
  leave(way: Way): void {
    if (way === "ends") this.stream.end();
    else if (way === "closes") this.stream.destroy();
    else this.stream.resetAndDestroy();
  }

  /** Waits until `condition` holds. The condition is tested at each event of the connection. */
  async until(awaited: string, condition: () => boolean, limit: number = 20_000): Promise<void> {
    const late = ranMs() + limit;
    while (!condition()) {
      if (ranMs() > late) {
        throw new Error(`Waited for ${awaited}; came: ${JSON.stringify(this.text.slice(-500))}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 500);
        this.onChange = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  has(text: string): Promise<void> {
    return this.until(text, () => this.text.includes(text));
  }
}

/** A server under test. Its errors and the lines of its log are kept. */
export interface RealServing {
  readonly server: WSGIServer;
  readonly errors: unknown[];
  readonly log: string[];
  open(options?: { readonly count?: boolean }): Promise<TcpClient>;
  /** Waits until no connection, no app, no coroutine and no deadline is left. */
  quiet(limit?: number): Promise<void>;
  /** Ends the server. The test fails if a resource is left behind or an error was reported. */
  finish(): Promise<void>;
}

const NOTHING = { connections: 0, activeRequests: 0, tasks: 0, ready: 0, deadlines: 0, signals: 0 };

/** Serves an app on a free port. */
export async function servingOverTcp(
  wsgiApp: WSGIApp | Mounts,
  options: Partial<ServeOptions> = {},
): Promise<RealServing> {
  const errors: unknown[] = [];
  const log: string[] = [];
  const clients: TcpClient[] = [];
  const server = await serve({
    bindAddr: ["127.0.0.1", 0],
    onError: (error) => errors.push(error),
    log: (line) => log.push(line),
    ...options,
    wsgiApp,
  });
  const left = () => {
    const { connections, activeRequests } = server.stats();
    return { connections, activeRequests, ...server.scheduler.stats() };
  };
  const isQuiet = () => Object.values(left()).every((count) => count === 0);
  return {
    server,
    errors,
    log,
    open: async (options) => {
      const client = await TcpClient.open(server, options);
      clients.push(client);
      return client;
    },
    quiet: async (limit) => {
      await eventually("quiet", isQuiet, limit).catch(() => {});
      assertEquals(left(), NOTHING);
    },
    finish: async () => {
      for (const client of clients) client.stream.destroy();
      await server.close();
      await server.finished;
      assertEquals(left(), NOTHING);
      assertEquals([errors, log], [[], []]);
    },
  };
}
