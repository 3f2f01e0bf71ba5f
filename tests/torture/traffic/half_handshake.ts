/**
 * A client over TLS whose first message leaves in two halves.
 *
 * @module
 */

import { connect, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls, type TLSSocket } from "node:tls";

/** The bytes of the first message that leave at once. */
const FIRST_HALF_BYTES = 20;

/** A handshake that has begun. */
export class HalfHandshake {
  /** The text that has come until the end of the first response, or of the connection. */
  readonly answer: Promise<string>;
  readonly #raw: Socket;
  readonly #secure: TLSSocket;
  #held: Uint8Array[] | undefined = [];

  private constructor(raw: Socket) {
    this.#raw = raw;
    const between = new Duplex({
      read() {},
      write: (bytes: Uint8Array, _encoding, done) => {
        this.#send(bytes);
        done();
      },
    });
    raw.on("data", (bytes) => between.push(bytes));
    raw.on("close", () => between.push(null));
    raw.on("error", () => {});
    this.#secure = connectTls({ socket: between, rejectUnauthorized: false });
    this.answer = new Promise((resolve) => {
      let text = "";
      const end = () => {
        raw.destroy();
        resolve(text);
      };
      this.#secure.on("data", (bytes) => {
        text += String(bytes);
        if (text.includes("\r\n\r\n")) end();
      });
      this.#secure.on("error", end).on("close", end);
      raw.on("close", end);
    });
  }

  /** Connects, and sends the first half. */
  static begin(port: number): Promise<HalfHandshake> {
    return new Promise((resolve, reject) => {
      const raw = connect({ host: "127.0.0.1", port, noDelay: true }, () => {
        raw.off("error", reject);
        resolve(new HalfHandshake(raw));
      });
      raw.once("error", reject);
    });
  }

  /** Sends the second half, and a request after the handshake. */
  goOn(request: string): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const bytes of held) this.#raw.write(bytes);
    this.#secure.write(request);
  }

  #send(bytes: Uint8Array): void {
    if (this.#held === undefined) return void this.#raw.write(bytes);
    const half = this.#held.length === 0 ? FIRST_HALF_BYTES : 0;
    if (half > 0) this.#raw.write(bytes.subarray(0, half));
    this.#held.push(bytes.subarray(half));
  }
}
