/**
 * HTTP over a byte stream of your own. Here the stream is standard input and output, as `inetd` or
 * `ssh` connect them. The server only needs an object with the methods of `Socket`.
 *
 *     printf 'GET / HTTP/1.1\r\nHost: x\r\n\r\n' | node --import tsx examples/sockets/own_socket.ts
 */

import { Buffer } from "node:buffer";
import process from "node:process";
import { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { type Address, runtimeAdapter, type Socket, WSGIServer } from "../../mod.ts";
import { Inbound, type OpenHandler } from "../../src/socket/mod.ts";
import { hello } from "../hello.ts";

/**
 * A socket over a stream of Node. `Inbound` calls the server in order, holds bytes back while reading is
 * paused, and reports the end once.
 */
export class DuplexSocket implements Socket {
  readonly remote: Address = { family: "unix", path: "" };
  readonly local: Address = { family: "unix", path: "" };
  readonly encrypted = false;
  readonly #stream: Duplex;
  readonly #inbound = new Inbound({
    resumeSource: () => void this.#stream.resume(),
    destroy: () => this.destroy(),
    log: console.error,
  });

  constructor(stream: Duplex, open: OpenHandler) {
    this.#stream = stream;
    this.#inbound.start(open, this);
    stream.on("data", (bytes) => void (this.#inbound.data(bytes, false) || stream.pause()));
    stream.on("end", () => this.#inbound.end());
    stream.on("drain", () => this.#inbound.drain());
    stream.on("error", (error) => this.#inbound.close(error));
    stream.on("close", () => this.#inbound.close());
  }

  write(bytes: Uint8Array | string): boolean {
    if (!this.#stream.writable) return true;
    return this.#stream.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }

  endWrite = () => void this.#stream.end();
  destroy = () => void (this.#inbound.beginClosing() && this.#stream.destroy());
  pauseReading = () => this.#inbound.pause();
  resumeReading = () => this.#inbound.resume();
}

if (fileURLToPath(import.meta.url) === process.argv[1]) {
  const server = new WSGIServer({ wsgiApp: hello, adapter: await runtimeAdapter() });
  const pipes = { readable: process.stdin, writable: process.stdout };
  const stream = Duplex.from(pipes as never); // its type knows only web streams
  new DuplexSocket(stream, (socket) => server.accept(socket));
}
