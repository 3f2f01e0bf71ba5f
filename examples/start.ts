/** `npm start` serves the example site on Node, or on the runtime that `--runtime` names. */

import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { findRuntime, programArguments, type RuntimeName } from "../tests/tools/runtimes.ts";

/** The time between two checks whether the shell of npm has ended, in milliseconds. */
const PARENT_CHECK_MS = 200;

const RUNTIMES: readonly string[] = ["node", "deno", "bun"] satisfies RuntimeName[];
const USAGE = `Usage: npm start -- [--runtime ${RUNTIMES.join("|")}]

Serves the examples on http://127.0.0.1:8000/, or on the port in the environment variable PORT.`;

function parseRuntime(args: readonly string[]): RuntimeName {
  const [name = "--runtime", value = "node", ...rest] = args.flatMap((arg) => arg.split("="));
  if (name !== "--runtime" || rest.length > 0 || !RUNTIMES.includes(value)) {
    throw new TypeError(`Cannot start with ${args.join(" ")}`);
  }
  return value as RuntimeName;
}

/** Runs the site in a process of the chosen runtime. */
function run(name: RuntimeName): void {
  const runtime = findRuntime(name);
  const site = fileURLToPath(new URL("site.ts", import.meta.url));
  const child = spawn(runtime.command, programArguments(runtime, site), { stdio: "inherit" });
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
  }, PARENT_CHECK_MS);
}

try {
  if (process.argv.includes("--help")) console.log(USAGE);
  else run(parseRuntime(process.argv.slice(2)));
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  process.exit(1);
}
