import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { changesOf, isWorse } from "../../../bench/judging/regression.ts";
import type { Figures, Sample } from "../../../bench/measure/figures.ts";
import { quantile, spreadOf } from "../../../bench/judging/statistics.ts";
import { summarize } from "../../../bench/judging/summary.ts";

function samples(workload: string, contender: string, figures: readonly Figures[]): Sample[] {
  return figures.map((one, round) => ({
    workload,
    runtime: "node",
    contender,
    round,
    figures: one,
  }));
}

test("the median of an odd and an even number of values", () => {
  assertEquals(spreadOf([3, 1, 2]), { median: 2, min: 1, max: 3 });
  assertEquals(spreadOf([4, 1, 2, 3]), { median: 2.5, min: 1, max: 4 });
  assertThrows(() => spreadOf([]), RangeError);
});

test("ratios are made round by round, over the rounds that both took part in", () => {
  const results = summarize([
    ...samples("hello", "ours", [{ cpu: 2 }, { cpu: 6 }, { cpu: 10 }]),
    ...samples("hello", "own", [{ cpu: 4 }, { cpu: 4 }, { cpu: 5 }]),
    ...samples("hello", "limit", [{ cpu: 1 }, { cpu: 2 }]),
  ]);
  const [ours, own, limit] = results;
  assertEquals(ours?.oursToIt, undefined);
  assertEquals(ours?.itToLimit, { median: 2.5, min: 2, max: 3 });
  assertEquals(own?.oursToIt, { median: 1.5, min: 0.5, max: 2 });
  assertEquals(own?.figures.cpu, { median: 4, min: 4, max: 5 });
  assertEquals(limit?.oursToIt, { median: 2.5, min: 2, max: 3 });
  assertEquals(limit?.itToLimit, undefined);
});

test("workloads and runtimes are summed up apart", () => {
  const hello = samples("hello", "ours", [{ cpu: 1 }]);
  const results = summarize([
    ...hello,
    ...samples("x16", "ours", [{ cpu: 2 }]),
    ...hello.map((sample) => ({ ...sample, runtime: "bun" as const })),
  ]);
  assertEquals(results.map(({ workload, runtime }) => [workload, runtime]), [
    ["hello", "node"],
    ["x16", "node"],
    ["hello", "bun"],
  ]);
});

test("a quantile is the value below which a share lies", () => {
  const values = [5, 1, 4, 2, 3];
  assertEquals([0, 0.25, 0.5, 1].map((share) => quantile(values, share)), [1, 2, 3, 5]);
  assertEquals(quantile([1, 2], 0.5), 1);
  assertThrows(() => quantile([], 0.5), RangeError);
});

test("it has become worse if the median is beyond the margin and no round denies it", () => {
  assertEquals(isWorse({ median: 1.06, min: 1.01, max: 1.2 }), true);
  assertEquals(isWorse({ median: 1.06, min: 0.99, max: 1.2 }), false);
  assertEquals(isWorse({ median: 1.04, min: 1.01, max: 1.2 }), false);
  assertEquals(isWorse({ median: 0.5, min: 0.4, max: 0.6 }), false);
});

test("a higher cost is worse, and a lower rate is", () => {
  const changes = changesOf([
    ...samples("hello", "now", [{ cpu: 3 }, { cpu: 2.2 }]),
    ...samples("hello", "then", [{ cpu: 2 }, { cpu: 2 }]),
    ...samples("download100m", "now", [{ rate: 1000 }]),
    ...samples("download100m", "then", [{ rate: 2000 }]),
    ...samples("stream", "now", [{ cpu: 1 }]),
    ...samples("stream", "then", [{ cpu: 2 }]),
  ]);
  assertEquals(changes.map(({ workload, cost, worse }) => [workload, cost.median, worse]), [
    ["hello", 1.3, true],
    ["download100m", 2, true],
    ["stream", 0.5, false],
  ]);
});
