/**
 * The failures of the command, each with the exit code of its kind.
 *
 * @module
 */

import { hideSecrets, showValue } from "../coroutine/mod.ts";

/** The exit codes of the command. */
export const EXIT = {
  ended: 0,
  crashed: 1,
  usage: 2,
  notStarted: 3,
  notLoaded: 4,
  noSuccess: 22,
} as const;

/** A failure that ends the command with one line for its user, without the secrets of an address. */
export class CommandFailure extends Error {
  /** `CommandFailure`. */
  override readonly name = "CommandFailure";
  /** The exit code. */
  readonly code: number;
  /** Further lines, such as the stack of an error of the app. */
  readonly detail: string | undefined;

  /**
   * @param code One of {@linkcode EXIT}.
   * @param message One line: the fault, and the remedy.
   * @param detail Further lines.
   */
  constructor(code: number, message: string, detail?: string) {
    super(visible(hideSecrets(message)));
    this.code = code;
    this.detail = detail === undefined ? undefined : visible(hideSecrets(detail));
  }
}

/** Makes the failure of a command that was written wrong. */
export function usage(message: string): CommandFailure {
  return new CommandFailure(EXIT.usage, `${message} (cogen-wsgi --help lists the options)`);
}

/** Says that Deno has denied an operation, and the flags that allow it. */
export function deniedByDeno(flags: string): string {
  return `Deno needs a permission: ${runDenoWith(flags)}`;
}

function runDenoWith(flags: string): string {
  return `run deno with ${flags}`;
}

/**
 * Shows control characters as their codes, because a text from outside must not command a terminal. The colours
 * that a runtime has put into the text of an error are left out; line feeds and tabs stay.
 */
export function visible(text: string): string {
  // deno-lint-ignore no-control-regex -- the sequences of colours begin with ESC
  return text.replace(/\x1b\[[\d;]*m/g, "").replace(/(?![\t\n])\p{Cc}/gu, controlCode);
}

/** Shows a control character as its code, such as `\x1b`. */
export function controlCode(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

/** Makes a failure of any error. */
export function failureOf(error: unknown): CommandFailure {
  const own = safely(() => error instanceof CommandFailure ? error : undefined);
  if (own !== undefined) return own;
  if (systemCode(error) === "NotCapable") {
    return new CommandFailure(EXIT.notStarted, `${messageOf(error)}: ${runDenoWith("-N -R -E")}`);
  }
  return new CommandFailure(EXIT.crashed, messageOf(error), stackOf(error));
}

/** A failure as a message of a worker or a thread. */
export interface FailureMessage {
  readonly type: "failed";
  readonly code: number;
  readonly message: string;
  readonly detail: string | undefined;
}

/** Makes the message of any error. */
export function failureMessage(error: unknown): FailureMessage {
  const { code, message, detail } = failureOf(error);
  return { type: "failed", code, message, detail };
}

/** Makes the failure that a message tells of. */
export function failureFrom({ code, message, detail }: FailureMessage): CommandFailure {
  return new CommandFailure(code, message, detail);
}

/** The message of any thrown value, as one line: the second line, too, if the first ends with a colon. */
export function messageOf(error: unknown): string {
  const message = memberOf(error, "message");
  const text = typeof message === "string" && message !== "" ? message : showValue(error);
  const [first = "", second = ""] = text.split("\n");
  return first.endsWith(":") && second !== "" ? `${first} ${second.trim()}` : first;
}

/** The code of an error of the system, such as `ENOENT`; the name of an error of Deno otherwise. */
export function systemCode(error: unknown): string {
  let name: unknown = "";
  // The causes of an error may form a circle.
  for (let [at, depth]: [unknown, number] = [error, 0]; at !== undefined && depth < 8; depth++) {
    const code = memberOf(at, "code");
    if (typeof code === "string") return code;
    name = memberOf(at, "name");
    at = memberOf(at, "cause");
  }
  return typeof name === "string" ? name : "";
}

/** Says in words why the system refused. */
export function reasonOf(error: unknown): string {
  return REASONS[systemCode(error)] ?? messageOf(error);
}

/** Says in words why the system refused to make or to open a file for writing. */
export function openReasonOf(error: unknown): string {
  return OPEN_REASONS[systemCode(error)] ?? reasonOf(error);
}

/** The stack of an error, or the value itself. */
export function stackOf(error: unknown): string {
  const stack = memberOf(error, "stack");
  return typeof stack === "string" ? stack : showValue(error);
}

/** A member of any thrown value; `undefined` if it cannot be read, as that of a revoked Proxy. */
export function memberOf(error: unknown, name: string): unknown {
  return safely(() => (Object(error) as Record<string, unknown>)[name]);
}

function safely<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

const OPEN_REASONS: Readonly<Record<string, string>> = {
  ENOENT: "its folder does not exist; make the folder first",
  NotFound: "its folder does not exist; make the folder first",
  NotCapable: deniedByDeno("-N -R -E -W"),
};

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  NotFound: "there is no such file",
  ENOSPC: "the disk is full",
  EPIPE: "its reader has closed it",
  EISDIR: "it is a folder",
  EACCES: "this user has no permission",
  EPERM: "this user has no permission",
  PermissionDenied: "this user has no permission",
  NotCapable: deniedByDeno("-N -R -E"),
};
