/**
 * This file makes the command line that starts a contender.
 *
 * @module
 */

import { freePort } from "../../tests/support/free_port.ts";
import type { Runtime, RuntimeName } from "../../tests/tools/runtimes.ts";
import type { ProgramPath } from "./compile.ts";
import type { AppName } from "../workloads/content.ts";
import type { Contender } from "../contenders.ts";
import type { Launch } from "./server_process.ts";

/** The place where servers run. */
export interface ServerPlace {
  /** The words before a server's command line that pin it to a CPU. */
  readonly pinning: readonly string[];
  readonly path: ProgramPath;
  /** The directory for files that a server reads. */
  readonly directory: string;
  /** Returns the path of a file as long as the big download. The first call makes the file. */
  readonly file: () => string;
}

/** The options of a runtime that allow a collection before memory is measured. Bun needs none. */
export const RUNTIME_ARGUMENTS: Readonly<Record<RuntimeName, readonly string[]>> = {
  node: ["--expose-gc"],
  currentNode: ["--expose-gc"],
  deno: [
    ...["run", "--allow-all", "--no-config", "--no-remote", "--node-modules-dir=manual"],
    "--v8-flags=--expose-gc",
  ],
  bun: [],
};

/** Makes the command line of a contender with one app. */
export async function launchOf(
  contender: Contender,
  runtime: Runtime,
  app: AppName,
  place: ServerPlace,
): Promise<Launch> {
  const { foreign, programs } = contender;
  if (foreign !== undefined) {
    const port = await freePort();
    const commandLine = foreign.commandLine({ port, app, directory: place.directory });
    return { commandLine: [...place.pinning, ...commandLine], port };
  }
  const program = place.path(`servers/${programs[runtime.name]}`);
  const runtimePart = [runtime.command, ...RUNTIME_ARGUMENTS[runtime.name]];
  const args = app === "file100m" ? [app, place.file()] : [app];
  return { commandLine: [...place.pinning, ...runtimePart, program, ...args] };
}
