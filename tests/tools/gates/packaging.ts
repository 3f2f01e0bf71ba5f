/**
 * Makes the npm package as a maintainer and as an install from git make it, from a fresh copy of the
 * repository, and uses it where nothing else is: linted, imported and serving a request as plain
 * JavaScript on each runtime, type-checked without anyone's `@types`.
 *
 * npm packs a missing `dist` without an error, so the files of the installed package are compared
 * with `exports`.
 *
 * @module
 */

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { findRuntime, ROOT, type RuntimeName } from "../runtimes.ts";
import { type Outcome, runCommand } from "./command.ts";
import { cloneInto, packedArchive } from "./package_archive.ts";
import { readJson } from "./sources.ts";
import { notChecked, type Step, type StepResult } from "./step.ts";
import { type CommandLine, npm, packageProgram, typeChecker } from "./tools.ts";

/** The `exports` of a package: for each path, the file of each condition. */
export type Exports = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** `npm pack` in a fresh clone; the tarball is installed and used on each runtime. */
export function npmPackageStep(name: string): Step {
  return { name, run: () => inFolders(checkPackedPackage) };
}

/** `npm install` of a git repository; the package that npm makes of it is used on Node. */
export function gitPackageStep(name: string): Step {
  return { name, run: () => inFolders(checkPackageFromGit) };
}

interface Folders {
  /** The place of a copy of the repository; not made yet. */
  readonly clone: string;
  /** The project that installs the package. */
  readonly consumer: string;
  /** The place of npm's cache; not made yet. */
  readonly cache: string;
}

