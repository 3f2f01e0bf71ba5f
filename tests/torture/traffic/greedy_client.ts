/**
 * A greedy client over TCP or TLS.
 *
 * @module
 */

import type { Socket } from "node:net";
import { joinBytes } from "../../../src/socket/mod.ts";
import type { GreedyKind } from "./greedy_kinds.ts";
import { dial, type Place } from "./traffic_clients.ts";

/** The size of a write. */
const BLOCK_BYTES = 65_536;

/** A client that sends as fast as the server takes its bytes, and reads all answers. */
export class GreedyClient {
  /** The bytes that the system has taken. */
  sentBytes = 0;
  /** The connections that the server has ended. */
  cut = 0;
  /** Resolves when the first connection is open. */
  readonly begun: Promise<void>;
  readonly #kind: GreedyKind;
  readonly #block: Uint8Array;
  readonly #place: Place;
  #socket: Socket | undefined;
  #hasLeft = false;
  #tellBegun: () => void = () => {};

  constructor(place: Place, kind: GreedyKind) {
    this.#place = place;
    this.#kind = kind;
    const { unit } = kind;
    const units = Math.ceil(BLOCK_BYTES / (unit?.length ?? BLOCK_BYTES));
    this.#block = unit === undefined
      ? new Uint8Array(0)
      : joinBytes(Array.from({ length: units }, () => unit));
    this.begun = new Promise((resolve) => this.#tellBegun = resolve);
    this.#open();
  }

  /** Ends the connection; one over TCP by a reset, so that the bytes which the server has not read are lost. */
  leave(): void {
    this.#hasLeft = true;
    if (this.#place.isEncrypted === true) this.#socket?.destroy();
    else this.#socket?.resetAndDestroy();
  }

  #open(): void {
    const { head, unit } = this.#kind;
    const isLasting = unit !== undefined;
    const socket = dial(this.#place, () => {
      this.#tellBegun();
      this.sentBytes += head.length;
      if (head !== "") socket.write(head);
      if (isLasting) this.#send(socket);
    });
    this.#socket = socket;
    socket.on("data", () => {
      if (!isLasting) socket.destroy();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      if (this.#hasLeft) return;
      if (isLasting) this.cut++;
      else this.#open();
    });
  }

  #send(socket: Socket): void {
    socket.write(this.#block, () => {
      this.sentBytes += this.#block.length;
      if (!this.#hasLeft && !socket.destroyed) this.#send(socket);
    });
  }
}
