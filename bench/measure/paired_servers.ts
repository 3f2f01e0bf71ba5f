/**
 * Servers on sockets that are only objects, and the time of two of them in short turns.
 *
 * No byte passes the system, so the figure is the time of the engine alone: the parser, the scheduler, the app
 * and the response. The speed of a machine that others use changes within a second; both servers share it here.
 *
 * `engine_pair.ts` and `overhead_pair.ts` call this.
 *
 * @module
 */

import process from "node:process";
import type { WSGIApp } from "../../mod.ts";
import type { Adapter, Socket, SocketHandler } from "../../src/socket/mod.ts";
import { quantile } from "../judging/statistics.ts";

/** Serves a number of requests. */
export type Serve = (requests: number) => Promise<void>;

/** A server of the package, as the programs here need it. */
export interface PairedServer {
  readonly server: unknown;
  readonly serve: Serve;
}

/** The program of a server: the folder of the compiled package, and its requests. */
export interface PairedProgram {
  readonly folder: string;
  /** The runtime of the adapter: `node`, `deno` or `bun`. */
  readonly adapter: string;
  readonly app: WSGIApp;
  /** The bytes that a client sends at once, and the number of requests in them. */
  readonly request: string;
  readonly count: number;
  /** Further options of the server. */
  readonly options?: object;
}

/** The times of two servers: medians in microseconds a request, and the ratio with its quartiles. */
export interface PairRatio {
  readonly one: number;
  readonly other: number;
  readonly ratio: number;
  readonly quartiles: readonly [number, number];
}

interface Package {
  serve(options: object): Promise<unknown>;
}

const CONNECTIONS = 64;
/** The requests of one turn: some ten milliseconds. */
const TURN = 4000;
const WARM_UP_TURNS = 40;

/** A connection whose client sends its next requests once it has got bytes. */
class Client {
  isWaiting = true;
  handler: SocketHandler | undefined;

  constructor(answered: (client: Client) => void) {
    this.write = () => {
      if (!this.isWaiting) return true;
      this.isWaiting = false;
      answered(this);
      return true;
    };
  }

  readonly remote = { family: "IPv4", host: "127.0.0.1", port: 50_000 } as const;
  readonly local = { family: "IPv4", host: "127.0.0.1", port: 80 } as const;
  readonly encrypted = false;
  readonly holdsBytes = false;
  readonly write: Socket["write"];
  endWrite(): void {}
  destroy(): void {}
  reset(): void {}
  pauseReading(): void {}
  resumeReading(): void {}
}

/** Makes a server with its clients. */
export async function openServer(
  { folder, adapter: name, app, request, count, options }: PairedProgram,
): Promise<PairedServer> {
  const { serve } = await import(`${folder}/mod.js`) as Package;
  const adapters = await import(`${folder}/adapters/${name}.js`) as Record<string, () => Adapter>;
  const inner = (adapters[`${name}Adapter`] as () => Adapter)();
  let accept: ((socket: Socket) => SocketHandler) | undefined;
  const adapter: Adapter = {
    name: inner.name,
    clock: inner.clock,
    latin1: (bytes, start, end) => inner.latin1(bytes, start, end),
    hostName: () => "bench",
    log: (line) => console.error(line),
    listen(_address, _options, given) {
      accept = given;
      const address = { family: "IPv4", host: "127.0.0.1", port: 80 } as const;
      return Promise.resolve({ address, close: async () => {}, ref() {}, unref() {} });
    },
  };
  const server = await serve({ wsgiApp: app, bindAddr: ["127.0.0.1", 0], adapter, ...options });
  const bytes = new TextEncoder().encode(request);
  let ready: Client[] = [];
  const answered = (client: Client) => void ready.push(client);
  for (let index = 0; index < CONNECTIONS; index++) {
    const client = new Client(answered);
    client.handler = accept?.(client);
    client.isWaiting = false;
    ready.push(client);
  }
  const run = async (requests: number) => {
    for (let served = 0; served < requests;) {
      const clients = ready;
      ready = [];
      for (const client of clients) {
        client.isWaiting = true;
        client.handler?.onData(bytes, false);
        served += count;
      }
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  };
  return { server, serve: run };
}

/** The processor time of a turn, in microseconds a request: the machine may do other work. */
async function time(serve: Serve): Promise<number> {
  const began = process.cpuUsage();
  await serve(TURN);
  const { user, system } = process.cpuUsage(began);
  return (user + system) / TURN;
}

/** Measures two servers in turns. */
export async function ratioOf(one: Serve, other: Serve, turns: number): Promise<PairRatio> {
  const pairs: [one: number, other: number][] = [];
  for (let turn = -WARM_UP_TURNS; turn < turns; turn++) {
    // The server that is first in a pair changes.
    const first = await time(turn % 2 === 0 ? one : other);
    const second = await time(turn % 2 === 0 ? other : one);
    if (turn >= 0) pairs.push(turn % 2 === 0 ? [first, second] : [second, first]);
  }
  const quotients = pairs.map(([one, other]) => one / other);
  return {
    one: quantile(pairs.map(([one]) => one), 0.5),
    other: quantile(pairs.map(([, other]) => other), 0.5),
    ratio: quantile(quotients, 0.5),
    quartiles: [quantile(quotients, 0.25), quantile(quotients, 0.75)],
  };
}
