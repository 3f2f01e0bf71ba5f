import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { ROOT } from "../../runtimes.ts";
import { runCommand } from "../command.ts";

const GOOD = `
import { test } from "node:test";
test("is right", () => {});
`;

/** A test file whose test waits forever, after an error that belongs to no test. */
const hanging = (failure: string) => `
import { test } from "node:test";
test("waits", () => new Promise(() => {
  setInterval(() => {}, 1000);
  setTimeout(() => { ${failure}; }, 10);
}));
`;

test("an error that belongs to no test ends a process of many files", async () => {
  const folder = mkdtempSync(join(tmpdir(), "batch-"));
  try {
    const rows = [
      ["throw new Error('lost')", "uncaughtException"],
      ["Promise.reject(new Error('lost'))", "unhandledRejection"],
    ] as const;
    for (const [failure, event] of rows) {
      const files = { "good.mjs": GOOD, "hanging.mjs": hanging(failure), "last.mjs": GOOD };
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
      const paths = Object.keys(files).map((name) => join(folder, name));
      const { code, output } = await runCommand(
        [process.execPath, "--import", "tsx", "tests/tools/gates/testing/batch.ts"],
        { cwd: ROOT, env: { BATCH_FILES: paths.join("\n") } },
      );
      assertEquals(code, 1, output);
      assertMatch(output, new RegExp(`${event} in .*hanging\\.mjs: Error: lost`));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
