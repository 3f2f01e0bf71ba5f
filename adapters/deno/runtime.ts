/**
 * What the adapter uses of Deno, so that its types need none of Deno's own.
 *
 * @module
 */

import type { BufferCompare } from "../shared/buffer_compare.ts";
import { type Address, ipAddress } from "../../src/socket/mod.ts";
import type { NameLookup } from "../shared/every_address.ts";

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
  /** Of a `Deno.TlsConn` alone. */
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

/** Methods of `Buffer.prototype`, called on plain bytes. */
export interface NodeBuffer {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  readonly compare: BufferCompare;
}

/** `createPrivateKey` of `node:crypto`. */
interface NodeCrypto {
  createPrivateKey(options: { key: string; format: "pem"; passphrase: string }): {
    export(options: { type: "pkcs8"; format: "pem" }): string;
  };
}

/** `process`, for Node's modules as Deno has them. */
export interface BuiltinModules {
  getBuiltinModule(name: "node:buffer"): { Buffer: { prototype: NodeBuffer } };
  getBuiltinModule(name: "node:crypto"): NodeCrypto;
  getBuiltinModule(name: "node:dns"): NameLookup;
}

/** `Deno` itself. */
export interface DenoRuntime {
  listen(options: Record<string, unknown>): DenoListener;
  listenTls(options: Record<string, unknown>): DenoListener;
  connect(options: Record<string, unknown>): Promise<DenoConn>;
  lstatSync(path: string): { readonly isSocket: boolean | null };
  removeSync(path: string): void;
  hostname(): string;
  readonly permissions: {
    querySync(wanted: { readonly name: "net"; readonly host: string }): { readonly state: string };
  };
}

/** @returns The runtime. It throws a `TypeError` where there is none. */
export function deno(): DenoRuntime {
  const runtime = (globalThis as unknown as { Deno?: DenoRuntime }).Deno;
  if (runtime === undefined) throw new TypeError("The Deno adapter needs Deno: no global Deno");
  return runtime;
}

/** Node's modules as Deno has them, reached without an import that other runtimes would follow. */
export function builtins(): BuiltinModules {
  return (globalThis as unknown as { process: BuiltinModules }).process;
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
