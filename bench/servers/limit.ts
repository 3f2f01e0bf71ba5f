/**
 * The limit: our adapter, and a ready response for every request. Requests are not parsed: the
 * first head on a connection gives the length of its requests, and from then on bytes are counted.
 *
 * @module
 */

import { runtimeAdapter, type Socket, type SocketHandler } from "../../mod.ts";
import {
  type Answer,
  DOWNLOAD_100M,
  DOWNLOAD_1M,
  downloadBlock,
  ECHO,
  HELLO,
  STREAM,
  STREAM_BLOCKS,
  UPLOAD,
} from "../workloads/content.ts";
import { announce, askedApp, counter } from "./control.ts";

const answer = askedApp<Answer>({
  hello: HELLO,
  stream: STREAM,
  echo: ECHO,
  upload: UPLOAD,
  download1m: DOWNLOAD_1M,
  download100m: DOWNLOAD_100M,
});
const block = downloadBlock();

function canned({ contentType, body, chunked, repeats = 1 }: Answer): string {
  const framing = chunked
    ? "Transfer-Encoding: chunked"
    : `Content-Length: ${body.length * repeats}`;
  const fields = [`Content-Type: ${contentType}`, `Date: ${new Date().toUTCString()}`, framing];
  const head = ["HTTP/1.1 200 OK", ...fields, "", ""].join("\r\n");
  if (repeats > 1) return head;
  return head + (chunked ? chunks(STREAM_BLOCKS) : body);
}

function chunks(blocks: readonly string[]): string {
  return [...blocks, ""].map((text) => `${text.length.toString(16)}\r\n${text}\r\n`).join("");
}

const CANNED = canned(answer);
/** The response to a request with `Connection: close`, which must announce the end. */
const CANNED_CLOSING = CANNED.replace("\r\n", "\r\nConnection: close\r\n");
/** The number of blocks after a canned head; 0 if the head contains the body. */
const BLOCKS = answer.repeats ?? 0;
/** The joined responses to `count` requests, by count. Each is made once. */
const answers: string[] = [];

class CannedAnswers implements SocketHandler {
  readonly #socket: Socket;
  #requestLength = 0;
  /** The bytes of a request that is not complete. */
  #pendingBytes = 0;
  #blocksLeft = 0;
  #closing = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  onData(bytes: Uint8Array): void {
    if (this.#requestLength === 0) this.#readFirstHead(bytes);
    const received = this.#pendingBytes + bytes.length;
    this.#pendingBytes = received % this.#requestLength;
    const count = (received - this.#pendingBytes) / this.#requestLength;
    if (count === 0) return;
    counter.served += count;
    if (this.#closing) {
      this.#socket.write(CANNED_CLOSING);
      return this.#socket.endWrite();
    }
    this.#socket.write(answers[count] ??= CANNED.repeat(count));
    if (BLOCKS === 0) return;
    this.#blocksLeft += BLOCKS;
    this.onDrain();
  }

  #readFirstHead(bytes: Uint8Array): void {
    const text = new TextDecoder().decode(bytes);
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) throw new TypeError("The first head did not come in one piece");
    const length = /^Content-Length: *(\d+)/im.exec(text.slice(0, end))?.[1] ?? 0;
    this.#requestLength = end + 4 + Number(length);
    this.#closing = /^Connection: *close/im.test(text.slice(0, end));
  }

  onEnd(): void {
    this.#socket.endWrite();
  }

  onDrain(): void {
    while (this.#blocksLeft > 0) {
      this.#blocksLeft--;
      if (!this.#socket.write(block)) return;
    }
  }

  onClose(): void {
    this.#blocksLeft = 0;
  }
}

const adapter = await runtimeAdapter();
const { address } = await adapter.listen(
  { host: "127.0.0.1", port: 0 },
  {},
  (socket) => new CannedAnswers(socket),
);
if (address.family === "unix") throw new TypeError("Asked for a port, got a path");
announce(address.port);
