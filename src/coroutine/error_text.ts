/**
 * Any thrown value as text for a log: stack, causes, contained errors, and the members of objects.
 *
 * An app may throw any value: an object without text, a proxy that was revoked, an error with a getter
 * that throws. The text is made of every part that can be read, it is bounded, and making it never throws.
 *
 * The last handlers of errors call this, in this layer and in the server.
 *
 * @module
 */

import { handleRejection } from "./interop/promises.ts";

/** At most this many errors are described: causes may form a circle, and an AggregateError a crowd. */
const MAX_ERRORS = 8;
/** At most this many characters describe one error. */
const MAX_ERROR_LENGTH = 8192;
/** At most this many members of an object are shown, of an array as well. */
const MAX_MEMBERS = 16;
/** At most this many characters of a string within an object are shown. */
const MAX_MEMBER_LENGTH = 256;
/** Objects within objects are shown to this depth. */
const MAX_DEPTH = 3;

const UNREADABLE = "a value without text";

/**
 * Describes an error with its stack, its causes and the errors that it contains. Never throws.
 *
 * @param error Any thrown value.
 * @returns One or more lines, of a bounded length.
 */
export function describeThrown(error: unknown): string {
  // A promise that was thrown is an error like any other value; its own rejection must not end the process.
  handleRejection(error);
  const told = new Set<unknown>();
  const lines: string[] = [];
  tell(error, "", told, lines);
  return lines.join("\n");
}

/**
 * Whether a thrown value is of a class. Never throws, where `instanceof` does for a proxy that was revoked.
 *
 * @param kind The class.
 * @param error Any thrown value.
 * @returns `false` also for a value that cannot be inspected.
 */
export function isOf<T>(kind: abstract new (...args: never[]) => T, error: unknown): error is T {
  try {
    return error instanceof kind;
  } catch {
    return false;
  }
}

/** Adds the text of an error, and of the errors behind it, to `lines`. */
function tell(error: unknown, relation: string, told: Set<unknown>, lines: string[]): void {
  if (told.size >= MAX_ERRORS) return;
  if (isObject(error) && told.has(error)) {
    lines.push(`${relation}an error that is described above`);
    return;
  }
  told.add(isObject(error) ? error : {});
  lines.push(relation + cut(textOf(error), MAX_ERROR_LENGTH));
  if (!isError(error)) return;
  for (const [name, behind] of errorsBehind(error as object)) tell(behind, `${name} `, told, lines);
}

/** The errors behind an error: those of an AggregateError, of a SuppressedError, and the cause. */
function errorsBehind(error: object): readonly (readonly [relation: string, error: unknown])[] {
  const contained = read(error, "errors");
  const behind: (readonly [string, unknown])[] = [];
  try {
    if (Array.isArray(contained)) {
      const shown = contained.slice(0, MAX_ERRORS);
      for (const [place, one] of shown.entries()) {
        behind.push([`containing error ${place + 1} of ${contained.length}:`, one]);
      }
    }
  } catch {
    // An array that cannot be read contains no errors that could be described.
  }
  if (safely(() => Object.hasOwn(error, "suppressed"), false)) {
    behind.push(["suppressed by", read(error, "error")]);
    behind.push(["suppressing", read(error, "suppressed")]);
  }
  const cause = read(error, "cause");
  if (cause !== undefined) behind.push(["caused by", cause]);
  return behind;
}

function textOf(error: unknown): string {
  if (isError(error)) return textOfError(error as object);
  return `${typeof error} thrown: ${showThrown(error)}`;
}

function textOfError(error: object): string {
  const message = textOfMember(error, "message");
  const summary = `${textOfMember(error, "name")}: ${message}`;
  const stack = read(error, "stack");
  if (typeof stack !== "string" || stack === "") return summary;
  // Some engines leave the message out of the stack.
  const head = message.slice(0, MAX_ERROR_LENGTH / 2);
  return stack.includes(head) ? stack : `${cut(summary, MAX_ERROR_LENGTH / 2)}\n${stack}`;
}

