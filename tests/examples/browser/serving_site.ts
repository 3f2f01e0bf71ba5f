/**
 * The site of the examples, served on a runtime by a command that a test can end and begin again.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { compiledProgram } from "../../tools/gates/compiled/sources.ts";
import { findRuntime, programArguments, ROOT, type RuntimeName } from "../../tools/runtimes.ts";

const SITE = "tests/examples/browser/prefixed_site.ts";
const COMMAND = "src/cli/bin.ts";

/** A site on one port. */
export class ServedSite {
  readonly #runtime: RuntimeName;
  #child: ChildProcess | undefined;
  readonly #options: readonly string[];
  #port = "0";

  /** @param options Options of the command. */
  constructor(runtime: RuntimeName, options: readonly string[] = []) {
    this.#runtime = runtime;
    this.#options = options;
  }

  /** The address, with a slash at the end. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}/demo/`;
  }

  /** Begins to serve; a second time on the same port. */
  async start(): Promise<void> {
    const runtime = findRuntime(this.#runtime);
    const compiled = this.#runtime === "node" ? compiledProgram(COMMAND) : undefined;
    const site = compiled === undefined ? join(ROOT, SITE) : compiledProgram(SITE) as string;
    const program = compiled === undefined
      ? programArguments(runtime, join(ROOT, COMMAND))
      : [compiled];
    const options = ["--port", this.#port, "--log-format", "text", ...this.#options];
    const child = spawn(runtime.command, [...program, site, ...options], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#child = child;
    child.stderr.setEncoding("utf8");
    for (let text = ""; !/ on http:.*:(\d+)\/.*\n/.test(text);) {
      const [piece] = await Promise.race([once(child.stderr, "data"), once(child, "exit")]);
      if (typeof piece !== "string") throw new Error(`The site has ended: ${text}`);
      text += piece;
      this.#port = / on http:.*:(\d+)\//.exec(text)?.[1] ?? this.#port;
    }
    child.stderr.resume();
  }

  /** The id of a process that serves requests: one of the workers, if there are workers. */
  async process(): Promise<number> {
    return Number(await (await fetch(new URL("/process", this.url))).text());
  }

  /** Ends the process, as a crash does. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  /** Lets the process end by itself. */
  async stop(): Promise<void> {
    const child = this.#child as ChildProcess;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  }
}
