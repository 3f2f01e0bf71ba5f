/**
 * What the adapter uses of Deno, so that its types need none of Deno's own.
 *
 * @module
 */

import { ipAddress } from "../src/server/address.ts";
import type { Address } from "../src/server/socket.ts";

/** `Deno.Addr`. */
export interface DenoAddress {
  readonly transport: string;
  readonly hostname?: string;
  readonly port?: number;
  readonly path?: string | null;
}

/** `Deno.Conn`. */
export interface DenoConn {
  readonly localAddr: DenoAddress;
  readonly remoteAddr: DenoAddress;
  read(into: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  close(): void;
  setNoDelay?(on: boolean): void;
}

/** `Deno.Listener`. */
export interface DenoListener {
  readonly addr: DenoAddress;
  accept(): Promise<DenoConn>;
  close(): void;
  ref(): void;
  unref(): void;
}

/** `Deno` itself. */
export interface DenoRuntime {
  listen(options: Record<string, unknown>): DenoListener;
  connect(options: Record<string, unknown>): Promise<DenoConn>;
  lstatSync(path: string): { readonly isSocket: boolean | null };
  removeSync(path: string): void;
  hostname(): string;
}

/** @returns The runtime. It throws a `TypeError` where there is none. */
export function deno(): DenoRuntime {
  const runtime = (globalThis as unknown as { Deno?: DenoRuntime }).Deno;
  if (runtime === undefined) throw new TypeError("The Deno adapter needs Deno: no global Deno");
  return runtime;
}

/**
 * Makes an address of Deno's.
 *
 * @param address What Deno says.
 * @param path What a Unix address without a path is given as.
 * @returns The address.
 */
export function toAddress(address: DenoAddress, path: string): Address {
  if (address.hostname === undefined) return { family: "unix", path: address.path || path };
  return ipAddress(address.hostname, address.port ?? 0);
}
