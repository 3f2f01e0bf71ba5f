/**
 * DEFLATE (RFC 1951) that can be flushed, made of `CompressionStream`, which cannot be flushed.
 *
 * Each piece is compressed alone. The final block of the result is then marked as not final, so that other
 * pieces can follow. Any sequence of such pieces, ended by {@linkcode LAST_BLOCK}, is one DEFLATE stream, and
 * a client can decompress each piece when it arrives. The price is some compression, because no piece
 * refers to an earlier one.
 *
 * The trap: the padding after a piece depends on the number of used bits in its last byte, and only
 * decompression shows that number. So each possible padding is tried, and the result is decompressed again. If
 * no padding gives the original bytes, the piece is sent uncompressed, in a stored block.
 *
 * Called by `GzipEncoder`.
 *
 * @module
 */

/** The used part of the web's `CompressionStream` and `DecompressionStream`. */
interface ByteTransform {
  readonly readable: {
    getReader(): { read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array }> };
  };
  readonly writable: {
    getWriter(): { write(bytes: Uint8Array): Promise<void>; close(): Promise<void> };
  };
}

/** Bounds a piece so that zlib makes one block of it: zlib begins another block after 16,383 bytes. */
export const MAX_PIECE_BYTES = 16_000;
/** An empty final block, with its padding: the end of the stream. */
export const LAST_BLOCK: Uint8Array = Uint8Array.of(0x03, 0x00);

/** An empty stored block without its header: its length and the complement of that (RFC 1951 §3.2.4). */
const EMPTY_STORED: readonly number[] = [0x00, 0x00, 0xff, 0xff];
/** The header of an empty stored block, three zero bits, ends the last byte of a piece or begins another. */
const PADDINGS: readonly (readonly number[])[] = [EMPTY_STORED, [0x00, ...EMPTY_STORED]];

/**
 * Compresses one piece.
 *
 * @param bytes From 1 to {@linkcode MAX_PIECE_BYTES} bytes.
 * @returns A part of a DEFLATE stream, in whole bytes; other pieces may precede and follow.
 */
export async function deflatePiece(bytes: Uint8Array): Promise<Uint8Array> {
  const packed = await transform(
    new CompressionStream("deflate-raw") as unknown as ByteTransform,
    bytes,
  );
  for (const piece of unfinished(packed)) {
    if (piece.length < bytes.length && await inflatesTo(piece, bytes)) return piece;
  }
  return stored(bytes);
}

/** The streams without an end that a finished stream may become. */
function unfinished(packed: Uint8Array): Uint8Array[] {
  const isFlushed = endsWith(packed, [...EMPTY_STORED, ...LAST_BLOCK]);
  if (isFlushed) return [packed.subarray(0, packed.length - LAST_BLOCK.length)];
  const piece = packed.slice();
  piece[0] = (piece[0] as number) & 0xfe; // BFINAL of the only block (RFC 1951 §3.2.3)
  return PADDINGS.map((padding) => joined([piece, Uint8Array.from(padding)]));
}

async function inflatesTo(piece: Uint8Array, bytes: Uint8Array): Promise<boolean> {
  try {
    const inflater = new DecompressionStream("deflate-raw") as unknown as ByteTransform;
    const read = await transform(inflater, joined([piece, LAST_BLOCK]));
    return isSame(read, bytes);
  } catch {
    return false;
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}

/** A stored block, which is not the last one (RFC 1951 §3.2.4). */
function stored(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  const header = [0x00, length & 0xff, length >> 8, ~length & 0xff, ~length >> 8 & 0xff];
  return joined([Uint8Array.from(header), bytes]);
}

async function transform(stream: ByteTransform, bytes: Uint8Array): Promise<Uint8Array> {
  const writer = stream.writable.getWriter();
  // An error of the stream also rejects the reads below.
  writer.write(bytes).then(() => writer.close()).catch(() => {});
  const reader = stream.readable.getReader();
  const parts: Uint8Array[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return joined(parts);
    if (value !== undefined) parts.push(value);
  }
}

function endsWith(bytes: Uint8Array, end: readonly number[]): boolean {
  const from = bytes.length - end.length;
  return from >= 0 && end.every((byte, at) => bytes[from + at] === byte);
}

/** Copies arrays into one. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
