/**
 * A client's connection in the command, for `--reload`: passes its events to the thread that serves it.
 *
 * The connection outlives the versions of the app. While its thread gives up its connections, the events
 * are held. They then go to the thread that serves the connection from now on, so that no byte is lost.
 *
 * `app_versions.ts` makes one for each connection that a listener accepts.
 *
 * @module
 */

import type { Socket, SocketHandler } from "../../socket/mod.ts";
import { costOf, type FromThread, type ToThread, WINDOW_BYTES } from "./messages.ts";

/** The thread of a version of the app, as a connection sees it. */
export interface Server {
  readonly relays: Map<number, Relay>;
  post(message: ToThread): void;
}

/** The connection of one client. */
export class Relay implements SocketHandler {
  readonly id: number;
  readonly #socket: Socket;
  #server: Server | undefined;
  /** The events that no thread has got yet; `undefined` if each event goes to the thread at once. */
  #held: ToThread[] | undefined = [];
  /** The events that the last thread has given back. */
  readonly #givenBack: ToThread[] = [];
  /** The bytes of the client that are on their way to the server. */
  #unread = 0;
  /** The bytes of the server that the socket has not taken yet. */
  #unsent = 0;
  #closed = false;
  /** Becomes true with the first bytes. */
  #hasData = false;

  constructor(id: number, socket: Socket) {
    this.id = id;
    this.#socket = socket;
  }

  onData(bytes: Uint8Array): void {
    // The certificate of the client is known when the handshake is over.
    if (!this.#hasData) this.#tellCertificate();
    this.#unread += costOf(bytes);
    if (this.#unread >= WINDOW_BYTES) this.#socket.pauseReading();
    // `slice` of a Buffer makes no copy, and the message moves the memory of its array to the thread.
    this.#tell({ type: "data", id: this.id, bytes: new Uint8Array(bytes) });
  }

  onEnd(): void {
    this.#tell({ type: "end", id: this.id });
  }

  onDrain(): void {
    this.#tell({ type: "took", id: this.id, size: this.#unsent });
    this.#unsent = 0;
  }

  onClose(error?: Error): void {
    this.#closed = true;
    this.#tell({ type: "close", id: this.id, error: error?.message });
    // A thread that retires gets the held events once it has given up its other connections.
    if (this.#held === undefined) this.#server?.relays.delete(this.id);
  }

  /** Holds the events from now on. */
  hold(): void {
    this.#held ??= [];
  }

  /** Passes the held events, and all later ones, to a thread. */
  attach(server: Server): void {
    const isNew = this.#server !== server;
    this.#server?.relays.delete(this.id);
    if (isNew && this.#closed) return;
    this.#server = server;
    if (!this.#closed) server.relays.set(this.id, this);
    const held = [...this.#givenBack.splice(0), ...this.#held ?? []];
    this.#held = undefined;
    const { remote, local, encrypted } = this.#socket;
    if (isNew) server.post({ type: "open", id: this.id, remote, local, encrypted });
    const hasCertificate = held.some(({ type }) => type === "certificate");
    if (isNew && this.#hasData && !hasCertificate) this.#tellCertificate();
    // A new server has sent nothing yet that the client could take.
    if (isNew) this.#unsent = 0;
    for (const message of held) if (!isNew || message.type !== "took") server.post(message);
  }

  /** Passes a call of the server on to the socket. */
  receive(message: FromThread): void {
    switch (message.type) {
      case "write":
        this.#unsent += message.bytes.length;
        if (this.#socket.write(message.bytes)) this.onDrain();
        break;
      case "took":
        this.#unread -= message.size;
        if (this.#unread < WINDOW_BYTES) this.#socket.resumeReading();
        break;
      case "endWrite":
        this.#socket.endWrite();
        break;
      case "reset":
        this.cut();
        break;
      case "back": {
        const { id } = this;
        const { bytes } = message;
        this.#givenBack.push(
          bytes === undefined ? { type: "end", id } : { type: "data", id, bytes },
        );
        break;
      }
      case "destroy":
        this.#socket.destroy();
    }
  }

  /** Closes the connection so that the client notices that a response is not whole. */
  cut(): void {
    if (this.#socket.reset === undefined) this.#socket.destroy();
    else this.#socket.reset();
  }

  #tellCertificate(): void {
    this.#hasData = true;
    const { clientCertificate } = this.#socket;
    if (clientCertificate === undefined) return;
    this.#tell({ type: "certificate", id: this.id, bytes: new Uint8Array(clientCertificate) });
  }

  #tell(message: ToThread): void {
    if (this.#held !== undefined) this.#held.push(message);
    else this.#server?.post(message);
  }
}
