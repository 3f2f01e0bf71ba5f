/**
 * Files of the system, through the module `node:fs/promises`, which every runtime has.
 *
 * The adapters of Node, Deno and Bun call this.
 *
 * @module
 */

import type { Files } from "../../src/socket/mod.ts";
import { builtinModule } from "./builtin_module.ts";
import type { FileModule } from "./system_file.ts";

/**
 * Makes the files of an adapter.
 *
 * @param load Returns the module. It is called for each file that is opened.
 * @returns The files.
 */
export function systemFiles(load: () => FileModule): Files {
  return {
    open: async (path) => await (await import("./system_file.ts")).openFile(load(), path),
    realPath: async (path) => await load().realpath(path),
    position: async (descriptor) => {
      const { positionOf } = await import("./system_file.ts");
      return await positionOf(load(), positionPath(descriptor));
    },
  };
}

/** The file in which Linux tells the position of a descriptor; other systems have no such file. */
export function positionPath(descriptor: number): string {
  return `/proc/self/fdinfo/${descriptor}`;
}

/** The files of Deno and Bun, through the module that both have built in. */
export const builtinFiles: Files = systemFiles(() => builtinModule("node:fs/promises"));
