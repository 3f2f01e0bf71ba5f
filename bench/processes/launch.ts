/**
 * How a contender is started.
 *
 * @module
 */

import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import type { Runtime, RuntimeName } from "../../tests/tools/runtimes.ts";
import type { ProgramPath } from "./compile.ts";
import type { AppName } from "../workloads/content.ts";
import type { Contender } from "../contenders.ts";
import type { Launch } from "./server_process.ts";

/** Where servers run. */
export interface ServerPlace {
  /** What to put before a server's command line. */
  readonly pinning: readonly string[];
  readonly path: ProgramPath;
  /** For what a server has to read. */
  readonly directory: string;
  /** A file as long as the big download; made when it is asked for. */
  readonly file: () => string;
}

/** Of a program. So that memory is measured after a collection; Bun needs no leave for it. */
export const RUNTIME_ARGUMENTS: Readonly<Record<RuntimeName, readonly string[]>> = {
  node: ["--expose-gc"],
  currentNode: ["--expose-gc"],
  deno: [
    ...["run", "--allow-all", "--no-config", "--no-remote", "--node-modules-dir=manual"],
    "--v8-flags=--expose-gc",
  ],
  bun: [],
};

/** The command line of a contender with one app. */
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

/** A port that nobody listens on just now. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
