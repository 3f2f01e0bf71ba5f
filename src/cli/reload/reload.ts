/**
 * The option `--reload`: a version of the app after the other, without a refused or broken request.
 *
 * The listeners stay in the main thread. A version that cannot be loaded is reported, and the one before
 * goes on. A change while a version loads stops this version, and the next one begins.
 *
 * `serve.ts` calls this.
 *
 * @module
 */

import { runtimeAdapter } from "../../../mod.ts";
import type { AppPlace } from "../app_loader.ts";
import { AppVersions } from "./app_versions.ts";
import { failureOf, usage } from "../failure.ts";
import { absolute, folderOf, kindOf, realPath, relative, workingDirectory } from "../host/mod.ts";
import { say, sayFailure, type Served } from "../running.ts";
import type { Settings } from "../settings.ts";
import { SourceWatch } from "./source_watch.ts";

/**
 * Loads the first version, and watches its files.
 *
 * @returns The options of servers that only listen, and the versions, which serve their connections.
 * @throws {CommandFailure} If the app cannot be loaded.
 */
export async function reloading(
  place: AppPlace,
  words: readonly string[],
  settings: Settings,
): Promise<Served> {
  const versions = new AppVersions({ place, words }, settings.get<number>("grace") as number);
  const given = settings.get<readonly string[]>("reload-dir")?.map(watchedFolder);
  const watch = new SourceWatch(() => {
    const files = [...new Set([place.path, realPath(place.path)])];
    return { folders: given ?? files.map(folderOf), files };
  });
  const first = versions.load();
  await first.loaded;
  versions.use(first);
  void reloadForEver(versions, watch, place);
  const runtime = await runtimeAdapter();
  const listen: typeof runtime.listen = (address, options) =>
    runtime.listen(address, options, (socket) => versions.accept(socket));
  return {
    served: { wsgiApp: () => [], adapter: { ...runtime, listen } },
    versions,
    others: versions.gather,
  };
}

function watchedFolder(name: string): string {
  const path = absolute(workingDirectory(), name);
  const kind = kindOf(path);
  if (kind === "folder") return path;
  const reason = kind === "file"
    ? "it is a file; the module of the app is watched in any case"
    : "there is no such folder";
  throw usage(`cannot watch --reload-dir ${name}: ${reason}`);
}

async function reloadForEver(
  versions: AppVersions,
  watch: SourceWatch,
  { name }: AppPlace,
): Promise<void> {
  let change = watch.changed();
  for (;;) {
    const [first = "", ...others] = await change;
    if (versions.isStopping) return;
    change = watch.changed();
    const more = others.length === 0 ? "" : ` and ${others.length} more`;
    say(`${relative(workingDirectory(), first)}${more} changed: loading ${name} again`);
    const version = versions.load();
    try {
      const result = await Promise.race([version.loaded, change.then(() => "overtaken")]);
      if (result === "overtaken") version.stop();
      else {
        versions.use(version);
        say(`serving the new ${name}`);
      }
    } catch (error) {
      version.stop();
      if (versions.isStopping) return;
      sayFailure(failureOf(error));
      if (versions.isServing) say("the version before goes on");
    }
  }
}
