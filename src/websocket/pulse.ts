/**
 * The signs of life of a client: Pings and Pongs in both directions.
 *
 * A client that has sent nothing for a time gets a Ping, and one that does not answer is gone. While reading
 * pauses, an answer could not be read, so no client is taken for gone then.
 *
 * The connection calls this.
 *
 * @module
 */

import type { Abort, Clock, Resume } from "../coroutine/mod.ts";
import { encodeFrame } from "./codec/frame_writer.ts";
import { DeadlineLine, type LineMember } from "./deadline_line.ts";
import type { FrameOutput } from "./frame_output.ts";
import { type Waiting, WaitLine } from "./wait_line.ts";

/** The connection of a pulse. */
export interface PulseHost {
  readonly clock: Clock;
  readonly settings: { readonly pingIntervalMs: number; readonly pingTimeoutMs: number };
  readonly output: FrameOutput;
  /** Whether reading pauses. */
  readonly isPaused: boolean;
  /** The client has not answered a Ping in time. */
  pulseLost(): void;
}

/** A Ping that waits for its Pong. */
interface Pinger extends Waiting<void> {
  readonly id: number;
}

/** The pulse of one client. */
export class Pulse implements LineMember {
  dueMs = 0;
  readonly #host: PulseHost;
  /** The line for the next Ping, or for the answer to it; `undefined` if there is no deadline. */
  #line: DeadlineLine | undefined;
  /** Whether the line is that of the answer to a Ping. */
  #isPinged = false;
  /** Whether the client has shown a sign of life since the deadline was set. */
  #isAlive = false;
  #lastPing = 0;
  #pingers: WaitLine<void, Pinger> | undefined;
  /** The payload of the last Ping that was not answered, because the socket was full. */
  #owedPong: Uint8Array | undefined;

  constructor(host: PulseHost) {
    this.#host = host;
    this.#awaitLife();
  }

  /** The client has shown a sign of life: its bytes, or room for those of the server. */
  beat(): void {
    this.#isAlive = true;
  }

  /** Sends a Ping of the app, and begins to wait for its Pong. */
  ping(resume: Resume<void>): Abort {
    const abort = (this.#pingers ??= new WaitLine()).add({ id: ++this.#lastPing, resume });
    this.#writePing();
    return abort;
  }

  /** Answers a Ping of the client. RFC 6455 §5.5.3: of several Pings, the last one may be answered alone. */
  answer(data: Uint8Array): void {
    const { output } = this.#host;
    if (output.isFull) this.#owedPong = data;
    else output.write(encodeFrame("pong", data));
  }

  /** Sends the Pong that the server owes. */
  sendOwedPong(): void {
    if (this.#owedPong !== undefined) this.#host.output.write(encodeFrame("pong", this.#owedPong));
    this.#owedPong = undefined;
  }

  /** Takes a Pong. It answers the Pings before as well (RFC 6455 §5.5.3). */
  takePong(data: Uint8Array): void {
    if (data.length !== 4) return;
    const id = new DataView(data.buffer, data.byteOffset).getUint32(0);
    if (id > this.#lastPing) return;
    for (let first; (first = this.#pingers?.first) !== undefined && first.id <= id;) {
      this.#pingers?.shift();
      first.resume.value();
    }
  }

  /** Ends the waits for Pongs with an error. */
  failWaiting(makeError: () => Error): void {
    for (const { resume } of this.#pingers?.takeAll() ?? []) resume.error(makeError());
  }

  /** Waits for no sign of life any more. */
  stop(): void {
    this.#line?.leave(this);
    this.#line = undefined;
  }

  /** See {@linkcode LineMember}: there was no Ping, or no answer to it, for the time of the line. */
  deadlineOver(): void {
    this.#line = undefined;
    const { isPaused, output, settings } = this.#host;
    if (this.#isAlive || isPaused) return this.#awaitLife();
    if (this.#isPinged) return this.#host.pulseLost();
    ++this.#lastPing;
    if (!output.isFull) this.#writePing();
    this.#isPinged = true;
    this.#joinLine(settings.pingTimeoutMs);
  }

  #awaitLife(): void {
    this.#isAlive = false;
    this.#isPinged = false;
    this.#joinLine(this.#host.settings.pingIntervalMs);
  }

  #joinLine(delayMs: number): void {
    if (delayMs !== Infinity) this.#line = DeadlineLine.join(this.#host.clock, delayMs, this);
  }

  #writePing(): void {
    const id = new DataView(new ArrayBuffer(4));
    id.setUint32(0, this.#lastPing);
    this.#host.output.write(encodeFrame("ping", new Uint8Array(id.buffer)));
  }
}
