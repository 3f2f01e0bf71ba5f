/**
 * The `listen` of an adapter, made of a function that listens on one address.
 *
 * A host name stands for every address of the name (`named_host.ts`), so a client that looks the name up
 * reaches the server at each of them.
 *
 * The adapters for Node, Deno and Bun make their `listen` with {@linkcode listenWith}.
 *
 * @module
 */

import {
  type Adapter,
  checkListen,
  type Listener,
  listenError,
  type ListenOptions,
  type ListenTarget,
  type OpenHandler,
} from "../../src/socket/mod.ts";
import type { ListenOnOne } from "./named_host.ts";
import type { NameLookup } from "./name_lookup.ts";
import { isNumeric } from "./numeric_host.ts";

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
    const own = checkListen(address, options, open);
    const listen = (one: ListenTarget) => listenOnOne(one, own, open);
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
    if ("path" in asked) (await import("./unix_path.ts")).checkPath(asked.path);
    if ("fd" in asked) (await import("./inherited_socket.ts")).refuseOnDeno();
    if ("path" in asked || "fd" in asked || isNumeric(asked.host)) return await listenOnOne(asked);
    const { listenOnName } = await import("./named_host.ts");
    return await listenOnName(asked, listenOnOne, names());
  } catch (cause) {
    throw listenError(asked, cause);
  }
}
