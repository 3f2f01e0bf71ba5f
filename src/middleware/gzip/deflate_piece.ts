/**
 * Compression that can be flushed, made of `CompressionStream`, which cannot.
 *
 * Each piece is compressed alone, and its last block is made one that others may follow. A DEFLATE
 * stream (RFC 1951) of any such pieces, ended by {@linkcode LAST_BLOCK}, is a stream of all their
 * bytes, and each piece can be read as soon as it is there. That costs some compression, as no piece
 * refers to an earlier one.
 *
 * How the end of a piece must be padded depends on how many bits of its last byte are used, which only
 * decompressing tells. So what is made is decompressed again; where that does not give back what went
 * in, the bytes are sent as they are, in a stored block.
 *
 * @module
 */

/** A transform of the web's streams, as far as it is used here. */
interface ByteTransform {
  readonly readable: {
    getReader(): { read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array }> };
  };
  readonly writable: {
    getWriter(): { write(bytes: Uint8Array): Promise<void>; close(): Promise<void> };
  };
}

/** A piece of this many bytes is one block with every encoder: zlib begins a new one at 16,383. */
export const MAX_PIECE = 16_000;
/** An empty block that ends the stream. */
export const LAST_BLOCK: Uint8Array = Uint8Array.of(0x03, 0x00);

/** The length of an empty stored block, after its header and the padding to a whole byte. */
const EMPTY_STORED: readonly number[] = [0x00, 0x00, 0xff, 0xff];
/** Its header of three bits fits into what is left of the last byte, or begins a new one. */
const PADDINGS: readonly (readonly number[])[] = [EMPTY_STORED, [0x00, ...EMPTY_STORED]];

/**
 * Compresses some bytes.
 *
 * @param bytes At most {@linkcode MAX_PIECE} bytes, and at least one.
 * @returns Whole bytes of a DEFLATE stream that others may precede and follow.
 */
export async function deflatePiece(bytes: Uint8Array): Promise<Uint8Array> {
  const packed = await transform(
    new CompressionStream("deflate-raw") as unknown as ByteTransform,
    bytes,
  );
  for (const open of reopened(packed)) {
    if (open.length < bytes.length && await holds(open, bytes)) return open;
  }
  return stored(bytes);
}

/** The ways in which a finished stream may become one that goes on. */
function reopened(packed: Uint8Array): Uint8Array[] {
  const isFlushed = endsWith(packed, [...EMPTY_STORED, ...LAST_BLOCK]);
  if (isFlushed) return [packed.subarray(0, packed.length - LAST_BLOCK.length)];
  const open = packed.slice();
  open[0] = (open[0] as number) & 0xfe; // the first block is the only one, and no longer the last
  return PADDINGS.map((padding) => joined([open, Uint8Array.from(padding)]));
}

async function holds(open: Uint8Array, bytes: Uint8Array): Promise<boolean> {
  try {
    const inflater = new DecompressionStream("deflate-raw") as unknown as ByteTransform;
    const read = await transform(inflater, joined([open, LAST_BLOCK]));
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

/** RFC 1951 §3.2.4. */
function stored(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  const header = [0x00, length & 0xff, length >> 8, ~length & 0xff, ~length >> 8 & 0xff];
  return joined([Uint8Array.from(header), bytes]);
}

async function transform(stream: ByteTransform, bytes: Uint8Array): Promise<Uint8Array> {
  const writer = stream.writable.getWriter();
  // What goes wrong is also told to the reader.
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

/** Puts arrays together. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
