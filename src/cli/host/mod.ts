/**
 * The runtime, as the command uses it: files, environment, standard streams and signals, by the
 * modules of Node that Deno and Bun have as well.
 *
 * Only the files of this folder import modules of a runtime. The other files of the command import this one.
 *
 * - `process.ts`: arguments, variables, signals, standard streams, other programs
 * - `files.ts`: files and paths
 * - `log_device.ts`: the file or the stream of a log
 * - `loaders.ts`: the loading of modules
 *
 * @module
 */

export * from "./files.ts";
export * from "./loaders.ts";
export * from "./log_device.ts";
export * from "./process.ts";
