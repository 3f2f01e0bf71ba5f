/**
 * One `Request` as a connection in memory, and its answer as a `Response`.
 *
 * The trap: bytes of a socket are valid only during `onData`, so they are copied.
 *
 * `to_fetch.ts` calls this.
 *
 * @module
 */

import { readResponseHead } from "../http/mod.ts";
import {
  decodeLatin1,
  joinBytes,
  latin1Bytes,
  type Socket,
  type SocketHandler,
} from "../socket/mod.ts";
import { OwnResponse } from "./own_response.ts";

/** Connects to the server. */
export type ConnectClient = (open: (socket: Socket) => SocketHandler) => Socket;

/** Connects to the server, and gives a function to be called at the end of the connection. */
type OpenConnection = (
  open: (socket: Socket) => SocketHandler,
) => readonly [socket: Socket, closed: () => void];

/** Responses that are at most this long, and tell so, are read before they are passed on. */
const MAX_WHOLE_BYTES = 65_536;

/**
 * Sends a request, and gives its response as soon as the head has come.
 *
 * @throws The reason of `request.signal`, if it aborts before; a TypeError, if the body was read already.
 */
export async function exchange(
  request: Request,
  url: URL,
  connect: OpenConnection,
): Promise<Response> {
  const { signal } = request;
  signal.throwIfAborted();
  const reader = readerOf(request);
  const length = request.headers.get("content-length");
  const head = headOf(request, url, reader !== undefined, length !== null);
  const client = new MemoryClient(request.method);
  const [socket, closed] = connect((opened) => client.open(opened));
  const leave = () => client.leave(signal.reason);
  signal.addEventListener("abort", leave, { once: true });
  const onClosed = () => {
    signal.removeEventListener("abort", leave);
    closed();
  };
  client.onClosed = onClosed;
  client.start(socket, head);
  if (reader !== undefined) void client.upload(reader, length);
  return await client.response;
}

/** Locks the body of a request; `undefined` for none. */
function readerOf(request: Request): ReadableStreamDefaultReader<unknown> | undefined {
  const { body } = request;
  if (request.bodyUsed || body?.locked === true) {
    throw new TypeError("The body of the request has been read or is locked: pass request.clone()");
  }
  return body?.getReader();
}

/** The fields that this connection has of its own. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  ...["connection", "expect", "host", "keep-alive", "proxy-connection", "te", "trailer"],
  ...["transfer-encoding", "upgrade"],
]);

function headOf(request: Request, url: URL, hasBody: boolean, hasLength: boolean): Uint8Array {
  const target = request.url.slice(url.origin.length).split("#", 1)[0] || "/";
  const lines = [
    `${request.method} ${target} HTTP/1.1`,
    `Host: ${request.headers.get("host") ?? url.host}`,
    "Connection: close",
  ];
  request.headers.forEach((value, name) => {
    if (OWN_FIELDS.has(name) || (name === "content-length" && !hasBody)) return;
    lines.push(`${name}: ${value}`);
  });
  if (hasBody && !hasLength) lines.push("Transfer-Encoding: chunked");
  return latin1Bytes(`${lines.join("\r\n")}\r\n\r\n`);
}

/** A piece of the body of a request, which must be bytes. */
function pieceOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  const kind = value === null ? "null" : typeof value;
  throw new TypeError(
    `The body of the request gave a piece of type ${kind}: expected a Uint8Array`,
  );
}

function wrongLength(kind: "more" | "fewer", length: string | null): TypeError {
  return new TypeError(
    `The body of the request has ${kind} bytes than its Content-Length ${length}`,
  );
}

/** The client's end of a connection. */
class MemoryClient {
  /** Called once, at the end of the connection. */
  onClosed: () => void = () => {};
  readonly response: Promise<Response>;
  readonly #method: string;
  #resolve!: (response: Response) => void;
  #reject!: (error: unknown) => void;
  #socket: Socket | undefined;
  /** The bytes of the head so far; `undefined` once the head has come. */
  #head: Uint8Array | undefined = new Uint8Array(0);
  /** The stream of the body, from the head to the end. */
  #body: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  /** The number of bytes that have not come, if the response tells its length. */
  #left = Infinity;
  /** The reason for which this client has left, and the server has not ended the connection. */
  #reason: unknown;
  #isClosed = false;
  /** Called when the socket has room again, or is closed. */
  #onRoom: (() => void) | undefined;
  #upload: ReadableStreamDefaultReader<unknown> | undefined;

