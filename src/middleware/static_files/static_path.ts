/**
 * This file finds the file that `PATH_INFO` names under a root directory.
 *
 * The path is checked twice. The path of the client must have no `..`, so that it cannot leave the root. The
 * path that the system has resolved must lie under the root, so that no symbolic link leads out of it. The
 * file is then opened by its resolved path.
 *
 * Names with a dot are hidden by the path of the client alone. A link within the root may lead through them:
 * volumes of Kubernetes link to `..data/`, and pnpm's trees to `node_modules/.pnpm/`.
 *
 * `staticFiles` calls this.
 *
 * @module
 */

import type { Files, OpenFile } from "../../socket/mod.ts";

/** The result of a search. */
export type Found =
  | { readonly kind: "file"; readonly file: OpenFile; readonly path: string }
  /** The path names a directory, and has no final slash. */
  | { readonly kind: "directory" }
  | { readonly kind: "nothing" };

/** The directory to search, and the options of the search. */
export interface StaticRoot {
  readonly files: Files;
  readonly root: string;
  /** The file name to search in a directory; `undefined` for none. */
  readonly index: string | undefined;
  /** Whether names that begin with a dot can be found. */
  readonly dotfiles: boolean;
}

const NOTHING: Found = { kind: "nothing" };

/**
 * Finds and opens the file that a path names. The caller must close it.
 *
 * @param place The root.
 * @param pathInfo `PATH_INFO` of the request.
 * @returns The open file, or the reason why there is none.
 * @throws An error of the file system that does not come from the path, such as EMFILE.
 */
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
 * Splits a path into names.
 *
 * @param pathInfo The path: percent-decoded, each character a byte, with `%2F` kept.
 * @param dotfiles Whether names may begin with a dot.
 * @returns The names, the last one empty after a final slash; `undefined` for a path that is refused.
 */
export function pathSegments(pathInfo: string, dotfiles: boolean): string[] | undefined {
  const path = decodeUTF8(pathInfo);
  // On some systems a backslash separates names; a further decoding would make %2F a separator.
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
  const { files, root } = place;
  const realRoot = await files.realPath(root);
  const path = await files.realPath([realRoot, ...names].join("/"));
  const within = relativeNames(realRoot, path);
  if (within === undefined) return NOTHING;
  if (isShortNameOfHidden(names, within, place.dotfiles)) return NOTHING;
  try {
    return { kind: "file", file: await files.open(path), path };
  } catch (error) {
    if (codeOf(error) === "EISDIR") return { kind: "directory" };
    throw error;
  }
}

/**
 * Whether a request may name a hidden file by its short name: on Windows, `GIT~1` is another name of `.git`.
 * A link whose own name has no dot may lead to a hidden file.
 */
function isShortNameOfHidden(
  asked: readonly string[],
  resolved: readonly string[],
  dotfiles: boolean,
): boolean {
  return !dotfiles && asked.some((name) => /~\d/.test(name)) &&
    resolved.some((name) => name.startsWith("."));
}

/** The names from a resolved directory to a resolved path; `undefined` if the path lies elsewhere. */
function relativeNames(directory: string, path: string): string[] | undefined {
  const base = directory.replace(/[/\\]+$/, "");
  if (path === directory) return [];
  if (!path.startsWith(base) || !/^[/\\]/.test(path.slice(base.length))) return undefined;
  return path.slice(base.length + 1).split(/[/\\]/);
}

/** The codes of errors that come from the path or the permissions of a file. */
const ABSENCES: readonly unknown[] = [
  ...["ENOENT", "ENOTDIR", "EINVAL", "ELOOP", "ENAMETOOLONG"],
  ...["EACCES", "EPERM", "ENXIO"],
];

/** Whether an error is answered 404. An unreadable file is too, so that clients cannot find out its name. */
function isAbsence(error: unknown): boolean {
  return ABSENCES.includes(codeOf(error));
}

/** The `code` of an error of {@linkcode Files}; adapters read the errors of their runtime on their own. */
function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code;
}
