/**
 * The checks of options. A wrong kind or an unknown name is an error that names the option, shows
 * its value, and tells the expected form.
 *
 * An option of a wrong kind must never count as its default. `null` is a wrong kind; only an option
 * that is missing or `undefined` has its default. All layers above call these checks, when a
 * server, a scheduler or a middleware is made.
 *
 * @module
 */

import { BASE, isPlain } from "./base_members.ts";
import { handleRejectionsIn } from "./interop/promises.ts";

/** The longest text of a value in an error message. Every real duration is shorter. */
const MAX_SHOWN = 100;

/**
 * Hides the user, the password and the query of each address in a text, for messages and logs.
 *
 * The query of a broker's address may have a password, too. A password may have a slash that was not encoded, so
 * everything before the last `@` is hidden, except in the URLs of files and of the web. An address whose scheme is
 * missing or mistyped is hidden from its user on.
 *
 * @param text Any text.
 * @returns The text, with `***` in place of each secret.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { hideSecrets } from "@x/cogen-wsgi/coroutine";
 *
 * assertEquals(hideSecrets("redis://ann:secret@host:6379?db=1"), "redis://***@host:6379?***");
 * ```
 */
export function hideSecrets(text: string): string {
  if (!text.includes("@") && !text.includes("?")) return text;
  return text.replace(/[^\s\x22\x27\x60<>]+/g, hideInAddress);
}

/** The scheme of an address whose secrets stand before its last `@`; those of files and of the web are others. */
const SCHEME = /\b(?!https?:|file:)[a-z][a-z0-9+.-]{0,30}:\/\//i;

/**
 * Hides the secrets of an address. The text may be that of a client, so the work grows with its length only: no
 * pattern searches the rest of the text once for each place where it could begin.
 */
