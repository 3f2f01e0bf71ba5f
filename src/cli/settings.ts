/**
 * The value of each option, and its origin: the command line wins over the environment, the
 * environment over the configuration file, and the file over the default.
 *
 * @module
 */

import { nearestName, showValue } from "../coroutine/mod.ts";
import { runtimeAdapter } from "../../mod.ts";
import type { Limits, ServingOptions, Timeouts } from "../server/mod.ts";
import { DEFAULT_SERVER_LIMITS, DEFAULT_TIMEOUTS, WSGIServer } from "../server/mod.ts";
import type { Arguments } from "./arguments.ts";
import { messageOf, usage } from "./failure.ts";
import {
  absolute,
  kindOf,
  processId,
  readVariable,
  variableNames,
  workingDirectory,
} from "./host/mod.ts";
import { writeLog } from "./logs/logs.ts";
import { keyOf, limitOption, type Option, OPTIONS, timeoutOption, variableOf } from "./options.ts";
import { loadConfiguration, readEnvFile } from "./settings_files.ts";
import { formatValue, parseValue } from "./values.ts";

/** The ranks of the origins; a higher rank wins. */
export const RANK = { default: 0, file: 1, plainVariable: 2, variable: 3, commandLine: 4 } as const;

interface Setting {
  readonly value: unknown;
  readonly origin: string;
  readonly rank: number;
}

/** The values of all options. */
export class Settings {
  readonly #settings = new Map<string, Setting>();

  /** The value of an option; `undefined` if it has none. */
  get<T>(name: string): T | undefined {
    return this.#settings.get(name)?.value as T | undefined;
  }

  /** An option as its user wrote it: `--port`, or the place of its value. */
  nameOf(name: string): string {
    const { origin = "", rank = 0 } = this.#settings.get(name) ?? {};
    return rank > RANK.default && rank < RANK.commandLine ? origin : `--${name}`;
  }

  /** The rank of an option's origin; 0 for the default. */
  rankOf(name: string): number {
    return this.#settings.get(name)?.rank ?? 0;
  }

  /**
   * Sets an option, unless an origin of a higher rank has set it.
   *
   * @throws {CommandFailure} For a text that the option does not take, whether it counts or not: it would be found
   *   on the day on which the other origin goes. Variables such as `HOST` may be for another program.
   */
  set(option: Option, texts: readonly string[], origin: string, rank: number): void {
    const counts = rank >= this.rankOf(option.name);
    if (!counts && rank === RANK.plainVariable) return;
    const shown = origin === "command line" ? `--${option.name}` : origin;
    const values = texts.map((text) => {
      const parsed = parseValue(option.kind, text);
      if ("value" in parsed) return parsed.value;
      const written = option.kind === "bus" ? formatValue("bus", text) : text;
      throw usage(`${shown} is ${showValue(written)}: expected ${parsed.expected}`);
    });
    if (!counts) return;
    const value = option.repeated === true ? values : values.at(-1);
    this.#settings.set(option.name, { value, origin, rank });
  }

  /** Sets the default of an option. */
  setDefault({ name, fallback }: Option): void {
    this.#settings.set(name, { value: fallback, origin: "default", rank: RANK.default });
  }

  /** Writes each value and its origin, one line each. */
  print(): string {
    const shown = OPTIONS.filter(({ elsewhere }) => elsewhere !== "nowhere");
    const rows = shown.map(({ name, kind }) => {
      const { value, origin } = this.#settings.get(name) as Setting;
      return [name, formatValue(kind, value), origin] as const;
    });
    const [first, second] = [0, 1].map((column) =>
      Math.max(...rows.map((row) => (row[column] as string).length))
    ) as [number, number];
    return rows.map(([name, value, origin]) =>
      `${name.padEnd(first)}  ${value.padEnd(second)}  ${origin}\n`
    ).join("");
  }
}

/**
 * Collects the values of all options.
 *
 * @throws {CommandFailure} For a value that an option does not take, and for unknown names.
 */
export async function collectSettings(args: Arguments): Promise<Settings> {
  const settings = new Settings();
  for (const option of OPTIONS) settings.setDefault(option);
  for (const option of OPTIONS) {
    const texts = args.given.filter((each) => each.option === option).map(({ text }) => text);
    if (texts.length > 0) settings.set(option, texts, "command line", RANK.commandLine);
  }
  const envFile = settings.get<string>("env-file") ?? readVariable(variableOf("env-file"));
  const unused = envFile !== undefined && envFile !== "" ? readEnvFile(envFile) : [];
  readEnvironment(settings);
  for (const [name, text] of unused) {
    // Only the check counts: the variable is set already.
    if (isOwn(name)) readOwnVariable(settings, name, text, `${name} in ${envFile}`, RANK.file);
  }
  await readConfiguration(settings);
  return settings;
}

