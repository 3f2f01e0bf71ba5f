/**
 * `--websocket` measures WebSockets: the cost of a message, and the memory of an idle connection, beside
 * `ws` on Node, `Bun.serve` and `Deno.upgradeWebSocket`, and beside the limit.
 *
 * @module
 */

import { findRuntime } from "../../tests/tools/runtimes.ts";
import { prepareBench } from "../bench.ts";
import { type Spread, spreadOf } from "../judging/statistics.ts";
import type { Options } from "../options.ts";
import { describeRun } from "../report/run.ts";
import { reportSections, type Section } from "../report/sections.ts";
import { spread } from "../report/table.ts";
import { measureSockets, type SocketSample } from "../websocket/measure.ts";
import {
  SOCKET_SERVERS,
  SOCKET_WORKLOADS,
  type SocketAim,
  type SocketServer,
  type SocketWorkload,
} from "../websocket/workloads.ts";

const LEAST_SECONDS = 0.5;

export async function runWebSocket(options: Options): Promise<number> {
  const bench = await prepareBench(options);
  const runtimes = options.runtimes.map(findRuntime);
  const seconds = Math.max(options.seconds, LEAST_SECONDS);
  const samples: SocketSample[] = [];
  for (const runtime of runtimes) {
    for (const workload of SOCKET_WORKLOADS) {
      console.error(`${runtime.name} ${runtime.version}: ${workload.title} ...`);
      const { rounds } = options;
      samples.push(...await measureSockets({ runtime, workload, rounds, seconds, bench }));
    }
  }
  const versions = Object.fromEntries(runtimes.map(({ name, version }) => [name, version]));
  const described = describeRun({ rounds: options.rounds, seconds }, bench, versions);
  const run = { ...described, load: "a client of this repository" };
  const sections = [costSection(samples), memorySection(samples), aimSection(samples)];
  reportSections("websocket", run, sections, options.write, { samples });
  return 0;
}

/** The figures of one server, or the ratios of ours to it, round by round. */
function figures(samples: readonly SocketSample[], server: SocketServer): number[] {
  return samples.filter((sample) => sample.server === server).map(({ figure }) => figure);
}

function ratios(samples: readonly SocketSample[], against: SocketServer): Spread {
  const others = figures(samples, against);
  return spreadOf(figures(samples, "ours").map((figure, round) => figure / (others[round] ?? NaN)));
}

/** The samples by workload and runtime. */
function groups(
  samples: readonly SocketSample[],
  figure: SocketWorkload["figure"],
): { readonly workload: SocketWorkload; readonly runtime: string; readonly own: SocketSample[] }[] {
  const runtimes = [...new Set(samples.map(({ runtime }) => runtime))];
  return SOCKET_WORKLOADS.filter((workload) => workload.figure === figure).flatMap((workload) =>
    runtimes.map((runtime) => ({
      workload,
      runtime,
      own: samples.filter((one) => one.workload === workload.name && one.runtime === runtime),
    }))
  );
}

function rowsOf(samples: readonly SocketSample[], figure: SocketWorkload["figure"]): string[][] {
  return groups(samples, figure).map(({ workload, runtime, own }) => [
    workload.title,
    runtime,
    ...SOCKET_SERVERS.map((server) => spread(spreadOf(figures(own, server)), 2)),
    ...(["own", "limit"] as const).map((against) => spread(ratios(own, against), 2)),
  ]);
}

const HEADER = ["workload", "runtime", ...SOCKET_SERVERS, "ours / own", "ours / limit"];

function costSection(samples: readonly SocketSample[]): Section {
  return {
    title: "Cost of a message",
    note:
      "Server CPU microseconds for each message that the server sends; the handshakes are not " +
      "counted. `own` is `ws` on Node, `Deno.upgradeWebSocket` and `Bun.serve`; `limit` echoes frames " +
      "that it does not check, on the runtime's plain sockets.",
    rows: [HEADER, ...rowsOf(samples, "cpu")],
  };
}

function memorySection(samples: readonly SocketSample[]): Section {
  return {
    title: "Memory of an idle connection",
    note: "KB, after one message and a collection. Deno's own server has no compression.",
    rows: [HEADER, ...rowsOf(samples, "memory")],
  };
}

function aimSection(samples: readonly SocketSample[]): Section {
  const rows = [...groups(samples, "cpu"), ...groups(samples, "memory")]
    .flatMap(({ workload, runtime, own }) =>
      workload.aims.filter(({ runtimes }) => (runtimes as readonly string[]).includes(runtime))
        .map((aim) => verdict(workload, runtime, own, aim))
    );
  return {
    title: "Aims",
    note: "Medians of the ratios of ours, or of the figure itself.",
    rows: [["workload", "runtime", "against", "aim", "reached", ""], ...rows],
  };
}

function verdict(
  workload: SocketWorkload,
  runtime: string,
  own: readonly SocketSample[],
  { against, atMost }: SocketAim,
): string[] {
  const { median } = against === undefined ? spreadOf(figures(own, "ours")) : ratios(own, against);
  const met = median <= atMost ? "met" : "NOT MET";
  return [workload.title, runtime, against ?? "KB", `<= ${atMost}`, median.toFixed(3), met];
}
