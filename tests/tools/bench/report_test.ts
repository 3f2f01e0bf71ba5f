import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { AIMS, judge } from "../../../bench/judging/aims.ts";
import { CONTENDER_NAMES } from "../../../bench/contenders.ts";
import { align, spread } from "../../../bench/report/table.ts";
import { barChart } from "../../../bench/report/bar_chart.ts";
import { contenderMarkdown, verdictsOf } from "../../../bench/report/side_by_side.ts";
import { ratioChart } from "../../../bench/report/ratio_chart.ts";
import { formatJson } from "../../../bench/report/write.ts";
import type { Result } from "../../../bench/judging/summary.ts";
import { WORKLOAD_NAMES } from "../../../bench/workloads/workloads.ts";

const flat = (median: number) => ({ median, min: median, max: median });

const RESULTS: readonly Result[] = [
  {
    workload: "hello",
    runtime: "node",
    contender: "ours",
    figures: { cpu: flat(5), requestsPerSecond: flat(100_000), p999: flat(1.5) },
    itToLimit: flat(1.25),
  },
  {
    workload: "hello",
    runtime: "node",
    contender: "own",
    figures: { cpu: flat(10), requestsPerSecond: flat(50_000), p999: flat(3) },
    oursToIt: flat(0.5),
    itToLimit: flat(2.5),
  },
  {
    workload: "download100m",
    runtime: "node",
    contender: "ours",
    figures: { rate: flat(900), cpuPerMegabyte: flat(300) },
  },
  {
    workload: "download100m",
    runtime: "node",
    contender: "own",
    figures: { rate: flat(1000), cpuPerMegabyte: flat(200) },
    oursToIt: flat(0.9),
  },
];

const RUN = {
  date: "2026-01-01T00:00:00.000Z",
  cpu: "2 x some",
  load: "wrk",
  pinned: true,
  rounds: 5,
  seconds: 0.5,
  loadAverage: 1,
  took: 100,
  versions: { node: "20.0.0" },
};

test("results are written a line each, with four digits", () => {
  const text = formatJson({ date: "now", took: 524.106836, results: [{ a: 1.23456 }, { a: 2 }] });
  assertEquals(
    text,
    '{\n  "date": "now",\n  "took": 524.1,\n  "results": [\n    {"a":1.235},\n    {"a":2}\n  ]\n}\n',
  );
  assertEquals(JSON.parse(text).results.length, 2);
});

test("columns line up, whatever is in them", () => {
  assertEquals(
    align([["a", "long"], ["longer", "b"]]),
    "| a      | long |\n| ------ | ---- |\n| longer | b    |",
  );
  assertEquals(spread({ median: 1, min: 0.5, max: 2 }, 1), "1.0 (0.5-2.0)");
});

test("a rate has to be at least what is aimed at, a cost at most", () => {
  const verdicts = verdictsOf(RESULTS);
  assertEquals(verdicts.map(({ workload, reached, met }) => [workload, reached, met]), [
    ["hello", 0.5, true],
    ["download100m", 0.9, false],
  ]);
});

test("an aim is met exactly at its ratio; what was not measured is not judged", () => {
  const pair = { contender: "ours", against: "own" } as const;
  const aim = { workload: "hello", runtime: "node", ...pair, ratio: 0.6 } as const;
  assertEquals(judge(() => 0.6, [aim])[0]?.met, true);
  assertEquals(judge(() => 0.601, [aim])[0]?.met, false);
  assertEquals(judge(() => undefined, [aim]), []);
});

test("an aim of another contender is the ratio of two medians", () => {
  const result = (contender: string, cpu: number): Result => {
    return { workload: "hello", runtime: "bun", contender, figures: { cpu: flat(cpu) } };
  };
  const [verdict, ...others] = verdictsOf([result("fromFetch", 11), result("floor", 10)]);
  assertEquals([verdict?.contender, verdict?.reached, verdict?.met], ["fromFetch", 1.1, true]);
  assertEquals(others, []);
});

test("every aim is about a workload and a contender that exist, and none stands twice", () => {
  for (const { workload, contender, against } of AIMS) {
    assert(WORKLOAD_NAMES.includes(workload), workload);
    for (const name of [contender, against]) assert(CONTENDER_NAMES.includes(name), name);
  }
  const keys = AIMS.map((aim) => [aim.workload, aim.runtime, aim.contender, aim.against].join());
  assertEquals(new Set(keys).size, keys.length);
});

test("the Markdown report has a table a kind of figure, and tells of each aim", () => {
  const text = contenderMarkdown(RUN, RESULTS);
  assertStringIncludes(text, "## node 20.0.0");
  assertStringIncludes(text, "| CPU us/request");
  assertStringIncludes(text, "| MB/s");
  assertStringIncludes(text, "| 0.50 (0.50-0.50) | 2.50 ");
  assertStringIncludes(text, "## Aims: 1 of 2 met");
  assertStringIncludes(text, "NOT MET");
  for (const block of text.split("\n\n").filter((part) => part.startsWith("|"))) {
    const widths = new Set(block.trim().split("\n").map((line) => line.length));
    assertEquals(widths.size, 1, block);
  }
});

/** Whether every tag is closed in the right order, and no text has a bare `<` or `&`. */
function isWellFormed(xml: string): boolean {
  const open: string[] = [];
  const rest = xml.replaceAll(
    /<(\/?)([a-z]+)((?: [\w:-]+="[^"<]*")*) *(\/?)>/g,
    (_tag, closing: string, name: string, _attributes: string, empty: string) => {
      if (closing !== "") {
        if (open.pop() !== name) open.push("wrong");
      } else if (empty === "") open.push(name);
      return "";
    },
  );
  return open.length === 0 && !/[<>]|&(?!amp;|lt;|gt;)/.test(rest);
}

test("the chart is well-formed, with a bar for each server and a mark for each aim", () => {
  const svg = ratioChart(RESULTS);
  assert(isWellFormed(svg), svg);
  assertEquals(svg.match(/<rect [^>]*height="11"/g)?.length, 4);
  assertEquals(svg.match(/stroke="#cf222e"/g)?.length, 2);
  assertStringIncludes(svg, "0.50 (5.00 CPU us/request)");
  // A rate is turned over: 900 MB/s beside 1000 cost 1.11.
  assertStringIncludes(svg, "1.11 (900 MB/s)");
});

test("text in a chart is escaped, and a bar that is too long is cut off", () => {
  const bars = [{ label: "<a> & b", value: 100, note: "" }];
  const svg = barChart({
    title: "t",
    axis: "x",
    first: "a",
    panels: [{ title: "p", groups: [{ title: "g", bars }] }],
  });
  assert(isWellFormed(svg), svg);
  assertStringIncludes(svg, "&lt;a&gt; &amp; b");
  assertStringIncludes(svg, "100.00 &gt;");
  const widths = [...svg.matchAll(/<rect x="\d+" y="\d+" width="([\d.]+)"/g)].map(([, width]) =>
    width
  );
  assertEquals(widths, ["500.0"]);
});

test("a chart of nothing is a chart", () => {
  assert(isWellFormed(ratioChart([])));
});
