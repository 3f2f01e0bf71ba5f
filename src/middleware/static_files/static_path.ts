/**
 * From `PATH_INFO` to a file under a root, and nowhere else.
 *
 * The name is checked twice: as the client wrote it, so that it cannot climb, and as the system
 * resolved it, so that no symbolic link leads out. The file is opened by its resolved name.
 *
 * @module
 */

import type { Files, OpenFile } from "../../socket/mod.ts";

/** What was found under a path. */
export type Found =
  | { readonly kind: "file"; readonly file: OpenFile; readonly path: string }
  /** A directory whose name came without a slash. */
  | { readonly kind: "directory" }
  | { readonly kind: "nothing" };

/** Where to look, and for what. */
export interface StaticRoot {
  readonly files: Files;
  readonly root: string;
  /** What is looked for in a directory, if anything is. */
  readonly index: string | undefined;
  /** Whether names that begin with a dot are seen. */
  readonly dotfiles: boolean;
}

const NOTHING: Found = { kind: "nothing" };

/** Finds what a path names; an error that has another cause than the path is thrown. */
export async function findFile(place: StaticRoot, pathInfo: string): Promise<Found> {
  const segments = pathSegments(pathInfo, place.dotfiles);
  if (segments === undefined) return NOTHING;
  const wantsDirectory = segments.at(-1) === "";
  const names = wantsDirectory ? segments.slice(0, -1) : segments;
  try {
    if (!wantsDirectory) return await openUnder(place, names);
    if (place.index === undefined) return NOTHING;
    const found = await openUnder(place, [...names, place.index]);
    return found.kind === "directory" ? NOTHING : found;
  } catch (error) {
    if (isAbsence(error)) return NOTHING;
    throw error;
  }
}

/**
 * The names that a path consists of, the last one empty after a slash; `undefined` if it may not name
 * anything here.
 *
 * @param pathInfo Percent-decoded, each character a byte, `%2F` kept.
 * @param dotfiles Whether names may begin with a dot.
 */
export function pathSegments(pathInfo: string, dotfiles: boolean): string[] | undefined {
  const path = decodeUTF8(pathInfo);
  // A backslash separates on some systems, an encoded slash may for whoever decodes once more.
  if (path === undefined || /[\0\\]|%2f/i.test(path)) return undefined;
  if (path !== "" && !path.startsWith("/")) return undefined;
  const segments = path === "" ? [] : path.slice(1).split("/");
  const isHidden = (name: string) => name.startsWith(dotfiles ? "\0" : ".");
  const climbs = (name: string) => name === "." || name === "..";
  const hasHole = segments.slice(0, -1).includes("");
  return hasHole || segments.some(isHidden) || segments.some(climbs) ? undefined : segments;
}

function decodeUTF8(pathInfo: string): string | undefined {
  try {
    const bytes = Uint8Array.from(pathInfo, (character) => character.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

async function openUnder(place: StaticRoot, names: readonly string[]): Promise<Found> {
  const { files, root, dotfiles } = place;
  const realRoot = await files.realPath(root);
  const path = await files.realPath([realRoot, ...names].join("/"));
  const within = relativeNames(realRoot, path);
  if (within === undefined) return NOTHING;
  if (!dotfiles && within.some((name) => name.startsWith("."))) return NOTHING;
  try {
    return { kind: "file", file: await files.open(path), path };
  } catch (error) {
    if (codeOf(error) === "EISDIR") return { kind: "directory" };
    throw error;
  }
}

/** The names that lead from a resolved directory to a resolved path; `undefined` if it is elsewhere. */
function relativeNames(directory: string, path: string): string[] | undefined {
  const base = directory.replace(/[/\\]+$/, "");
  if (path === directory) return [];
  if (!path.startsWith(base) || !/^[/\\]/.test(path.slice(base.length))) return undefined;
  return path.slice(base.length + 1).split(/[/\\]/);
}

const ABSENCES: readonly unknown[] = [
  ...["ENOENT", "ENOTDIR", "EINVAL", "ELOOP", "ENAMETOOLONG"],
  ...["EACCES", "EPERM", "ENXIO"],
];

/** What may not be read is not there, as far as clients are told. */
function isAbsence(error: unknown): boolean {
  return ABSENCES.includes(codeOf(error));
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code;
}
