/**
 * What the adapter uses of Bun, so that its types need none of Bun's own.
 *
 * @module
 */

import type { BufferCompare } from "../shared/buffer_compare.ts";
import type { NameLookup } from "../shared/every_address.ts";
import type { NetModule } from "../node/dial.ts";
import type { BunSocket } from "./socket.ts";

/** `Bun.Socket`, whose `data` is ours to set. */
export interface BunStream {
  data: BunSocket;
  readonly remoteAddress?: string;
  readonly remotePort?: number;
  readonly localAddress?: string;
  readonly localPort?: number;
  write(text: string, encoding: "latin1"): number;
  write(bytes: Uint8Array): number;
  shutdown(): void;
  end(): void;
  terminate(): void;
  pause(): void;
  resume(): void;
  setNoDelay(on: boolean): boolean;
}

/** The handlers of `Bun.listen`. */
export interface BunEvents {
  /** What `data` gets; a `Buffer` by default, of which views cost more. */
  binaryType?: "uint8array";
  open(stream: BunStream): void;
  /** After `open`, of TLS alone. `error` is also that no certificate of the client was verified. */
  handshake?(stream: BunStream, success: boolean, error: Error | null): void;
  data?(stream: BunStream, bytes: Uint8Array): void;
  end?(stream: BunStream): void;
  drain?(stream: BunStream): void;
  close?(stream: BunStream, error?: Error): void;
  error?(stream: BunStream, error: Error): void;
}

/** `Bun.TCPSocketListener`. */
export interface BunListener {
  readonly hostname: string;
  readonly port: number;
  getsockname(into: { address?: string }): void;
  stop(): void;
  ref(): void;
  unref(): void;
}

/** `Bun` itself. */
export interface BunRuntime {
  listen(options: Record<string, unknown> & { socket: BunEvents }): BunListener;
  connect(options: Record<string, unknown> & { socket: BunEvents }): Promise<BunStream>;
}

/** Methods of `Buffer.prototype`. */
export interface NodeBuffer {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  latin1Write(this: Uint8Array, text: string, at: number, length: number): number;
  readonly compare: BufferCompare;
}

/** Functions of `node:fs`. */
export interface NodeFiles {
  lstatSync(path: string): { isSocket(): boolean };
  unlinkSync(path: string): void;
}

/** `process`, for Node's modules as Bun has them. */
export interface BuiltinModules {
  getBuiltinModule(name: "node:buffer"): { Buffer: { prototype: NodeBuffer } };
  getBuiltinModule(name: "node:os"): { hostname(): string };
  getBuiltinModule(name: "node:fs"): NodeFiles;
  getBuiltinModule(name: "node:dns"): NameLookup;
  getBuiltinModule(name: "node:net"): NetModule;
}

/** @returns The runtime. It throws a `TypeError` where there is none. */
export function bun(): BunRuntime {
  const runtime = (globalThis as unknown as { Bun?: BunRuntime }).Bun;
  if (runtime === undefined) throw new TypeError("The Bun adapter needs Bun: no global Bun");
  return runtime;
}

/** Node's modules as Bun has them, reached without an import that other runtimes would follow. */
export function builtins(): BuiltinModules {
  return (globalThis as unknown as { process: BuiltinModules }).process;
}

let buffer: NodeBuffer | undefined;

/** @returns The methods of `Buffer`, which take any byte array. */
export function nodeBuffer(): NodeBuffer {
  return buffer ??= builtins().getBuiltinModule("node:buffer").Buffer.prototype;
}