function hideInAddress(given: string): string {
  let address = given.replace(/\b(https?:\/\/)[^/?#]*@/gi, "$1***@");
  const scheme = SCHEME.exec(address);
  if (scheme !== null) {
    const begin = scheme.index + scheme[0].length;
    const last = address.lastIndexOf("@");
    if (last >= begin) address = `${address.slice(0, begin)}***${address.slice(last)}`;
    const query = address.indexOf("?", begin) + 1;
    if (query > 0 && query < address.length) address = `${address.slice(0, query)}***`;
  }
  return address.replace(/(?<![^@/\\*])[^@/\\*:]*:[^@/\\*]+@/g, "***@");
}

/**
 * Writes a value of any kind as in a program, for an error message. The function never throws.
 *
 * The secrets of URLs are hidden; see {@linkcode hideSecrets}. A promise gets a handler, also in an array or in a
 * plain object, because its rejection would end the process: a value that is shown is refused, so that no other
 * code waits for it.
 *
 * @param value Any value.
 * @returns At most about a hundred characters. For an object of a class, it is only the name of the
 *   class.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { showValue } from "@x/cogen-wsgi/coroutine";
 *
 * assertEquals(["5", 5, { a: [1] }].map(showValue), ['"5"', "5", '{"a":[1]}']);
 * assertEquals([Promise.resolve(), () => 5].map(showValue), ["a Promise", "a function"]);
 * ```
 */
export function showValue(value: unknown): string {
  handleRejectionsIn(value);
  if (isClass(value)) return value.name === "" ? "a class" : `the class ${value.name}`;
  if (typeof value === "function") return "a function";
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" && typeof value !== "string") return String(value);
  try {
    if (isOfClass(value)) {
      const name = classOf(value as object);
      return `${/^[AEIO]/.test(name) ? "an" : "a"} ${name}`;
    }
    const text = hideSecrets(JSON.stringify(value, (_key, part: unknown) => {
      if (typeof part === "function") return "a function";
      const written = typeof part === "bigint" || typeof part === "number" && !isFinite(part);
      return written ? String(part) : part;
    }));
    return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text;
  } catch {
    return "an object";
  }
}

/** Whether a value is a class of the language, which cannot be called without `new`. */
export function isClass(value: unknown): value is { readonly name: string } {
  return typeof value === "function" && /^class\b/.test(Function.prototype.toString.call(value));
}

/** Whether JSON would hide the kind of an object: that of a promise is `{}`. */
function isOfClass(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  if (value instanceof Date) return true;
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") return false;
  return !isPlain(value) && typeof value.constructor?.name === "string";
}

/** The name of an object's class. A generator has the name of its kind. */
function classOf(value: object): string {
  const { [Symbol.toStringTag]: tag } = value as { [Symbol.toStringTag]?: unknown };
  return value.constructor.name || (typeof tag === "string" ? tag : "") || "Object";
}

/**
 * Makes the error for an option of a wrong kind.
 *
 * @param name The name of the option.
 * @param value Its value. A promise gets the advice to await it, and a handler as of {@linkcode showValue}.
 * @param expected The expected kind, such as `a function`.
 * @returns An error with a message such as `log is "x": expected a function`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { optionError } from "@x/cogen-wsgi/coroutine";
 *
 * assertEquals(optionError("log", "x", "a function").message, 'log is "x": expected a function');
 * ```
 */
export function optionError(name: string, value: unknown, expected: string): TypeError {
  const isObject = typeof value === "object" && value !== null;
  const advice = isObject && hasThen(value) ? "; await the promise first" : "";
  return new TypeError(`${name} is ${showValue(value)}: expected ${expected}${advice}`);
}

/** The kinds that {@linkcode checkOption} knows. */
export type OptionKind = "function" | "string" | "boolean";

const EXPECTED: Readonly<Record<OptionKind, string>> = {
  function: "a function",
  string: "a string",
  boolean: "true or false",
};

/**
 * Throws an error unless an option has the expected kind or is `undefined`.
 *
 * @param name The name of the option, for the error message.
 * @param value Its value.
 * @param kind The expected kind.
 * @throws {TypeError} For a value of any other kind.
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { checkOption } from "@x/cogen-wsgi/coroutine";
 *
 * checkOption("log", undefined, "function");
 * assertThrows(() => checkOption("log", "x", "function"), TypeError, 'log is "x"');
 * ```
 */
export function checkOption(name: string, value: unknown, kind: OptionKind): void {
  if (value === undefined || typeof value === kind) return;
  throw optionError(name, value, EXPECTED[kind]);
}

/**
 * Checks an object of a class by its members, since a package that is loaded twice has two classes.
 *
 * @param name The name of the value, for the error message.
 * @param value The value.
 * @param members The names of the members that are called or read.
 * @param expected The expected kind.
 * @throws {TypeError} If one of the members is missing.
 */
export function checkMembers(
  name: string,
  value: unknown,
  members: readonly string[],
  expected: string,
): void {
  const given = Object(value);
  if (members.every((member) => member in given)) return;
  throw optionError(name, value, expected);
}

/**
 * Throws an error unless the options are an object and all its members have known names.
 *
 * Without this check a misspelt option would be ignored without a message, even a misspelt `tls`.
 *
 * @param name The name of the options, for the error message.
 * @param options The options of a user.
 * @param known Every name that is allowed.
 * @param rules The beginning of the message for an unknown name (default `Unknown option of` and the name),
 *   and the names to suggest for others that are no misspellings.
 * @returns The options. If an app has added a member with a known name to `Object.prototype`, they are a copy
 *   without it.
 * @throws {TypeError} If the options are no object, and for the first name that is not allowed.
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { checkNames } from "@x/cogen-wsgi/coroutine";
 *
 * assertThrows(
 *   () => checkNames("options", { bind_addr: "/run/app" }, ["bindAddr", "log"]),
 *   TypeError,
 *   'Unknown option of options "bind_addr": did you mean "bindAddr"?',
 * );
 * ```
 */
export function checkNames<O>(
  name: string,
  options: O,
  known: readonly string[],
  rules: {
    readonly complaint?: string;
    readonly suggestions?: Readonly<Record<string, string>>;
  } = {},
): O {
  const example = `an object, such as { ${known[0]}: ... }`;
  if (!areOptions(options)) throw optionError(name, options, example);
  const { complaint = `Unknown option of ${name}`, suggestions = {} } = rules;
  for (const given of Object.keys(options)) {
    // Two options may be promises that were not awaited. The error names one, and neither may end the process.
    handleRejectionsIn((options as Record<string, unknown>)[given], 1);
    if (known.includes(given)) continue;
    const meant = Object.hasOwn(suggestions, given)
      ? suggestions[given]
      : nearestName(given, known);
    const advice = meant === undefined ? "e" : `did you mean "${meant}"? E`;
    throw new TypeError(`${complaint} "${given}": ${advice}xpected one of ${known.join(", ")}`);
  }
  return withoutForeign(options, known);
}

/** Leaves out the members that an app has added to `Object.prototype`. */
function withoutForeign<O extends object>(options: O, known: readonly string[]): O {
  if (!known.some((name) => name in Object.prototype)) return options;
  const own = Object.create(null) as Record<string, unknown>;
  for (const name of known) {
    const isForeign = name in Object.prototype && !Object.hasOwn(options, name);
    if (isForeign || !(name in options)) continue;
    own[name] = (options as Record<string, unknown>)[name];
  }
  return own as O;
}

/**
 * Whether a value may be options. It must be an object, but none of a class such as `Map`, `Date`
 * or `Promise`.
 */
function areOptions(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value) || ArrayBuffer.isView(value) || hasThen(value)) return false;
  return isPlain(value) || Object.keys(value).length > 0;
}

function hasThen(value: object): boolean {
  return "then" in value && value.then !== BASE.then;
}

/**
 * Finds the known name that is meant: it differs only in case and underscores or in a few letters,
 * or has the same beginning.
 *
 * @param given The name that is not known.
 * @param known The names to choose from.
 * @returns The known name; `undefined` if none is near.
 */
export function nearestName(given: string, known: readonly string[]): string | undefined {
  const plain = (name: string) => name.toLowerCase().replace(/[_-]/g, "");
  const wanted = plain(given);
  const ranked = known.map((name) => ({ name, distance: distance(wanted, plain(name)) }))
    .sort((one, other) => one.distance - other.distance);
  const [best] = ranked;
  if (best !== undefined && best.distance <= Math.floor(best.name.length / 3)) return best.name;
  return known.find((name) => wanted.startsWith(plain(name)));
}

/** A name of more letters is no misspelling of an option. */
const MAX_NAME = 40;

/** The number of letters to insert, delete, replace or exchange with the next one (optimal string alignment). */
function distance(one: string, other: string): number {
  if (one.length > MAX_NAME) return Infinity;
  let before: number[] = [];
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 0; i < one.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < other.length; j++) {
      const replaced = (row[j] as number) + (one[i] === other[j] ? 0 : 1);
      const isExchange = i > 0 && one[i] === other[j - 1] && one[i - 1] === other[j];
      const exchanged = isExchange ? (before[j - 1] as number) + 1 : Infinity;
      next.push(
        Math.min(replaced, exchanged, (row[j + 1] as number) + 1, (next[j] as number) + 1),
      );
    }
    [before, row] = [row, next];
  }
  return row[other.length] as number;
}
