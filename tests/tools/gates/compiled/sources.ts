/**
 * The sources and tests as plain JavaScript, compiled once for all steps.
 *
 * Only types go and newer syntax is rewritten; source maps keep the lines of errors. The compiler is
 * esbuild, the one that tsx uses. Called by `../testing/run_tests.ts` and `../docs/examples.ts`, for a Node that
 * reads no TypeScript.
 *
 * @module
 */

import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { ROOT, type Runtime } from "../../runtimes.ts";
import { listFiles } from "../sources.ts";

/** The part of esbuild's interface that is used here. */
interface Compiler {
  build(options: Readonly<Record<string, unknown>>): Promise<{
    readonly outputFiles: readonly { readonly path: string; readonly text: string }[];
  }>;
}

/** The part of the interface of esbuild's plugins that is used here. */
interface Hooks {
  onLoad(
    options: { readonly filter: RegExp },
    load: (
      file: { readonly path: string },
    ) => { readonly contents: string; readonly loader: string },
  ): void;
}

const FOLDERS: readonly string[] = ["src", "adapters", "examples", "bench", "tests"];

/** The modules of processes and threads that tests start. */
const ENTRIES: readonly string[] = [
  ...["src/cli/bin.ts", "src/cli/workers/worker.ts", "src/cli/reload/app_thread.ts"],
  ...["src/blocking/thread.ts", "tests/cli/many.ts"],
  ...["tests/examples/browser/prefixed_site.ts", "tests/wsgi/blocking/apps.ts"],
];

/** The folder, in that of the compiled sources, of programs that run without a loader. */
const PROGRAMS = "programs";

/**
 * Whether the tests on `runtime` run compiled sources. A current Node reads TypeScript, but strips the types
 * of each file anew in each process.
 */
export function takesCompiled({ name }: Pick<Runtime, "name">): boolean {
  return name === "node" || name === "currentNode";
}

/**
 * The path of a program of `src` or `tests/cli` as plain JavaScript, for a test that starts processes: a loader
 * would cost each of them most of a second. `undefined` if the sources of this process are not compiled.
 */
export function compiledProgram(path: string): string | undefined {
  const folder = process.env["COMPILED_SOURCES"];
  return folder === undefined ? undefined : join(folder, PROGRAMS, path.replace(/ts$/, "js"));
}

/** The address of a module for a thread: of its plain form, if the sources of this process are compiled. */
export function moduleAddress(path: string): URL {
  return pathToFileURL(compiledProgram(path) ?? join(ROOT, path));
}

let compiled: Promise<string> | undefined;

/** The folder of the compiled sources. It is made once, and removed when the process ends. */
export function compiledSources(): Promise<string> {
  return compiled ??= compileSources();
}

/** Compiles every source of the repository for Node 20. Returns the folder. */
async function compileSources(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "compiled-sources-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  const require = createRequire(createRequire(join(ROOT, "package.json")).resolve("tsx"));
  const address = pathToFileURL(require.resolve("esbuild")).href;
  const { build } = (await import(address)) as Compiler;
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: ["mod.ts", ...FOLDERS.flatMap((folder) => listFiles(folder, ".ts"))],
    outdir: directory,
    outbase: ROOT,
    format: "esm",
    target: "node20",
    keepNames: true,
    sourcemap: "external",
    sourcesContent: false,
    write: false,
    logLevel: "error",
  });
  const texts = new Map(outputFiles.map(({ path, text }) => [path, text]));
  for (const [path, text] of texts) {
    if (path.endsWith(".map")) continue;
    const name = relative(directory, path);
    const map = JSON.parse(texts.get(`${path}.map`) as string) as Record<string, unknown>;
    write(path, withPrograms(text, name, directory) + mapComment(map, name));
  }
  await bundlePrograms(build, join(directory, PROGRAMS));
  return directory;
}

/** Gives a module the plain programs for its threads: they need no loader. */
function withPrograms(text: string, name: string, directory: string): string {
  const address = pathToFileURL(join(directory, PROGRAMS, name)).href;
  const call = /\bmoduleBeside\(("[^"]+"), import\.meta\.url\)/g;
  return text.replaceAll(call, `moduleBeside($1, ${JSON.stringify(address)})`);
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/**
 * Writes the programs, with the modules that they import in a few files: a process spends less than half the time
 * of one that loads 200 files. `package:npm` starts the command as the package has it, in many files.
 *
 * A module of `src` finds the program of a thread or a worker beside its own place. An example finds its files
 * beside its source.
 */
async function bundlePrograms(build: Compiler["build"], directory: string): Promise<void> {
  const addresses = {
    name: "addresses",
    setup({ onLoad }: Hooks): void {
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const name = relative(ROOT, path);
        const place = name.startsWith("src") ? join(directory, name.replace(/ts$/, "js")) : path;
        const address = JSON.stringify(pathToFileURL(place).href);
        const contents = readFileSync(path, "utf8").replaceAll("import.meta.url", address);
        return { contents, loader: "ts" };
      });
    },
  };
  await build({
    absWorkingDir: ROOT,
    entryPoints: ENTRIES,
    outdir: directory,
    outbase: ROOT,
    // The command leaves frames of its own folder out of the stacks that it shows.
    chunkNames: "src/cli/[name]-[hash]",
    bundle: true,
    splitting: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    keepNames: true,
    logLevel: "error",
    plugins: [addresses],
  });
  copyFileSync(join(ROOT, "package.json"), join(directory, "package.json"));
  symlinkSync(join(ROOT, "node_modules"), join(directory, "node_modules"), "dir");
}

/**
 * The source map as a comment. Node resolves its paths from the address of the source, and not of the
 * compiled file, so the source has its whole address.
 */
function mapComment(map: Record<string, unknown>, path: string): string {
  const source = pathToFileURL(join(ROOT, path.replace(/js$/, "ts"))).href;
  const text = JSON.stringify({ ...map, sources: [source] });
  const data = Buffer.from(text).toString("base64");
  return `//# sourceMappingURL=data:application/json;base64,${data}\n`;
}
