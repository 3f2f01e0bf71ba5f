/**
 * The sizes that a user of the package pays for: the archive, and a bundle of `import { serve }`.
 *
 * The bundle is split, as a browser or Node loads it: some code is loaded only by an option that needs it. So
 * there are two sizes: that of all its files, and that of the files which a server without options loads on Node.
 *
 * `steps.ts` prints them.
 *
 * @module
 */

import { statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { ROOT } from "../../runtimes.ts";
import type { Installation } from "./archive.ts";

/** The largest size of the files that a server loads at its start, in bytes. */
const MAX_START_BYTES = 194_200;

/** A file of a bundle, as esbuild describes it. */
interface Output {
  readonly entryPoint?: string;
  readonly imports: readonly { readonly path: string; readonly kind: string }[];
}

/** The part of esbuild's interface that is used here. */
interface Bundler {
  build(options: Readonly<Record<string, unknown>>): Promise<{
    readonly outputFiles: readonly { readonly path: string; readonly contents: Uint8Array }[];
    readonly metafile: { readonly outputs: Readonly<Record<string, Output>> };
  }>;
}

/** Describes the sizes of an installed package in a few words. */
export async function sizesOf({ archive, project }: Installation): Promise<string> {
  const { whole, start } = await bundleServe(project);
  if (start.length > MAX_START_BYTES) {
    throw new Error(
      `A server loads ${start.length} bytes at its start: expected at most ${MAX_START_BYTES}`,
    );
  }
  const kilobytes = (bytes: number) => `${Math.round(bytes / 1000)} KB`;
  return [
    `archive ${kilobytes(statSync(archive).size)}`,
    `serve bundled and minified ${kilobytes(whole.length)}`,
    `loaded at its start ${kilobytes(start.length)}`,
    `gzipped ${kilobytes(gzipSync(start).length)}`,
  ].join(", ");
}

/** Bundles `serve`, and joins all files, and those that are loaded at the start on Node. */
async function bundleServe(project: string): Promise<{ whole: Uint8Array; start: Uint8Array }> {
  const require = createRequire(createRequire(join(ROOT, "package.json")).resolve("tsx"));
  const address = pathToFileURL(require.resolve("esbuild")).href;
  const { build } = (await import(address)) as Bundler;
  const { outputFiles, metafile: { outputs } } = await build({
    stdin: { contents: 'export { serve } from "cogen-wsgi";', resolveDir: project },
    absWorkingDir: project,
    bundle: true,
    minify: true,
    splitting: true,
    metafile: true,
    write: false,
    outdir: "out",
    format: "esm",
    platform: "node",
    logLevel: "error",
  });
  const loaded = new Set<string>();
  const load = (name: string) => {
    if (loaded.has(name)) return;
    loaded.add(name);
    for (const { path, kind } of outputs[name]?.imports ?? []) {
      if (kind === "import-statement" && path in outputs) load(path);
    }
  };
  for (const [name, { entryPoint = "" }] of Object.entries(outputs)) {
    if (entryPoint === "<stdin>" || entryPoint.endsWith("adapters/node/adapter.js")) load(name);
  }
  const filesOf = (names: Iterable<string>) =>
    Buffer.concat(
      [...names].map((name) =>
        outputFiles.find(({ path }) => path === join(project, name))?.contents ?? new Uint8Array()
      ),
    );
  return { whole: filesOf(Object.keys(outputs)), start: filesOf(loaded) };
}
