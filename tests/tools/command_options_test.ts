import { assertEquals, assertStringIncludes } from "@std/assert";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { RUNTIME } from "../support/tcp.ts";
import { ROOT } from "./runtimes.ts";

/** Runs a program of the developers. */
function run(program: string, ...words: readonly string[]) {
  const all = ["--import", "tsx", program, ...words];
  return spawnSync(process.execPath, all, { cwd: ROOT, encoding: "utf8" });
}

test("a wrong option is named, with the usage", { skip: !RUNTIME.startsWith("node") }, () => {
  const wrong: readonly (readonly [text: string, ...words: string[]])[] = [
    ["Unknown option '--bogus'", "tests/fuzz/main.ts", "--bogus"],
    ["Cannot use --seed x: expected a whole number", "tests/fuzz/main.ts", "--seed", "x"],
    ["Unknown runtime x: expected one of node", "tests/torture/main.ts", "--runtime", "x"],
  ];
  for (const [text, program = "", ...words] of wrong) {
    const { status, stdout, stderr } = run(program, ...words);
    assertEquals([status, stdout], [2, ""], stderr);
    assertStringIncludes(stderr, text);
    assertEquals(stderr.includes("    at "), false, stderr);
  }
  const { status, stdout } = run("tests/torture/main.ts", "--help");
  assertEquals(status, 0);
  assertStringIncludes(stdout, "npm run torture -- --list");
});