/**
 * Checks the options that depend on each other, and those whose values only a server can check.
 *
 * @throws {CommandFailure} For an option of the command line without effect, and for a value that a server refuses.
 */
export async function checkSettings(settings: Settings): Promise<void> {
  for (const { name, needs } of OPTIONS) {
    // The environment and the file may serve several commands.
    if (needs === undefined || settings.rankOf(name) < RANK.commandLine) continue;
    const { value = "", kind, fallback } = OPTIONS.find((each) => each.name === needs) as Option;
    const needed = settings.get(needs);
    if (needed !== undefined && needed !== false && needed !== fallback) continue;
    const example = typeof kind === "string" ? value : kind[0];
    throw usage(`--${name} has no effect alone: add --${needs}${example && ` ${example}`}`);
  }
  for (const name of ABOVE_ZERO) {
    if (settings.get(name) !== 0) continue;
    throw usage(`${settings.nameOf(name)} is 0: expected more than 0, or none`);
  }
  if (settings.get("max-requests-jitter") === Infinity) {
    throw usage(`${settings.nameOf("max-requests-jitter")} is none: expected a whole number`);
  }
  const adapter = await runtimeAdapter();
  try {
    void new WSGIServer({
      ...serverOptionsOf(settings),
      wsgiApp: () => [],
      adapter,
    });
  } catch (error) {
    throw inWordsOfTheCommand(settings, error);
  }
}

/** The options, besides those of the server, of which 0 would let nothing run. */
const ABOVE_ZERO = ["handshake-timeout", "worker-timeout", "max-requests"];

/** An error of an option of the server, with the name that the user has written. */
function inWordsOfTheCommand(settings: Settings, error: unknown): unknown {
  const message = messageOf(error);
  const [subject = "", limit, timeout, key = ""] =
    /^(?:The limit (\w+)|Timeout "(\w+)"|(\w+))/.exec(message) ?? [];
  let name = SERVER_OPTIONS[key];
  if (limit !== undefined) name = limitOption(limit as keyof Limits);
  if (timeout !== undefined) name = timeoutOption(timeout as keyof Timeouts);
  if (name === undefined) return error;
  const rest = message.slice(subject.length).replaceAll("Infinity", "none");
  return usage(settings.nameOf(name) + rest);
}

/**
 * The addresses to listen on, each as `host:port`, `unix:path` or `fd://3`.
 *
 * @throws {CommandFailure} If two options disagree, or `LISTEN_FDS` is no number.
 */
export function addressesOf(settings: Settings): readonly string[] {
  const bind = settings.get<readonly string[]>("bind");
  const single = Math.max(settings.rankOf("port"), settings.rankOf("host"));
  const rank = settings.rankOf("bind");
  // systemd is asked for sockets on purpose, so they win over all but the command line.
  const given = Math.max(rank, single);
  const inherited = given < RANK.commandLine ? inheritedSockets(given > RANK.default) : [];
  if (inherited.length > 0) return inherited;
  if (bind === undefined || rank < single) {
    const host = settings.get<string>("host") as string;
    const bracketed = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
    const address = `${bracketed}:${settings.get("port")}`;
    if ("value" in parseValue("bind", address)) return [address];
    throw usage(
      `${settings.nameOf("host")} is ${showValue(host)}: expected a host, such as 127.0.0.1 or ::1`,
    );
  }
  if (rank === single) throw usage("--bind has host and port: leave out --host and --port");
  return bind;
}

/** The options of a server, and those of the command. */
const SERVER_OPTIONS: Readonly<Record<string, string>> = {
  serverName: "server-name",
  serverHeader: "server-header",
  protocol: "protocol",
  burst: "burst",
  requestQueueSize: "backlog",
};

/** The options of the server that do not depend on its address. */
export function serverOptionsOf(settings: Settings): Omit<ServingOptions, "wsgiApp" | "bindAddr"> {
  const limits: Record<string, unknown> = {};
  for (const name of Object.keys(DEFAULT_SERVER_LIMITS) as (keyof Limits)[]) {
    limits[name] = settings.get(limitOption(name));
  }
  const timeouts: Record<string, unknown> = {};
  for (const name of Object.keys(DEFAULT_TIMEOUTS) as (keyof Timeouts)[]) {
    timeouts[name] = settings.get(timeoutOption(name));
  }
  const set = Object.entries(SERVER_OPTIONS).map(([key, name]) =>
    [key, settings.get(name)] as const
  )
    .filter(([, value]) => value !== undefined);
  const logFormat = settings.get("log-format") === "json" ? "json" : "text";
  return { limits, timeouts, log: writeLog, logFormat, ...Object.fromEntries(set) };
}

/** The variables that many hosts set. */
const PLAIN_VARIABLES = [
  ["port", "PORT"],
  ["host", "HOST"],
  ["workers", "WEB_CONCURRENCY"],
  ["trust-proxy", "FORWARDED_ALLOW_IPS"],
] as const;

