/**
 * The gzip format (RFC 1952) around pieces that were compressed.
 *
 * @module
 */

import { deflatePiece, joined, LAST_BLOCK, MAX_PIECE } from "./deflate_piece.ts";

/** No name, no time, no operating system. */
const HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);

/** How many pieces are compressed side by side: runtimes do it in threads. */
const AT_ONCE = 8;

/** Bytes in; gzip out, as much as there is whenever somebody asks. */
export class GzipEncoder {
  #parts: Uint8Array[] = [];
  #size = 0;
  #crc = 0;
  #total = 0;
  #begun = false;

  /** How many bytes came since the last flush. */
  get size(): number {
    return this.#size;
  }

  /** Takes bytes. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#parts.push(bytes);
    this.#size += bytes.length;
  }

  /** Gives back, as they came, what nothing has been made of. */
  takePlain(): Uint8Array {
    const bytes = joined(this.#parts);
    this.#parts = [];
    this.#size = 0;
    return bytes;
  }

  /** Encodes all that came; what it gives can be decoded without what follows. */
  async flush(): Promise<Uint8Array> {
    const bytes = this.takePlain();
    const pieces: Uint8Array[] = this.#begun ? [] : [HEADER];
    this.#begun = true;
    this.#crc = crc32(bytes, this.#crc);
    this.#total += bytes.length;
    for (let at = 0; at < bytes.length; at += AT_ONCE * MAX_PIECE) {
      const batch = bytes.subarray(at, at + AT_ONCE * MAX_PIECE);
      pieces.push(...await Promise.all(piecesOf(batch).map(deflatePiece)));
    }
    return joined(pieces);
  }

  /** Encodes the rest, and ends. */
  async end(): Promise<Uint8Array> {
    const rest = await this.flush();
    return joined([rest, LAST_BLOCK, littleEndian(this.#crc), littleEndian(this.#total)]);
  }
}

function piecesOf(bytes: Uint8Array): Uint8Array[] {
  const length = Math.ceil(bytes.length / MAX_PIECE);
  return Array.from({ length }, (_, n) => bytes.subarray(n * MAX_PIECE, (n + 1) * MAX_PIECE));
}

/** Four bytes; of a longer number the lowest, as RFC 1952 has the size. */
function littleEndian(number: number): Uint8Array {
  const low = number % 2 ** 32;
  return Uint8Array.of(low, low >>> 8, low >>> 16, low >>> 24);
}

const TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >>> 1 ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** RFC 1952 §8. */
function crc32(bytes: Uint8Array, before: number): number {
  let crc = ~before;
  for (let at = 0; at < bytes.length; at++) {
    crc = TABLE[(crc ^ bytes[at] as number) & 0xff] as number ^ crc >>> 8;
  }
  return ~crc >>> 0;
}
