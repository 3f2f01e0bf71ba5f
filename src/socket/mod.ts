/**
 * The seam between the engine and byte streams: the interface of a socket, and the parts that every
 * adapter is built of.
 *
 * An embedder with a byte stream of its own implements {@linkcode Socket}. {@linkcode Inbound} does
 * the difficult half: it calls the handler in order, holds bytes back while reading is paused, and
 * survives a handler that throws. {@linkcode OutputQueue} helps where the byte stream has no write
 * buffer.
 *
 * @example A socket over a pair of web streams
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { WSGIServer } from "@x/cogen-wsgi";
 * import { memoryNetwork } from "@x/cogen-wsgi/adapters/memory";
 * import { type Address, Inbound, type OpenHandler, type Socket } from "@x/cogen-wsgi/socket";
 *
 * type Bytes = Uint8Array<ArrayBuffer>;
 *
 * class StreamSocket implements Socket {
 *   readonly remote: Address = { family: "unix", path: "" };
 *   readonly local: Address = { family: "unix", path: "" };
 *   readonly encrypted = false;
 *   readonly #reader: ReadableStreamDefaultReader<Bytes>;
 *   readonly #writer: WritableStreamDefaultWriter<Bytes>;
 *   readonly #inbound: Inbound = new Inbound({
 *     resumeSource: () => this.#read(),
 *     destroy: () => this.destroy(),
 *     log: (line) => console.error(line),
 *   });
 *   #writable = true;
 *
 *   constructor(input: ReadableStream<Bytes>, output: WritableStream<Bytes>, open: OpenHandler) {
 *     this.#reader = input.getReader();
 *     this.#writer = output.getWriter();
 *     this.#writer.closed.catch((error) => this.#inbound.close(error));
 *     this.#inbound.start(open, this);
 *     this.#read();
 *   }
 *
 *   write(data: Uint8Array | string): boolean {
 *     if (!this.#writable) return true;
 *     const bytes = typeof data === "string"
 *       ? Uint8Array.from(data, (character) => character.charCodeAt(0))
 *       : new Uint8Array(data);
 *     this.#writer.write(bytes).catch(() => {});
 *     if ((this.#writer.desiredSize ?? 1) > 0) return true;
 *     this.#writer.ready.then(() => this.#inbound.drain(), () => {});
 *     return false;
 *   }
 *
 *   endWrite(): void {
 *     if (!this.#writable) return;
 *     this.#writable = false;
 *     this.#writer.close().then(() => this.#inbound.ended && this.#inbound.close(), () => {});
 *   }
 *
 *   destroy(): void {
 *     if (!this.#inbound.beginClosing()) return;
 *     this.#writable = false;
 *     this.#reader.cancel().catch(() => {});
 *     this.#writer.abort().catch(() => {});
 *     this.#inbound.close();
 *   }
 *
 *   pauseReading(): void {
 *     this.#inbound.pause();
 *   }
 *
 *   resumeReading(): void {
 *     this.#inbound.resume();
 *   }
 *
 *   #read(): void {
 *     this.#reader.read().then(({ done, value }) => {
 *       if (!done) return this.#inbound.data(value, true) && this.#read();
 *       this.#inbound.end();
 *       if (!this.#writable) this.#inbound.close();
 *     }, (error) => this.#inbound.close(error));
 *   }
 * }
 *
 * const server = new WSGIServer({
 *   adapter: memoryNetwork().adapter,
 *   wsgiApp(_environ, startResponse) {
 *     startResponse("200 OK", [["Content-Type", "text/plain"]]);
 *     return ["hello"];
 *   },
 * });
 * const request = new Blob(["GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"]);
 * const { readable, writable } = new TransformStream<Bytes, Bytes>();
 * new StreamSocket(request.stream(), writable, (socket) => server.accept(socket));
 * assertStringIncludes(await new Response(readable).text(), "hello");
 * await server.close();
 * ```
 *
 * @module
 */

export { type AddressError, dialError, formatAddress, ipAddress, listenError } from "./address.ts";
export { checkDial, checkListen } from "./adapter_calls.ts";
export { checkNames, checkOption, optionError } from "../coroutine/mod.ts";
export { BlockPool } from "./block_pool.ts";
export type { Files, OpenFile } from "./files.ts";
export {
  Inbound,
  type InboundHost,
  MAX_READ_AHEAD_BYTES,
  type OpenHandler,
  PROBE_INTERVAL_MS,
} from "./inbound.ts";
export { joinBytes } from "./join_bytes.ts";
export { decodeLatin1, encodeLatin1, latin1Bytes } from "./latin1.ts";
export { BLOCK_SIZE, type Latin1Writer, OutputQueue } from "./output_queue.ts";
export { type Pipe, PipedSocket, type PipeOptions } from "./piped_socket.ts";
export type {
  Adapter,
  Address,
  ByteSocket,
  ClientCertificateDemand,
  DiallingAdapter,
  InheritedListener,
  ListenAddress,
  ListenCertificate,
  Listener,
  ListenOptions,
  ListenTarget,
  ListenTLSOptions,
  Preamble,
  Socket,
  SocketHandler,
} from "./socket.ts";
export {
  addressGroups,
  addressOfGroups,
  type TrustedPeers,
  trustedPeers,
} from "./trusted_peers.ts";
export type { ProxyTLV, ProxyVersion } from "./proxy_protocol/header.ts";
