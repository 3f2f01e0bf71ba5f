/** The example of the test kit runs under the test command of each runtime, on Deno without permissions. */

import { assertEquals } from "@std/assert";
import { spawn } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { RUNTIME } from "../support/tcp.ts";
import { nodeLoader } from "../tools/runtimes.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const EXAMPLE = "./examples/wait_signal_test.ts";

/** The arguments of the runtime's own test command. */
function testArguments(): string[] {
  if (RUNTIME.startsWith("deno")) return ["test", "--no-check", "--no-config", EXAMPLE];
  if (RUNTIME.startsWith("bun")) return ["test", EXAMPLE];
  return ["--import", nodeLoader(), "--test", "--test-reporter=tap", EXAMPLE];
}

function run(args: readonly string[]): Promise<{ code: number | null; output: string }> {
  // A test runner of Node that finds this variable takes itself for a child of another.
  const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
  const child = spawn(process.execPath, args, { cwd: ROOT, env: { ...env, NO_COLOR: "1" } });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (bytes: Uint8Array) => void (output += new TextDecoder().decode(bytes)));
  }
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, output })));
}

test("the example passes, without permissions on Deno", async () => {
  const { code, output } = await run(testArguments());
  assertEquals(code, 0, output);
  assertEquals(/# pass 3|3 passed|3 pass/.test(output), true, output);
});
