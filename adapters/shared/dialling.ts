/**
 * Dialling: to the addresses that a name stands for, one after the other, IPv4 before IPv6, until
 * one answers. Who no longer wants the connection is not called, and no socket is left behind.
 *
 * @module
 */

import {
  type DiallingAdapter,
  formatAddress,
  type ListenAddress,
  type OpenHandler,
  type Socket,
  type SocketHandler,
} from "../../src/socket/mod.ts";
import { addressesOf, isNumeric, type NameLookup } from "./every_address.ts";

/**
 * Dials a path or a numeric host, and calls `accept` when it is connected. It should give up when the
 * signal is aborted; a connection that comes all the same is closed by `accept`.
 */
export type DialOne = (
  address: ListenAddress,
  accept: OpenHandler,
  signal: AbortSignal,
) => Promise<void>;

const MAX_PORT = 65_535;
const DEAF: SocketHandler = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };

/**
 * Makes the `dial` of an adapter.
 *
 * @param one Dials one address.
 * @param names Looks a name up; only called for one.
 * @returns The method.
 *
 * @example
 * ```ts ignore
 * const adapter = { ...rest, dial: dialler(dialOne, () => dns) };
 * ```
 */
export function dialler(one: DialOne, names: () => NameLookup): DiallingAdapter["dial"] {
  return async (asked, open, { signal } = {}) => {
    const dialling = new AbortController();
    const giveUp = () => dialling.abort(signal?.reason);
    if (signal?.aborted) giveUp();
    signal?.addEventListener("abort", giveUp);
    let opened = false;
    const accept: OpenHandler = (socket) => {
      opened = !dialling.signal.aborted;
      return opened ? open(socket) : refuse(socket);
    };
    try {
      dialling.signal.throwIfAborted();
      checkTarget(asked);
      const targets = await addressesToDial(asked, names);
      await dialInTurn(targets, accept, { one, signal: dialling.signal });
      if (!opened) dialling.signal.throwIfAborted();
    } catch (cause) {
      dialling.signal.throwIfAborted();
      throw dialError(asked, cause);
    } finally {
      signal?.removeEventListener("abort", giveUp);
    }
  };
}

/** What the runtimes would take for some other address, each for one of its own. */
function checkTarget(address: ListenAddress): void {
  if ("path" in address) {
    if (address.path === "") throw new TypeError("expected a path");
    return;
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

/** The first refusal is the one to tell: that of a protocol this machine lacks would say less. */
async function dialInTurn(
  targets: readonly ListenAddress[],
  accept: OpenHandler,
  { one, signal }: { readonly one: DialOne; readonly signal: AbortSignal },
): Promise<void> {
  const refusals: unknown[] = [];
  for (const target of targets) {
    signal.throwIfAborted();
    try {
      return await one(target, accept, signal);
    } catch (error) {
      refusals.push(error);
    }
  }
  throw refusals.length === 0 ? "it has no address" : refusals[0];
}

/** Nobody wants it any more. */
function refuse(socket: Socket): SocketHandler {
  socket.destroy();
  return DEAF;
}

/**
 * Makes the error that `dial` rejects with.
 *
 * @param address What could not be reached.
 * @param cause What the runtime said.
 * @returns An error that names the address and the system's code, with the runtime's own as its `cause`.
 *
 * @example
 * ```ts ignore
 * assertEquals(
 *   dialError({ host: "::1", port: 9 }, new Error("refused")).message,
 *   "Cannot connect to [::1]:9: refused",
 * );
 * ```
 */
export function dialError(address: ListenAddress, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const { code } = Object(cause) as { code?: unknown };
  // Not every runtime says why: "Failed to connect" may be anything.
  const isUnsaid = typeof code === "string" && !reason.includes(code);
  const text = isUnsaid ? `${reason}, ${code}` : reason;
  return new Error(`Cannot connect to ${formatAddress(address)}: ${text}`, { cause });
}
