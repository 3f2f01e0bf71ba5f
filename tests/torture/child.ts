/**
 * Programs of the torture run in processes of their own: the clients of a server, or the server.
 *
 * A parent asks questions, one at a time, as lines of JSON on the standard input of its child, and the child
 * answers each with one line on its standard output. The child ends when its input ends.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { RUNTIME } from "../support/tcp.ts";
import {
  findRuntime,
  programArguments,
  type Runtime,
  type RuntimeName,
} from "../tools/runtimes.ts";

/** The runtime of this process. */
export function currentRuntime(): Runtime {
  const [kind = "", version = ""] = RUNTIME.split(" ");
  const names: readonly RuntimeName[] = kind === "node"
    ? ["node", "currentNode"]
    : [kind as RuntimeName];
  const found = names.map(findRuntime).find((runtime) => runtime.version === version);
  return found ?? { name: names[0] as RuntimeName, command: process.execPath, version };
}

/** A program in a process of its own, on the runtime of this process. */
export class Child {
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #lines: AsyncIterator<string>;

  /** @param program The address of the program's file. */
  constructor(program: URL) {
    const runtime = currentRuntime();
    const words = programArguments(runtime, fileURLToPath(program));
    const child = spawn(runtime.command, words, { stdio: ["pipe", "pipe", "inherit"] });
    this.#process = child;
    this.#ended = new Promise((resolve) => child.once("exit", resolve));
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stdin.on("error", () => {});
  }

  /** Asks a question. Resolves with the answer; rejects if the child has failed or ended. */
  async ask<T>(question: string, details: object = {}): Promise<T> {
    this.#process.stdin?.write(`${JSON.stringify({ question, ...details })}\n`);
    const { done, value } = await this.#lines.next();
    if (done === true) throw new Error(`The child ended before it answered "${question}"`);
    const answer = JSON.parse(value) as T & { readonly failure?: string };
    if (answer.failure !== undefined) throw new Error(`The child failed: ${answer.failure}`);
    return answer;
  }

  /** Stops the child, until {@linkcode goOn}: its deadlines pass, and bytes wait for it. */
  pause(): void {
    this.#signal("SIGSTOP");
  }

  goOn(): void {
    this.#signal("SIGCONT");
  }

  /** The method `kill` of a child does nothing on Deno after its first call. */
  #signal(name: "SIGSTOP" | "SIGCONT"): void {
    process.kill(this.#process.pid as number, name);
  }

  /** Ends the input of the child. Resolves when it has ended. */
  async end(): Promise<void> {
    this.#process.stdin?.end();
    await this.#ended;
  }
}

/** A line of the parent. */
export interface Question {
  readonly question: string;
}

/** Answers the questions of the parent until there are no more. Then the process ends, with all its connections. */
export async function answerQuestions<Q extends Question>(
  answer: (question: Q) => object | Promise<object>,
): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    let given: object;
    try {
      given = await answer(JSON.parse(line) as Q);
    } catch (error) {
      given = { failure: (error as Error).stack };
    }
    process.stdout.write(`${JSON.stringify(given)}\n`);
  }
  process.exit();
}