function textOfMember(error: object, name: string): string {
  return safely(() => String(read(error, name)), UNREADABLE);
}

/** The text of a thrown value that is no error. */
function showThrown(value: unknown): string {
  if (typeof value === "string") return value;
  if (!isObject(value)) return safely(() => String(value), UNREADABLE);
  return safely(() => {
    const own = typeof value === "function" ? "" : String(value);
    if (own !== "" && !own.startsWith("[object ") && !Array.isArray(value)) return own;
    return show(value, 0);
  }, safely(() => show(value, 0), UNREADABLE));
}

/** Shows a value as the source text of a literal, with bounded depth and length. Calls no getter. */
function show(value: unknown, depth: number): string {
  if (typeof value === "string") return JSON.stringify(cut(value, MAX_MEMBER_LENGTH));
  if (typeof value === "function") return `function ${nameOf(value) || "without a name"}`;
  if (!isObject(value)) return String(value);
  const kind = kindOf(value);
  if (isError(value)) return `${kind}: ${cut(textOfMember(value, "message"), MAX_MEMBER_LENGTH)}`;
  if (ArrayBuffer.isView(value)) return `${kind} of ${value.byteLength} bytes`;
  const isList = Array.isArray(value);
  if (depth >= MAX_DEPTH) return isList ? "[...]" : "{...}";
  if (isList) {
    return `[${membersOf(value, value.slice(0, MAX_MEMBERS).keys(), value.length, depth)}]`;
  }
  const keys = Object.keys(value);
  const members = membersOf(value, keys.slice(0, MAX_MEMBERS), keys.length, depth);
  const body = members === "" ? "{}" : `{ ${members} }`;
  return kind === "" || kind === "Object" ? body : `${kind} ${body}`;
}

/** Shows some members of an object, and the number of those that are left out. */
function membersOf(
  target: object,
  keys: Iterable<string | number>,
  count: number,
  depth: number,
): string {
  const texts: string[] = [];
  for (const key of keys) {
    const member = Object.getOwnPropertyDescriptor(target, key);
    const isReadable = member !== undefined && "value" in member;
    const text = isReadable ? safely(() => show(member.value, depth + 1), UNREADABLE) : "a getter";
    const isName = typeof key === "string" && /^[\w$]{1,100}$/.test(key);
    if (typeof key === "number") texts.push(text);
    else texts.push(`${isName ? key : JSON.stringify(cut(key, MAX_MEMBER_LENGTH))}: ${text}`);
  }
  if (count > MAX_MEMBERS) texts.push(`${count - MAX_MEMBERS} more`);
  return texts.join(", ");
}

/** The name of the class of an object; empty if it has none. */
function kindOf(value: object): string {
  return nameOf(read(Object.getPrototypeOf(value) ?? {}, "constructor"));
}

/**
 * The name of a function, for messages.
 *
 * @param fn A function; any other value has no name.
 * @returns Its name, of a bounded length and without the `bound` of a bound method; empty if it has none.
 *   Never throws.
 */
export function nameOf(fn: unknown): string {
  if (typeof fn !== "function") return "";
  const name = read(fn, "name");
  return typeof name === "string" ? cut(name, MAX_MEMBER_LENGTH).replace(/^bound /, "") : "";
}

/** Reads a member of an object; `undefined` if its getter throws. */
function read(target: object, name: string): unknown {
  return safely(() => (target as Record<string, unknown>)[name], undefined);
}

/** Whether a value is an error, of this realm or of another one. */
function isError(value: unknown): boolean {
  return isObject(value) && safely(
    () => value instanceof Error || Object.prototype.toString.call(value) === "[object Error]",
    false,
  );
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null || typeof value === "function";
}

function safely<T>(make: () => T, fallback: T): T {
  try {
    return make();
  } catch {
    return fallback;
  }
}

function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  return `${text.slice(0, maxLength)}... (${text.length - maxLength} more characters)`;
}
