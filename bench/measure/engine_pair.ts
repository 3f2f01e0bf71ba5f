/**
 * A program that measures two versions of the engine in one process, in short turns, on sockets that are only
 * objects.
 *
 * `../modes/compare.ts` runs this on each runtime, and reads the JSON that it prints.
 *
 * @module
 */

import process from "node:process";
import type { Environ, StartResponse, WSGIApp } from "../../mod.ts";
import { BROWSER, PLAIN } from "../workloads/requests.ts";
import { openServer, type PairRatio, ratioOf } from "./paired_servers.ts";

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

/** The ratio of a workload: `one` is the engine now, `other` the one then. */
export interface EngineRatio extends PairRatio {
  readonly workload: string;
}

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

async function measure({ adapter, now, then, turns }: EnginePairJob): Promise<EngineRatio[]> {
  const ratios: EngineRatio[] = [];
  for (const [workload, app, request, count] of WORKLOADS) {
    const program = { adapter, app, request, count };
    const { serve: serveNow } = await openServer({ ...program, folder: now });
    const { serve: serveThen } = await openServer({ ...program, folder: then });
    ratios.push({ workload, ...await ratioOf(serveNow, serveThen, turns) });
  }
  return ratios;
}

console.log(JSON.stringify(await measure(JSON.parse(process.argv[2] ?? "") as EnginePairJob)));
process.exit(0);
