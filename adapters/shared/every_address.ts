/**
 * Listens on a host name, on every address of the name. So a client that looks the name up reaches
 * the server at each of the addresses.
 *
 * `localhost` means the addresses of the machine's hosts file, often both `127.0.0.1` and `::1`.
 * With port 0, all addresses get the same port.
 *
 * The adapters for Node, Deno and Bun make their `listen` with {@linkcode listenWith}.
 *
 * @module
 */

import {
  type Adapter,
  type Address,
  checkListen,
  type Listener,
  listenError,
  type ListenOptions,
  type ListenTarget,
  type ListenTLSOptions,
  type OpenHandler,
} from "../../src/socket/mod.ts";
import { addressesOf, isNumeric, type NameLookup } from "./name_lookup.ts";
import { codeOf } from "./system_error.ts";
import { checkPath } from "./unix_path.ts";

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
 * Makes the `listen` of an adapter.
 *
 * @param listenOnOne Listens on a path or a numeric host.
 * @param names Returns the lookup. It is only called for a name.
 * @returns The method.
 *
 * @example
 * ```ts ignore
 * const adapter = { ...rest, listen: listenWith(listenOnOne, () => dns) };
 * ```
 */
export function listenWith(
  listenOnOne: (
    address: ListenTarget,
    options: ListenOptions,
    open: OpenHandler,
  ) => Promise<Listener>,
  names: () => NameLookup,
): Adapter["listen"] {
  return async (address, options, open) => {
    checkListen(address, options, open);
    const listen = (one: ListenTarget) => listenOnOne(one, options, open);
    return await listenOnEvery(address, listen, names);
  };
}

/**
 * Listens on an address. If its host is a name, listens on each address of the name that this machine
 * has.
 *
 * @param asked The address that the user asked for.
 * @param listenOnOne Listens on one address.
 * @param names Returns the lookup. It is only called for a name.
 * @returns One listener for all addresses. Its own address is the first one, IPv4 before IPv6.
 * @throws An error that names `asked` and has the code of the system, if one of the addresses is in use,
 *   this machine has none of them, or the path is too long.
 *
 * @example
 * ```ts ignore
 * const listener = await listenOnEvery({ host: "localhost", port: 0 }, listenOnOne, () => dns);
 * ```
 */
export async function listenOnEvery(
  asked: ListenTarget,
  listenOnOne: ListenOnOne,
  names: () => NameLookup,
): Promise<Listener> {
  try {
    if ("path" in asked) checkPath(asked.path);
    if ("fd" in asked) refuseOnDeno();
    if ("path" in asked || "fd" in asked || isNumeric(asked.host)) return await listenOnOne(asked);
    const hosts = await addressesOf(asked.host, names());
    return await listenOnSamePort(hosts, asked.port, listenOnOne);
  } catch (cause) {
    throw listenError(asked, cause);
  }
}

/** The trap: `Deno.listen` ignores a descriptor, and opens a random port on every interface. */
function refuseOnDeno(): void {
  if (!("Deno" in globalThis)) return;
  throw new TypeError("Deno takes no inherited socket; use Node or Bun, or a host and a port");
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
