/**
 * The members of Deno's interface that the adapter uses. With them the types need none of Deno's
 * own.
 *
 * @module
 */

import { type Address, ipAddress } from "../../src/socket/mod.ts";

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
  /** Only a `Deno.TlsConn` has this method. */
  handshake?(): Promise<unknown>;
}

/** `Deno.Listener`. */
export interface DenoListener {
  readonly addr: DenoAddress;
  accept(): Promise<DenoConn>;
  close(): void;
  ref(): void;
  unref(): void;
}

/** The global `Deno`. */
export interface DenoRuntime {
  listen(options: Record<string, unknown>): DenoListener;
  listenTls(options: Record<string, unknown>): DenoListener;
  connect(options: Record<string, unknown>): Promise<DenoConn>;
  lstatSync(path: string): {
    readonly isSocket: boolean | null;
    readonly dev: number;
    readonly ino: number | null;
  };
  renameSync(from: string, to: string): void;
  removeSync(path: string): void;
  hostname(): string;
}

/**
 * Finds the runtime.
 *
 * @returns The global `Deno`.
 * @throws {TypeError} If there is none.
 */
export function deno(): DenoRuntime {
  const runtime = (globalThis as unknown as { Deno?: DenoRuntime }).Deno;
  if (runtime === undefined) throw new TypeError("The Deno adapter needs Deno: no global Deno");
  return runtime;
}

/**
 * Converts an address of Deno.
 *
 * @param address The report of Deno.
 * @param path The path for a Unix address that Deno reports without one.
 * @returns The address.
 */
export function toAddress(address: DenoAddress, path: string): Address {
  if (address.hostname === undefined) return { family: "unix", path: address.path || path };
  return ipAddress(address.hostname, address.port ?? 0);
}
