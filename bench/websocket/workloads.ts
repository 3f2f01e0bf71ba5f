/**
 * The workloads of `--websocket`: the messages that the servers get, and the aims for ours.
 *
 * Servers, client and report import this file, and it imports only types.
 *
 * @module
 */

import type { RuntimeName } from "../../tests/tools/runtimes.ts";

/** The app of a server: each message comes back to its sender, or goes to all connections. */
export type SocketApp = "echo" | "broadcast";

/** The servers that are compared. */
export const SOCKET_SERVERS = ["ours", "own", "limit"] as const;
export type SocketServer = typeof SOCKET_SERVERS[number];

export interface SocketWorkload {
  readonly name: string;
  readonly title: string;
  /** The figure: CPU microseconds of the server for each message that it sends, or KB a connection. */
  readonly figure: "cpu" | "memory";
  readonly app: SocketApp;
  readonly connections: number;
  /** The number of messages of a connection that are on the way at a time. */
  readonly depth: number;
  /** The text of each message: short ASCII. */
  readonly message: string;
  /** Whether the client offers `permessage-deflate`, and the server takes it. */
  readonly deflate: boolean;
  readonly aims: readonly SocketAim[];
}

/** An aim of ours: a bound on a ratio, or on the figure itself (`against` is missing). */
export interface SocketAim {
  readonly runtimes: readonly RuntimeName[];
  readonly against?: Exclude<SocketServer, "ours">;
  readonly atMost: number;
}

const NODE = ["node", "currentNode"] as const;
const PLAIN = { app: "echo", connections: 64, depth: 1, deflate: false } as const;
const IDLE = { ...PLAIN, figure: "memory", connections: 4_000, message: "hello" } as const;
const SMALL = "sixteen letters!";

export const SOCKET_WORKLOADS: readonly SocketWorkload[] = [
  {
    ...PLAIN,
    figure: "cpu",
    name: "echo",
    title: "echo of 16 B, one on the way",
    message: SMALL,
    // The runtime's own server of Deno and Bun is native code. JavaScript on plain sockets cannot be
    // as cheap.
    aims: [
      { runtimes: NODE, against: "own", atMost: 0.92 },
      { runtimes: ["deno", "bun"], against: "limit", atMost: 1.1 },
    ],
  },
  {
    ...PLAIN,
    figure: "cpu",
    name: "echo16",
    title: "echo of 16 B, 16 on the way",
    message: SMALL,
    depth: 16,
    aims: [
      { runtimes: NODE, against: "own", atMost: 0.2 },
      { runtimes: ["deno"], against: "own", atMost: 0.3 },
      { runtimes: ["bun"], against: "own", atMost: 1.5 },
    ],
  },
  {
    ...PLAIN,
    figure: "cpu",
    app: "broadcast",
    name: "broadcast",
    title: "64 B to 1,000 connections",
    message: SMALL.repeat(4),
    connections: 1_000,
    aims: [{ runtimes: [...NODE, "deno", "bun"], against: "limit", atMost: 1.1 }],
  },
  {
    ...IDLE,
    name: "idle",
    title: "4,000 idle connections",
    aims: [
      { runtimes: NODE, atMost: 10 },
      { runtimes: ["deno"], atMost: 14 },
      { runtimes: ["bun"], atMost: 3 },
    ],
  },
  {
    ...IDLE,
    name: "idleDeflate",
    title: "4,000 idle connections with permessage-deflate",
    deflate: true,
    aims: [{ runtimes: [...NODE, "deno", "bun"], atMost: 10 }],
  },
];

/** The program of a server on each runtime, under `websocket/servers/`, without the suffix. */
export const SOCKET_PROGRAMS: Readonly<
  Record<SocketServer, Readonly<Record<RuntimeName, string>>>
> = {
  ours: { node: "ours", currentNode: "ours", deno: "ours", bun: "ours" },
  own: { node: "own_node", currentNode: "own_node", deno: "own_deno", bun: "own_bun" },
  limit: { node: "limit", currentNode: "limit", deno: "limit", bun: "limit" },
};
