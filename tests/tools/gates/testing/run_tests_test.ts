import { test } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { batches, complain, type FileRun, judge } from "./run_tests.ts";

const RUNTIME = { name: "bun", version: "1.0.0" } as const;
const GOOD: FileRun = run({ passed: 3, failed: 0, skipped: 1 });

test("a file whose tests passed is right", () => {
  assertEquals(complain(0, { passed: 1, failed: 0, skipped: 0 }), undefined);
});

test("a file whose tests are all skipped is right: it is for another runtime", () => {
  assertEquals(complain(0, { passed: 0, failed: 0, skipped: 1 }), undefined);
});

test("a file that reported no test is wrong", () => {
  assertEquals(complain(0, { passed: 0, failed: 0, skipped: 0 }), "reported no test");
});

test("a file that ended badly is wrong, though its tests passed", () => {
  assertStringIncludes(complain(1, { passed: 1, failed: 0, skipped: 0 }) ?? "", "code 1");
});

test("a file that had to be ended is wrong", () => {
  const complaint = complain(undefined, { passed: 1, failed: 0, skipped: 0 });
  assertEquals(complaint, "did not end by itself");
});

test("a runtime on which all went well is right", () => {
  const { ok, tests } = judge(RUNTIME, 2, [GOOD, GOOD]);
  assertEquals({ ok, tests }, { ok: true, tests: { passed: 6, failed: 0, skipped: 2 } });
});

test("a runtime that ran no test fails", () => {
  assertEquals(judge(RUNTIME, 0, []).ok, false);
  assertEquals(judge(RUNTIME, 1, [run({ passed: 0, failed: 0, skipped: 9 })]).ok, false);
});

test("a complaint about a file counts as a failed test", () => {
  const { ok, tests } = judge(RUNTIME, 2, [GOOD, { ...GOOD, complaint: "ended badly" }]);
  assertEquals({ ok, failed: tests?.failed }, { ok: false, failed: 1 });
});

test("puts files together evenly, but for those that need a process of their own", () => {
  const shared = Array.from({ length: 200 }, (_, index) => `tests/http/${index}_test.ts`);
  const alone = ["tests/contract/node_test.ts", "tests/torture/load/long_poll_test.ts"];
  const made = batches([...alone, ...shared], "node");
  assertEquals(made.map((paths) => paths.length), [100, 100, 1, 1]);
  assertEquals(made.flat(), [...shared, ...alone]);
});

test("the contract of another runtime's adapter needs no process of its own", () => {
  const paths = ["tests/contract/bun_test.ts", "tests/contract/node_test.ts"];
  const [bun = "", node = ""] = paths;
  assertEquals(batches(paths, "currentNode"), [[bun], [node]]);
  assertEquals(batches(paths, "bun"), [[bun], [node]]);
  assertEquals(batches(paths, "deno"), [paths]);
});

test("one file, or none, is no batch", () => {
  assertEquals(batches(["tests/a_test.ts"], "node"), [["tests/a_test.ts"]]);
  assertEquals(batches([], "node"), []);
});

function run(count: FileRun["count"]): FileRun {
  return { path: "tests/a_test.ts", count, tests: [], complaint: undefined };
}
