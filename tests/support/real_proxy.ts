/** Runs the proxies of others, such as nginx, in front of a server. */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs a proxy with a configuration in a folder of its own, until `use` is done. */
export async function withProxy(
  program: string,
  args: (file: string) => readonly string[],
  configuration: (folder: string) => string,
  use: () => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "cogen-proxy-"));
  const file = join(folder, "proxy.conf");
  writeFileSync(file, configuration(folder));
  const child = spawn(program, args(file), { stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  try {
    await use();
  } finally {
    // nginx can lose a SIGTERM that comes just before its wait for events, and would then run for ever.
    child.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true });
  }
}
