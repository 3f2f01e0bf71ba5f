/**
 * This file runs every command of the README without a change, from an empty folder.
 *
 * Commands that need the published package get the packed archive or this checkout in its place, by
 * one table. A program that serves is asked for its page, and then ended. Deno runs on a terminal,
 * since it prompts only there, and a prompt is a complaint. The trap: a port of the README may be
 * in use, so it is replaced by port 0.
 *
 * @module
 */

import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { findRuntime, ROOT, type RuntimeName } from "../../runtimes.ts";
import { runCommand } from "../command.ts";
import {
  commandsOf,
  type Installation,
  installationsOf,
  programOf,
} from "../rules/readme_commands.ts";
import { readText } from "../sources.ts";
import { notChecked, type Step, type StepResult } from "../step.ts";
import { npm } from "../tools.ts";
import { type Installation as Packed, installedPackage } from "./archive.ts";

/** The step that runs the commands of the README. */
export function readmeStep(name: string): Step {
  return { name, run: runReadme };
}

/**
 * The commands that get the package, each with the command that replaces it. npm has installed the
 * archive once, in `project`, for all folders.
 */
const GETTING: Readonly<Record<string, (packed: Packed) => string>> = {
  "deno add jsr:@x/cogen-wsgi": () => `echo '${JSON.stringify(IMPORT_MAP)}' > deno.json`,
  "bunx jsr add @x/cogen-wsgi": ({ archive }) => `bun add @x/cogen-wsgi@${archive}`,
  "npx jsr add @x/cogen-wsgi": ({ project }) => `ln -s ${project}/node_modules node_modules`,
  "npm install cogen-wsgi": ({ project }) => `ln -s ${project}/node_modules node_modules`,
};

const IMPORT_MAP = {
  imports: { "@x/cogen-wsgi": pathToFileURL(join(ROOT, "mod.ts")).href },
};

/** The program of the README, and the runtimes on which a command runs it. */
const PROGRAM = /^(node|deno|bun)\b.* (hello\.\w+)$/;
const RUNTIMES: Readonly<Record<string, readonly RuntimeName[]>> = {
  "node hello.mjs": ["node", "currentNode"],
  "node hello.mts": ["currentNode"],
  "deno run -N hello.mjs": ["deno"],
  "deno run -N hello.ts": ["deno"],
  "bun hello.mjs": ["bun"],
  "bun hello.ts": ["bun"],
};

/** The commands that serve `app.ts` with the package, each with the command that replaces it. */
const SERVING_APP: Readonly<Record<string, string>> = {
  "npx cogen-wsgi app.ts": "npx cogen-wsgi app.ts",
  "deno run -N -R -E jsr:@x/cogen-wsgi/cli app.ts": `deno run -N -R -E ${
    pathToFileURL(join(ROOT, "src/cli/mod.ts")).href
  } app.ts`,
  "bunx --bun cogen-wsgi app.ts": "bunx --bun cogen-wsgi app.ts",
};

/** The installation in which these commands run: the other ones bring no `cogen-wsgi`. */
const WITH_COMMAND = "npm install cogen-wsgi";

/**
 * The commands of a checkout, each with the command that replaces it: the dependencies are
 * installed already, the tests run already, and the others would take minutes.
 */
const IN_CHECKOUT: Readonly<Record<string, string>> = {
  "npm ci && npm test": "npm test -- --quick --list",
  "npm test -- --quick": "npm test -- --quick --list",
  "npm run fuzz": "npm run fuzz -- --runs 100",
  "npm run torture": "npm run torture -- --list",
  "npm run bench": "npm run bench -- --help",
};

/** The commands of a checkout that serve until they are ended. */
const SERVING_CHECKOUT: Readonly<Record<string, string>> = {
  "npm ci && npm start": "npm start",
  "npm start -- --runtime deno": "npm start -- --runtime deno",
};

/**
 * The `package.json` that a user may have already. `npm init -y` of a current npm writes the second
 * one.
 */
