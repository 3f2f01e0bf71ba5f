/**
 * `--scaling` measures the cost of a request by the number of connections, the cost of a head by
 * its size, and the latency of other clients beside slow ones.
 *
 * @module
 */

import { findRuntime, type Runtime } from "../../tests/tools/runtimes.ts";
import { type Bench, prepareBench } from "../bench.ts";
import { type Contender, isAble } from "../contenders.ts";
import { RUNTIME_ARGUMENTS } from "../processes/launch.ts";
import type { LoadFigures } from "../load/load_generator.ts";
import type { Options } from "../options.ts";
import { runClient } from "../processes/commands.ts";
import { describeRun } from "../report/run.ts";
import { reportSections, type Section } from "../report/sections.ts";
import {
  CONNECTION_COUNTS,
  type ConnectionSample,
  measureConnections,
} from "../scaling/connections.ts";
import type { HeadSample } from "../scaling/heads.ts";
import {
  measureSlowClients,
  SLOW_READERS,
  SLOW_SENDERS,
  type SlowSample,
} from "../scaling/slow.ts";

const LEAST_SECONDS = 1;
const HEADS_SECONDS = 120;

interface RuntimeHeads {
  readonly runtime: string;
  readonly heads: readonly HeadSample[];
}

export async function runScaling(options: Options): Promise<number> {
  const bench = await prepareBench(options);
  const seconds = Math.max(options.seconds, LEAST_SECONDS);
  const runtimes = options.runtimes.map(findRuntime);
  const connections: ConnectionSample[] = [];
  const slow: SlowSample[] = [];
  const heads: RuntimeHeads[] = [];
  for (const runtime of runtimes) {
    console.error(`${runtime.name} ${runtime.version}: scaling ...`);
    heads.push(await measureHeads(runtime, bench));
    for (const contender of options.contenders.filter((one) => takesPart(one, runtime, options))) {
      connections.push(...await measureConnections(contender, runtime, seconds, bench));
      if (!contender.apps.includes("mixed")) continue;
      slow.push(await measureSlowClients(contender, runtime, seconds, bench));
    }
  }
  const versions = Object.fromEntries(runtimes.map(({ name, version }) => [name, version]));
  const run = describeRun({ rounds: 1, seconds }, bench, versions);
  const sections = [connectionSection(connections), headSection(heads), slowSection(slow)];
  reportSections("scaling", run, sections, options.write, { connections, heads, slow });
  return 0;
}

function takesPart(contender: Contender, { name }: Runtime, { named }: Options): boolean {
  const counts = contender.foreign === undefined && isAble(contender, name, "hello");
  return counts && (contender.rank === "core" || named);
}

async function measureHeads(runtime: Runtime, { servers }: Bench): Promise<RuntimeHeads> {
  const program = servers.path("scaling/heads");
  const runtimePart = [runtime.command, ...RUNTIME_ARGUMENTS[runtime.name]];
  const commandLine = [...servers.pinning, ...runtimePart, program];
  const heads = await runClient<HeadSample[]>(commandLine, HEADS_SECONDS);
  return { runtime: runtime.name, heads };
}

function connectionSection(samples: readonly ConnectionSample[]): Section {
  const keys = [...new Set(samples.map(({ runtime, contender }) => `${runtime} ${contender}`))];
  const rows = keys.map((key) => {
    const own = samples.filter(({ runtime, contender }) => `${runtime} ${contender}` === key);
    const costs = own.map(({ cpu }) => cpu);
    const growth = Math.max(...costs.slice(1)) / Math.min(...costs.slice(1));
    return [...key.split(" "), ...costs.map((cpu) => cpu.toFixed(2)), growth.toFixed(2)];
  });
  const counts = CONNECTION_COUNTS.map((count) => count.toLocaleString("en"));
  return {
    title: "Cost of a request by number of connections",
    note:
      "Server CPU microseconds; connecting is not counted. The last column divides the greatest " +
      "by the least, without the single connection: there each request wakes the server up.",
    rows: [["runtime", "server", ...counts, "most / least"], ...rows],
  };
}

function headSection(samples: readonly RuntimeHeads[]): Section {
  const sizes = samples[0]?.heads.map(({ bytes }) => `${bytes} B`) ?? [];
  const rows = samples.map(({ runtime, heads }) => [
    runtime,
    ...heads.map(({ bytes, nanoseconds }) => {
      const perByte = nanoseconds / bytes;
      return `${Math.round(nanoseconds)} (${perByte.toFixed(2)})`;
    }),
  ]);
  return {
    title: "Cost of parsing a head by its size",
    note: "Nanoseconds, and in parentheses nanoseconds a byte, of the parser alone.",
    rows: [["runtime", ...sizes], ...rows],
  };
}

function slowSection(samples: readonly SlowSample[]): Section {
  const latencies = ({ p50, p99 }: LoadFigures) => [p50, p99].map((us) => (us / 1000).toFixed(2));
  const rows = samples.map(({ runtime, contender, alone, beside }) => [
    runtime,
    contender,
    ...latencies(alone),
    ...latencies(beside),
  ]);
  const titles = ["p50 ms alone", "p99 ms alone", "p50 ms beside", "p99 ms beside"];
  return {
    title: "Hello beside slow clients",
    note:
      `Latency of 8 busy connections, alone and beside ${SLOW_READERS} clients that read 100 MB ` +
      `as slowly as they can and ${SLOW_SENDERS} that send a head byte by byte.`,
    rows: [["runtime", "server", ...titles], ...rows],
  };
}
