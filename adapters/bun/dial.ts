/**
 * Dials as the Node adapter does, and corrects an error of Bun.
 *
 * The trap: Bun's `node:net` reports `ECONNREFUSED` for a path that leads through a regular file.
 *
 * `bun.ts` imports this at the first call of its `dial`.
 *
 * @module
 */

import type { DiallingAdapter } from "../../src/socket/mod.ts";
import { dialByNet } from "../node/dial.ts";
import { builtinModule } from "../shared/builtin_module.ts";
import { dialler, type DialOne } from "../shared/dialling.ts";
import { builtinNames } from "../shared/name_lookup.ts";
import { codeOf } from "../shared/system_error.ts";
import { bun } from "./runtime.ts";

/** The function of `node:fs` that is used. */
interface FileModule {
  lstatSync(path: string): unknown;
}

/** Dials one address. For a path that cannot be read, the promise rejects with the error of reading. */
const dialOne: DialOne = async (address, open, signal) => {
  bun(); // throws an error under another runtime, whose `node:net` may not keep the contract
  try {
    await dialByNet(address, open, signal);
  } catch (error) {
    if ("path" in address && codeOf(error) === "ECONNREFUSED") {
      builtinModule<FileModule>("node:fs").lstatSync(address.path);
    }
    throw error;
  }
};

/** The `dial` of the adapter for Bun. */
export const dial: DiallingAdapter["dial"] = dialler(dialOne, builtinNames);
