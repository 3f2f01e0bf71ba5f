/**
 * Rules about the committed files as text: no registry's address stands in any of them, the lock
 * file pins packages without saying where they come from, and all manifests agree.
 *
 * @module
 */

import { committedFiles, readJson, readText } from "../sources.ts";

/** Put together here, so that this file keeps the rule too. */
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

/** Everything that the project's files get wrong, a sentence each. */
export function textComplaints(): string[] {
  return [
    ...committedFiles().flatMap((path) => registryComplaints(path, readText(path))),
    ...lockComplaints(readJson("package-lock.json") as LockFile),
    ...manifestComplaints(readJson("package.json") as Manifest, readJson("deno.json") as Manifest),
  ];
}

/** A file must not name the host of a package registry. */
export function registryComplaints(path: string, text: string): string[] {
  const host = REGISTRY_HOSTS.find((name) => text.includes(name)) ?? REGISTRY_HOST.exec(text)?.[0];
  return host === undefined ? [] : [`${path}: names the registry host ${host}`];
}

/** Local packages are `resolved` to a folder; nothing else may be resolved. */
export function lockComplaints({ packages }: LockFile): string[] {
  return Object.entries(packages)
    .filter(([, { resolved }]) => resolved?.includes(":"))
    .map(([name]) => `package-lock.json: ${name} says where it comes from`);
}

/** `package.json` and `deno.json` describe one package; its tools are pinned; it needs no other. */
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
