/**
 * The runtime, as the command uses it: files, environment, standard streams and signals, by the
 * modules of Node that Deno and Bun have as well.
 *
 * This is the only file of the command that imports modules of a runtime.
 *
 * @module
 */

import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { createRequire } from "node:module";
import * as path from "node:path";
import host from "node:process";
import * as timers from "node:timers";
import { pathToFileURL } from "node:url";
import { isMainThread } from "node:worker_threads";
import { startTimer } from "../../adapters/shared/timer.ts";
import { findTypeScriptLoader, readsTypeScript } from "../threads/mod.ts";

/** The signals that the command listens for. */
export type SignalName = "SIGHUP" | "SIGINT" | "SIGTERM" | "SIGUSR1";

/** The arguments of the program, without the runtime and the program itself. */
export function programArguments(): string[] {
  return host.argv.slice(2);
}

/** The working directory. */
export function workingDirectory(): string {
  return host.cwd();
}

/** The identifier of this process. */
export function processId(): number {
  return host.pid;
}

/**
 * Reads a variable of the environment.
 *
 * @returns `undefined` if it is not set, or if Deno does not let this program read it.
 */
export function readVariable(name: string): string | undefined {
  try {
    return host.env[name];
  } catch {
    return undefined;
  }
}

const ownVariables = new Set<string>();

/** Sets a variable of the environment. */
export function setVariable(name: string, value: string): void {
  host.env[name] = value;
  ownVariables.add(name);
}

/** The variables that {@linkcode setVariable} has set: a new process reads their file again. */
export function setVariables(): ReadonlySet<string> {
  return ownVariables;
}

/** The names of all variables; none if Deno lets this program read single variables only. */
export function variableNames(): string[] {
  try {
    return Object.keys(host.env);
  } catch {
    return [];
  }
}

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

/**
 * Makes new files of this process without the permissions that `mode` lacks.
 *
 * @returns Ends this.
 */
export function withholdPermissions(mode: number): () => void {
  const before = host.umask(0o777);
  host.umask(before | (~mode & 0o777));
  return () => void host.umask(before);
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

/** Writes to standard output; resolves when the system has taken the bytes. */
export function writeOut(bytes: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => host.stdout.write(bytes, () => resolve()));
}

/** Writes one line to standard error. */
export function writeError(line: string): void {
  host.stderr.write(`${line}\n`);
}

/** The file or the stream of a log, and the event loop. */
export interface LogDevice {
  /**
   * Opens the file for lines at its end; gives the descriptor of a stream.
   *
   * @throws The error of the system.
   */
  open(): number;
  /** Closes a descriptor that `open` has given. A stream stays open. */
  close(descriptor: number): void;
  /** The length of a write that the system does not mix with those of other processes, in bytes. */
  readonly maxWholeBytes: number;
  /** Writes a part of the bytes at least, and calls `done` later. */
  write(descriptor: number, bytes: Uint8Array, done: WriteDone): void;
  /**
   * Writes at once, while the process ends.
   *
   * @throws The error of the system.
   */
  writeNow(descriptor: number, bytes: Uint8Array): void;
  /** Calls `job` after the present events, or after a time. */
  later(job: () => void, milliseconds?: number): void;
}

/** Takes the result of a write: its error, or the number of bytes that it took. */
export type WriteDone = (error: unknown, written: number) => void;

/** The writes to a pipe that have at most this many bytes are not mixed with those of other processes. */
const PIPE_BYTES = 4096;

/**
 * The device of a log: a file, or a stream of the process by the number of its descriptor.
 *
 * The trap: `process.stdout` waits for a pipe that is not read, and its error ends the process. A write to the
 * descriptor does neither.
 */
export function logDevice(place: string | number): LogDevice {
  const isFile = typeof place === "string";
  return {
    maxWholeBytes: isFile ? Infinity : PIPE_BYTES,
    open: () => isFile ? fs.openSync(place, "a") : place,
    close: (descriptor) => isFile && fs.close(descriptor, () => {}),
    write(descriptor, bytes, done) {
      fs.write(descriptor, bytes, 0, bytes.length, null, (error, written) => done(error, written));
    },
    writeNow: (descriptor, bytes) => void fs.writeSync(descriptor, bytes),
    later(job, milliseconds) {
      if (milliseconds === undefined) timers.setImmediate(job);
      else timers.setTimeout(job, milliseconds);
    },
  };
}

