/**
 * The commands: which one runs, and with which operands.
 *
 * `mod.ts` calls this, and prints the failures.
 *
 * @module
 */

import { findApp } from "./app_loader.ts";
import { splitArguments } from "./arguments.ts";
import { checkCommand } from "./check.ts";
import { EXIT, usage } from "./failure.ts";
import { fetchCommand, isPath } from "./fetch.ts";
import { helpText } from "./help.ts";
import { kindOf } from "./host/mod.ts";
import { print } from "./running.ts";
import { serveCommand } from "./serve.ts";
import type { Command } from "./options.ts";
import { checkSettings, collectSettings, RANK, type Settings } from "./settings.ts";
import { statusCommand } from "./status/status_command.ts";
import { parseValue } from "./values.ts";
import { VERSION } from "./version.ts";

/**
 * Runs a command to its end.
 *
 * @param words The arguments, without the runtime and the program.
 * @returns The exit code.
 * @throws {CommandFailure} If the command cannot do its work.
 */
export async function runCommand(words: readonly string[]): Promise<number> {
  const args = splitArguments(words);
  const asked = (name: string) =>
    args.given.some(({ option, text }) => {
      const parsed = option.name === name ? parseValue("flag", text) : {};
      return "value" in parsed && parsed.value === true;
    });
  if (asked("help")) return await printed(helpText());
  if (asked("version")) return await printed(`cogen-wsgi ${VERSION}\n`);
  const settings = await collectSettings(args);
  if (settings.get("print-config") === true) return await printed(settings.print());
  await checkSettings(settings);
  if (args.command === "status") {
    if (args.operands.length > 0) {
      throw usage(`unexpected argument ${args.operands[0]}: "status" takes no app`);
    }
    return await statusCommand(settings);
  }
  const { app, path } = operandsOf(args.command, args.operands, settings);
  const place = findApp(app);
  if (args.command === "check") return await checkCommand(place, settings);
  if (path !== undefined) return await fetchCommand(place, path, settings);
  return await serveCommand(place, words, settings);
}

/** The app, which is an operand or the option `app`, and the path of `fetch`. */
function operandsOf(
  command: Exclude<Command, "status">,
  operands: readonly string[],
  settings: Settings,
): { app: string; path: string | undefined } {
  const rest = command === "fetch" ? pathLast(operands) : [...operands];
  const path = command === "fetch" ? rest.pop() : undefined;
  if (rest.length > 0 && settings.rankOf("app") === RANK.commandLine) {
    throw usage(`--app is given beside the app ${rest[0]}: leave out one of them`);
  }
  const app = rest.shift() ?? settings.get<string>("app");
  if (rest.length > 0) {
    // The first word may be a command that is written wrong.
    if (app !== undefined && /^[a-z]+$/.test(app)) findApp(app);
    const takes = command === "fetch" ? "an app and a path" : "one app";
    throw usage(`unexpected argument ${rest[0]}: "${command}" takes ${takes}`);
  }
  const example = { serve: "app.ts", check: "check app.ts", fetch: "fetch app.ts /" }[command];
  const isModule = path !== undefined && (!isPath(path) || kindOf(path) === "file");
  if (app === undefined && !isModule) throw usage(`no app: write cogen-wsgi ${example}`);
  if (app === undefined || (command === "fetch" && path === undefined)) {
    throw usage(`no path: write cogen-wsgi fetch ${app ?? path} /`);
  }
  return { app, path };
}

/** The app comes before the path of `fetch`. The other order is understood if only one of them can be a path. */
function pathLast(operands: readonly string[]): string[] {
  const [first = "", second = ""] = operands;
  const isSwapped = operands.length === 2 && isPath(first) && !isPath(second) &&
    kindOf(first) !== "file";
  return isSwapped ? [second, first] : [...operands];
}

async function printed(text: string): Promise<number> {
  await print(text);
  return EXIT.ended;
}
