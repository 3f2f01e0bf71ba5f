/**
 * Members that an app or a library adds to `Object.prototype`, so that all objects have them.
 *
 * The trap: the language itself looks for some members, such as `then` of each object that resolves a promise.
 * So a test removes the members before it uses the tools of the runtime.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";

/** Adds a member to all objects, and gives the function that removes it. */
export function pollute(member: PropertyKey, value: unknown): () => void {
  const base = Object.prototype as unknown as Record<PropertyKey, unknown>;
  base[member] = value;
  return () => void delete base[member];
}

/** Adds a member of each name in the code of this package, and gives the function that removes them. */
export function polluteAll(value: unknown): () => void {
  const restores = NAMES.map((name) => pollute(name, value));
  return () => restores.forEach((restore) => restore());
}

/**
 * Members that the language or the loader of the tests itself looks for, or that address a socket. Keys of the
 * environ are left out as well: it is a plain object, and middleware copies it with `{ ...environ }`.
 */
const LEFT_OUT: ReadonlySet<string> = new Set([
  ...["constructor", "return", "get", "set", "value", "writable", "enumerable", "configurable"],
  ...["path", "fd"],
]);

/** Each name after a dot or in braces in the code of a folder, and the first indices of an array. */
function namesIn(folder: URL): readonly string[] {
  const names = new Set(["0", "1"]);
  for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!entry.endsWith(".ts")) continue;
    const code = readFileSync(new URL(entry.replaceAll("\\", "/"), folder), "utf8");
    for (const [, name] of code.matchAll(/[.{,"]\s*([A-Za-z_]\w*)/g)) names.add(name as string);
  }
  const isLeftOut = (name: string) => LEFT_OUT.has(name) || /^[A-Z_]+$/.test(name);
  return [...names].filter((name) => !(name in Object.prototype) && !isLeftOut(name));
}

const NAMES = namesIn(new URL("../../src/", import.meta.url));
if (NAMES.length < 1000) {
  throw new Error(`The code has ${NAMES.length} names: expected 1000 or more`);
}
