/**
 * Plain synchronous apps in worker threads.
 *
 * {@linkcode blocking} makes a WSGI app of a module whose app may block: it reads files and databases without
 * waiting for promises, and computes as long as it needs. The other requests of the server go on.
 *
 * @module
 */

export {
  blocking,
  type BlockingOptions,
  type BlockingStats,
  type ThreadedApp,
} from "./blocking.ts";
export type { BlockingFile, BlockingFileSource, BlockingInput } from "./blocking_input.ts";
export { BlockingDeadline, BlockingLoadError, BlockingThreadDied } from "./errors.ts";
export type { BlockingApp, BlockingEnviron } from "./run_in_thread.ts";
