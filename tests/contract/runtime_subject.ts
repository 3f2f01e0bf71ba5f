/**
 * The adapters of Node, Deno and Bun as subjects of the contract, with peers and socket files.
 *
 * @module
 */

import { spawn, spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DiallingAdapter, ListenAddress } from "../../src/socket/mod.ts";
import type { AdapterCheckOptions } from "../../src/testing/mod.ts";
import { netConnect, netListen, tlsConnect } from "./client.ts";
import { settled, until } from "./waiting.ts";
import { CERT, KEY } from "../support/tls_fixtures.ts";

/** The runtime that runs the tests. */
export const RUNTIME: "deno" | "bun" | "node" = "Deno" in globalThis
  ? "deno"
  : "Bun" in globalThis
  ? "bun"
  : "node";

let paths = 0;

/** An adapter of this package, and the machine that it runs on. */
export interface Subject {
  readonly name: string;
  readonly adapter: DiallingAdapter;
  /** The options of its checks. The peers do not use the adapter. */
  readonly options: AdapterCheckOptions & Required<Pick<AdapterCheckOptions, "connect" | "listen">>;
  /** The promises about the machine that its runtime cannot keep, each with the reason. */
  readonly machineGaps?: Partial<Record<MachineGap, string>>;
  /** Makes an unused path for a Unix socket. */
  unixPath(): string;
  readonly machine: Machine;
}

/** A promise about the machine that some runtime cannot keep. */
export type MachineGap = "backlog" | "silence";

/** A file system, and processes that may crash. */
export interface Machine {
  /**
   * Counts the clients, of `count`, that can connect to a loopback port while this process sleeps.
   */
  connectUnaccepted(port: number, count: number): number;
  /** Lets `count` clients connect to a loopback port and reset, while this process sleeps. */
  resetUnaccepted(port: number, count: number): void;
  /** Makes a socket file of a process that was killed. */
  crashAt(path: string): Promise<void>;
  exists(path: string): boolean;
  writeFile(path: string): void;
  removeFile(path: string): void;
  /** Listens on a port of the loopback, and never accepts. */
  neverAccept(): Promise<{ readonly port: number; close(): void }>;
}

/** The address of most connections. */
export const LOOPBACK: ListenAddress = { host: "127.0.0.1", port: 0 };

/**
 * The time to notice that a peer has left, in milliseconds of `ranMs`. It is 100 on an idle
 * machine; the rest is reserve.
 */
export const SOON = 2_000;

/** Makes the subject of an adapter over real sockets. Its name tells the adapter and the runtime. */
export function runtimeSubject(adapter: DiallingAdapter): Subject {
  const name = adapter.name === RUNTIME ? adapter.name : `${adapter.name} on ${RUNTIME}`;
  const unixPath = () => join(tmpdir(), `cogen-${process.pid}-${adapter.name}-${++paths}.sock`);
  return {
    name,
    adapter,
    options: {
      addresses: [LOOPBACK, { host: "::1", port: 0 }, { path: unixPath() }],
      connect: netConnect,
      listen: netListen,
    },
    ...(RUNTIME === "bun"
      ? { machineGaps: { backlog: "Bun listens with a backlog of 512 always" } }
      : {}),
    unixPath,
    machine: {
      connectUnaccepted,
      resetUnaccepted,
      crashAt,
      exists: existsSync,
      writeFile: (path) => writeFileSync(path, "precious"),
      removeFile: (path) => rmSync(path),
      neverAccept,
    },
  };
}

/** Makes the subject of the same adapter with TLS. */
export function tlsSubject(adapter: DiallingAdapter): Subject {
  const plain = runtimeSubject(adapter);
  return {
    ...plain,
    name: `${plain.name}, TLS`,
    options: {
      // A Unix socket is not encrypted.
      addresses: [LOOPBACK, { host: "::1", port: 0 }],
      listening: { tls: { cert: CERT, key: KEY, handshakeTimeoutMs: 10_000 } },
      connect: tlsConnect,
      listen: netListen,
    },
  };
}

/**
 * Connects from another process. This process waits for it, and so accepts no connection meanwhile.
 */
function connectUnaccepted(port: number, count: number): number {
  const script = `
    let connected = 0;
    for (let client = 0; client < ${count}; client++) {
      require("node:net").connect(${port}, "127.0.0.1", () => connected++).on("error", () => {});
    }
    // The others wait for ever. A tick that comes late counts once, so a slow machine only takes longer.
    let before = 0, ticks = 0;
    setInterval(() => {
      ticks = connected === before ? ticks + 1 : 0;
      before = connected;
      if (ticks < 15) return;
      console.log(connected);
      process.exit();
    }, 20);
  `;
  const options = { encoding: "utf8" } as const;
  const { stdout } = spawnSync(
    process.execPath,
    [RUNTIME === "deno" ? "eval" : "-e", script],
    options,
  );
  return Number(stdout);
}

/** Connects from another process, and resets the connections before this process accepts them. */
function resetUnaccepted(port: number, count: number): void {
  const script = `
    for (let client = 0; client < ${count}; client++) {
      const socket = require("node:net").connect(${port}, "127.0.0.1");
      socket.on("connect", () => socket.resetAndDestroy()).on("error", () => {});
    }
  `;
  spawnSync(process.execPath, [RUNTIME === "deno" ? "eval" : "-e", script]);
}

/** Listens on `path` in a process that is then killed, so that its file remains. */
async function crashAt(path: string): Promise<void> {
  const script = `require("node:net").createServer().listen(${JSON.stringify(path)})`;
  const child = spawn(process.execPath, [RUNTIME === "deno" ? "eval" : "-e", script], {
    stdio: "ignore",
  });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  await until("the socket file", () => existsSync(path));
  child.kill("SIGKILL");
  await exited;
}

/** Listens in a process that is then stopped, and fills its backlog. */
async function neverAccept(): Promise<{ readonly port: number; close(): void }> {
  const script = `
    const server = require("node:net").createServer();
    server.listen({ host: "127.0.0.1", port: 0, backlog: 1 }, () => {
      console.log(server.address().port);
    });
  `;
  const child = spawn(process.execPath, [RUNTIME === "deno" ? "eval" : "-e", script], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const port = await new Promise<number>((resolve) => {
    child.stdout.once("data", (text: Uint8Array) => {
      resolve(Number(new TextDecoder().decode(text)));
    });
  });
  child.kill("SIGSTOP");
  // Bun listens with a backlog of 512 always.
  const length = RUNTIME === "bun" ? 520 : 4;
  const fillers = Array.from({ length }, () => connect(port, "127.0.0.1").on("error", () => {}));
  await settled();
  const close = () => {
    fillers.forEach((filler) => filler.destroy());
    child.kill("SIGKILL");
  };
  return { port, close };
}
