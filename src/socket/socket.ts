/**
 * The socket seam: all that the engine knows of a network.
 *
 * Push-based, because Node and Bun push, and a pull layer over them costs a turn a read. Whoever
 * implements {@linkcode Socket} and calls a {@linkcode SocketHandler} as promised here serves HTTP
 * over any byte stream; `tests/contract` checks these promises on every adapter.
 *
 * @module
 */

import type { AbortSignalLike } from "../coroutine/interop/abort_signal.ts";
import type { Clock } from "../coroutine/clock.ts";
import type { ByteSocket, SocketHandler } from "../coroutine/sockets/byte_socket.ts";
import type { Files } from "./files.ts";

export type { ByteSocket, SocketHandler };

/** Where one end of a connection is. IPv6 hosts stand without brackets. */
export type Address =
  | { readonly family: "IPv4" | "IPv6"; readonly host: string; readonly port: number }
  | { readonly family: "unix"; readonly path: string };

/** What to listen on, as `bindAddr` resolved it, or what to dial. */
export type ListenAddress =
  | { readonly host: string; readonly port: number }
  | { readonly path: string };

/**
 * One connection, accepted or dialled, as its adapter offers it: a {@linkcode ByteSocket} that knows
 * its addresses.
 */
export interface Socket extends ByteSocket {
  /** The peer's end; the path of a Unix client is empty. */
  readonly remote: Address;
  /** Our end; the path of a Unix client is empty. */
  readonly local: Address;
  /** Whether the bytes travel encrypted (TLS). */
  readonly encrypted: boolean;
  /**
   * Whether it keeps a reference to any bytes that it was given, so that they must not change yet. An
   * adapter that cannot tell leaves it out; then no array that was written is ever used again.
   */
  readonly holdsBytes?: boolean;
  /**
   * Closes both directions at once, and so that the peer knows that it was cut: a TCP RST where the
   * runtime can. `onClose` follows. After a FIN it does the same as `destroy`; an adapter whose runtime
   * has no reset leaves it out.
   *
   * Needed for a body that only the end of the connection delimits, as in HTTP/1.0: after a FIN, a
   * client would take a part of it for the whole.
   */
  reset?(): void;
}

/** Options of {@linkcode Adapter.listen}. */
export interface ListenOptions {
  /** The listen backlog; the adapter's default if absent. */
  readonly backlog?: number;
  /** Encrypts every connection; plain text if absent. An adapter that cannot must reject. */
  readonly tls?: ListenTLSOptions;
}

/**
 * How an adapter encrypts: TLS 1.2 or 1.3, `http/1.1` by ALPN, no certificate of the client.
 *
 * A connection is accepted before its handshake, so that limits on connections hold for those, too.
 * A handshake that fails or takes too long closes it, with an error, and is not logged.
 */
export interface ListenTLSOptions {
  /** The certificate chain, in PEM. */
  readonly cert: string;
  /** Its private key, in PEM. */
  readonly key: string;
  /** Decrypts the key. */
  readonly passphrase?: string;
  /** How long a handshake may take, in milliseconds. */
  readonly handshakeTimeout: number;
}

/** An open listening socket. */
export interface Listener {
  /** The address in use, with the port that was picked for port 0. */
  readonly address: Address;
  /** Stops accepting; open connections stay. Resolves when the address is free again. */
  close(): Promise<void>;
  /** Lets this listener keep the process alive (the default), or not. */
  ref(): void;
  /** Undoes {@linkcode ref}. */
  unref(): void;
}

/** A runtime as the engine sees it: sockets, time, and a few facts. */
export interface Adapter {
  /** For logs and `SERVER_SOFTWARE`: `node`, `deno`, `bun`, `memory`, or the embedder's own word. */
  readonly name: string;
  /** Time and turns. */
  readonly clock: Clock;
  /** The bytes from `start` to `end` as a latin-1 string, each byte one character. */
  latin1(bytes: Uint8Array, start: number, end: number): string;
  /** Whether `length` bytes of `one`, from `from`, are those at the start of `other`; for speed alone. */
  equals?(one: Uint8Array, from: number, other: Uint8Array, length: number): boolean;
  /** This machine's name, the default `SERVER_NAME`. */
  hostName(): string;
  /** Writes one line to the error log (standard error). */
  log(line: string): void;
  /** The system's files, if there are any: what `wsgi.file_wrapper` and static files read. */
  readonly files?: Files | undefined;
  /**
   * Listens, and calls `accept` once for each connection before anything else happens to it.
   *
   * @throws Rejects with an `Error` whose message names the address, if it cannot be bound.
   */
  listen(
    address: ListenAddress,
    options: ListenOptions,
    accept: (socket: Socket) => SocketHandler,
  ): Promise<Listener>;
  /**
   * Opens a connection, over plain TCP or a Unix socket; there is no TLS. Its `Socket` keeps the
   * promises of an accepted one. An adapter may be without.
   *
   * A host name is looked up by the runtime, and its addresses tried one after the other, IPv4 before
   * IPv6, until one answers.
   *
   * @param address Where to. Unlike for listening, the port is never 0.
   * @param open Called once, when it is connected, before anything else happens to it.
   * @param options `signal` gives up: `open` is not called any more, and the promise rejects with the
   *   signal's reason; a connection that comes all the same is closed.
   * @returns Resolves after `open` was called.
   * @throws Rejects with an `Error` whose message names the address, if it cannot connect. Its `cause`
   *   is the runtime's own.
   */
  dial?(
    address: ListenAddress,
    open: (socket: Socket) => SocketHandler,
    options?: { readonly signal?: AbortSignalLike | undefined },
  ): Promise<void>;
}

/** An adapter that can dial, as those of this package can. */
export interface DiallingAdapter extends Adapter {
  /**
   * As {@linkcode Adapter.dial}.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { denoAdapter } from "@x/cogen-wsgi/adapters/deno";
   * import { Accept, Acceptor, Connect, readline, Scheduler, Send } from "@x/cogen-wsgi/coroutine";
   *
   * const adapter = denoAdapter();
   * const acceptor = new Acceptor();
   * const listener = await adapter.listen({ host: "127.0.0.1", port: 0 }, {}, acceptor.accept);
   * const scheduler = new Scheduler({ clock: adapter.clock });
   * scheduler.add(function* greet() {
   *   const stream = yield* Accept(acceptor);
   *   yield* Send(stream, "hello\n");
   *   stream.endWrite();
   * });
   * const task = scheduler.add(function* () {
   *   if (listener.address.family === "unix") throw new TypeError("Expected a port");
   *   const { host, port } = listener.address;
   *   const stream = yield* Connect((open) => adapter.dial({ host, port }, open), { timeout: 5 });
   *   const line = yield* readline(stream);
   *   stream.endWrite();
   *   return new TextDecoder().decode(line);
   * });
   * await scheduler.run();
   * assertEquals(task.result, "hello\n");
   * await listener.close();
   * ```
   */
  dial: NonNullable<Adapter["dial"]>;
}
