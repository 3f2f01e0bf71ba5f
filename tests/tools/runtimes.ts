/**
 * This file finds the runtimes of the tests, the examples and the benchmarks.
 *
 * `npm ci` installs the runtimes. No install script is needed: the binaries are used from the
 * packages of this platform. The exception is Bun's install script, which makes
 * `node_modules/.bin/bun` work: where scripts run, it moves the binary into the package `bun`. The
 * machine's own Node, which runs npm, is not installed.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { denoConfig } from "./deno_config.ts";

/** `node` is the machine's own; `currentNode` a recent one that reads TypeScript by itself. */
export type RuntimeName = "node" | "currentNode" | "deno" | "bun";

/** A runtime that is installed. */
export interface Runtime {
  readonly name: RuntimeName;
  readonly command: string;
  /** The version as the runtime prints it, without a leading `v`. */
  readonly version: string;
}

/** The runtime is not installed, or does not exist for this platform. */
export class RuntimeMissing extends Error {
  override readonly name = "RuntimeMissing";
}

export const RUNTIME_NAMES: readonly RuntimeName[] = ["node", "currentNode", "deno", "bun"];

/** The loader that reads the compiled sources of `COMPILED_SOURCES`, by its address. */
export const PLAIN_LOADER: string = new URL("./gates/compiled/loader.mjs", import.meta.url).href;

/** Whether this process is a test for which the sources were compiled: a program that it starts takes them, too. */
const COMPILED = process.env["COMPILED_SOURCES"] !== undefined;

/** The repository's root. */
export const ROOT: string = fileURLToPath(new URL("../..", import.meta.url));

const PLATFORM = `${process.platform}-${process.arch}`;

/** From this version on, Node runs TypeScript without a loader. */
const FIRST_NODE_WITH_TYPES = [22, 18];

/**
 * Finds a runtime.
 *
 * @throws {RuntimeMissing} If the runtime is not installed. The message tells a remedy.
 */
export function findRuntime(name: RuntimeName): Runtime {
  const command = FINDERS[name]();
  const { stdout, error } = spawnSync(command, ["--version"], { encoding: "utf8" });
  const version = /\d+\.\d+\.\d+\S*/.exec(stdout ?? "")?.[0];
  if (version === undefined) {
    throw new RuntimeMissing(`Cannot run ${name} at ${command}: ${error?.message ?? "no version"}`);
  }
  return { name, command, version };
}

/** Gives the arguments with which `runtime` runs a TypeScript program of this repository. */
export function programArguments(runtime: Runtime, file: string): string[] {
  switch (runtime.name) {
    case "node":
      return ["--import", nodeLoader(), file];
    case "deno":
      return ["run", "--allow-all", "--no-check", "--config", denoConfig(runtime.command), file];
    default:
      return [file];
  }
}

/** Gives the URL of the loader that lets Node run the programs of this repository. */
export function nodeLoader(): string {
  return COMPILED ? PLAIN_LOADER : tsxLoader();
}

/** Gives the URL of the loader, so that programs may run in any directory. */
export function tsxLoader(): string {
  return pathToFileURL(createRequire(join(ROOT, "package.json")).resolve("tsx")).href;
}

const FINDERS: Readonly<Record<RuntimeName, () => string>> = {
  node: () => process.env["npm_node_execpath"] ?? process.execPath,
  currentNode: findCurrentNode,
  deno: () => findBinary("deno", denoPackages(), executable("deno")),
  bun: findBun,
};

/**
 * Finds Bun. If its install script has not run, the package `bun` has a placeholder for the binary.
 */
function findBun(): string {
  const path = join("bin", executable("bun"));
  const has = (file: string) => lookUp("bun", bunPackages(), file) !== undefined;
  const isMoved = has("package.json") && !has(path);
  return isMoved
    ? findBinary("bun", ["bun"], join("bin", "bun.exe"))
    : findBinary("bun", bunPackages(), path);
}

function findCurrentNode(): string {
  const packaged = lookUp("test-runtimes", [`node-${PLATFORM}`], join("bin", executable("node")));
  if (packaged !== undefined) return packaged;
  const own = FINDERS.node();
  const version = spawnSync(own, ["--version"], { encoding: "utf8" }).stdout ?? "";
  const [major = 0, minor = 0] = version.replace("v", "").split(".").map(Number);
  const [firstMajor = 0, firstMinor = 0] = FIRST_NODE_WITH_TYPES;
  if (major > firstMajor || (major === firstMajor && minor >= firstMinor)) return own;
  throw new RuntimeMissing(
    `Cannot find a current Node for ${PLATFORM}, and your own is ${version.trim()}. Run \`npm ci\`; ` +
      "if that does not bring one, npm has none for this platform: " +
      `run npm with Node ${FIRST_NODE_WITH_TYPES.join(".")} or later.`,
  );
}

function findBinary(owner: string, packages: readonly string[], path: string): string {
  const found = lookUp(owner, packages, path);
  if (found !== undefined) return found;
  throw new RuntimeMissing(
    `Cannot find ${owner} for ${PLATFORM}: looked for ${packages.join(", ")}. ` +
      "Run `npm ci`; if that does not bring it, npm has none for this platform.",
  );
}

/** The file `path` in the first of `packages` that is installed where `owner` sees it. */
function lookUp(owner: string, packages: readonly string[], path: string): string | undefined {
  try {
    const manifest = createRequire(join(ROOT, "package.json")).resolve(`${owner}/package.json`);
    const require = createRequire(manifest);
    for (const name of packages) {
      const directory = installed(require, name);
      if (directory !== undefined && existsSync(join(directory, path))) {
        return join(directory, path);
      }
    }
  } catch {
    // The owner is not installed.
  }
  return undefined;
}

function installed(require: ReturnType<typeof createRequire>, name: string): string | undefined {
  try {
    return dirname(require.resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

function denoPackages(): string[] {
  return [`@deno/${PLATFORM}${process.platform === "linux" ? "-glibc" : ""}`];
}

/** Machines without AVX2 have the `baseline` build, Alpine the `musl` one. */
function bunPackages(): string[] {
  const os = process.platform === "win32" ? "windows" : process.platform;
  const base = `@oven/bun-${os}-${process.arch === "arm64" ? "aarch64" : process.arch}`;
  return [base, `${base}-baseline`, `${base}-musl`, `${base}-musl-baseline`];
}

function executable(name: string): string {
  return process.platform === "win32" ? `${name}.exe` : name;
}
