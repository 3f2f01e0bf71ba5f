/**
 * The server's end of the connections under test: a handler that writes down what it hears.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Socket, SocketHandler } from "../../src/socket/socket.ts";

/** What a handler can hear. */
export type Heard = "data" | "end" | "drain" | "close";

/** A handler that records, and then does what a test adds to it. */
export class Recorder implements SocketHandler {
  readonly socket: Socket;
  readonly heard: Heard[] = [];
  readonly received: Uint8Array[] = [];
  /** How many bytes have come. */
  count = 0;
  error: Error | undefined;
  /** Called after each event was recorded; may throw, to see what that does. */
  react: (what: Heard) => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
  }

  onData(bytes: Uint8Array): void {
    this.received.push(bytes.slice());
    this.count += bytes.length;
    this.#record("data");
  }
  onEnd(): void {
    this.#record("end");
  }
  onDrain(): void {
    this.#record("drain");
  }
  onClose(error?: Error): void {
    this.error = error;
    this.#record("close");
  }

  /** Whether it heard `what`. */
  has(what: Heard): boolean {
    return this.heard.includes(what);
  }

  /** Asserts that the story ended as every story must. */
  assertClosedOnceAndLast(): void {
    assertEquals(this.heard.filter((what) => what === "close").length, 1, "onClose exactly once");
    assertEquals(this.heard.at(-1), "close", "onClose last");
    const end = this.heard.indexOf("end");
    if (end < 0) return;
    assertEquals(this.heard.lastIndexOf("end"), end, "onEnd at most once");
    assertEquals(this.heard.lastIndexOf("data") < end, true, "no onData after onEnd");
  }

  #record(what: Heard): void {
    this.heard.push(what);
    this.react(what);
  }
}
