/**
 * The length of a block as it is sent. `passThrough` and `errorPage` call this.
 *
 * @module
 */

import type { Block } from "../wsgi/mod.ts";

const encoder = new TextEncoder();

/** Gives the number of bytes of a block. A string is sent as UTF-8. */
export function blockLength(block: Block): number {
  if (typeof block !== "string") return block.length;
  // deno-lint-ignore no-control-regex -- all of ASCII is meant
  return /[^\x00-\x7f]/.test(block) ? encoder.encode(block).length : block.length;
}
