/**
 * A program that measures two versions of the engine in one process, in short turns, on sockets that are only
 * objects.
 *
 * No byte passes the system, so the figure is the time of the engine alone: the parser, the scheduler, the app
 * and the response. The speed of a machine that others use changes within a second; both versions share it here.
 *
 * `../modes/compare.ts` runs this on each runtime, and reads the JSON that it prints.
 *
 * @module
 */

import process from "node:process";
import type { Adapter, Socket, SocketHandler } from "../../src/socket/mod.ts";
import type { Environ, StartResponse, WSGIApp } from "../../mod.ts";
import { BROWSER, PLAIN } from "../workloads/requests.ts";

/** The command line, as JSON. */
export interface EnginePairJob {
  /** The runtime of the adapter: `node`, `deno` or `bun`. */
  readonly adapter: string;
  /** The folders of the compiled versions. */
  readonly now: string;
  readonly then: string;
  /** The pairs of turns for each workload. */
  readonly turns: number;
}

/** The time of the engine now divided by that then: the median of the turns, and their quartiles. */
export interface EngineRatio {
  readonly workload: string;
  /** Microseconds a request, medians. */
  readonly now: number;
  readonly then: number;
  readonly ratio: number;
  readonly quartiles: readonly [number, number];
}

/** Serves a number of requests. */
type Serve = (requests: number) => Promise<void>;

interface Version {
  serve(options: object): Promise<unknown>;
}

const CONNECTIONS = 64;
/** The requests of one turn: some ten milliseconds. */
const TURN = 4000;
const WARM_UP_TURNS = 40;
const HEADERS = [["Content-Type", "text/plain"]] as const;

// deno-lint-ignore require-yield -- a generator, as most apps are
const hello: WSGIApp = function* (_environ: Environ, startResponse: StartResponse) {
  startResponse("200 OK", HEADERS);
  return "Hello, world!";
};

const stream: WSGIApp = function* (_environ: Environ, startResponse: StartResponse) {
  startResponse("200 OK", HEADERS);
  yield "one ";
  yield "two ";
  yield "three";
};

const WORKLOADS:
  readonly (readonly [name: string, app: WSGIApp, request: string, count: number])[] = [
    ["hello", hello, PLAIN, 1],
    ["browser", hello, BROWSER, 1],
    ["x16", hello, PLAIN.repeat(16), 16],
    ["stream", stream, PLAIN, 1],
  ];

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

async function open(
  folder: string,
  { adapter: name }: EnginePairJob,
  app: WSGIApp,
  request: string,
  count: number,
): Promise<Serve> {
  const { serve } = await import(`${folder}/mod.js`) as Version;
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
  await serve({ wsgiApp: app, bindAddr: ["127.0.0.1", 0], adapter });
  const bytes = new TextEncoder().encode(request);
  let ready: Client[] = [];
  const answered = (client: Client) => void ready.push(client);
  for (let index = 0; index < CONNECTIONS; index++) {
    const client = new Client(answered);
    client.handler = accept?.(client);
    client.isWaiting = false;
    ready.push(client);
  }
  return async (requests) => {
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
}

async function time(serve: Serve): Promise<number> {
  const began = performance.now();
  await serve(TURN);
  return 1000 * (performance.now() - began) / TURN;
}

function at(values: readonly number[], share: number): number {
  return values[Math.floor((values.length - 1) * share)] as number;
}

const sorted = (values: readonly number[]) => values.toSorted((one, other) => one - other);

async function measure(job: EnginePairJob): Promise<EngineRatio[]> {
  const ratios: EngineRatio[] = [];
  for (const [workload, app, request, count] of WORKLOADS) {
    const now = await open(job.now, job, app, request, count);
    const then = await open(job.then, job, app, request, count);
    const pairs: [now: number, then: number][] = [];
    for (let turn = -WARM_UP_TURNS; turn < job.turns; turn++) {
      // The version that is first in a pair changes.
      const first = await time(turn % 2 === 0 ? now : then);
      const second = await time(turn % 2 === 0 ? then : now);
      if (turn >= 0) pairs.push(turn % 2 === 0 ? [first, second] : [second, first]);
    }
    const quotients = sorted(pairs.map(([now, then]) => now / then));
    ratios.push({
      workload,
      now: at(sorted(pairs.map(([now]) => now)), 0.5),
      then: at(sorted(pairs.map(([, then]) => then)), 0.5),
      ratio: at(quotients, 0.5),
      quartiles: [at(quotients, 0.25), at(quotients, 0.75)],
    });
  }
  return ratios;
}

console.log(JSON.stringify(await measure(JSON.parse(process.argv[2] ?? "") as EnginePairJob)));
process.exit(0);
