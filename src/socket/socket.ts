/**
 * The socket seam: all that the engine knows of a network.
 *
 * Sockets push, because the sockets of Node and Bun push, and a pull layer over them costs a turn for
 * each read. Any code that implements {@linkcode Socket} and calls a {@linkcode SocketHandler} as
 * promised here serves HTTP over its byte stream. `checkAdapter` of `src/testing` checks the promises of
 * this file, of `byte_socket.ts` and of `clock.ts` on any adapter:
 *
 * - order: bytes arrive once and in order, both ways, in writes of any size;
 * - backpressure: `write` returns `false` while the peer is slow, `onDrain` follows when it has read,
 *   and memory stays bounded while reading is paused;
 * - ends: each side may end first, the other goes on, and `onClose` comes exactly once;
 * - vanishing: a peer that resets is noticed within 100 ms in every state of the connection;
 * - re-entrancy: no callback runs inside a call of the socket's methods;
 * - failures: an error that a handler throws ends its connection only, and is logged once.
 *
 * {@linkcode Inbound} keeps the last two promises, the pausing and the order of events for a socket
 * that is built with it.
 *
 * @module
 */

import type { AbortSignalLike } from "../coroutine/interop/abort_signal.ts";
import type { Clock } from "../coroutine/clock.ts";
import type { Address, ByteSocket, SocketHandler } from "../coroutine/sockets/byte_socket.ts";
import type { Files } from "./files.ts";

export type { Address, ByteSocket, SocketHandler };

/** An address to listen on (the option `bindAddr`, resolved) or to dial. */
export type ListenAddress =
  | { readonly host: string; readonly port: number }
  | { readonly path: string };

/** A listening socket that the process has inherited, as from systemd: the number of its descriptor. */
export interface InheritedListener {
  /** The descriptor, from 3. */
  readonly fd: number;
}

/** An address to listen on, or a socket that listens already. An adapter may refuse the latter. */
export type ListenTarget = ListenAddress | InheritedListener;

/**
 * One connection, accepted or dialled: a {@linkcode ByteSocket} that knows its addresses.
 *
 * A peer that resets is noticed within 100 ms, also while the connection is idle, while reading is paused and
 * while a write is stalled. `onClose` then has an error.
 */
export interface Socket extends ByteSocket {
  /** The peer's end; the path of a Unix client is empty. */
  readonly remote: Address;
  /** This end; the path of a Unix client is empty. */
  readonly local: Address;
  /** Whether the bytes travel encrypted (TLS). */
  readonly encrypted: boolean;
  /**
   * The certificate of the client, in DER, after a handshake that has checked it; `undefined` if the client was
   * not asked for one, or has none.
   */
  readonly clientCertificate?: Uint8Array | undefined;
  /**
   * Whether the socket keeps a reference to any written bytes, which therefore must not change yet. A
   * socket that cannot tell leaves this member out; then the engine never uses a written array again.
   */
  readonly holdsBytes?: boolean;
  /**
   * Closes both directions at once, and lets the peer know that the connection was cut: by a TCP RST.
   * `onClose` follows. After a FIN, `reset` does the same as `destroy`. An adapter leaves this member
   * out if its runtime has no reset.
   *
   * The server resets a connection whose end would delimit an incomplete body, as in HTTP/1.0:
   * after a FIN, a client would take a part of the body for the whole (RFC 9112 §8). It also resets a
   * connection whose client has stopped reading: after `destroy`, the system goes on sending for minutes.
   */
  reset?(): void;
}

/** Options of {@linkcode Adapter.listen}. */
export interface ListenOptions {
  /** The listen backlog; the adapter's default if absent. */
  readonly backlog?: number;
  /**
   * Encrypts every connection; plain text if absent. An adapter that cannot encrypt must reject.
   */
  readonly tls?: ListenTLSOptions;
  /**
   * Takes each line that the adapter has to say of this listener and of its connections, such as a failure
   * to accept, or the error of a handler. Default: the adapter's own `log`.
   */
  readonly log?: (line: string) => void;
}

/** A certificate and its key. */
export interface ListenCertificate {
  /** The certificate chain, in PEM. */
  readonly cert: string;
  /** The private key of the certificate, in PEM. */
  readonly key: string;
  /** Decrypts the key, if it is encrypted. */
  readonly passphrase?: string;
}

/**
 * How an adapter encrypts: TLS 1.2 or 1.3, `http/1.1` by ALPN.
 *
 * A connection is accepted before its handshake, so that limits on connections hold during handshakes
 * too. A handshake that fails or takes too long closes its connection, with an error, and is not
 * logged. Bytes that are written before the handshake follow it; ending or destroying a connection
 * does not wait for it.
 */
export interface ListenTLSOptions extends ListenCertificate {
  /**
   * The certificates of further names, for a client that asks for one of them (SNI). A name is in lower case;
   * the first label may be `*`, which stands for one label.
   */
  readonly names?: Readonly<Record<string, ListenCertificate>>;
  /** Asks each client for a certificate. Default: no client is asked. */
  readonly clientCertificate?: ClientCertificateDemand;
  /** The time for a handshake, in milliseconds. */
  readonly handshakeTimeoutMs: number;
  /**
   * Whether {@linkcode Listener.reloadTls} will be called. Without it, an adapter may listen in a way that
   * cannot change the certificate.
   */
  readonly reloadable?: boolean;
  /**
   * Gives the reader of the bytes that a peer sends before its handshake; `undefined` for a peer that sends none.
   * `end` ends the connection, also during this call, and has no effect once the preamble is complete. After it,
   * no function of the preamble is called.
   */
  readonly preamble?: (remote: Address, end: () => void) => Preamble | undefined;
}

