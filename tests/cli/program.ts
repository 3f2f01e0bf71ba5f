/** Runs the command `cogen-wsgi` in a process of the runtime that runs the test. */

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { compiledProgram } from "../tools/gates/compiled/sources.ts";
import { tsxLoader } from "../tools/runtimes.ts";

const PROGRAM = programPath("src/cli/bin.ts");
const MANY = programPath("tests/cli/many.ts");
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));

/** The permissions that the README names, those for files and the modes of Unix sockets, and for workers. */
const PERMISSIONS = ["-N", "-R", "-E", "-W", "--allow-sys=umask", "--allow-run"];
const DENO = ["run", ...PERMISSIONS, "--no-check", "--no-lock", "--config", CONFIG];

/** A command to run to its end. */
export interface Invocation {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** The end of a command. */
export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process of the command. */
export interface Running {
  readonly pid: number;
  readonly ended: Promise<Result>;
  /** Sends a signal, any number of times. Nothing happens if the process has ended. */
  kill(signal: "SIGHUP" | "SIGINT" | "SIGTERM" | "SIGUSR1" | "SIGUSR2" | "SIGKILL"): void;
  /** Waits until standard error has a text, and gives all of it. Rejects if the process ends before. */
  errors(part: string | RegExp): Promise<string>;
}

/** A folder with files, and the command in it. */
export interface Workshop {
  readonly folder: string;
  write(name: string, text: string): void;
  makeFolder(name: string): void;
  /** Starts the command, through another program that runs it, if one is given. */
  start(args: readonly string[], through?: readonly string[]): Running;
  /** Runs a command in a process of its own. */
  run(args: readonly string[]): Promise<Result>;
  /** Runs commands one after the other in one process, because a process costs much time. */
  runEach(invocations: readonly Invocation[]): Promise<Result[]>;
}

/** Makes a folder, calls `use`, and removes the folder. */
export async function inWorkshop(
  files: Readonly<Record<string, string>>,
  use: (workshop: Workshop) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "cli-"));
  const started: Running[] = [];
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  for (const [name, text] of Object.entries(files)) write(name, text);
  const startProgram = (program: string, args: readonly string[], through?: readonly string[]) => {
    const running = startIn(folder, program, args, through);
    started.push(running);
    return running;
  };
  const start: Workshop["start"] = (args, through) => startProgram(PROGRAM, args, through);
  const runEach = async (invocations: readonly Invocation[]) => {
    const { stdout, stderr } = await startProgram(MANY, [JSON.stringify(invocations)]).ended;
    if (stdout === "") throw new Error(stderr);
    return JSON.parse(stdout) as Result[];
  };
  try {
    const makeFolder = (name: string) => void mkdirSync(join(folder, name));
    await use({ folder, write, makeFolder, start, run: (args) => start(args).ended, runEach });
  } finally {
    for (const running of started) running.kill("SIGKILL");
    await Promise.all(started.map(({ ended }) => ended.catch(() => {})));
    rmSync(folder, { recursive: true, force: true });
  }
}

function startIn(
  cwd: string,
  program: string,
  args: readonly string[],
  through: readonly string[] = [],
): Running {
  const inherited = Object.entries(process.env)
    .filter(([name]) =>
      !/^(?:COGEN_.*|PORT|HOST|WEB_CONCURRENCY|FORWARDED_ALLOW_IPS|NODE_OPTIONS|NODE_TEST_CONTEXT)$/
        .test(name)
    );
  const words = [...through, process.execPath, ...runtimeArguments(program), program, ...args];
  const child = spawn(words[0] as string, words.slice(1), {
    cwd,
    env: { ...Object.fromEntries(inherited), NO_COLOR: "1" } as Record<string, string>,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  let hear = () => {};
  child.stdout?.setEncoding("utf8").on("data", (text: string) => stdout += text);
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    hear();
  });
  const ended = new Promise<Result>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code, stdout, stderr });
      hear();
    });
  });
  const errors = (part: string | RegExp) =>
    new Promise<string>((resolve, reject) => {
      hear = () => {
        const found = typeof part === "string" ? stderr.includes(part) : part.test(stderr);
        if (found) resolve(stderr);
        else if (child.exitCode !== null || child.signalCode !== null) {
          const end = child.signalCode ?? child.exitCode;
          reject(new Error(`ended by ${end} before "${part}": ${stderr}`));
        }
      };
      hear();
    });
  const pid = child.pid as number;
  // `kill` of Deno's child process sends one signal only, so the signals go by the process id.
  const kill: Running["kill"] = (signal) => {
    if (child.exitCode === null && child.signalCode === null) process.kill(pid, signal);
  };
  return { pid, ended, kill, errors };
}

/** Waits for a condition that another process makes true. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** The path of a program; of its compiled form on Node, which is how the npm package has it. */
export function programPath(path: string): string {
  return compiledProgram(path) ?? fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

function runtimeArguments(program: string): string[] {
  if ("Deno" in globalThis) return DENO;
  const readsTypeScript = "Bun" in globalThis || Number(process.versions.node.split(".")[0]) >= 23;
  return readsTypeScript || program.endsWith(".js") ? [] : ["--import", tsxLoader()];
}
