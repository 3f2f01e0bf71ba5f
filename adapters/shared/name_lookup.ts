/**
 * Host names and their addresses.
 *
 * `named_host.ts` and `dialling.ts` call this, after `numeric_host.ts` has told that a host is a name.
 *
 * @module
 */

import { builtinModule } from "./builtin_module.ts";

/** The members of `node:dns` that adapters use. */
export interface NameLookup {
  /** The functions that return promises. */
  readonly promises: {
    /** Looks all addresses of a name up. */
    lookup(name: string, options: { all: true }): Promise<readonly { readonly address: string }[]>;
  };
}

/**
 * Loads the lookup of Deno and Bun.
 *
 * @returns The built-in `node:dns`.
 */
export function builtinNames(): NameLookup {
  return builtinModule("node:dns");
}

/**
 * Looks a name up.
 *
 * @param name A host that is not numeric.
 * @param names The lookup of the runtime.
 * @returns The addresses without duplicates. IPv4 comes before IPv6, because the order of runtimes
 *   differs.
 * @throws The error of the lookup.
 */
export async function addressesOf(name: string, { promises }: NameLookup): Promise<string[]> {
  const hosts = (await promises.lookup(name, { all: true })).map(({ address }) => address);
  const isIPv6 = (host: string) => Number(host.includes(":"));
  return [...new Set(hosts)].sort((a, b) => isIPv6(a) - isIPv6(b));
}
