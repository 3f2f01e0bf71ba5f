/**
 * Listens on a host name: on each of its addresses, at one port.
 *
 * `localhost` means the addresses of the machine's hosts file, often both `127.0.0.1` and `::1`.
 * With port 0, all addresses get the same port.
 *
 * `every_address.ts` imports this for the first name.
 *
 * @module
 */

import type { Address, Listener, ListenTarget, ListenTLSOptions } from "../../src/socket/mod.ts";
import { addressesOf, type NameLookup } from "./name_lookup.ts";
import { codeOf } from "./system_error.ts";

/** Listens on a path or a numeric host. */
export type ListenOnOne = (address: ListenTarget) => Promise<Listener>;

/**
 * The number of ports that are tried for port 0. A port that was free on the first address can be
 * in use on the next, so one attempt can fail by chance. It is very unlikely that 16 attempts in a
 * row fail.
 */
const MAX_PORT_ATTEMPTS = 16;

/** The codes for an address that this machine does not have, or has no protocol for. */
const FOREIGN_ADDRESS: readonly unknown[] = ["EADDRNOTAVAIL", "EAFNOSUPPORT"];

/**
 * Listens on each address of a name that this machine has.
 *
 * @param asked The name and the port.
 * @param listenOnOne Listens on one address.
 * @param names The lookup of the runtime.
 * @returns The listener of all addresses.
 * @throws The error of the lookup, or of the system.
 */
export async function listenOnName(
  { host, port }: { readonly host: string; readonly port: number },
  listenOnOne: ListenOnOne,
  names: NameLookup,
): Promise<Listener> {
  return await listenOnSamePort(await addressesOf(host, names), port, listenOnOne);
}

async function listenOnSamePort(
  hosts: readonly string[],
  port: number,
  listenOnOne: ListenOnOne,
): Promise<Listener> {
  for (let attempt = 1;; attempt++) {
    try {
      return await listenOnHosts(hosts, port, listenOnOne);
    } catch (error) {
      const picksPort = port === 0 && codeOf(error) === "EADDRINUSE";
      if (!picksPort || attempt === MAX_PORT_ATTEMPTS) throw error;
    }
  }
}

/** Listens on all hosts or on none. The port of the first host is also the port of the others. */
async function listenOnHosts(
  hosts: readonly string[],
  port: number,
  listenOnOne: ListenOnOne,
): Promise<Listener> {
  const listeners: Listener[] = [];
  let refusal: unknown = "it has no address";
  for (const host of hosts) {
    try {
      const listener = await listenOnOne({ host, port });
      listeners.push(listener);
      if (listener.address.family !== "unix") port = listener.address.port;
    } catch (error) {
      refusal = error;
      if (FOREIGN_ADDRESS.includes(codeOf(error))) continue;
      await Promise.all(listeners.map((listener) => listener.close()));
      throw error;
    }
  }
  const [first] = listeners;
  if (first === undefined) throw refusal;
  return listeners.length === 1 ? first : new ListenerGroup(first.address, listeners);
}

/** Several listeners that act as one. */
class ListenerGroup implements Listener {
  readonly address: Address;
  readonly #listeners: readonly Listener[];

  constructor(address: Address, listeners: readonly Listener[]) {
    this.address = address;
    this.#listeners = listeners;
  }

  reloadTls(tls: ListenTLSOptions): void {
    for (const listener of this.#listeners) listener.reloadTls?.(tls);
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
