/**
 * The adapter's end of the connections under test: a handler that records its events.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Socket, SocketHandler } from "../../src/socket/socket.ts";

/** The events of a handler. */
export type Heard = "data" | "end" | "drain" | "close";

/** A handler that records each event, and then calls the reaction of the test. */
export class Recorder implements SocketHandler {
  readonly socket: Socket;
  readonly heard: Heard[] = [];
  readonly received: Uint8Array[] = [];
  /** The number of bytes received. */
  count = 0;
  error: Error | undefined;
  /** The reaction of the test, called after each event was recorded. It may throw. */
  react: (event: Heard) => void = () => {};

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

  /** Whether an event was recorded. */
  has(event: Heard): boolean {
    return this.heard.includes(event);
  }

  /** Asserts that the events ended as they must. */
  assertClosedOnceAndLast(): void {
    assertEquals(this.heard.filter((event) => event === "close").length, 1, "onClose exactly once");
    assertEquals(this.heard.at(-1), "close", "onClose last");
    const end = this.heard.indexOf("end");
    if (end < 0) return;
    assertEquals(this.heard.lastIndexOf("end"), end, "onEnd at most once");
    assertEquals(this.heard.lastIndexOf("data") < end, true, "no onData after onEnd");
  }

  #record(event: Heard): void {
    this.heard.push(event);
    this.react(event);
  }
}
