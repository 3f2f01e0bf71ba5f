/**
 * The arguments of the command line: a command, options and operands.
 *
 * @module
 */

import { nearestName } from "../coroutine/mod.ts";
import { usage } from "./failure.ts";
import { type Command, COMMANDS, type Option, OPTIONS } from "./options.ts";

/** A value as it was written. */
export interface Given {
  readonly option: Option;
  readonly text: string;
}

/** The command line, split. */
export interface Arguments {
  readonly command: Command;
  readonly given: readonly Given[];
  /** The arguments that are no options: the app, and the path of `fetch`. */
  readonly operands: readonly string[];
}

/**
 * Splits the arguments. Options and operands may stand in any order, and `--` ends the options.
 *
 * @throws {CommandFailure} For an unknown option, or an option without its value.
 */
export function splitArguments(args: readonly string[]): Arguments {
  const given: Given[] = [];
  const operands: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const word = args[at] as string;
    if (word === "--") {
      operands.push(...args.slice(at + 1));
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      operands.push(word);
      continue;
    }
    const { option, name, text } = readOption(word);
    if (option.kind === "flag") {
      given.push({ option, text: text ?? (name.startsWith("--no-") ? "false" : "true") });
      continue;
    }
    const value = text ?? args[++at];
    if (value === undefined) throw usage(`${name} needs a value: ${name} ${option.value}`);
    given.push({ option, text: value });
  }
  const command = COMMANDS.find((name) => name === operands[0]);
  if (command !== undefined) operands.shift();
  const checked = command ?? "serve";
  for (const { option } of given) checkCommand(checked, option);
  return { command: checked, given, operands };
}

function checkCommand(command: Command, { name, commands }: Option): void {
  if (commands === undefined || commands.includes(command)) return;
  throw usage(`--${name} is an option of "${commands.join(" and ")}", not of "${command}"`);
}

/** Reads `--name`, `--no-name`, `--name=text`, `-x` or `-xtext`. */
function readOption(word: string): { option: Option; name: string; text: string | undefined } {
  if (!word.startsWith("--")) {
    const option = OPTIONS.find(({ short }) => short === word[1]);
    if (option === undefined || (option.kind === "flag" && word.length > 2)) throw unknown(word);
    const text = word.length > 2 ? word.slice(2).replace(/^=/, "") : undefined;
    return { option, name: word.slice(0, 2), text };
  }
  const equals = word.indexOf("=");
  const name = equals < 0 ? word : word.slice(0, equals);
  const text = equals < 0 ? undefined : word.slice(equals + 1);
  const option = OPTIONS.find((each) => `--${each.name}` === name) ??
    OPTIONS.find((each) => each.kind === "flag" && `--no-${each.name}` === name && equals < 0);
  if (option === undefined) throw unknown(name);
  return { option, name, text };
}

function unknown(name: string): Error {
  const letter = OPTIONS.find(({ short }) => short?.toLowerCase() === name[1]?.toLowerCase())
    ?.short;
  const meant = name.startsWith("--")
    ? nearestName(name, OPTIONS.map((each) => `--${each.name}`))
    : letter && `-${letter}`;
  return usage(`unknown option ${name}${meant ? `: did you mean ${meant}?` : ""}`);
}
