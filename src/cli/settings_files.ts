/**
 * The files with options: the configuration, and the variables of `--env-file`.
 *
 * `settings.ts` calls this.
 *
 * @module
 */

import { showValue } from "../coroutine/mod.ts";
import { CommandFailure, EXIT, reasonOf, usage } from "./failure.ts";
import { absolute, readText, readVariable, setVariable, workingDirectory } from "./host/mod.ts";
import { importModule } from "./modules.ts";

/**
 * Loads a configuration file.
 *
 * @throws {CommandFailure} If the file cannot be read, or has no object.
 */
export async function loadConfiguration(name: string): Promise<object> {
  if (!/\.(?:[cm]?[jt]s|json)$/.test(name)) {
    throw usage(
      `the configuration is ${name}: expected a file such as cogen.config.ts, .js or .json`,
    );
  }
  const path = absolute(workingDirectory(), name);
  let loaded: unknown;
  try {
    if (name.endsWith(".json")) loaded = JSON.parse(readText(path));
    else {
      readText(path);
      loaded = (await importModule(name, path, EXIT.usage))["default"];
    }
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    throw usage(`cannot read the configuration ${name}: ${reasonOf(error)}`);
  }
  if (typeof loaded === "object" && loaded !== null && !Array.isArray(loaded)) return loaded;
  const form = name.endsWith(".json") ? "an object" : "export default { port: 8000 }";
  throw usage(`the configuration ${name} is ${showValue(loaded)}: expected ${form}`);
}

const ENV_LINE =
  /^\s*(?:export\s+)?([A-Za-z_][\w.]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^#\n]*))\s*(?:#.*)?$/s;

/**
 * Sets the variables of a file of lines `NAME=value`, except those that are set already.
 *
 * @returns The names and the values of the lines that change nothing, because the variable is set already.
 * @throws {CommandFailure} If the file cannot be read, or a line has another form.
 */
export function readEnvFile(name: string): [variable: string, value: string][] {
  const unused: [variable: string, value: string][] = [];
  let text: string;
  try {
    text = readText(absolute(workingDirectory(), name));
  } catch (error) {
    throw usage(`cannot read --env-file ${name}: ${reasonOf(error)}`);
  }
  text.split(/\r?\n/).forEach((line, index) => {
    if (/^\s*(?:#|$)/.test(line)) return;
    const [, variable, double, single, plain] = ENV_LINE.exec(line) ?? [];
    if (variable === undefined) {
      throw usage(`line ${index + 1} of ${name} is no variable: expected NAME=value`);
    }
    const value = double?.replace(/\\([nrt"\\$])/g, (_, letter: string) =>
      ESCAPES[letter] ?? letter) ??
      single ?? plain?.trimEnd() ?? "";
    if (readVariable(variable) === undefined) setVariable(variable, value);
    else unused.push([variable, value]);
  });
  return unused;
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };
