/**
 * The command `cogen-wsgi`: serves an app, checks it, answers one request without a port, or shows the
 * status of a running server.
 *
 * `npx cogen-wsgi app.ts`, `deno run -N -R -E jsr:@x/cogen-wsgi/cli app.ts` and `bunx cogen-wsgi app.ts`
 * run the same code. `bin.ts` is the program of the npm package.
 *
 * @module
 */

import { runCommand } from "./command.ts";
import { failureOf } from "./failure.ts";
import { programArguments, writeError } from "./host/mod.ts";
import { exitWhenLogged, logsElsewhere } from "./logs/logs.ts";
import { sayFailure } from "./running.ts";

/**
 * Runs the command.
 *
 * @param args The arguments, without the runtime and the program.
 * @returns The exit code: 0 ended well, 1 crashed, 2 wrong usage, 3 could not start, 4 the app could not
 *   be loaded, 22 `fetch` got no 2xx, or `status` no answer.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { main } from "@x/cogen-wsgi/cli";
 *
 * assertEquals(await main(["--version"]), 0);
 * assertEquals(await main(["--prot", "80"]), 2); // did you mean --port?
 * ```
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    return await runCommand(args);
  } catch (error) {
    const failure = failureOf(error);
    const { message, detail, code } = failure;
    if (logsElsewhere()) sayFailure(failure);
    writeError(`cogen-wsgi: ${message}${detail === undefined ? "" : `\n${detail}`}`);
    return code;
  }
}

if (import.meta.main === true) void runProgram();

/** Runs the command with the arguments of this process, and ends the process. */
export async function runProgram(): Promise<void> {
  await exitWhenLogged(await main(programArguments()));
}
