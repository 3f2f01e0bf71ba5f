/**
 * Middleware that calls `startResponse` as late as can be.
 *
 * @module
 */

import type { WSGIApp } from "../wsgi/mod.ts";
import { DeferredStart } from "./deferred_start.ts";
import { passThrough } from "./pass_through.ts";

/**
 * Makes an app call `startResponse` only when its first block comes, or at its end.
 *
 * So what the app has called before can still be replaced, and middleware around it sees the call just
 * before the first block, however long the app waits in between.
 *
 * @param app The app; it may itself call `startResponse` after it has waited.
 * @returns The app, with that middleware.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lazyStartResponse, serve, Sleep } from "@x/cogen-wsgi";
 *
 * let calledBeforeWait = false;
 * let called = false;
 * const app = lazyStartResponse(function* (environ, startResponse) {
 *   startResponse("200 OK", []);
 *   yield* environ.cogen.wait(Sleep(0.01));
 *   calledBeforeWait = called;
 *   yield "late";
 * });
 * await using server = await serve({
 *   bindAddr: ["127.0.0.1", 0],
 *   wsgiApp: (environ, startResponse) =>
 *     app(environ, (...call) => {
 *       called = true;
 *       return startResponse(...call);
 *     }),
 * });
 * assertEquals(await (await fetch(server.url)).text(), "late");
 * assertEquals([calledBeforeWait, called], [false, true]);
 * ```
 */
export function lazyStartResponse(app: WSGIApp): WSGIApp {
  return (environ, startResponse) => {
    const start = new DeferredStart(startResponse);
    const run = () =>
      app(environ, (...call) => {
        start.keep(...call);
        return (block) => {
          start.begin();
          start.write(block);
        };
      });
    return passThrough(run, environ.cogen, {
      *block(block) {
        start.begin();
        yield block;
      },
      *end() {
        start.begin();
      },
    });
  };
}
