/**
 * The running of an app inside a generator: the core of a middleware that does not change blocks.
 *
 * `errorPage`, `syncInput` and the middleware of users call this.
 *
 * @module
 */

import {
  type AppIterable,
  type AppYield,
  type BodyReader,
  checkEnviron,
  type Cogen,
  type StartResponse,
} from "../wsgi/mod.ts";
import { checkApp } from "./option_checks.ts";
import { passThrough } from "./pass_through.ts";

/**
 * Runs an app of any kind inside a generator, with all its blocks, to its end.
 *
 * The app may be a generator, an array, another iterable, an async generator, or a promise of one of
 * them. Its blocks and its waits go to the server, also a block that a generator returns; the values and
 * the errors of its waits go back to the app. Its `close()` is called once. When the client leaves, its
 * `finally` runs to the end, also through waits.
 *
 * A response behind this function is sent as one of a generator: without `Content-Length`, unless the app
 * gives one, or the middleware returns a `ServerReadable` and passes its reader on. A middleware that has
 * nothing to do after the app need not be a generator, and then the response stays as it is:
 * `return app(environ, startResponse)`. A middleware that changes blocks calls `passThrough`.
 *
 * @param app The app.
 * @param environ The environ for the app: that of the request, or a changed copy.
 * @param startResponse The `startResponse` for the app.
 * @param reader The server's side, if the middleware returns a `ServerReadable`.
 * @returns The generator to delegate to, with `yield*`.
 * @throws The error of the app, where the middleware delegates.
 *
 * @example A middleware
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { delegate, type Middleware, serve } from "@x/cogen-wsgi";
 *
 * const running = new Set<string>();
 * const counted: Middleware = (app) =>
 *   function* (environ, startResponse) {
 *     running.add(environ.PATH_INFO);
 *     try {
 *       yield* delegate(app, environ, startResponse);
 *     } finally {
 *       running.delete(environ.PATH_INFO);
 *     }
 *   };
 *
 * await using server = await serve({
 *   bindAddr: ["127.0.0.1", 0],
 *   wsgiApp: counted((environ, startResponse) => {
 *     startResponse("200 OK", [["Content-Type", "text/plain"]]);
 *     return [`${environ.PATH_INFO}, running: `, [...running].join()];
 *   }),
 * });
 * assertEquals(await (await fetch(`${server.url}a`)).text(), "/a, running: /a");
 * assertEquals(running.size, 0);
 * ```
 */
export function delegate<E extends { readonly cogen: Cogen }>(
  app: (environ: E, startResponse: StartResponse) => AppIterable | PromiseLike<AppIterable>,
  environ: E,
  startResponse: StartResponse,
  reader?: BodyReader,
): Generator<AppYield, void, unknown> {
  // Each request comes here, so that the whole check is made only for its message.
  if (typeof app !== "function") checkApp("delegate", app);
  if (environ?.cogen === undefined) checkEnviron("delegate", environ);
  return passThrough(() => app(environ, startResponse), environ.cogen, {}, reader);
}
