/**
 * This file makes the npm package from a fresh copy of the repository, as a maintainer does and as
 * an install from git does, and uses it in an empty project. The package is linted and type-checked
 * without any `@types`. On each runtime it is imported as JavaScript and serves a request.
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
import { type CommandLine, npm, oldestTypeChecker, packageProgram, typeChecker } from "./tools.ts";

/** The `exports` of a package: for each path, the file of each condition. */
export type Exports = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * The step that runs `npm pack` in a fresh clone, and installs and uses the archive on each
 * runtime.
 */
export function npmPackageStep(name: string): Step {
  return { name, run: () => inFolders(checkPackedPackage) };
}

/** The step that runs `npm install` of a git repository, and uses the package on Node. */
export function gitPackageStep(name: string): Step {
  return { name, run: () => inFolders(checkPackageFromGit) };
}

interface Folders {
  /** The place of a copy of the repository. The copy does not exist yet. */
  readonly clone: string;
  /** The project that installs the package. */
  readonly consumer: string;
  /** The place of npm's cache. The cache does not exist yet. */
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
  return await usePackage(consumer, [useOn("node", "use.mjs")]) ?? { ok: true };
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

/** Uses the package in the consumer's directory. The first use that fails is the result. */
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
    ...TYPE_CHECKS.map(typeCheck),
    ...["use.mjs", "use.cjs"].flatMap((file) => [
      useOn("node", file),
      useOn("currentNode", file),
      useOn("deno", file),
      useOn("bun", file),
    ]),
  ];
}

function useOn(runtime: RuntimeName, file: string): Use {
  const args = runtime === "deno" ? ["run", "--allow-all", file] : [file];
  return [`${file} on ${runtime}`, [findRuntime(runtime).command, ...args]];
}

/** A compiler, its libraries beside ECMAScript, and the way in which it finds modules. */
interface TypeCheck {
  readonly compiler: "current" | "oldest";
  readonly file: "use.ts" | "web.ts";
  readonly module: "Node16" | "NodeNext" | "ESNext";
}

const TYPE_CHECKS: readonly TypeCheck[] = [
  { compiler: "current", file: "use.ts", module: "Node16" },
  { compiler: "current", file: "use.ts", module: "NodeNext" },
  { compiler: "current", file: "use.ts", module: "ESNext" },
  { compiler: "current", file: "web.ts", module: "NodeNext" },
  { compiler: "oldest", file: "use.ts", module: "NodeNext" },
  { compiler: "oldest", file: "web.ts", module: "ESNext" },
];

/** No `@types`, and the declarations of the package are checked, too. */
function typeCheck({ compiler, file, module }: TypeCheck): Use {
  const lib = file === "web.ts" ? "ESNext,DOM,DOM.AsyncIterable" : "ES2023";
  const options = ["--strict", "--noEmit", "--target", "ES2023", "--lib", lib, "--module", module];
  const moduleResolution = module === "ESNext" ? "Bundler" : module;
  const command: CommandLine = [
    ...(compiler === "oldest" ? oldestTypeChecker() : typeChecker()),
    ...options,
    ...["--moduleResolution", moduleResolution, "--typeRoots", "no-types", file],
  ];
  return [`${command.slice(1).join(" ")}`, command];
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
    "use.ts": typedProgram(specifiers.filter((name) => !WEB_ROOMS.includes(name))),
    "web.ts": webProgram(specifiers.filter((name) => WEB_ROOMS.includes(name))),
    "use.cjs": commonProgram(specifiers),
    "use.mjs": plainProgram(specifiers),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
}

function readExports(): Exports {
  return (readJson("package.json") as { exports: Exports }).exports;
}

/** The entries whose types are those of the web's classes. */
const WEB_ROOMS: readonly string[] = ["cogen-wsgi/testing", "cogen-wsgi/fetch"];

/** Uses every entry, an app of each kind, and keys of its own in the environ. */
function typedProgram(specifiers: readonly string[]): string {
  const imports = specifiers.map((name, index) => `import * as part${index} from "${name}";`);
  const uses = specifiers.map((_, index) =>
    `export const keys${index} = Object.keys(part${index});`
  );
  return `${[...imports, ...uses].join("\n")}
    import { delegate, type Middleware, serve, type WSGIApp } from "cogen-wsgi";
    import type { Environ } from "cogen-wsgi/wsgi";
    declare module "cogen-wsgi" {
      interface EnvironExtensions {
        "accounts.user"?: { readonly name: string };
      }
    }
    export const accounts: Middleware = (app) =>
      function* (environ, startResponse) {
        environ["accounts.user"] = { name: environ.REMOTE_USER ?? "" };
        yield* delegate(app, environ, startResponse);
      };
    export const nameOf = (environ: Environ): string => environ["accounts.user"]?.name ?? "guest";
    const app: WSGIApp = function* (environ, startResponse) {
      startResponse("200 OK", []);
      const body: Uint8Array<ArrayBuffer> = yield* environ["wsgi.input"].read();
      environ.cogen.signal.addEventListener("abort", () => {});
      yield \`\${nameOf(environ)} \${body.length}\`;
    };
    export const wrong: WSGIApp = (environ) => {
      // @ts-expect-error: a user has no age
      return [environ["accounts.user"]?.age];
    };
    export async function main(): Promise<void> {
      const server = await serve({ wsgiApp: accounts(app) });
      await server.shutdown();
    }
  `;
}

/** Passes bodies, signals and servers to the web's classes and to `await using`. */
function webProgram(rooms: readonly string[]): string {
  const imports = rooms.map((name, index) => `export * as room${index} from "${name}";`);
  return `${imports.join("\n")}
  import { serve, type WSGIApp } from "cogen-wsgi";
  const app: WSGIApp = async function* (environ, startResponse) {
    startResponse("200 OK", []);
    for await (const piece of environ["wsgi.input"]) yield new Uint8Array(await new Blob([piece]).arrayBuffer());
  };
  export const generator: WSGIApp = function* (environ, startResponse) {
    const bytes = yield* environ["wsgi.input"].read();
    const lines = yield* environ["wsgi.input"].readlines();
    const response = new Response(bytes);
    const blob = new Blob([bytes, ...lines]);
    const request = fetch("http://127.0.0.1/", { body: bytes, signal: environ.cogen.signal });
    startResponse("200 OK", []);
    yield \`\${response.status} \${blob.size} \${yield request}\`;
  };
  export async function main(controller: AbortController): Promise<void> {
    await using server = await serve({ wsgiApp: app, signal: controller.signal });
    const disposable: AsyncDisposable = server;
    await disposable[Symbol.asyncDispose]();
  }
`;
}

/** CommonJS: `require` shows that no module of the package awaits at its top. */
function commonProgram(specifiers: readonly string[]): string {
  return `
    for (const name of ${JSON.stringify(specifiers)}) {
      if (Object.keys(require(name)).length === 0) throw new Error(name + " exports nothing");
    }
    async function main() {
      const { serve } = await import("cogen-wsgi");
      if (serve !== require("cogen-wsgi").serve) throw new Error("The package is there twice");
      const server = await serve({ wsgiApp: () => [], bindAddr: ["127.0.0.1", 0] });
      await server.close();
    }
    main();
  `;
}

/**
 * Makes a program that imports every module. The import of an adapter must use no member of its
 * runtime, so each adapter is imported on all runtimes.
 */
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
