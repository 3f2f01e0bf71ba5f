/**
 * Listening by name: on every address that the name stands for, so that whoever looks it up reaches
 * us whichever address they choose. `localhost` is what the machine's hosts file says: often both
 * `127.0.0.1` and `::1`. Port 0 picks one port for all of them.
 *
 * @module
 */

import {
  type Address,
  type ListenAddress,
  type Listener,
  listenError,
} from "../../src/socket/mod.ts";

/** What this uses of `node:dns`, which every runtime has. */
export interface NameLookup {
  readonly promises: {
    lookup(name: string, options: { all: true }): Promise<readonly { readonly address: string }[]>;
  };
}

/** Listens on a path or a numeric host. */
export type ListenOnOne = (address: ListenAddress) => Promise<Listener>;

/** How often another port is tried, when the one that was free on one address is taken on the next. */
const PORT_ATTEMPTS = 16;

/** An address of the name that this machine does not have, or has no protocol for. */
const NOT_OURS: readonly unknown[] = ["EADDRNOTAVAIL", "EAFNOSUPPORT"];

/**
 * Listens on `asked`; if that is a name, on each of its addresses that this machine has.
 *
 * @param asked What the user wants.
 * @param one Listens on one of them.
 * @param names Looks a name up; only called for one.
 * @returns One listener for all; its address is the first, IPv4 before IPv6.
 * @throws Rejects with an error that names `asked`, if one of the addresses is in use or all are
 *   somebody else's.
 *
 * @example
 * ```ts ignore
 * const listener = await listenOnEvery({ host: "localhost", port: 0 }, listenOnOne, () => dns);
 * ```
 */
export async function listenOnEvery(
  asked: ListenAddress,
  one: ListenOnOne,
  names: () => NameLookup,
): Promise<Listener> {
  try {
    if ("path" in asked || isNumeric(asked.host)) return await one(asked);
    const hosts = await addressesOf(asked.host, names());
    return await listenOnSamePort(hosts, asked.port, one);
  } catch (cause) {
    throw listenError(asked, cause);
  }
}

/** @returns Whether a host is a number already, so that nothing has to be looked up. */
export function isNumeric(host: string): boolean {
  return host.includes(":") || /^\d+(?:\.\d+){3}$/.test(host);
}

/**
 * Looks a name up.
 *
 * @param name A host that is no number.
 * @param lookup Who is asked.
 * @returns Its addresses, IPv4 before IPv6 on every runtime.
 * @throws What the lookup throws.
 */
export async function addressesOf(name: string, { promises }: NameLookup): Promise<string[]> {
  const hosts = (await promises.lookup(name, { all: true })).map(({ address }) => address);
  // Some runtimes put IPv6 first.
  const isIPv6 = (host: string) => Number(host.includes(":"));
  return [...new Set(hosts)].sort((a, b) => isIPv6(a) - isIPv6(b));
}

async function listenOnSamePort(
  hosts: readonly string[],
  port: number,
  one: ListenOnOne,
): Promise<Listener> {
  for (let attempt = 1;; attempt++) {
    try {
      return await listenOnHosts(hosts, port, one);
    } catch (error) {
      const picksPort = port === 0 && codeOf(error) === "EADDRINUSE";
      if (!picksPort || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

/** All or nothing; the port that is picked for the first host is asked for on the others. */
async function listenOnHosts(
  hosts: readonly string[],
  port: number,
  one: ListenOnOne,
): Promise<Listener> {
  const listeners: Listener[] = [];
  let refusal: unknown = "it has no address";
  for (const host of hosts) {
    try {
      const listener = await one({ host, port });
      listeners.push(listener);
      if (listener.address.family !== "unix") port = listener.address.port;
    } catch (error) {
      refusal = error;
      if (NOT_OURS.includes(codeOf(error))) continue;
      await Promise.all(listeners.map((listener) => listener.close()));
      throw error;
    }
  }
  const [first] = listeners;
  if (first === undefined) throw refusal;
  return listeners.length === 1 ? first : new ListenerGroup(first.address, listeners);
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code;
}

class ListenerGroup implements Listener {
  readonly address: Address;
  readonly #listeners: readonly Listener[];

  constructor(address: Address, listeners: readonly Listener[]) {
    this.address = address;
    this.#listeners = listeners;
  }

  async close(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }

  ref(): void {
    for (const listener of this.#listeners) listener.ref();
  }

  unref(): void {
    for (const listener of this.#listeners) listener.unref();
  }
}
