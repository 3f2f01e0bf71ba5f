/**
 * The sizes that a user of the package pays for: the archive, and a bundle of `import { serve }`.
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

/** The part of esbuild's interface that is used here. */
interface Bundler {
  build(options: Readonly<Record<string, unknown>>): Promise<{
    readonly outputFiles: readonly { readonly contents: Uint8Array }[];
  }>;
}

/** Describes the sizes of an installed package in a few words. */
export async function sizesOf({ archive, project }: Installation): Promise<string> {
  const require = createRequire(createRequire(join(ROOT, "package.json")).resolve("tsx"));
  const address = pathToFileURL(require.resolve("esbuild")).href;
  const { build } = (await import(address)) as Bundler;
  const { outputFiles } = await build({
    stdin: { contents: 'export { serve } from "cogen-wsgi";', resolveDir: project },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "node",
    logLevel: "error",
  });
  const bundle = outputFiles[0]?.contents ?? new Uint8Array();
  const kilobytes = (bytes: number) => `${Math.round(bytes / 1000)} KB`;
  return [
    `archive ${kilobytes(statSync(archive).size)}`,
    `serve bundled and minified ${kilobytes(bundle.length)}`,
    `gzipped ${kilobytes(gzipSync(bundle).length)}`,
  ].join(", ");
}