  constructor(method: string) {
    this.#method = method;
    this.response = new Promise((...settle) => [this.#resolve, this.#reject] = settle);
  }

  /** Gives the handler of the connection. */
  open(_socket: Socket): SocketHandler {
    return {
      onData: (bytes) => this.#receive(bytes),
      onEnd: () => this.#end(),
      onDrain: () => this.#onRoom?.(),
      onClose: () => this.#close(),
    };
  }

  /** Sends the head. */
  start(socket: Socket, head: Uint8Array): void {
    this.#socket = socket;
    socket.write(head);
  }

  /**
   * Sends a body, as fast as the app takes it.
   *
   * @param reader The body.
   * @param length The Content-Length that the head has; `null` if the body is sent in chunks.
   */
  async upload(
    reader: ReadableStreamDefaultReader<unknown>,
    length: string | null,
  ): Promise<void> {
    this.#upload = reader;
    let bytesLeft = length === null ? Infinity : Number(length);
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (this.#isClosed) return;
        if (done) break;
        const piece = pieceOf(value);
        bytesLeft -= piece.length;
        if (bytesLeft < 0) throw wrongLength("more", length);
        if (piece.length > 0 && !this.#send(piece, length === null)) {
          await new Promise<void>((room) => this.#onRoom = room);
        }
      }
      if (length === null) this.#socket?.write(latin1Bytes("0\r\n\r\n"));
      else if (bytesLeft > 0) throw wrongLength("fewer", length);
    } catch (error) {
      this.leave(error);
    }
  }

  /** Sends a piece of the body. Gives whether the socket has room for another one. */
  #send(piece: Uint8Array, isChunk: boolean): boolean {
    if (isChunk) this.#socket?.write(latin1Bytes(`${piece.length.toString(16)}\r\n`));
    let hasRoom = this.#socket?.write(piece);
    if (isChunk) hasRoom = this.#socket?.write(latin1Bytes("\r\n"));
    return hasRoom !== false;
  }

  /** Ends the connection, as a client that leaves. */
  leave(reason: unknown): void {
    if (this.#isClosed) return;
    this.#reason = reason ?? new DOMException("The client has left", "AbortError");
    this.#socket?.destroy();
    this.#close();
  }

  #receive(bytes: Uint8Array): void {
    if (this.#head === undefined) return this.#give(new Uint8Array(bytes));
    const head = joinBytes([this.#head, bytes]);
    const text = decodeLatin1(head, 0, head.length);
    const end = text.indexOf("\r\n\r\n");
    this.#head = end < 0 ? head : undefined;
    if (end < 0) return;
    try {
      this.#begin(text.slice(0, end));
    } catch (error) {
      return this.leave(error);
    }
    if (end + 4 < head.length) this.#give(head.slice(end + 4));
  }

  /** The head has come. */
  #begin(head: string): void {
    const { status, reason: statusText, fields } = readResponseHead(head);
    const headers = new Headers();
    for (const [name, value] of fields) {
      if (!OWN_FIELDS.has(name.toLowerCase())) headers.append(name, value);
    }
    const init = { status, statusText, headers };
    const hasBody = this.#method !== "HEAD" && ![204, 205, 304].includes(status);
    const length = headers.get("content-length");
    if (hasBody && length !== null) this.#left = Number(length);
    const isEmpty = !hasBody || this.#left === 0;
    if (isEmpty) return this.#resolve(new OwnResponse(hasBody ? "" : null, init));
    const body = this.#stream();
    if (this.#left > MAX_WHOLE_BYTES) return this.#resolve(new OwnResponse(body, init));
    new OwnResponse(body).arrayBuffer().then(
      (whole) => this.#resolve(new OwnResponse(whole, init)),
      this.#reject,
    );
  }

  #stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream({
      start: (controller) => void (this.#body = controller),
      pull: () => this.#socket?.resumeReading(),
      cancel: (reason) => {
        this.#body = undefined;
        this.leave(reason);
      },
    });
  }

  #give(bytes: Uint8Array<ArrayBuffer>): void {
    const body = this.#body;
    if (body === undefined) return;
    this.#left -= bytes.length;
    body.enqueue(bytes);
    if ((body.desiredSize ?? 0) <= 0) this.#socket?.pauseReading();
  }

  /** The server has sent all bytes. */
  #end(): void {
    if (this.#left === Infinity || this.#left === 0) {
      this.#body?.close();
      this.#body = undefined;
    }
    this.#socket?.endWrite();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const error = this.#reason ?? new TypeError("The app has failed in the middle of its response");
    this.#reject(error);
    this.#body?.error(error);
    this.#body = undefined;
    this.#onRoom?.();
    this.#upload?.cancel().catch(() => {});
    this.onClosed();
  }
}
