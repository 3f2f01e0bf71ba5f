/**
 * The figures of the page that compares this package with other servers: they are those of the last full run of
 * the benchmark, in `bench/results/full.json`.
 *
 * They stand in a Markdown file between the comments `figures` and `/figures`. The step `docs:figures` calls this.
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { WORKLOADS } from "../../../../bench/workloads/workloads.ts";
import { ROOT, RUNTIME_NAMES, type RuntimeName } from "../../runtimes.ts";
import { readText } from "../sources.ts";
import type { Step, StepResult } from "../step.ts";
import { alignedTable } from "./support.ts";

const PAGE = "docs/explanation/comparison.md";
const RESULTS = "bench/results/full.json";
const PLACE = /(<!-- figures -->\n\n)[^]*?(\n\n<!-- \/figures -->)/;

/** The results of a run of the benchmark, as far as the page has them. */
export interface Figures {
  readonly date: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly results: readonly {
    readonly workload: string;
    readonly runtime: string;
    readonly contender: string;
    readonly figures: Readonly<Record<string, { readonly median: number }>>;
  }[];
}

/** The figures that are costs, with their units: less is better. */
const COSTS: Readonly<Record<string, string>> = {
  cpu: "us",
  cpuPerMegabyte: "us/MB",
  memory: "KB",
};
/** Medians that differ by less are taken for equal. */
const NOISE = 1.1;

const HELLO_ROWS: readonly (readonly [title: string, contender: string])[] = [
  ["this package", "ours"],
  ["the runtime's own", "own"],
  ["srvx", "srvx"],
  ["Hono, with its own server", "hono"],
];
const FETCH_ROWS: readonly (readonly [title: string, contender: string])[] = [
  ["`fromFetch`", "fromFetch"],
  ["`fromFetch` with `FastResponse`", "fastFetch"],
  ["srvx", "srvx"],
  ["Hono's own server", "hono"],
];
const FETCH_WORKLOADS: readonly string[] = ["hello", "stream", "post"];
/** The servers that run on no runtime of JavaScript. They stand beside Node 20. */
const OTHERS: readonly string[] = ["nginx", "uvicorn", "waitress", "gunicorn"];

/** Makes the part of the page between the comments. */
export function figuresText(figures: Figures): string {
  const { date, versions } = figures;
  const titles = RUNTIME_NAMES.map((name) => titleOf(name, versions));
  const row = (title: string, workload: string, contender: string) => [
    title,
    ...RUNTIME_NAMES.map((runtime) => costOf(figures, workload, runtime, contender)?.text ?? ""),
  ];
  const hello = HELLO_ROWS.map(([title, contender]) => row(title, "hello", contender));
  const handlers = FETCH_WORKLOADS.flatMap((workload) =>
    FETCH_ROWS.map(([title, contender]) =>
      row(`${workloadTitle(workload)}: ${title}`, workload, contender)
    )
  );
  const others = OTHERS.map((name) => `${name} ${costOf(figures, "hello", "node", name)?.text}`);
  const packages = OTHERS.map((name) => `${name} ${versions[name]}`);
  return [
    `The figures are those of [bench/results/full.md](../../bench/results/full.md) of ${
      date.slice(0, 10)
    }, on one machine, with Node ${versions["node"]} and ${versions["currentNode"]}, Deno ${
      versions["deno"]
    }, Bun ${versions["bun"]}, and the Debian packages of ${listed(packages)}.`,
    alignedTable([["hello, server", ...titles], ...hello]),
    `Beside Node 20: ${listed(others)}.`,
    "The same fetch handlers on other servers:",
    alignedTable([["fetch handler", ...titles], ...handlers]),
    "**Where the runtimes' own servers cost less**, by more than a tenth:",
    comparedTable(figures, titles, (ratio) => ratio >= NOISE),
    "**Where this package costs less**, by more than a tenth:",
    comparedTable(figures, titles, (ratio) => ratio <= 1 / NOISE),
  ].join("\n\n");
}

/** The workloads and runtimes where our cost divided by that of the runtime's own server is as asked. */
function comparedTable(
  figures: Figures,
  titles: readonly string[],
  isAsked: (ratio: number) => boolean,
): string {
  const rows = WORKLOADS.flatMap(({ name, title }) =>
    RUNTIME_NAMES.flatMap((runtime, index) => {
      const ours = costOf(figures, name, runtime, "ours");
      const own = costOf(figures, name, runtime, "own");
      if (ours === undefined || own === undefined || !isAsked(ours.value / own.value)) return [];
      return [[title, titles[index] ?? "", ours.withUnit, own.withUnit]];
    })
  );
  return alignedTable([["workload", "runtime", "this package", "the runtime's own"], ...rows]);
}

interface Cost {
  readonly value: number;
  readonly text: string;
  readonly withUnit: string;
}

function costOf(
  { results }: Figures,
  workload: string,
  runtime: RuntimeName,
  contender: string,
): Cost | undefined {
  const found = results.find((result) =>
    result.workload === workload && result.runtime === runtime && result.contender === contender
  );
  for (const [name, unit] of Object.entries(COSTS)) {
    const value = found?.figures[name]?.median;
    if (value === undefined) continue;
    const text = value < 100 ? value.toFixed(1) : value.toFixed(0);
    return { value, text, withUnit: `${text} ${unit}` };
  }
  return undefined;
}

function titleOf(runtime: RuntimeName, versions: Figures["versions"]): string {
  if (runtime === "deno" || runtime === "bun") return runtime === "deno" ? "Deno" : "Bun";
  return `Node ${versions[runtime]?.replace(/\..*/, "")}`;
}

function workloadTitle(name: string): string {
  return WORKLOADS.find((workload) => workload.name === name)?.title ?? name;
}

function listed(words: readonly string[]): string {
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** The page with the figures in their place. */
export function withFigures(page: string, text: string): string {
  return page.replace(PLACE, (_whole, before: string, after: string) => before + text + after);
}

/** Compares the figures of the page with those of the benchmark, or writes them anew with `--update`. */
export function figuresStep(name: string): Step {
  return { name, run: ({ update }) => Promise.resolve(checkPage(update)) };
}

function checkPage(update: boolean): StepResult {
  const page = readText(PAGE);
  if (!PLACE.test(page)) {
    return { ok: false, detail: `${PAGE} needs <!-- figures --> and <!-- /figures -->` };
  }
  const current = withFigures(page, figuresText(JSON.parse(readText(RESULTS)) as Figures));
  if (current === page) return { ok: true };
  if (!update) {
    return { ok: false, detail: `The figures in ${PAGE} are old. npm run docs writes them anew.` };
  }
  writeFileSync(join(ROOT, PAGE), current);
  return { ok: true, note: `${PAGE} is written anew` };
}
