/**
 * `cogen-wsgi --workers` in a process of its own, with an app, on a runtime.
 *
 * The command runs from compiled sources on Node, because a loader would cost each worker most of a second.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { denoConfig } from "../../tools/deno_config.ts";
import {
  compiledProgram,
  compiledSources,
  takesCompiled,
} from "../../tools/gates/compiled/sources.ts";
import type { Runtime } from "../../tools/runtimes.ts";

const PROGRAM = "src/cli/bin.ts";

/** A command that serves. */
export interface WorkersCommand {
  readonly port: number;
  readonly pid: number;
  /** A folder for files of the test. */
  readonly folder: string;
  /** Ends the command. Resolves with its exit code or its signal. */
  stop(): Promise<string>;
}

/**
 * Starts the command.
 *
 * @param app The module of the app, as JavaScript.
 * @param words The further arguments.
 * @param hear Gets what the command says.
 */
export async function startWorkers(
  runtime: Runtime,
  app: string,
  words: readonly string[],
  hear: (text: string) => void,
): Promise<WorkersCommand> {
  const folder = mkdtempSync(join(tmpdir(), "workers-"));
  writeFileSync(join(folder, "app.mjs"), app);
  const program = await programWords(runtime);
  const args = [...program, "app.mjs", "-p", "0", ...words];
  const child = spawn(runtime.command, args, { cwd: folder, stdio: ["ignore", "inherit", "pipe"] });
  const ended = new Promise<string>((resolve) => {
    child.on("exit", (code, signal) => resolve(String(signal ?? code)));
  });
  void ended.then(() => rmSync(folder, { recursive: true }));
  let said = "";
  const port = await new Promise<number>((resolve, reject) => {
    void ended.then(() => reject(new Error(`The command has ended: ${said}`)));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      hear(text);
      if (said.length < 10_000) said += text;
      const found = /127\.0\.0\.1:(\d+)/.exec(said);
      if (found !== null) resolve(Number(found[1]));
    });
  });
  return {
    port,
    folder,
    pid: child.pid as number,
    stop() {
      // After `child.kill`, Deno tells the signal in place of the exit code.
      process.kill(child.pid as number, "SIGTERM");
      return ended;
    },
  };
}

async function programWords(runtime: Runtime): Promise<string[]> {
  if (takesCompiled(runtime)) {
    process.env["COMPILED_SOURCES"] = await compiledSources();
    return [compiledProgram(PROGRAM) as string];
  }
  const file = fileURLToPath(new URL(`../../../${PROGRAM}`, import.meta.url));
  if (runtime.name !== "deno") return [file];
  const permissions = ["-N", "-R", "-E", "-W", "--allow-sys=umask", "--allow-run"];
  const config = ["--no-check", "--no-lock", "--config", denoConfig(runtime.command)];
  return ["run", ...permissions, ...config, file];
}

/** The processes that a process has started; Linux alone tells them. */
export function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1");
  return text.split(" ").map(Number).filter((pid) => pid > 0);
}

/** The resident memory of a process, in bytes; Linux alone tells it. */
export function residentBytesOf(pid: number): number {
  return 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]);
}
