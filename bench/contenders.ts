/**
 * Who is measured: ours, and what it is measured against.
 *
 * A contender is a program under `servers/` that answers every workload. A new one is a new entry of
 * {@linkcode CONTENDERS}; the first is the one that all others are compared with.
 *
 * @module
 */

import type { RuntimeName } from "../tests/support/runtimes.ts";

export interface Contender {
  readonly name: string;
  /** Its program on each runtime, under `servers/`, without the suffix. */
  readonly programs: Readonly<Record<RuntimeName, string>>;
}

export const CONTENDERS: readonly [Contender, ...Contender[]] = [
  { name: "ours", programs: everywhere("ours") },
  {
    name: "own",
    programs: {
      node: "own_node",
      currentNode: "own_node",
      deno: "own_deno",
      bun: "own_bun",
    },
  },
  { name: "limit", programs: everywhere("limit") },
];

function everywhere(program: string): Contender["programs"] {
  return { node: program, currentNode: program, deno: program, bun: program };
}
