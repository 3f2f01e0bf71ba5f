/**
 * Dials as the Node adapter does, and corrects an error of Bun.
 *
 * The trap: Bun's `node:net` reports `ECONNREFUSED` for a path that leads through a regular file.
 *
 * `bun.ts` calls this.
 *
 * @module
 */

import { netDial, type NetModule } from "../node/dial.ts";
import { builtinModule } from "../shared/builtin_module.ts";
import type { DialOne } from "../shared/dialling.ts";
import { codeOf } from "../shared/system_error.ts";

/** The function of `node:fs` that is used. */
interface FileModule {
  lstatSync(path: string): unknown;
}

/**
 * Makes the function that dials one address.
 *
 * @param net Returns `node:net`. It is called for each connection.
 * @returns The function. For a path that cannot be read, its promise rejects with the error of reading.
 */
export function bunDial(net: () => NetModule): DialOne {
  const dial = netDial(net);
  return async (address, open, signal) => {
    try {
      await dial(address, open, signal);
    } catch (error) {
      if ("path" in address && codeOf(error) === "ECONNREFUSED") {
        builtinModule<FileModule>("node:fs").lstatSync(address.path);
      }
      throw error;
    }
  };
}
