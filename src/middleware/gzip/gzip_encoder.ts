/**
 * The gzip format (RFC 1952): a header, compressed pieces, and an end with the checksum and the length.
 *
 * Called by the stage of `gzip`.
 *
 * @module
 */

import { deflatePiece, joined, LAST_BLOCK, MAX_PIECE_BYTES } from "./deflate_piece.ts";

/** The header without a name, a time and an operating system. */
const HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);

/** Bounds the pieces that are compressed at the same time, each in a thread of the runtime. */
const MAX_PARALLEL_PIECES = 8;

/** Turns blocks of one body into gzip, a flush at a time. */
export class GzipEncoder {
  /** The blocks since the last flush. */
  #parts: Uint8Array[] = [];
  #pendingBytes = 0;
  /** The checksum of all flushed bytes, before compression. */
  #crc = 0;
  /** The length of all flushed bytes, before compression. */
  #totalBytes = 0;
  /** Whether the header has been given; true from the first flush on. */
  #begun = false;

  /** The length of the blocks since the last flush. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Adds a block. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#parts.push(bytes);
    this.#pendingBytes += bytes.length;
  }

  /** Takes the pending blocks back, uncompressed. */
  takePlain(): Uint8Array {
    const bytes = joined(this.#parts);
    this.#parts = [];
    this.#pendingBytes = 0;
    return bytes;
  }

  /** Compresses the pending blocks. The client can decompress the result without any later byte. */
  async flush(): Promise<Uint8Array> {
    const bytes = this.takePlain();
    const pieces: Uint8Array[] = this.#begun ? [] : [HEADER];
    this.#begun = true;
    this.#crc = crc32(bytes, this.#crc);
    this.#totalBytes += bytes.length;
    for (let at = 0; at < bytes.length; at += MAX_PARALLEL_PIECES * MAX_PIECE_BYTES) {
      const batch = bytes.subarray(at, at + MAX_PARALLEL_PIECES * MAX_PIECE_BYTES);
      pieces.push(...await Promise.all(piecesOf(batch).map(deflatePiece)));
    }
    return joined(pieces);
  }

  /** Compresses the pending blocks and ends the stream. */
  async end(): Promise<Uint8Array> {
    const rest = await this.flush();
    return joined([rest, LAST_BLOCK, littleEndian(this.#crc), littleEndian(this.#totalBytes)]);
  }
}

function piecesOf(bytes: Uint8Array): Uint8Array[] {
  const length = Math.ceil(bytes.length / MAX_PIECE_BYTES);
  return Array.from({ length }, (_, n) => {
    return bytes.subarray(n * MAX_PIECE_BYTES, (n + 1) * MAX_PIECE_BYTES);
  });
}

/** The lowest four bytes of a number: RFC 1952 gives the length modulo 2^32. */
function littleEndian(number: number): Uint8Array {
  const low = number % 2 ** 32;
  return Uint8Array.of(low, low >>> 8, low >>> 16, low >>> 24);
}

/** The checksum of each byte, as RFC 1952 §8 builds it. */
const CRC_TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >>> 1 ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** The CRC-32 of bytes that follow bytes with the CRC-32 `before` (RFC 1952 §8). */
function crc32(bytes: Uint8Array, before: number): number {
  let crc = ~before;
  for (let at = 0; at < bytes.length; at++) {
    crc = CRC_TABLE[(crc ^ bytes[at] as number) & 0xff] as number ^ crc >>> 8;
  }
  return ~crc >>> 0;
}
