/**
 * The memory adapter: a network inside the process, for tests and for embedding. It is also the
 * model for an adapter of your own.
 *
 * It needs web standards only, has no TLS, and has no files unless the caller passes them. Names
 * are not looked up: a client dials the host of a listener. The caller decides when bytes move, by
 * a {@linkcode MemoryOptions.clock}.
 *
 * - `memory/network.ts`: listeners and dialling
 * - `memory/socket.ts`: one end of a connection
 *
 * @module
 */

import {
  type Adapter,
  type Address,
  checkNames,
  checkOption,
  type DiallingAdapter,
  type ListenAddress,
  type OpenHandler,
  optionError,
  type Socket,
} from "../src/socket/mod.ts";
import { Network } from "./memory/network.ts";
import { type MemorySettings, MemorySocket } from "./memory/socket.ts";
import { logError } from "./shared/error_log.ts";
import { hostClock } from "./shared/host_clock.ts";

export type { DiallingAdapter, OpenHandler };

/** Options of {@linkcode memoryNetwork} and {@linkcode socketPair}. */
export interface MemoryOptions {
  /** The clock. Its turns move the bytes. The default is the clock of the runtime. */
  readonly clock?: Adapter["clock"];
  /**
   * The number of undelivered bytes of one direction from which on `write` returns `false`. The
   * default is 64 KB.
   */
  readonly window?: number;
  /** Writes a line to the error log. The default is `console.error`. */
  readonly log?: (line: string) => void;
  /** The files that apps may read. The default is none. */
  readonly files?: Adapter["files"] | undefined;
}

/** A network inside the process. Two networks do not reach each other. */
export interface MemoryNetwork {
  /** The adapter, for a server to listen with and for a coroutine to dial with. */
  readonly adapter: DiallingAdapter;
  /**
   * Connects to a listener of this network. Unlike `adapter.dial`, it returns the socket at once.
   *
   * @param address The address of the listener.
   * @param open The function that gives the client's end its handler. It is called once, in a later
   *   turn.
   * @returns The client's end.
   * @throws An `Error` that names the address, if there is no listener.
   */
  connect(address: ListenAddress, open: OpenHandler): Socket;
}

const MEMORY_OPTIONS: readonly (keyof MemoryOptions)[] = ["clock", "window", "log", "files"];
/** The default of {@linkcode MemoryOptions.window}: about the size of a kernel's socket buffer. */
const DEFAULT_WINDOW_BYTES = 64 * 1024;

/** Makes the default clock. `setImmediate` is the cheaper turn, and all server runtimes have it. */
function portableClock(): Adapter["clock"] {
  const immediate = (globalThis as { setImmediate?: (turn: () => void) => unknown }).setImmediate;
  return hostClock(
    (turn) => void (immediate === undefined ? setTimeout(turn, 0) : immediate(turn)),
  );
}

function settle(of: string, options: MemoryOptions): MemorySettings {
  options = checkNames(`The options of ${of}`, options, MEMORY_OPTIONS, {
    complaint: `Unknown option of ${of}`,
  });
  const { clock = portableClock(), window = DEFAULT_WINDOW_BYTES, log = logError, files } = options;
  checkOption(`log of ${of}`, log, "function");
  if (typeof clock?.now !== "function") throw optionError(`clock of ${of}`, clock, "a Clock");
  if (typeof window !== "number" || !(window > 0)) {
    throw optionError(`window of ${of}`, window, "a number of bytes above 0");
  }
  if (files !== undefined && typeof files?.open !== "function") {
    throw optionError(`files of ${of}`, files, "an object with open and realPath");
  }
  return { clock, windowBytes: window, log, files };
}

/**
 * Makes a network inside the process.
 *
 * @param options The clock, the window, the error log, and the files.
 * @returns The network: an adapter to serve with, and `connect` to reach its listeners.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memoryNetwork } from "@x/cogen-wsgi/adapters/memory";
 *
 * const network = memoryNetwork();
 * const ignore = { onEnd() {}, onDrain() {}, onClose() {} };
 * const listener = await network.adapter.listen({ host: "127.0.0.1", port: 80 }, {}, (socket) => ({
 *   ...ignore,
 *   onData: (bytes) => void socket.write(bytes.slice().reverse()),
 * }));
 * const answer = await new Promise<string>((resolve) => {
 *   const client = network.connect({ host: "127.0.0.1", port: 80 }, () => ({
 *     ...ignore,
 *     onData: (bytes) => resolve(network.adapter.latin1(bytes, 0, bytes.length)),
 *   }));
 *   client.write("stressed");
 * });
 * assertEquals(answer, "desserts");
 * await listener.close();
 * ```
 */
export function memoryNetwork(options: MemoryOptions = {}): MemoryNetwork {
  return new Network(settle("memoryNetwork", options));
}

/**
 * Makes two sockets that are connected to each other.
 *
 * @param a The function that gives the first end its handler. It is called in a later turn.
 * @param b The function that gives the second end its handler. It is called in the same turn.
 * @param options The clock, the window and the error log.
 * @returns Both ends.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { socketPair } from "@x/cogen-wsgi/adapters/memory";
 *
 * const ignore = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };
 * const heard = await new Promise<number>((resolve) => {
 *   const [left] = socketPair(() => ignore, () => ({
 *     ...ignore,
 *     onData: (bytes) => resolve(bytes.length),
 *   }));
 *   left.write("hello");
 * });
 * assertEquals(heard, 5);
 * ```
 */
export function socketPair(
  a: OpenHandler,
  b: OpenHandler,
  options: MemoryOptions = {},
): readonly [Socket, Socket] {
  const settings = settle("socketPair", options);
  const left: Address = { family: "unix", path: "left" };
  const right: Address = { family: "unix", path: "right" };
  const first = new MemorySocket(settings, left, right);
  const second = new MemorySocket(settings, right, left);
  MemorySocket.join(first, a, second, b);
  return [first, second];
}