const BEGINNINGS: readonly (string | undefined)[] = [
  undefined,
  JSON.stringify({ name: "beginning", version: "1.0.0", type: "commonjs" }),
];

/** On Node, the ending of a program's name decides, so each way to get the package has one beginning. */
function beginningsFor({ runtime }: Installation, row: number): readonly (string | undefined)[] {
  const other = (row + 1) % BEGINNINGS.length;
  return runtime === "Node" ? BEGINNINGS.slice(other, other + 1) : BEGINNINGS;
}

async function runReadme(): Promise<StepResult> {
  if (spawnSync("script", ["--version"]).error !== undefined) {
    return notChecked("script is not installed");
  }
  const readme = readText("README.md");
  const commands = commandsOf(readme);
  const installations = installationsOf(readme);
  const strangers = unknownCommands(commands, installations);
  if (strangers.length > 0) return { ok: false, detail: strangers.join("\n") };
  const parent = mkdtempSync(join(tmpdir(), "readme-"));
  try {
    const paths = {
      node: programsIn(join(parent, "programs"), "node"),
      currentNode: programsIn(join(parent, "current programs"), "currentNode"),
    };
    const programs = commands.filter((command) => PROGRAM.test(command));
    const packed = await installedPackage();
    const runs = installations.flatMap((installation, row) =>
      beginningsFor(installation, row).map((beginning, index) =>
        runInstallation(installation, programs, {
          packed,
          paths,
          beginning,
          program: programOf(readme, "Hello, world"),
          app: programOf(readme, "The command"),
          directory: join(parent, `${index} ${installation.command.replaceAll("/", " ")}`),
        })
      )
    );
    const complaints = (await Promise.all([...runs, ...runInCheckout(paths)])).flat();
    const note = `${commands.length} commands`;
    return { ok: complaints.length === 0, note, detail: complaints.join("\n\n") };
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

/**
 * Finds commands without a row in a table, and rows with a command that is not in the README any
 * more.
 */
function unknownCommands(
  commands: readonly string[],
  installations: readonly Installation[],
): string[] {
  const known = [GETTING, RUNTIMES, SERVING_APP, IN_CHECKOUT, SERVING_CHECKOUT].flatMap(
    Object.keys,
  );
  const inTable = installations.map(({ command }) => command);
  return [
    ...commands.filter((command) => !known.includes(command))
      .map((command) => `No table of readme.ts has the README's \`${command}\``),
    ...known.filter((command) => !commands.includes(command))
      .map((command) => `The README has no \`${command}\`, which a table of readme.ts has`),
    ...Object.keys(GETTING).filter((command) => !inTable.includes(command))
      .map((command) => `No row of the README's table gets the package by \`${command}\``),
  ];
}

/**
 * The search paths. On the first one, `node` is the machine's own; on the second one, it is the
 * current one.
 */
type Paths = Readonly<Record<"node" | "currentNode", string>>;

interface Place {
  readonly paths: Paths;
  readonly packed: Packed;
  /** The text of a `package.json` that exists before; `undefined` for none. */
  readonly beginning: string | undefined;
  readonly program: string;
  /** The app of the section on the command. */
  readonly app: string;
  /** The folder of the installation. It does not exist yet. */
  readonly directory: string;
}

/** Gets the package, and runs the program by each command for the runtime. Returns complaints. */
async function runInstallation(
  { runtime, command, specifier }: Installation,
  programs: readonly string[],
  place: Place,
): Promise<string[]> {
  const { directory, beginning } = place;
  mkdirSync(directory);
  if (beginning !== undefined) writeFileSync(join(directory, "package.json"), beginning);
  const getting = (GETTING[command] as (packed: Packed) => string)(place.packed);
  const env = { PATH: place.paths.node };
  const got = await runCommand(["sh", "-c", getting], { cwd: directory, env });
  if (got.code !== 0) return [`${getting}:\n${got.output}`];
  const source = place.program.replace('"@x/cogen-wsgi"', `"${specifier}"`).replace("8080", "0");
  const complaints: string[] = [];
  for (const line of programs) {
    const [, program, file = ""] = PROGRAM.exec(line) as RegExpExecArray;
    if (program !== runtime.toLowerCase()) continue;
    writeFileSync(join(directory, file), source);
    for (const name of RUNTIMES[line] ?? []) {
      const path = place.paths[name === "currentNode" ? "currentNode" : "node"];
      const page = await pageOf(line, { cwd: directory, env: { PATH: path } });
      if (page.text === "Hello, world!\n") continue;
      complaints.push(
        `${command}; ${line} (${name}; ${beginning ?? "empty folder"}):\n${page.log}`,
      );
    }
  }
  if (command === WITH_COMMAND && beginning === undefined) {
    writeFileSync(
      join(directory, "app.ts"),
      place.app.replace('"@x/cogen-wsgi"', `"${specifier}"`),
    );
    for (const line of Object.values(SERVING_APP)) {
      const env = { PATH: place.paths.currentNode, PORT: "0" };
      const page = await pageOf(line, { cwd: directory, env });
      if (page.text !== "Hello, world!\n") complaints.push(`${line}:\n${page.log}`);
    }
  }
  return complaints;
}

function runInCheckout({ node: PATH }: Paths): Promise<string[]>[] {
  const env = { PATH, PORT: "0" };
  const finite = [...new Set(Object.values(IN_CHECKOUT))].map(async (command) => {
    const { code, output } = await runCommand(["sh", "-c", command], { cwd: ROOT, env });
    return code === 0 ? [] : [`${command}:\n${output}`];
  });
  const serving = Object.values(SERVING_CHECKOUT).map(async (command) => {
    const { text, log } = await pageOf(command, { cwd: ROOT, env });
    return text.includes("<") ? [] : [`${command}:\n${log}`];
  });
  return [...finite, ...serving];
}

/** Makes a folder with npm, the given Node and the other runtimes. Returns a search path. */
function programsIn(directory: string, node: "node" | "currentNode"): string {
  mkdirSync(directory);
  const programs = [["node", node], ["deno", "deno"], ["bun", "bun"], ["bunx", "bun"]] as const;
  for (const [program, runtime] of programs) {
    symlinkSync(findRuntime(runtime).command, join(directory, program));
  }
  const [first, ...rest] = npm().map((part) => `'${part}'`);
  const script = `#!/bin/sh\nexec ${[first, ...rest].join(" ")} "$@"\n`;
  if (rest.length > 0) writeFileSync(join(directory, "npm"), script, { mode: 0o755 });
  return `${directory}${delimiter}${process.env["PATH"] ?? ""}`;
}

/** The time for a program to serve its page, on a machine of any speed. */
const PAGE_SECONDS = 60;

interface Page {
  readonly text: string;
  /** The output of the program, or the reason why there is no page. */
  readonly log: string;
}

/**
 * Runs a program that serves on a terminal, gets the page that its output names, and ends the
 * program.
 */
async function pageOf(
  command: string,
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<Page> {
  const child = spawn("script", ["--quiet", "--flush", "--command", command, "/dev/null"], {
    cwd,
    env: { ...process.env, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  // The end of `script` closes the terminal, which ends the program on it.
  const timer = setTimeout(() => child.kill("SIGKILL"), PAGE_SECONDS * 1000);
  let log = "";
  try {
    for await (const part of child.stdout) {
      log += part;
      if (log.includes("Allow?")) break; // Deno prompts
      const url = /serving (?:\S+ )?on (http:\/\/\S+)/i.exec(log)?.[1];
      if (url === undefined) continue;
      return { text: await (await fetch(url)).text(), log };
    }
    return { text: "", log };
  } catch (error) {
    return { text: "", log: `${log}\n${error}` };
  } finally {
    clearTimeout(timer);
    child.kill("SIGKILL");
  }
}
