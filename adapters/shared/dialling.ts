/**
 * Dials a name: the addresses of the name are tried one after the other, IPv4 before IPv6, until
 * one answers.
 *
 * Once the caller's signal is aborted, `open` is not called any more, and a connection that opens later
 * is closed.
 *
 * Every adapter calls this for its `dial`.
 *
 * @module
 */

import {
  checkDial,
  dialError,
  type DiallingAdapter,
  type ListenAddress,
  type OpenHandler,
  type Socket,
  type SocketHandler,
} from "../../src/socket/mod.ts";
import { addressesOf, type NameLookup } from "./name_lookup.ts";
import { isNumeric } from "./numeric_host.ts";
import { checkPath } from "./unix_path.ts";

/**
 * Dials a path or a numeric host, and calls `open` when it is connected. It should stop when the signal
 * is aborted; `open` closes a connection that comes later.
 */
export type DialOne = (
  address: ListenAddress,
  open: OpenHandler,
  signal: AbortSignal,
) => Promise<void>;

const MAX_PORT = 65_535;

/** The handler of a connection that came after the abort. */
const IGNORE_ALL: SocketHandler = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };

/**
 * Makes the `dial` of an adapter.
 *
 * @param dialOne Dials one address.
 * @param names Returns the lookup. It is only called for a name.
 * @returns The method.
 *
 * @example
 * ```ts ignore
 * const adapter = { ...rest, dial: dialler(dialOne, () => dns) };
 * ```
 */
export function dialler(dialOne: DialOne, names: () => NameLookup): DiallingAdapter["dial"] {
  return async (asked, open, options = {}) => {
    const { signal } = checkDial(asked, open, options);
    const dialling = new AbortController();
    const abort = () => dialling.abort(signal?.reason);
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort);
    let opened = false;
    const openUnlessAborted: OpenHandler = (socket) => {
      opened = !dialling.signal.aborted;
      return opened ? open(socket) : refuse(socket);
    };
    try {
      dialling.signal.throwIfAborted();
      checkTarget(asked);
      const targets = await addressesToDial(asked, names);
      await dialInTurn(targets, openUnlessAborted, { dialOne, signal: dialling.signal });
      if (!opened) dialling.signal.throwIfAborted();
    } catch (cause) {
      dialling.signal.throwIfAborted();
      throw dialError(asked, cause);
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  };
}

/**
 * Refuses addresses that runtimes would replace: an empty one by a default, which is another on each
 * runtime, and a path that is too long by its beginning.
 */
function checkTarget(address: ListenAddress): void {
  if ("path" in address) {
    if (address.path === "") throw new TypeError("expected a path");
    return checkPath(address.path);
  }
  const { host, port } = address;
  if (host === "") throw new TypeError("expected a host");
  if (!Number.isInteger(port) || port < 1 || port > MAX_PORT) {
    throw new RangeError(`expected a port from 1 to ${MAX_PORT}`);
  }
}

async function addressesToDial(
  asked: ListenAddress,
  names: () => NameLookup,
): Promise<ListenAddress[]> {
  if ("path" in asked || isNumeric(asked.host)) return [asked];
  const { port } = asked;
  return (await addressesOf(asked.host, names())).map((host) => ({ host, port }));
}

/**
 * Dials one address after the other. If all fail, the first error is thrown, because a later one
 * may only report that this machine has no such protocol.
 */
async function dialInTurn(
  targets: readonly ListenAddress[],
  open: OpenHandler,
  { dialOne, signal }: { readonly dialOne: DialOne; readonly signal: AbortSignal },
): Promise<void> {
  const refusals: unknown[] = [];
  for (const target of targets) {
    signal.throwIfAborted();
    try {
      return await dialOne(target, open, signal);
    } catch (error) {
      refusals.push(error);
    }
  }
  throw refusals.length === 0 ? "it has no address" : refusals[0];
}

function refuse(socket: Socket): SocketHandler {
  socket.destroy();
  return IGNORE_ALL;
}
