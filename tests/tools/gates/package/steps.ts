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
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { findRuntime, ROOT, type RuntimeName } from "../../runtimes.ts";
import { type Outcome, runCommand } from "../command.ts";
import { notChecked, type Step, type StepResult } from "../step.ts";
import { type CommandLine, npm, oldestTypeChecker, packageProgram, typeChecker } from "../tools.ts";
import { cloneInto, installedPackage } from "./archive.ts";
import { commandUses, type Use } from "./command_uses.ts";
import { type Exports, readExports, writeConsumer } from "./consumer.ts";
import { sizesOf } from "./sizes.ts";

/**
 * The step that runs `npm pack` in a fresh clone, and installs and uses the archive on each
 * runtime.
 */
export function npmPackageStep(name: string): Step {
  return { name, run: checkPackedPackage };
}

/** The step that runs `npm install` of a git repository, and uses the package on Node. */
export function gitPackageStep(name: string): Step {
  return { name, run: checkPackageFromGit };
}

async function checkPackedPackage(): Promise<StepResult> {
  const installation = await installedPackage();
  const { archive, project } = installation;
  writeConsumer(project);
  const problem = await usePackage(project, allUses(archive));
  return problem ?? { ok: true, note: await sizesOf(installation) };
}

/**
 * npm installs the development dependencies in a clone of its own before it runs `prepare` there.
 * Those that a build needs are links to the ones of this checkout, so that nothing is unpacked.
 */
async function checkPackageFromGit(): Promise<StepResult> {
  const parent = mkdtempSync(join(tmpdir(), "package-"));
  try {
    const clone = join(parent, "clone");
    cloneInto(clone, (path) => NEEDED_TO_BUILD.test(path));
    linkBuildTools(clone);
    for (const command of REPOSITORY_COMMANDS) {
      const outcome = await runCommand(command, { cwd: clone });
      if (outcome.code === undefined) return notChecked("git is not installed");
      if (outcome.code !== 0) return failure(command.join(" "), outcome);
    }
    const project = join(parent, "project");
    mkdirSync(project);
    writeConsumer(project);
    const cache = ["--cache", join(parent, "cache")];
    const install = npm(
      "install",
      "--offline",
      "--no-save",
      ...cache,
      `git+${pathToFileURL(clone).href}`,
    );
    const installed = await runCommand(install, { cwd: project });
    if (installed.code !== 0) return failure("npm install", installed);
    return await usePackage(project, [useOn("node", "use.mjs")]) ?? { ok: true };
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

/** The files of a build and of the package. npm clones the repository three times for one installation. */
const NEEDED_TO_BUILD =
  /^(?:[^/]+\.(?:md|ts)|package\.json|\.npmrc|LICENSE|(?:src|adapters|tests\/types|tests\/tools\/gates\/package)\/.*)$/;

/** The development dependencies that `npm run build` needs. */
const BUILD_TOOLS: readonly string[] = ["typescript", "@types/node"];

const IDENTITY = ["-c", "user.name=packaging", "-c", "user.email=packaging@localhost"];

const REPOSITORY_COMMANDS: readonly CommandLine[] = [
  ["git", "init", "--quiet"],
  ["git", "add", "--all"],
  ["git", ...IDENTITY, "-c", "commit.gpgsign=false", "commit", "--quiet", "--message", "A clone"],
];

/** Leaves only the tools of a build among the dependencies of a clone, as links. */
function linkBuildTools(clone: string): void {
  const path = join(clone, "package.json");
  const links = BUILD_TOOLS.map((name) => [name, `file:${join(ROOT, "node_modules", name)}`]);
  const manifest = JSON.parse(readFileSync(path, "utf8")) as object;
  writeFileSync(path, JSON.stringify({ ...manifest, devDependencies: Object.fromEntries(links) }));
}

/**
 * Uses the package in the consumer's directory. The first use that fails is the result. All uses begin at once:
 * one after the other, each would wait for a lane behind the long programs of the tests.
 */
async function usePackage(
  consumer: string,
  uses: readonly Use[],
): Promise<StepResult | undefined> {
  const complaints = contentComplaints(readExports(), filesBelow(join(consumer, INSTALLED)));
  if (complaints.length > 0) return { ok: false, detail: complaints.join("\n") };
  const results = await Promise.all(uses.map(async ([title, command, says]) => {
    const outcome = await runCommand(command, { cwd: consumer });
    const isRight = says === undefined ? outcome.code === 0 : outcome.output.includes(says);
    return isRight ? undefined : failure(title, outcome);
  }));
  return results.find((result) => result !== undefined);
}

const INSTALLED = join("node_modules", "cogen-wsgi");

function allUses(archive: string): Use[] {
  const linter = packageProgram("publint", "publint");
  const typesLinter = packageProgram("@arethetypeswrong/cli", "attw");
  return [
    ["publint", [...linter, INSTALLED, "--strict", "--pack", "false"]],
    ["attw", [...typesLinter, archive, "--profile", "esm-only", "--no-color", ...ENTRY_POINTS]],
    ...TYPE_CHECKS.map(typeCheck),
    ...["use.mjs", "use.cjs"].flatMap((file) => [
      useOn("node", file),
      useOn("currentNode", file),
      useOn("deno", file),
      useOn("bun", file),
    ]),
    ...commandUses(INSTALLED),
  ];
}

/** One entry point of each depth: the others have the same form, and each one costs half a second. */
const ENTRY_POINTS = ["--entrypoints", ".", "./middleware/compress"];

function useOn(runtime: RuntimeName, file: string): Use {
  const args = runtime === "deno" ? ["run", "--allow-all", file] : [file];
  return [`${file} on ${runtime}`, [findRuntime(runtime).command, ...args]];
}

/** A compiler, its libraries beside ECMAScript, and the way in which it finds modules. */
interface TypeCheck {
  readonly compiler: "current" | "oldest";
  readonly files: readonly ("use.ts" | "web.ts" | "rooms.ts")[];
  readonly module: "Node16" | "NodeNext" | "ESNext";
}

const TYPE_CHECKS: readonly TypeCheck[] = [
  { compiler: "current", files: ["use.ts"], module: "Node16" },
  { compiler: "current", files: ["use.ts"], module: "NodeNext" },
  { compiler: "current", files: ["use.ts"], module: "ESNext" },
  { compiler: "current", files: ["web.ts"], module: "NodeNext" },
  { compiler: "current", files: ["rooms.ts"], module: "NodeNext" },
  { compiler: "oldest", files: ["use.ts", "web.ts"], module: "NodeNext" },
];

/**
 * No `@types`, and the declarations of the package are checked, too; those of the compiler's libraries
 * are not.
 */
function typeCheck({ compiler, files, module }: TypeCheck): Use {
  const lib = files.includes("web.ts")
    ? "ESNext,DOM,DOM.AsyncIterable"
    : files.includes("rooms.ts")
    ? "ES2023,DOM"
    : "ES2023";
  const options = ["--strict", "--noEmit", "--skipDefaultLibCheck", "--target", "ES2023"];
  const moduleResolution = module === "ESNext" ? "Bundler" : module;
  const command: CommandLine = [
    ...(compiler === "oldest" ? oldestTypeChecker() : typeChecker()),
    ...[...options, "--lib", lib, "--module", module, "--moduleResolution", moduleResolution],
    ...["--typeRoots", "no-types", ...files],
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
