/**
 * The members of Bun's interface that the adapter uses. With them the types need no package of
 * Bun's.
 *
 * @module
 */

/** The receiver of the events of one stream. */
export interface BunStreamEvents {
  /** Bytes have come. */
  received(bytes: Uint8Array): void;
  /** The peer has sent its FIN. */
  ended(): void;
  /** The kernel has room for bytes again. */
  drained(): void;
  /** The stream is closed. */
  closed(error: Error | undefined): void;
}

/** `Bun.Socket`. */
export interface BunStream {
  /** A property for the user of the stream. Bun itself does not use it. */
  data: BunStreamEvents;
  readonly remoteAddress?: string;
  readonly remotePort?: number;
  readonly localAddress?: string;
  readonly localPort?: number;
  /** Returns the number of bytes that the kernel took; a negative number after a close. */
  write(text: string, encoding: "latin1"): number;
  write(bytes: Uint8Array): number;
  shutdown(): void;
  end(): void;
  terminate(): void;
  pause(): void;
  resume(): void;
  setNoDelay(on: boolean): boolean;
}

/** The handlers of `Bun.listen`, shared by all streams of a listener. */
export interface BunHandlers {
  /** The type of the bytes for `data`. The default is `Buffer`; its views cost more. */
  binaryType?: "uint8array";
  open(stream: BunStream): void;
  data?(stream: BunStream, bytes: Uint8Array): void;
  end?(stream: BunStream): void;
  drain?(stream: BunStream): void;
  close?(stream: BunStream, error?: Error): void;
  error?(stream: BunStream, error: Error): void;
}

/** `Bun.TCPSocketListener`. */
export interface BunListener {
  readonly hostname: string;
  readonly port: number;
  getsockname(into: { address?: string }): void;
  stop(): void;
  ref(): void;
  unref(): void;
}

/** The global `Bun`. */
export interface BunRuntime {
  listen(options: Record<string, unknown> & { socket: BunHandlers }): BunListener;
  connect(options: Record<string, unknown> & { socket: BunHandlers }): Promise<BunStream>;
}

/**
 * Finds the runtime.
 *
 * @returns The global `Bun`.
 * @throws {TypeError} If there is none.
 */
export function bun(): BunRuntime {
  const runtime = (globalThis as unknown as { Bun?: BunRuntime }).Bun;
  if (runtime === undefined) throw new TypeError("The Bun adapter needs Bun: no global Bun");
  return runtime;
}
