/**
 * The adapters of Node, Deno and Bun as subjects of the contract, with clients and socket files.
 *
 * @module
 */

import { spawn, spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DiallingAdapter } from "../../src/socket/socket.ts";
import { netClient, tlsClient } from "./client.ts";
import type { DiallingSubject } from "./connection.ts";
import { netPeers } from "./peers.ts";
import { settled, until } from "./waiting.ts";
import { CERT, KEY } from "../support/tls_fixtures.ts";

/** The runtime that runs the tests. */
export const RUNTIME: "deno" | "bun" | "node" = "Deno" in globalThis
  ? "deno"
  : "Bun" in globalThis
  ? "bun"
  : "node";

let paths = 0;

/** Makes the subject of an adapter over real sockets. Its name tells the adapter and the runtime. */
export function runtimeSubject(adapter: DiallingAdapter): DiallingSubject {
  const name = adapter.name === RUNTIME ? adapter.name : `${adapter.name} on ${RUNTIME}`;
  return {
    name,
    adapter,
    listening: {},
    connect: netClient,
    listen: netPeers,
    ...(RUNTIME === "bun" ? { gaps: { backlog: "Bun listens with a backlog of 512 always" } } : {}),
    unixPath: () => join(tmpdir(), `cogen-${process.pid}-${adapter.name}-${++paths}.sock`),
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
export function tlsSubject(adapter: DiallingAdapter): DiallingSubject {
  const plain = runtimeSubject(adapter);
  return {
    ...plain,
    name: `${plain.name}, TLS`,
    listening: { tls: { cert: CERT, key: KEY, handshakeTimeoutMs: 10_000 } },
    connect: tlsClient,
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
