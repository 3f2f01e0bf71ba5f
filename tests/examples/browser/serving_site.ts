/**
 * The site of the examples, served on a runtime by a process that a test can end and begin again.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { findRuntime, programArguments, type RuntimeName } from "../../tools/runtimes.ts";

const SITE = fileURLToPath(new URL("prefixed_site.ts", import.meta.url));

/** A site on one port. */
export class ServedSite {
  readonly #runtime: RuntimeName;
  #child: ChildProcess | undefined;
  #port = "0";

  constructor(runtime: RuntimeName) {
    this.#runtime = runtime;
  }

  /** The address, with a slash at the end. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}/demo/`;
  }

  /** Begins to serve; a second time on the same port. */
  async start(): Promise<void> {
    const runtime = findRuntime(this.#runtime);
    const child = spawn(runtime.command, programArguments(runtime, SITE), {
      env: { ...process.env, PORT: this.#port },
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#child = child;
    child.stdout.setEncoding("utf8");
    for (let text = ""; !/:(\d+)\/.*\n/.test(text);) {
      const [piece] = await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
      if (typeof piece !== "string") throw new Error(`The site has ended: ${text}`);
      text += piece;
      this.#port = /:(\d+)\//.exec(text)?.[1] ?? this.#port;
    }
    child.stdout.resume();
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