/** The plain bytes before the handshake of a connection, such as a header of the PROXY protocol. */
export interface Preamble {
  /**
   * Takes bytes.
   *
   * @returns The bytes after the preamble, once it is complete; `undefined` if more bytes are needed.
   * @throws If the bytes are wrong. The connection is then closed, and is not accepted.
   */
  read(bytes: Uint8Array): Uint8Array | undefined;
  /** Takes the socket once the preamble is complete, in place of the `accept` of `listen`. */
  accept(socket: Socket): SocketHandler;
  /**
   * The connection ends before the preamble is complete: with a reason, or because the peer has left without a
   * byte.
   */
  failed(reason: string | undefined): void;
}

/** The certificate that a client must or may have. One that `ca` has not issued fails the handshake. */
export interface ClientCertificateDemand {
  /** The certificates of the issuers, in PEM. */
  readonly ca: string;
  /** Whether a client without a certificate fails the handshake. */
  readonly isRequired: boolean;
}

/** An open listening socket. */
export interface Listener {
  /**
   * The address in use, with the port that was picked for port 0. For a host name with several
   * addresses, the first of them.
   */
  readonly address: Address;
  /**
   * Uses other certificates and another demand for the handshakes to come. Connections stay, with the
   * certificates that they have. An adapter without TLS, and a listener without it, leave this member out.
   *
   * @param tls The options in place of those of `listen`.
   * @throws If a certificate or a key cannot be used. The listener then keeps those it has.
   */
  reloadTls?(tls: ListenTLSOptions): void;
  /**
   * Stops accepting; open connections stay. Resolves when the address is free again, and the file of
   * a Unix socket removed. A second call is harmless.
   */
  close(): Promise<void>;
  /** Lets this listener keep the process alive, as it does by default. */
  ref(): void;
  /** Undoes {@linkcode ref}. Does nothing after {@linkcode close}. */
  unref(): void;
}

/** A runtime as the engine sees it: sockets, time, files, and a few facts. */
export interface Adapter {
  /** For logs and `SERVER_SOFTWARE`: `node`, `deno`, `bun`, `memory`, or the embedder's own word. */
  readonly name: string;
  /**
   * Time and turns. The runtime must still serve the network while every turn defers a further
   * turn.
   */
  readonly clock: Clock;
  /**
   * The bytes from `start` to `end` as a latin-1 string. Each byte is the character of the same number,
   * also from 0x80 to 0x9F, where `TextDecoder` would decode windows-1252.
   */
  latin1(bytes: Uint8Array, start: number, end: number): string;
  /**
   * Whether `length` bytes of `one`, from `from`, equal the first bytes of `other`. Optional; an adapter
   * has it only if its runtime compares faster than a loop.
   */
  equals?(one: Uint8Array, from: number, other: Uint8Array, length: number): boolean;
  /** The name of this machine, which is the default of `SERVER_NAME`. */
  hostName(): string;
  /** Writes one line to the error log (standard error). */
  log(line: string): void;
  /** The file system, if there is one, for `wsgi.file_wrapper` and static files. */
  readonly files?: Files | undefined;
  /**
   * Takes the room of a new connection among the descriptors of the process; `false` if there is none. A server
   * calls this for each connection, and closes it at once without room. Optional; the adapters of the runtimes
   * keep some descriptors free, because the runtimes fail without any.
   */
  takeDescriptor?(): boolean;
  /**
   * Listens, and calls `accept` once for each connection, before any event of it. An error that
   * `accept` throws ends its connection only; a socket that `accept` destroys has no event except
   * `onClose`.
   *
   * A host name is listened on at each of its addresses on this machine, at one port. The file of a
   * Unix socket that a crash left behind is replaced; any other file is left alone.
   *
   * @param address The address; port 0 picks a free port.
   * @param options The backlog and the encryption.
   * @param accept Takes a new socket, and returns the handler for its events.
   * @returns The listener, once it listens.
   * @throws Rejects with an `Error` whose message names the address, if it cannot be bound.
   */
  listen(
    address: ListenTarget,
    options: ListenOptions,
    accept: (socket: Socket) => SocketHandler,
  ): Promise<Listener>;
  /**
   * Opens a connection, over plain TCP or a Unix socket, never over TLS. A dialled `Socket` keeps the
   * promises of an accepted one. Optional.
   *
   * The runtime looks a host name up, and tries its addresses one after the other, IPv4 before IPv6,
   * until one answers.
   *
   * @param address The address to connect to. Unlike for listening, the port is never 0.
   * @param open Called once, when the socket is connected, before any event of it.
   * @param options An abort of `signal` ends the attempt: `open` is not called any more, and the
   *   promise rejects with the signal's reason. A connection that is made nevertheless is closed.
   *   After `open` was called, an abort changes nothing.
   * @returns Resolves after `open` was called.
   * @throws Rejects with an `Error` whose message names the address, if the connection fails. Its
   *   `cause` is the runtime's error.
   */
  dial?(
    address: ListenAddress,
    open: (socket: Socket) => SocketHandler,
    options?: { readonly signal?: AbortSignalLike | undefined },
  ): Promise<void>;
}

/** An adapter that can dial, as every adapter of this package can. */
export interface DiallingAdapter extends Adapter {
  /**
   * Opens a connection: see {@linkcode Adapter.dial}.
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
