/**
 * Files and paths, for the command.
 *
 * @module
 */

import * as fs from "node:fs";
import * as path from "node:path";
import { pathToFileURL } from "node:url";

/** Gives the absolute path of a path, relative to `from`. */
export function absolute(from: string, name: string): string {
  return path.resolve(from, name);
}

/** The folder of a path. */
export function folderOf(name: string): string {
  return path.dirname(name);
}

/** The URL of a file, as `import` takes it. */
export function urlOf(name: string): string {
  return pathToFileURL(name).href;
}

/** The path of a file, as seen from a folder. */
export function relative(folder: string, name: string): string {
  return path.relative(folder, name);
}

/** The kind of the file at a path, after symbolic links; `undefined` if there is none. */
export function kindOf(name: string): "file" | "folder" | undefined {
  try {
    return fs.statSync(name).isDirectory() ? "folder" : "file";
  } catch (error) {
    // Deno may not let this program read.
    if ((error as Error).name === "NotCapable") throw error;
    return undefined;
  }
}

/** Whether there is a file at a path, or a folder, that is no socket. */
export function isNoSocket(name: string): boolean {
  try {
    return !fs.statSync(name).isSocket();
  } catch {
    return false;
  }
}

/** The path without symbolic links; the same path if it does not exist. */
export function realPath(name: string): string {
  try {
    return fs.realpathSync(name);
  } catch {
    return name;
  }
}

/**
 * Reads a whole file; `-` is standard input.
 *
 * @throws The error of the system.
 */
export function readBytes(name: string): Uint8Array {
  return fs.readFileSync(name === "-" ? 0 : name);
}

/**
 * Reads a text file as UTF-8.
 *
 * @throws The error of the system.
 */
export function readText(name: string): string {
  return fs.readFileSync(name, "utf8");
}

/** Writes a text file. */
export function writeText(name: string, text: string): void {
  fs.writeFileSync(name, text);
}

/** Removes a file, if it exists. */
export function removeFile(name: string): void {
  fs.rmSync(name, { force: true });
}

/** Sets the permissions of a file. */
export function setMode(name: string, mode: number): void {
  fs.chmodSync(name, mode);
}

/** Lists the names in a folder; there are none if the folder cannot be read. */
export function listFolder(name: string): string[] {
  try {
    return fs.readdirSync(name);
  } catch {
    return [];
  }
}

/** Describes the present state of a file: two equal texts mean that the file has not changed. */
export function fileState(name: string): string {
  try {
    const { mtimeMs, ctimeMs, size, ino } = fs.statSync(name);
    return `${mtimeMs} ${ctimeMs} ${size} ${ino}`;
  } catch {
    return "missing";
  }
}
