/**
 * SHA-1 (RFC 3174), which the handshake needs and ECMAScript has not.
 *
 * The hash only proves that the server speaks WebSocket (RFC 6455 §1.3); nothing secret depends on it. The
 * web's `crypto.subtle` gives a promise, and an app would have to wait for its own handshake.
 *
 * @module
 */

/**
 * Hashes a text.
 *
 * @param text Latin-1 characters.
 * @returns The 20 bytes of the hash.
 */
export function sha1(text: string): Uint8Array<ArrayBuffer> {
  const view = padded(text);
  const state = Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
  const words = new Uint32Array(80);
  for (let block = 0; block < view.byteLength; block += 64) {
    for (let t = 0; t < 16; t++) words[t] = view.getUint32(block + 4 * t);
    for (let t = 16; t < 80; t++) {
      words[t] = rotate(words[t - 3]! ^ words[t - 8]! ^ words[t - 14]! ^ words[t - 16]!, 1);
    }
    let [a, b, c, d, e] = state as unknown as [number, number, number, number, number];
    for (let t = 0; t < 80; t++) {
      const next = rotate(a, 5) + mix(t, b, c, d) + e + words[t]! | 0;
      [e, d, c, b, a] = [d, c, rotate(b, 30), a, next];
    }
    [a, b, c, d, e].forEach((part, index) => state[index]! += part);
  }
  const hash = new DataView(new ArrayBuffer(20));
  state.forEach((part, index) => hash.setUint32(4 * index, part));
  return new Uint8Array(hash.buffer);
}

/** The text, a bit 1, zeros, and the length in bits, in whole blocks of 64 bytes (RFC 3174 §4). */
function padded(text: string): DataView {
  const bytes = new Uint8Array((text.length + 9 + 63 >> 6) << 6);
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  bytes[text.length] = 0x80;
  const view = new DataView(bytes.buffer);
  view.setUint32(bytes.length - 4, text.length * 8);
  return view;
}

function rotate(word: number, bits: number): number {
  return word << bits | word >>> 32 - bits;
}

/** The functions and constants of the 80 rounds (RFC 3174 §5). */
function mix(t: number, b: number, c: number, d: number): number {
  if (t < 20) return (b & c | ~b & d) + 0x5a827999;
  if (t < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (t < 60) return (b & c | b & d | c & d) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}
