/**
 * The program of a thread: it loads the app, and runs one request for each message.
 *
 * Between two requests the thread is in its event loop, so that timers and promises of the app's libraries go on.
 * `app_thread.ts` starts this program, and no code imports it.
 *
 * @module
 */

import { threadSide } from "../threads/mod.ts";
import { MainThread } from "./main_thread.ts";
import { faultOf, type ThreadTask, viewsOf } from "./protocol.ts";
import { type BlockingApp, type BlockingEnviron, runInThread } from "./run_in_thread.ts";

const side = threadSide<ThreadTask, BlockingEnviron>();

try {
  const app = await loadApp(side.task.module);
  const main = new MainThread(viewsOf(side.task.memory));
  side.listen((environ) => runInThread(app, environ, main));
  side.post({});
} catch (error) {
  side.post({ fault: faultOf(error) });
}

/** Loads the default export of a module, or the one that the hash of the URL names. */
async function loadApp(url: string): Promise<BlockingApp> {
  const [module = url, exported = "default"] = url.split("#");
  const exports = await import(module) as Record<string, unknown>;
  const app = exports[exported];
  if (typeof app === "function") return app as BlockingApp;
  const names = Object.keys(exports).join(", ") || "nothing";
  const advice = "write `export default function app(environ, startResponse) {}`, " +
    "or name the export behind a # of the URL";
  throw new TypeError(`"${exported}" is no app, the module exports ${names}: ${advice}`);
}
