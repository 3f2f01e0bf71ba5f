/**
 * The uses of the command `cogen-wsgi` of the installed package: an answer of an app, in each way in which
 * users start the command.
 *
 * `steps.ts` calls this.
 *
 * @module
 */

import { join } from "node:path";
import { findRuntime, type RuntimeName } from "../../runtimes.ts";
import { type CommandLine, npm } from "../tools.ts";

/** A program, and a text of its output; without the text, the program must end with code 0. */
export type Use = readonly [title: string, command: CommandLine, says?: string];

const ANSWER = "from the command";

/** The apps that the command serves: files of the consumer. */
export const COMMAND_APPS: Readonly<Record<string, string>> = {
  "app.mjs": appText("environ, start"),
  "app.ts": appText("_environ: object, start: (status: string, headers: []) => unknown"),
};

/**
 * The uses.
 *
 * @param installed The folder of the package in the consumer.
 */
export function commandUses(installed: string): Use[] {
  const program = join("node_modules", ".bin", "cogen-wsgi");
  const module = join(installed, "dist", "src", "cli", "mod.js");
  const runtime = (name: RuntimeName) => findRuntime(name).command;
  const ways: readonly (readonly [title: string, command: CommandLine])[] = [
    ["npx cogen-wsgi", npm("exec", "--offline", "--", "cogen-wsgi")],
    ["cogen-wsgi on currentNode", [runtime("currentNode"), program]],
    ["bunx --bun cogen-wsgi", [runtime("bun"), "x", "--bun", "cogen-wsgi"]],
    ["cogen-wsgi on deno", [runtime("deno"), "run", "-N", "-R", "-E", module]],
  ];
  const noLoader = "cannot load app.ts: this Node reads TypeScript with the package tsx";
  const fetching = (file: string) => ([title, command]: typeof ways[number]): Use => [
    `${title} fetch ${file}`,
    [...command, "fetch", file, "/"],
    ANSWER,
  ];
  return [
    ...ways.map(fetching("app.mjs")),
    ...ways.slice(1).map(fetching("app.ts")),
    ["TypeScript without tsx", [runtime("node"), program, "fetch", "app.ts", "/"], noLoader],
  ];
}

function appText(parameters: string): string {
  return `export default function (${parameters}) {
    start("200 OK", []);
    return [${JSON.stringify(ANSWER)}];
  }`;
}
