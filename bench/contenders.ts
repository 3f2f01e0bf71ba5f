/**
 * The contenders: our server, and the servers that it is measured against.
 *
 * A contender is a program under `servers/` that runs the apps it has, or a server that is installed
 * on this machine. A new one is a new entry of {@linkcode CONTENDERS}.
 *
 * @module
 */

import type { RuntimeName } from "../tests/tools/runtimes.ts";
import type { AppName } from "./workloads/content.ts";
import { FOREIGN_SERVERS, type ForeignServer } from "./foreign_servers.ts";

export interface Contender {
  readonly name: string;
  /** `core`: our server and the servers that the aims name; `peer`: the others. */
  readonly rank: "core" | "peer";
  /** The program on each runtime, under `servers/`, without the suffix. */
  readonly programs: Readonly<Partial<Record<RuntimeName, string>>>;
  /**
   * A server that is installed on the machine, instead of a program. It is measured beside the
   * machine's Node.
   */
  readonly foreign?: ForeignServer;
  readonly apps: readonly AppName[];
}

/** The contender that all others are compared with. */
export const FIRST = "ours";

/** The contender that no server on our adapter can beat. */
export const LIMIT = "limit";

/** Fetch handlers on our server. */
export const FROM_FETCH = "fromFetch";

/** Fetch handlers on our server, with our own class of responses. */
export const FAST_FETCH = "fastFetch";

/** Our server, and the cost of one `Response` of the runtime. */
export const FLOOR = "floor";

const SMALL_APPS: readonly AppName[] = ["hello", "stream", "echo"];
const ALL_APPS: readonly AppName[] = [
  ...SMALL_APPS,
  "upload",
  "download1m",
  "download100m",
  "poll",
  "steps",
  "mixed",
];
/** The apps that only our server and the runtimes' own servers have. */
const CORE_APPS: readonly AppName[] = [...ALL_APPS, "file100m", "gzip4k", "gzip256k"];
const DOWNLOADS: readonly AppName[] = ["upload", "download1m", "download100m"];

export const CONTENDERS: readonly Contender[] = [
  { name: FIRST, rank: "core", programs: everywhere("ours"), apps: CORE_APPS },
  {
    name: "own",
    rank: "core",
    programs: {
      node: "own_node",
      currentNode: "own_node",
      deno: "own_deno",
      bun: "own_bun",
    },
    apps: CORE_APPS,
  },
  {
    name: LIMIT,
    rank: "core",
    programs: everywhere("limit"),
    apps: [...SMALL_APPS, ...DOWNLOADS],
  },
  { name: FROM_FETCH, rank: "peer", programs: everywhere("from_fetch"), apps: SMALL_APPS },
  { name: FAST_FETCH, rank: "peer", programs: everywhere("fast_fetch"), apps: SMALL_APPS },
  { name: FLOOR, rank: "peer", programs: everywhere("floor"), apps: ["hello"] },
  { name: "srvx", rank: "peer", programs: everywhere("srvx"), apps: ALL_APPS },
  {
    name: "hono",
    rank: "peer",
    programs: {
      node: "hono_node",
      currentNode: "hono_node",
      deno: "hono_deno",
      bun: "hono_bun",
    },
    apps: ALL_APPS,
  },
  {
    name: "fastify",
    rank: "peer",
    programs: { node: "fastify", currentNode: "fastify" },
    apps: SMALL_APPS,
  },
  ...FOREIGN_SERVERS.map((foreign): Contender => ({
    name: foreign.name,
    rank: "peer",
    programs: {},
    foreign,
    apps: foreign.apps,
  })),
];

export const CONTENDER_NAMES: readonly string[] = CONTENDERS.map(({ name }) => name);

/** Whether `contender` can run `app` beside others on `runtime`. */
export function isAble(contender: Contender, runtime: RuntimeName, app: AppName): boolean {
  const there = contender.foreign ? runtime === "node" : contender.programs[runtime] !== undefined;
  return there && contender.apps.includes(app);
}

function everywhere(program: string): Contender["programs"] {
  return { node: program, currentNode: program, deno: program, bun: program };
}
