/**
 * `npm start` serves the example site with the command `cogen-wsgi`, on Node or on the runtime that
 * `--runtime` names. Other arguments are options of the command.
 */

import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { findRuntime, programArguments, type RuntimeName } from "../../tests/tools/runtimes.ts";

const RUNTIMES: readonly string[] = ["node", "deno", "bun"] satisfies RuntimeName[];
const USAGE = `Usage: npm start -- [--runtime ${RUNTIMES.join("|")}] [options of cogen-wsgi]

Serves the examples on http://127.0.0.1:8000/, or on the port in the environment variable PORT.`;

/** Takes `--runtime` out of the arguments. */
function splitArguments(args: readonly string[]): { runtime: RuntimeName; options: string[] } {
  const options = [...args];
  const at = options.findIndex((arg) => /^--runtime(?:=|$)/.test(arg));
  if (at < 0) return { runtime: "node", options };
  const [given = ""] = options.splice(at, 1);
  const name = given.includes("=") ? given.slice("--runtime=".length) : options.splice(at, 1)[0];
  if (name !== undefined && RUNTIMES.includes(name)) {
    return { runtime: name as RuntimeName, options };
  }
  throw new TypeError(`--runtime is ${name}: expected ${RUNTIMES.join(", ")}`);
}

/** Runs the site in a process of the chosen runtime. */
function run(name: RuntimeName, options: readonly string[]): void {
  const runtime = findRuntime(name);
  const command = fileURLToPath(new URL("../../src/cli/bin.ts", import.meta.url));
  const args = [...programArguments(runtime, command), "examples/site/site.ts:site", ...options];
  const cwd = fileURLToPath(new URL("../..", import.meta.url));
  const child = spawn(runtime.command, args, { stdio: "inherit", cwd });
  process.on("SIGINT", () => {}); // the terminal also sends the signal to the child, which ends by itself
  const end = () => void child.kill("SIGTERM");
  process.on("SIGTERM", end);
  endWithParent(end);
  child.on("exit", (code) => process.exit(code ?? 1));
}

/** Calls `end` when the parent has ended: npm gives SIGTERM to its shell, which passes no signal on. */
function endWithParent(end: () => void): void {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    end();
  }, 200);
}

try {
  const { runtime, options } = splitArguments(process.argv.slice(2));
  run(runtime, options);
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  process.exit(1);
}
