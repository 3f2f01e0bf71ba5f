/**
 * A client's connection in the thread of an app, for `--reload`: a socket of messages.
 *
 * The trap: a request may be on its way when the thread gives up an idle connection. So `move` asks the
 * server to end the connection, and if the server does so at once, reports the connection as moved in
 * place of ending it. The bytes that have come before were served by then, and the later ones are not
 * sent to this thread.
 *
 * A connection with a request stays. If its response has told nothing of an end, as one that began before, a
 * further request may be on its way when the server ends the connection. So the socket says `leave` in place of
 * the end, gives back what comes, and has moved once the command has answered `left`.
 *
 * `thread_server.ts` makes one for each message `open`.
 *
 * @module
 */

import type { WSGIConnection } from "../../server/mod.ts";
import { type Address, Inbound, type OpenHandler, type Socket } from "../../socket/mod.ts";
import { costOf, type FromThread, type ToThread, WINDOW_BYTES } from "./messages.ts";

/** Posts a message to the command. */
export type Post = (message: FromThread) => void;

/** The socket of one connection. */
export class PortSocket implements Socket {
  readonly remote: Address;
  readonly local: Address;
  readonly encrypted: boolean;
  clientCertificate: Uint8Array | undefined;
  readonly #id: number;
  readonly #post: Post;
  readonly #inbound: Inbound;
  /** The cost of the pieces that the server has not taken yet. */
  #untaken = 0;
  /** The written bytes that the client's socket has not taken yet. */
  #unsent = 0;
  /** Whether `write` has returned `false`, and `onDrain` is due. */
  #drainDue = false;
  /**
   * `moving` while the server is asked to end the connection, and `moved` if it does so; `leaving` from `leave`
   * to `left`.
   */
  #state: "open" | "moving" | "leaving" | "moved" | "ended" = "open";
  /** The connection that is asked at its end whether it leaves; none before the thread retires. */
  #retiring: Pick<WSGIConnection, "endsUnannounced"> | undefined;

  constructor(
    { id, remote, local, encrypted }: ToThread & { type: "open" },
    post: Post,
    log: (line: string) => void,
  ) {
    this.#id = id;
    this.remote = remote;
    this.local = local;
    this.encrypted = encrypted;
    this.#post = post;
    this.#inbound = new Inbound({
      resumeSource: () => this.#take(),
      destroy: () => this.destroy(),
      log,
    });
  }

  /** Whether the client's socket may still have to take bytes. */
  get holdsBytes(): boolean {
    return this.#unsent > 0;
  }

  /** Begins to serve the connection. */
  open(open: OpenHandler): void {
    this.#inbound.start(open, this);
  }

  write(data: Uint8Array | string): boolean {
    if ((this.#state !== "open" && this.#state !== "moving") || data.length === 0) return true;
    // A copy, because the message moves the memory of its array. `slice` of a Buffer makes none.
    const bytes = typeof data === "string" ? data : new Uint8Array(data);
    this.#unsent += bytes.length;
    this.#post({ type: "write", id: this.#id, bytes });
    return !(this.#drainDue = this.#unsent >= WINDOW_BYTES);
  }

  endWrite(): void {
    this.#end("endWrite");
  }

  destroy(): void {
    this.#destroy("destroy");
  }

  reset(): void {
    this.#destroy("reset");
  }

  pauseReading(): void {
    this.#inbound.pause();
  }

  resumeReading(): void {
    this.#inbound.resume();
  }

  /** Takes an event of the client's socket. */
  receive(message: ToThread): void {
    if (this.#state === "leaving") return this.#giveBack(message);
    switch (message.type) {
      case "certificate":
        this.clientCertificate = message.bytes;
        break;
      case "data":
        this.#untaken += costOf(message.bytes);
        if (this.#inbound.data(message.bytes, true)) this.#take();
        break;
      case "end":
        this.#inbound.end();
        break;
      case "took":
        this.#unsent -= message.size;
        if (this.#drainDue && this.#unsent < WINDOW_BYTES) {
          this.#drainDue = false;
          this.#inbound.drain();
        }
        break;
      case "close":
        this.#inbound.close(message.error === undefined ? undefined : new Error(message.error));
    }
  }

  /**
   * Gives the connection back, if it is between two requests; otherwise after its requests.
   *
   * @param connection The handler of this socket.
   * @returns Whether the server has forgotten the connection.
   */
  move(connection: Pick<WSGIConnection, "idle" | "retire" | "endsUnannounced">): boolean {
    this.#retiring = connection;
    if (this.#state !== "open" || this.#inbound.ended || !connection.idle) return false;
    this.#state = "moving";
    connection.retire();
    const isMoved = (this.#state as string) === "moved";
    if (isMoved) this.#inbound.close();
    else this.#state = "open";
    return isMoved;
  }

  #giveBack(message: ToThread): void {
    if (message.type === "data") this.#post({ type: "back", id: this.#id, bytes: message.bytes });
    else if (message.type === "end") this.#post({ type: "back", id: this.#id, bytes: undefined });
    else if (message.type === "left") {
      this.#state = "moved";
      this.#post({ type: "moved", id: this.#id });
    } else if (message.type === "close") this.#state = "ended";
    // The server waits for the end of the connection until now, so that its thread goes on.
    if (this.#state !== "leaving") this.#inbound.close();
  }

  #take(): void {
    this.#post({ type: "took", id: this.#id, size: this.#untaken });
    this.#untaken = 0;
  }

  #destroy(type: "destroy" | "reset"): void {
    if (this.#state === "leaving") return; // the end of the connection follows with `left`
    if (!this.#inbound.beginClosing()) return;
    this.#end(type);
    this.#inbound.close();
  }

  #end(type: "endWrite" | "destroy" | "reset"): void {
    if (this.#state === "moving") this.#state = "moved";
    else if (this.#state === "open" && this.#retiring?.endsUnannounced && !this.#inbound.ended) {
      this.#state = "leaving";
      this.#post({ type: "leave", id: this.#id });
    } else if (this.#state === "open" || (this.#state === "ended" && type !== "endWrite")) {
      this.#state = "ended";
      this.#post({ type, id: this.#id });
    }
  }
}
