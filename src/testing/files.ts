/**
 * The files of an app under test: those of the runtime, on a clock that waits for them.
 *
 * `client.ts` calls this.
 *
 * @module
 */

import { runtimeAdapter } from "../../mod.ts";
import type { Files } from "../socket/mod.ts";
import type { VirtualTime } from "./virtual_time.ts";

/** The files of the runtime; its adapter is loaded when the first file is opened. */
export function runtimeFiles(): Files {
  const files = async () => {
    const { files } = await runtimeAdapter();
    if (files === undefined) throw new TypeError("This runtime has no files");
    return files;
  };
  return {
    open: async (path) => await (await files()).open(path),
    realPath: async (path) => await (await files()).realPath(path),
  };
}

/** Files that keep the clock from jumping while the runtime works on them. */
export function counted(files: Files, time: VirtualTime): Files {
  return {
    open: async (path) => {
      const file = await time.during(files.open(path));
      return {
        size: file.size,
        modified: file.modified,
        read: (into, position) => time.during(file.read(into, position)),
        close: () => time.during(file.close()),
      };
    },
    realPath: (path) => time.during(files.realPath(path)),
  };
}
