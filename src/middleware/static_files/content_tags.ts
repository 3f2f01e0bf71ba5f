/**
 * The entity tags of the content of files, for builds that give all files the same time.
 *
 * A tag is a hash of 64 bits and the size. It is remembered until the system says that the file has changed
 * (`ctime`), so that a file is hashed once, and not at each request. The hash is no cryptographic one:
 * processes that can write under the root are trusted.
 *
 * `staticFiles` calls this.
 *
 * @module
 */

import type { OpenFile } from "../../socket/mod.ts";

/** The largest number of remembered tags. */
const MAX_TAGS = 10_000;
/**
 * A file that has changed within this time is hashed again, because a further change may have the same time: the
 * clocks of file systems have steps of some milliseconds, some of two seconds.
 */
const SETTLING_MS = 3000;
/** The size of a read, in bytes. Between two reads, other requests are served. */
const BLOCK_BYTES = 65_536;

/** The entity tags of the files of one app. */
export class ContentTags {
  /** The tags by path, each with the version of its file. */
  readonly #known = new Map<string, { readonly version: string; readonly tag: string }>();

  /**
   * Makes the entity tag of a file.
   *
   * @param file The open file. Its position does not change.
   * @param path Its resolved path.
   * @returns A strong entity tag, with its quotes.
   */
  async tagOf(file: OpenFile, path: string): Promise<string> {
    const { changed, modified, size } = file;
    const version = `${changed} ${modified} ${size}`;
    const known = this.#known.get(path);
    if (changed !== undefined && known?.version === version) return known.tag;
    const tag = await hash(file);
    if (changed === undefined || Date.now() - changed < SETTLING_MS) return tag;
    if (this.#known.size >= MAX_TAGS) this.#known.clear();
    this.#known.set(path, { version, tag });
    return tag;
  }
}

/** Two multiplying hashes of 32 bits each, which are mixed with each other at the end (cyrb53). */
async function hash(file: OpenFile): Promise<string> {
  const block = new Uint8Array(Math.min(BLOCK_BYTES, Math.max(1, file.size)));
  let one = 0xdeadbeef;
  let other = 0x41c6ce57;
  let position = 0;
  for (let read; (read = await file.read(block, position)) > 0; position += read) {
    for (let at = 0; at < read; at++) {
      const byte = block[at] as number;
      one = Math.imul(one ^ byte, 2_654_435_761);
      other = Math.imul(other ^ byte, 1_597_334_677);
    }
  }
  const left = mixed(one) ^ mixed(other, 3_266_489_909);
  const right = mixed(other) ^ mixed(one, 3_266_489_909);
  return `"${hex(left)}${hex(right)}-${position.toString(16)}"`;
}

function mixed(value: number, factor = 2_246_822_507): number {
  return Math.imul(value ^ (value >>> 16), factor);
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}
