/**
 * Worker threads, by the modules of Node that Deno and Bun have as well.
 *
 * `blocking` runs apps in threads, and `cli` runs the versions of an app in threads for `--reload`.
 *
 * @module
 */

export { markMessage, unmarkMessage } from "./own_message.ts";
export {
  after,
  milliseconds,
  moduleBeside,
  startThread,
  STOPS_COMPUTING,
  type Thread,
  type ThreadEvents,
  threadSide,
} from "./threads.ts";
export { findTypeScriptLoader, readsTypeScript } from "./type_script.ts";
