/**
 * Imports the modules of the user: the app and the configuration.
 *
 * An error of an import is one line with the place in the user's code. The trap: Node does not tell the
 * place of a syntax error in a module, so its check of the syntax is asked for it.
 *
 * @module
 */

import { CommandFailure, memberOf, messageOf, visible } from "./failure.ts";
import {
  absolute,
  folderOf,
  needsTypeScriptLoader,
  readText,
  realPath,
  registerTypeScriptLoader,
  relative,
  syntaxFault,
  urlOf,
  watchWait,
  workingDirectory,
} from "./host/mod.ts";
import { writeMessage } from "./logs/logs.ts";

/** A path with a line, in an error. */
const PLACE = /(?:file:\/\/)?(\/[^\s:()'"]+:\d+(?::\d+)?)/;
/** A frame in a stack; other lines are of the message. */
const FRAME = /^\s+at /;
/** Frames of a runtime and of packages, in a stack. */
const FOREIGN = /^\s*at .*(?:node:|ext:|native:|\/node_modules\/|<anonymous>)/;
/** The folder of the command, in the frames of its own functions. */
const OWN = new URL("./", import.meta.url).pathname;
/** The imports of files. */
const IMPORTS = /\b(?:from|import)\s*(?:\(\s*)?["'](\.{1,2}\/[^"']+\.[cm]?js)["']/g;
/** The number of files whose syntax is checked at most. */
const MAX_CHECKED_FILES = 20;

/**
 * Imports a module.
 *
 * @param name The file as the user wrote it.
 * @param path Its absolute path.
 * @param code The exit code of a failure.
 * @returns The exports of the module.
 * @throws {CommandFailure} If the module cannot be loaded.
 */
export async function importModule(
  name: string,
  path: string,
  code: number,
): Promise<Record<string, unknown>> {
  const isTypeScript = /\.[cm]?tsx?$/.test(name);
  if (isTypeScript && needsTypeScriptLoader() && !await registerTypeScriptLoader(path)) {
    const remedy = "npm install tsx, or use Node 22.18 or later";
    throw new CommandFailure(
      code,
      `cannot load ${name}: this Node reads TypeScript with the package tsx: ${remedy}`,
    );
  }
  const loading = exportsOf(path).catch((thrown) => {
    // Bun collects the errors of a file.
    const errors = memberOf(thrown, "errors");
    const error = Array.isArray(errors) && errors.length > 0 ? errors[0] : thrown;
    throw moduleFailure(error, path, code, `cannot load ${name}`, hintOf(messageOf(error), name));
  });
  return await settled(loading, name, code);
}

async function exportsOf(path: string): Promise<Record<string, unknown>> {
  // Bun remembers the target of a symbolic link.
  return namesOf(await import(urlOf(realPath(path))));
}

/** The time of a module for its loading without a message, in seconds. */
const SILENT_SECONDS = 10;

/**
 * Waits for a promise of the code of the user: that of a module, or of a factory.
 *
 * @param promise The promise.
 * @param name The file as the user wrote it.
 * @param code The exit code of a failure.
 * @throws {CommandFailure} If nothing is left that could settle the promise.
 */
export async function settled<T>(
  promise: Promise<T>,
  name: string,
  code: number,
): Promise<T> {
  let end = () => {};
  const stuck = new Promise<never>((_resolve, reject) => {
    end = watchWait(
      SILENT_SECONDS,
      () => writeMessage("info", `${name} is still being loaded: it awaits a promise`),
      () => {
        const reason = "it awaits a promise that never settles";
        reject(new CommandFailure(code, `cannot load ${name}: ${reason}`));
      },
    );
  });
  try {
    return await Promise.race([promise, stuck]);
  } finally {
    end();
  }
}

/**
 * Makes the failure of an error in the code of the user: one line with its place, and the calls that led there.
 *
 * @param error The error.
 * @param path The absolute path of the module.
 * @param code The exit code.
 * @param subject What failed.
 * @param hint The remedy, if there is a known one.
 */
export function moduleFailure(
  error: unknown,
  path: string,
  code: number,
  subject: string,
  hint = "",
): CommandFailure {
  const frames = userFrames(error);
  const message = `${nameOf(error)}${messageOf(error)}`;
  const place = PLACE.test(message) ? "" : placeOf(error, frames, path);
  const detail = frames.length > 1 ? frames.join("\n") : undefined;
  return new CommandFailure(code, `${subject}: ${message}${place}${hint}`, detail);
}

/** The exports of a module. A module that was compiled to CommonJS has them in its default export. */
function namesOf(module: Record<string, unknown>): Record<string, unknown> {
  const common = Object(module["default"]) as Record<string, unknown>;
  return common["__esModule"] === true ? common : module;
}

function nameOf(error: unknown): string {
  const name = memberOf(error, "stack") === undefined ? undefined : memberOf(error, "name");
  return typeof name === "string" && name !== "Error" ? `${name}: ` : "";
}

function hintOf(message: string, name: string): string {
  if (/strip-only mode/.test(message)) {
    return "; Node leaves types out, and transforms nothing: the compiler's option erasableSyntaxOnly finds such lines";
  }
  if (!/token 'export'|import statement outside/.test(message)) return "";
  const module = name.replace(/([jt]s)$/, "m$1");
  return `; Node takes it for CommonJS: write "type": "module" in package.json, or name it ${module}`;
}

/** The lines of a stack that are about the user's code. */
function userFrames(error: unknown): string[] {
  const stack = memberOf(error, "stack");
  if (typeof stack !== "string") return [];
  return visible(stack).split("\n")
    .filter((line) => FRAME.test(line) && PLACE.test(line))
    .filter((line) => !FOREIGN.test(line) && !line.includes(OWN));
}

function placeOf(error: unknown, frames: readonly string[], path: string): string {
  const position = memberOf(error, "position") as
    | { file: string; line: number; column: number }
    | null
    | undefined;
  const place = position
    ? `${position.file}:${position.line}:${position.column}`
    : PLACE.exec(frames[0] ?? "")?.[1] ??
      (memberOf(error, "name") === "SyntaxError" ? placeOfFault(path) : undefined);
  return place === undefined ? "" : ` (${relative(workingDirectory(), place)})`;
}

/** Checks a file, and the files that it imports, in the order of their imports. */
function placeOfFault(path: string): string | undefined {
  const files = new Set([path]);
  for (const file of files) {
    if (files.size > MAX_CHECKED_FILES) break;
    const fault = PLACE.exec(syntaxFault(file))?.[1];
    if (fault !== undefined) return fault;
    for (const [, name = ""] of readText(file).matchAll(IMPORTS)) {
      files.add(absolute(folderOf(file), name));
    }
  }
  return undefined;
}
