/**
 * This file runs a program to its end, with a deadline, and keeps its output.
 *
 * Each program leads a process group of its own, so that all processes that it started end with it.
 * Programs share a number of lanes. The steps of `npm test` and the benchmarks call this.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import process from "node:process";

export interface CommandOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The default is 900. The deadline is for programs that hang, on a machine of any speed. */
  readonly timeoutSeconds?: number;
  /** Whether the program mostly waits, as for sockets that stall: such programs have lanes of their own. */
  readonly isIdle?: boolean;
}

export interface Outcome {
  /** `undefined` when a signal or the deadline ended it. */
  readonly code: number | undefined;
  /** Standard output and error, in the order they came. */
  readonly output: string;
  readonly stdout: string;
}

/** The output of a runaway program is dropped beyond this many characters. */
const MAX_OUTPUT = 4_000_000;

/**
 * Variables that change how a test runner, a runtime or npm works, in upper or lower case. npm
 * passes the settings of its `.npmrc` to each script as `npm_config_*`.
 */
const UNWANTED_ENV = [
  "NODE_OPTIONS",
  "NODE_TEST_CONTEXT",
  "FORCE_COLOR",
  "DENO_CONFIG",
  "NPM_CONFIG_IGNORE_SCRIPTS",
];

const running = new Set<ChildProcess>();

/**
 * The number of programs that run at the same time: two more than the machine has cores, because tests
 * over sockets, servers and browsers wait now and then.
 */
export const LANES: number = availableParallelism() + 2;

/** The number of idle programs that run beside them. */
const IDLE_LANES = 3;

/** A number of programs that may run at the same time; the others wait in their order. */
class Lanes {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async use<T>(act: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await act();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}

const busyLanes = new Lanes(LANES);
const idleLanes = new Lanes(IDLE_LANES);

/** Runs `[program, ...arguments]` as soon as a lane is free; the deadline counts from then. */
export async function runCommand(
  command: readonly [string, ...string[]],
  options: CommandOptions,
): Promise<Outcome> {
  const lanes = options.isIdle === true ? idleLanes : busyLanes;
  return await lanes.use(() => run(command, options));
}

function run(
  [program, ...args]: readonly [string, ...string[]],
  options: CommandOptions,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: environment(options.env),
      stdio: ["ignore", "pipe", "pipe"],
      detached: process.platform !== "win32",
    });
    running.add(child);
    const transcript = collect(child);
    const seconds = options.timeoutSeconds ?? 900;
    const timer = setTimeout(() => {
      transcript.all += `\nStill running after ${seconds} s: ended.\n`;
      endGroup(child);
    }, seconds * 1000);
    child.on("exit", () => endGroup(child));
    const finish = (code: number | null) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ code: code ?? undefined, output: transcript.all, stdout: transcript.out });
    };
    child.on("error", (error) => {
      transcript.all += `Cannot run ${program}: ${error.message}\n`;
      finish(null);
    });
    child.on("close", finish);
  });
}

/** Ends every program that still runs. */
export function endCommands(): void {
  for (const child of running) endGroup(child);
}

function collect(child: ChildProcess): { all: string; out: string } {
  const transcript = { all: "", out: "" };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    if (transcript.out.length < MAX_OUTPUT) transcript.out += text;
    if (transcript.all.length < MAX_OUTPUT) transcript.all += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    if (transcript.all.length < MAX_OUTPUT) transcript.all += text;
  });
  return transcript;
}

/**
 * Ends the process group. A process that the program left behind would keep the pipes open, and the
 * gates would wait for it.
 */
function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === "win32") child.kill("SIGKILL");
    else process.kill(-child.pid, "SIGKILL");
  } catch {
    // No process of the group is left.
  }
}

function environment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const inherited = Object.entries(process.env)
    .filter(([name]) => !UNWANTED_ENV.includes(name.toUpperCase()));
  const plain = { ...Object.fromEntries(inherited), NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
  return { ...plain, ...extra } as Record<string, string>;
}
