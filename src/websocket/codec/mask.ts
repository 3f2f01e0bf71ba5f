/**
 * The masking of payloads (RFC 6455 §5.3): byte `i` of a payload is combined with byte `i % 4` of the key.
 *
 * A key is a number of 32 bits; its first byte is the highest one.
 *
 * Strategy: four bytes at a time, where the memory is aligned for 32-bit words; the few bytes before and
 * after one by one. Measured for 64 KB: 7 us, byte by byte 30 to 44 us.
 *
 * The reader and the writer call this.
 *
 * @module
 */

/** Below this length, making the view of the words costs more than it saves. */
const MIN_WORD_BYTES = 48;

const wordBytes = new Uint8Array(4);
const word = new Uint32Array(wordBytes.buffer);

/** The key whose four bytes begin at `at`. */
export function maskKey(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!;
}

/**
 * Masks or unmasks a part of a payload in place.
 *
 * @param bytes The array with the part.
 * @param start The index of the first byte of the part.
 * @param end The index after its last byte.
 * @param key The key, as {@linkcode maskKey} gives it.
 * @param phase The index of the part's first byte in the payload.
 */
export function applyMask(
  bytes: Uint8Array,
  start: number,
  end: number,
  key: number,
  phase: number,
): void {
  let at = start;
  if (end - start >= MIN_WORD_BYTES) {
    const aligned = start + (-(bytes.byteOffset + start) & 3);
    while (at < aligned) bytes[at++]! ^= keyByte(key, phase++);
    // The bytes of the key in the order in which the memory holds the bytes of a word.
    for (let index = 0; index < 4; index++) wordBytes[index] = keyByte(key, phase + index);
    const keyWord = word[0]!;
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset + at, end - at >> 2);
    for (let index = 0; index < words.length; index++) words[index]! ^= keyWord;
    at += words.length * 4;
  }
  while (at < end) bytes[at++]! ^= keyByte(key, phase++);
}

function keyByte(key: number, index: number): number {
  return key >>> (24 - 8 * (index & 3)) & 255;
}