/** Calls `listener` when the process ends. */
export function onExit(listener: () => void): void {
  host.on("exit", listener);
}

/** Calls `listener` for each signal, which then no longer ends the process by itself. */
export function onSignal(name: SignalName, listener: () => void): void {
  try {
    host.on(name, listener);
  } catch (error) {
    // Windows has no SIGUSR1.
    if (name !== "SIGUSR1") throw error;
  }
}

/** Ends the process, as soon as standard output and standard error have taken all bytes. */
export function exit(code: number): void {
  // A closed pipe takes nothing more, and is no reason for another exit code.
  for (const stream of [host.stdout, host.stderr]) stream.on("error", () => {});
  host.stdout.write("", () => host.stderr.write("", () => host.exit(code)));
}

/** The report of Node on a syntax error in a file; empty if there is none, and on other runtimes. */
export function syntaxFault(file: string): string {
  if (host.versions["bun"] !== undefined || host.versions["deno"] !== undefined) return "";
  return spawnSync(host.execPath, ["--check", file], { encoding: "utf8" }).stderr ?? "";
}

/** Whether this Node cannot read TypeScript, and no loader does it for Node. */
export function needsTypeScriptLoader(): boolean {
  if (readsTypeScript()) return false;
  // The loaders of the main thread do not work in other threads.
  if (!isMainThread) return true;
  const options = [...host.execArgv, readVariable("NODE_OPTIONS") ?? ""].join(" ");
  return !/tsx|ts-node|swc|jiti|esbuild|strip-types|transform-types/.test(options);
}

/**
 * Loads the optional package `tsx`, which reads TypeScript for Node, from the folder of the app, from the
 * working directory, or from beside this package.
 *
 * @returns Whether `tsx` is installed.
 */
export async function registerTypeScriptLoader(app: string): Promise<boolean> {
  const loader = findTypeScriptLoader([urlOf(app), urlOf(path.join(host.cwd(), "x"))]);
  if (loader === undefined) return false;
  const { register } = await import(loader) as { register(): unknown };
  register();
  // Node takes a file for CommonJS, unless package.json says that it is a module.
  (createRequire(loader)("tsx/cjs/api") as { register(): unknown }).register();
  return true;
}

/**
 * Finds a package that is installed in a folder or above it.
 *
 * @returns The URL of its module; `undefined` if it is not there.
 */
export function findPackage(name: string, folder: string): string | undefined {
  try {
    return urlOf(createRequire(path.join(folder, "package.json")).resolve(name));
  } catch {
    return undefined;
  }
}

/**
 * Runs a program of the system to its end.
 *
 * @throws Rejects with the reason, if the program cannot be run or fails.
 */
export function runProgram(name: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(name, [...args], { stdio: ["ignore", "ignore", "pipe"] });
    let text = "";
    child.stderr.on("data", (bytes: Uint8Array) => text += new TextDecoder().decode(bytes));
    child.on("error", (error) => reject(new Error(`${name} cannot be run: ${error.message}`)));
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${name} failed: ${text.trim() || `exit code ${code}`}`));
    });
  });
}

/** Calls `job` after a time; never for `Infinity`. Returns a function that cancels the call. */
export function after(seconds: number, job: () => void): () => void {
  return startTimer(seconds * 1000, job);
}

/** A member of Bun: it may change the way from an import to a file. */
interface BunPlugins {
  plugin(plugin: {
    name: string;
    setup(build: {
      onResolve(
        options: { filter: RegExp },
        resolve: (call: { path: string; importer: string }) => { path: string } | undefined,
      ): void;
    }): void;
  }): void;
}

/** Lets Bun see the present targets of symbolic links: it remembers the targets in all its threads. */
export function followLinks(): void {
  if (host.versions["bun"] === undefined) return;
  const resolve = ({ path: name, importer }: { path: string; importer: string }) => {
    const file = path.resolve(path.dirname(importer), name);
    return kindOf(file) === "file" ? { path: realPath(file) } : undefined;
  };
  const { plugin } = createRequire(import.meta.url)("bun") as BunPlugins;
  plugin({ name: "links", setup: (build) => build.onResolve({ filter: /^\.\.?\// }, resolve) });
}