async function inFolders(check: (folders: Folders) => Promise<StepResult>): Promise<StepResult> {
  const parent = mkdtempSync(join(tmpdir(), "package-"));
  const clone = join(parent, "clone");
  const consumer = join(parent, "consumer");
  const cache = join(parent, "cache");
  try {
    mkdirSync(consumer);
    writeConsumer(consumer);
    return await check({ clone, consumer, cache });
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

async function checkPackedPackage({ consumer }: Folders): Promise<StepResult> {
  const archive = await packedArchive();
  const install = npm("install", ...QUIET, "--ignore-scripts", archive);
  const installed = await runCommand(install, { cwd: consumer });
  if (installed.code !== 0) return failure("npm install", installed);
  return await usePackage(consumer, allUses()) ?? { ok: true, note: basename(archive) };
}

/**
 * npm installs the development dependencies in a clone of its own before it runs `prepare` there.
 * They come from npm's cache, where `npm ci` has put them; the runtimes, by far the largest of them,
 * are left out, since a build does not need them.
 */
async function checkPackageFromGit({ clone, consumer, cache }: Folders): Promise<StepResult> {
  cloneInto(clone);
  keepDevDependencies(join(clone, "package.json"), BUILD_TOOLS);
  for (const command of REPOSITORY_COMMANDS) {
    const outcome = await runCommand(command, { cwd: clone });
    if (outcome.code === undefined) return notChecked("git is not installed");
    if (outcome.code !== 0) return failure(command.join(" "), outcome);
  }
  await linkCache(cache);
  const install = npm("install", ...QUIET, "--cache", cache, `git+${pathToFileURL(clone).href}`);
  const installed = await runCommand(install, { cwd: consumer });
  if (installed.output.includes("ENOTCACHED")) {
    return notChecked("npm's cache lacks the compiler");
  }
  if (installed.code !== 0) return failure("npm install", installed);
  return await usePackage(consumer, [useOn("node")]) ?? { ok: true };
}

const QUIET = ["--offline", "--no-audit", "--no-fund", "--no-save"];

/** The development dependencies that `npm run build` needs. */
const BUILD_TOOLS: readonly string[] = ["tsx", "typescript", "@types/node"];

const IDENTITY = ["-c", "user.name=packaging", "-c", "user.email=packaging@localhost"];

const REPOSITORY_COMMANDS: readonly CommandLine[] = [
  ["git", "init", "--quiet"],
  ["git", "add", "--all"],
  ["git", ...IDENTITY, "-c", "commit.gpgsign=false", "commit", "--quiet", "--message", "A clone"],
];

/**
 * Makes `cache` a view of npm's cache, with temporary folders of its own. npm clones into such a
 * folder and ends before it has removed the clone: each run would leave 40 MB in the real cache.
 */
async function linkCache(cache: string): Promise<void> {
  const { stdout } = await runCommand(npm("config", "get", "cache"), { cwd: ROOT });
  const store = join(cache, "_cacache");
  mkdirSync(store, { recursive: true });
  for (const part of ["content-v2", "index-v5"]) {
    const origin = join(stdout.trim(), "_cacache", part);
    if (existsSync(origin)) symlinkSync(origin, join(store, part), "junction");
  }
}

function keepDevDependencies(path: string, kept: readonly string[]): void {
  const manifest = JSON.parse(readFileSync(path, "utf8")) as { devDependencies: object };
  const entries = Object.entries(manifest.devDependencies);
  const devDependencies = Object.fromEntries(entries.filter(([name]) => kept.includes(name)));
  writeFileSync(path, JSON.stringify({ ...manifest, devDependencies }));
}

type Use = readonly [title: string, command: CommandLine];

/** Each use runs in the consumer's directory; the first that fails decides. */
async function usePackage(
  consumer: string,
  uses: readonly Use[],
): Promise<StepResult | undefined> {
  const complaints = contentComplaints(readExports(), filesBelow(join(consumer, INSTALLED)));
  if (complaints.length > 0) return { ok: false, detail: complaints.join("\n") };
  for (const [title, command] of uses) {
    const outcome = await runCommand(command, { cwd: consumer });
    if (outcome.code !== 0) return failure(title, outcome);
  }
  return undefined;
}

const INSTALLED = join("node_modules", "cogen-wsgi");

function allUses(): Use[] {
  const linter = packageProgram("publint", "publint");
  return [
    ["publint", [...linter, INSTALLED, "--strict", "--pack", "false"]],
    ["type check", [...typeChecker(), "--project", "tsconfig.json"]],
    useOn("node"),
    useOn("currentNode"),
    useOn("deno", "run", "--allow-all"),
    useOn("bun"),
  ];
}

function useOn(runtime: RuntimeName, ...args: readonly string[]): Use {
  return [runtime, [findRuntime(runtime).command, ...args, "use.mjs"]];
}

/** Each file that an entry of `exports` names must be in the package, which has `files`. */
export function contentComplaints(exports: Exports, files: readonly string[]): string[] {
  return Object.entries(exports).flatMap(([path, conditions]) =>
    ["types", "default"].flatMap((condition) => {
      const target = conditions[condition];
      if (target === undefined) return [`${path} of the package has no "${condition}"`];
      if (files.includes(target.replace(/^\.\//, ""))) return [];
      return [
        `${target}, "${condition}" of ${path}, is not among the package's ${files.length} files`,
      ];
    })
  );
}

/** The paths of all files below `directory`, with `/`. */
function filesBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap(({ name }) => {
    const path = join(directory, name);
    return statSync(path).isDirectory()
      ? filesBelow(path).map((file) => `${name}/${file}`)
      : [name];
  });
}

function failure(title: string, { output }: Outcome): StepResult {
  return { ok: false, detail: `${title} for the package:\n${output}` };
}

function writeConsumer(directory: string): void {
  const specifiers = Object.keys(readExports()).map((path) => path.replace(/^\./, "cogen-wsgi"));
  const files: Record<string, string> = {
    "package.json": JSON.stringify({ name: "consumer", private: true, type: "module" }),
    "tsconfig.json": JSON.stringify({ compilerOptions: CONSUMER_OPTIONS, files: ["use.ts"] }),
    "use.ts": typedProgram(specifiers),
    "use.mjs": plainProgram(specifiers),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
}

function readExports(): Exports {
  return (readJson("package.json") as { exports: Exports }).exports;
}

/** The compiler's own libraries, and the package's declarations checked too. */
const CONSUMER_OPTIONS = {
  strict: true,
  noEmit: true,
  target: "ESNext",
  module: "NodeNext",
  types: [],
  skipLibCheck: false,
};

function typedProgram(specifiers: readonly string[]): string {
  const imports = specifiers.map((name, index) => `import * as part${index} from "${name}";`);
  const uses = specifiers.map((_, index) =>
    `export const keys${index} = Object.keys(part${index});`
  );
  return [...imports, ...uses].join("\n");
}

/** Importing an adapter must touch nothing of its runtime, so each is imported everywhere. */
function plainProgram(specifiers: readonly string[]): string {
  return `
    const names = ${JSON.stringify(specifiers)};
    for (const name of names) {
      const module = await import(name);
      if (Object.keys(module).length === 0) throw new Error(name + " exports nothing");
    }
    const { serve } = await import("cogen-wsgi");
    function* wsgiApp(environ, startResponse) {
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      yield "packed";
    }
    const server = await serve({ wsgiApp, bindAddr: ["127.0.0.1", 0] });
    const response = await fetch(server.url);
    const text = await response.text();
    await server.close();
    if (text !== "packed") throw new Error("Answered: " + text);
  `;
}