function readEnvironment(settings: Settings): void {
  readOwnVariables(settings);
  for (const [name, variable] of PLAIN_VARIABLES) {
    const text = readVariable(variable);
    const option = OPTIONS.find((each) => each.name === name) as Option;
    if (text) settings.set(option, [text], `environment ${variable}`, RANK.plainVariable);
  }
}

/** The options that may stand in the environment, by their variables. */
const OWN_VARIABLES: ReadonlyMap<string, Option> = new Map(
  OPTIONS.filter(({ elsewhere }) => elsewhere !== "nowhere")
    .map((option) => [variableOf(option.name), option]),
);

function isOwn(variable: string): boolean {
  return /^COGEN_(?!DEBUG$)/.test(variable);
}

function readOwnVariables(settings: Settings): void {
  for (const name of new Set([...OWN_VARIABLES.keys(), ...variableNames().filter(isOwn)])) {
    readOwnVariable(settings, name, readVariable(name), `environment ${name}`, RANK.variable);
  }
}

function readOwnVariable(
  settings: Settings,
  name: string,
  text: string | undefined,
  origin: string,
  rank: number,
): void {
  if (text === undefined || text === "") return;
  const option = OWN_VARIABLES.get(name);
  if (option === undefined) throw unknownVariable(name, [...OWN_VARIABLES.keys()]);
  const texts = option.repeated === true ? text.trim().split(/[\s,]+/) : [text];
  settings.set(option, texts, origin, rank);
}

const CONFIG_FILES = ["ts", "mts", "js", "mjs", "json"].map((ending) => `cogen.config.${ending}`);

async function readConfiguration(settings: Settings): Promise<void> {
  const name = settings.get<string>("config") ??
    CONFIG_FILES.find((file) => kindOf(absolute(workingDirectory(), file)) === "file");
  if (name === undefined) return;
  const known = new Map(
    OPTIONS.filter(({ elsewhere }) => elsewhere === undefined)
      .map((option) => [keyOf(option.name), option]),
  );
  for (const [key, value] of Object.entries(await loadConfiguration(name))) {
    if (value === undefined || value === null) continue;
    const option = known.get(key);
    if (option === undefined) {
      throw unknownKey(key, name, [...known.keys()]);
    }
    const isList = option.kind === "trust" || option.kind === "fields";
    const given = Array.isArray(value) && isList ? value.join(",") : value;
    const list: readonly unknown[] = Array.isArray(given) ? given : [given];
    const strange = list.find((each) => !/^(string|number|boolean)$/.test(typeof each));
    if (strange !== undefined) {
      throw usage(
        `${key} in ${name} is ${showValue(strange)}: expected a text, a number or a boolean`,
      );
    }
    const texts = list.map(String);
    if (texts.length > 1 && option.repeated !== true) {
      throw usage(`${key} in ${name} is a list: expected one value`);
    }
    settings.set(option, texts, `${key} in ${name}`, RANK.file);
  }
}

/** The beginning that all own variables share says nothing about the nearest one. */
function unknownVariable(name: string, known: readonly string[]): Error {
  const short = (variable: string) => variable.slice("COGEN_".length);
  const meant = nearestName(short(name), known.map(short));
  return usage(
    `unknown variable ${name}${meant === undefined ? "" : `: did you mean COGEN_${meant}?`}`,
  );
}

function unknownKey(key: string, file: string, known: readonly string[]): Error {
  const meant = nearestName(key, known);
  const advice = meant === undefined
    ? "expected an option of the command, such as maxBodyBytes or idleTimeout"
    : `did you mean ${meant}?`;
  return usage(`unknown key "${key}" in ${file}: ${advice}`);
}

/** The first descriptor of systemd. */
const FIRST_DESCRIPTOR = 3;
/** The largest number of sockets that is believed. */
const MAX_INHERITED = 256;

/**
 * The sockets that systemd, or a program like it, has opened for this process: `sd_listen_fds(3)`.
 *
 * @param hasAddress Whether there is another address.
 */
function inheritedSockets(hasAddress: boolean): string[] {
  const [pid, text] = [readVariable("LISTEN_PID"), readVariable("LISTEN_FDS")];
  if (text === undefined || text === "") return [];
  if (pid !== String(processId())) {
    // The variables of a parent are for that process, and its sockets are not here.
    if (hasAddress || pid === undefined) return [];
    throw usage(
      `the sockets of LISTEN_FDS are for process ${pid}, which has started this one: ` +
        "start cogen-wsgi by node, not by npx or a shell, or give --bind",
    );
  }
  const count = /^\d{1,3}$/.test(text) ? Number(text) : NaN;
  if (!(count <= MAX_INHERITED)) {
    throw usage(`LISTEN_FDS is "${text}": expected the number of sockets, such as 1`);
  }
  return Array.from({ length: count }, (_, index) => `fd://${FIRST_DESCRIPTOR + index}`);
}
