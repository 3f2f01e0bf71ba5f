/**
 * The limit: our adapter, and a canned response for every request. Nothing is parsed: the first
 * blank line on a connection tells how long its requests are, and from then on bytes are counted.
 */

import { runtimeAdapter, type Socket, type SocketHandler } from "../../mod.ts";
import { HELLO } from "../workloads.ts";
import { announce } from "./control.ts";

const CANNED = [
  `HTTP/1.1 ${HELLO.status} OK`,
  `Content-Type: ${HELLO.contentType}`,
  `Date: ${new Date().toUTCString()}`,
  `Content-Length: ${HELLO.body.length}`,
  "",
  HELLO.body,
].join("\r\n");

/** What `count` requests are answered with, made once. */
const answers: string[] = [];

class CannedAnswers implements SocketHandler {
  readonly #socket: Socket;
  #requestLength = 0;
  /** Of requests that have not come wholly. */
  #pendingBytes = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  onData(bytes: Uint8Array): void {
    if (this.#requestLength === 0) this.#requestLength = firstRequestLength(bytes);
    const received = this.#pendingBytes + bytes.length;
    this.#pendingBytes = received % this.#requestLength;
    const count = (received - this.#pendingBytes) / this.#requestLength;
    if (count > 0) this.#socket.write(answers[count] ??= CANNED.repeat(count));
  }

  onEnd(): void {
    this.#socket.endWrite();
  }

  onDrain(): void {}

  onClose(): void {}
}

function firstRequestLength(bytes: Uint8Array): number {
  const end = new TextDecoder().decode(bytes).indexOf("\r\n\r\n");
  if (end < 0) throw new TypeError("The first request did not come in one piece");
  return end + 4;
}

const adapter = await runtimeAdapter();
const { address } = await adapter.listen(
  { host: "127.0.0.1", port: 0 },
  {},
  (socket) => new CannedAnswers(socket),
);
if (address.family === "unix") throw new TypeError("Asked for a port, got a path");
announce(address.port);
