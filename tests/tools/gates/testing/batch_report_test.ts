import { test } from "node:test";
import { assertEquals } from "@std/assert";
import type { RuntimeName } from "../../runtimes.ts";
import { isSilent, markerOf, partsOf, placeOfHang, withoutMarkers } from "./batch_report.ts";

const PATHS = ["tests/a_test.ts", "tests/b_test.ts", "tests/c_test.ts"] as const;
const [A, B, C] = PATHS;

test("finds the files that have no test before their marker in Node's report", () => {
  const report = `<testsuites>
    ${nodeCase("of a")}
    ${nodeCase(markerOf(A))}
    ${nodeCase(markerOf(B))}
    <testsuite name="group">
      ${nodeCase("of c")}
    </testsuite>
    ${nodeCase(markerOf(C))}
  </testsuites>`;
  assertEquals(silentFiles("node", PATHS, report), [B]);
  assertEquals(silentFiles("currentNode", PATHS, report), [B]);
});

test("a file whose marker is missing has not ended", () => {
  const report = [nodeCase("of a"), nodeCase(markerOf(A)), nodeCase("of b")].join("\n");
  assertEquals(silentFiles("node", PATHS, report), [B, C]);
});

test("finds the files without a suite, or with an empty one, in the reports of Deno and Bun", () => {
  const report = `<testsuites>
    <testsuite name="./${A}" tests="1">
      <testcase name="of a" classname="./${A}"></testcase>
    </testsuite>
    <testsuite name="${C}" tests="0"></testsuite>
  </testsuites>`;
  assertEquals(silentFiles("deno", PATHS, report), [B, C]);
  assertEquals(silentFiles("bun", PATHS, report.replace(`./${A}`, A)), [B, C]);
});

test("a file of Deno whose tests are in the suite of another module has its marker", () => {
  const report = `<testsuites>
    <testsuite name="./tests/contract.ts" tests="1">${nodeCase("of a")}</testsuite>
    <testsuite name="./tests/batch.ts" tests="1">${nodeCase(markerOf(A))}</testsuite>
  </testsuites>`;
  assertEquals(silentFiles("deno", PATHS, report), [B, C]);
});

test("an empty report has no file", () => {
  for (const runtime of ["node", "currentNode", "deno", "bun"] as const) {
    assertEquals(silentFiles(runtime, PATHS, ""), [...PATHS]);
  }
});

test("names the file in which a process hung", () => {
  const ended = (...paths: string[]) =>
    paths.map((path) => `\u2714 ${markerOf(path)} (1ms)`).join("\n");
  for (const runtime of ["node", "currentNode", "deno"] as const) {
    assertEquals(placeOfHang(runtime, PATHS, ""), `it hung in ${A}`);
    assertEquals(placeOfHang(runtime, PATHS, ended(A, B)), `it hung in ${C}`);
    assertEquals(placeOfHang(runtime, PATHS, ended(...PATHS)), "it hung after its last test");
  }
  assertEquals(placeOfHang("bun", PATHS, ""), `it hung in ${A}`);
  assertEquals(placeOfHang("bun", PATHS, `${A}:\n(pass) a\n\n${B}:\n`), `it hung in ${B}`);
});

test("removes the markers", () => {
  const report = [nodeCase("of a"), nodeCase(markerOf(A)), "</testsuites>"].join("\n");
  assertEquals(withoutMarkers(report), `${nodeCase("of a")}\n</testsuites>`);
});

test("gives each file its part of the report", () => {
  const report = [nodeCase("of a"), nodeCase(markerOf(A)), nodeCase("of b"), nodeCase(markerOf(B))]
    .join("\n");
  const parts = partsOf("node", PATHS, report);
  assertEquals(PATHS.map((path) => /name="(of .)"/.exec(parts.get(path) ?? "")?.[1]), [
    "of a",
    "of b",
    undefined,
  ]);
});

function silentFiles(runtime: RuntimeName, paths: readonly string[], report: string): string[] {
  return [...partsOf(runtime, paths, report)].filter(([, part]) => isSilent(part))
    .map(([path]) => path);
}

function nodeCase(name: string): string {
  return `<testcase name="${name}" time="0.1" classname="test"/>`;
}
