/** Decompression of responses, whole and cut off, for the tests of `compress`. */

import { Buffer } from "node:buffer";
import * as zlib from "node:zlib";
import type { Encoding } from "../../../src/middleware/compress/zlib.ts";
import { joinBytes } from "../../../src/socket/mod.ts";
import { latin1Bytes } from "../../support/serving.ts";

const DECODERS = {
  gzip: () => zlib.createGunzip(OPTIONS),
  br: () => zlib.createBrotliDecompress(OPTIONS),
  zstd: () => zlib.createZstdDecompress(OPTIONS),
};
const OPTIONS = { chunkSize: 16_384, highWaterMark: 2 ** 30 };

const WHOLE = {
  gzip: zlib.gunzipSync,
  br: zlib.brotliDecompressSync,
  zstd: zlib.zstdDecompressSync,
};

/** Decompresses a whole body, given as latin-1; an error if it is cut off. */
export function decoded(encoding: Encoding, body: string): Uint8Array {
  return new Uint8Array(WHOLE[encoding](latin1Bytes(body)));
}

/** As {@linkcode decoded}; the text is latin-1. */
export function decodedText(encoding: Encoding, body: string): string {
  return latin1(decoded(encoding, body));
}

/** Decompresses the beginning of a body, as a client does that is still reading. */
export async function decodedSoFar(encoding: Encoding, body: string): Promise<string> {
  const stream = DECODERS[encoding]();
  stream.on("error", () => {});
  await new Promise<void>((resolve) => stream.write(latin1Bytes(body), () => resolve()));
  const parts: Uint8Array[] = [];
  for (let part; (part = stream.read() as Uint8Array | null) !== null;) parts.push(part);
  stream.close();
  return latin1(joinBytes(parts));
}

/** Gives the text of bytes. The `latin1` of `TextDecoder` is another coding, windows-1252. */
function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
