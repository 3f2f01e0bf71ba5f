/**
 * This middleware delays the call of `startResponse` until the first block.
 *
 * @module
 */

import { refuseSurplus } from "../coroutine/mod.ts";
import {
  type AppYield,
  type Block,
  type BodyReader,
  ServerReadable,
  type WSGIApp,
} from "../wsgi/mod.ts";
import { DeferredStart } from "./deferred_start.ts";
import { checkApp } from "./option_checks.ts";
import { type BlockStage, passThrough } from "./pass_through.ts";

/**
 * Delays an app's call of `startResponse` until its first block, or until its end if it has no block.
 *
 * Until then, the app can still replace the call, with `excInfo`. Middleware around this one sees the call
 * just before the first block, however long the app waits in between.
 *
 * @param app The app.
 * @returns The app with the delayed call.
 * @throws {TypeError} If the app is no function.
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
  if (arguments.length > 1) refuseSurplus("lazyStartResponse", arguments, 1);
  checkApp("lazyStartResponse", app);
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
    return new ServerReadable((reader) =>
      passThrough(run, environ.cogen, new Starting(start), reader && beginning(reader, start))
    );
  };
}

/** Calls the real `startResponse` before the first block, or at the end. */
class Starting implements BlockStage {
  readonly keepsBlocks = true;
  readonly #start: DeferredStart;

  constructor(start: DeferredStart) {
    this.#start = start;
  }

  *block(block: Block): Iterable<AppYield> {
    this.#start.begin();
    yield block;
  }

  *end(): Iterable<AppYield> {
    this.#start.begin();
  }
}

/**
 * Makes the reader of the body. A length, or a question about the status, needs the call of
 * `startResponse`, too.
 */
function beginning(reader: BodyReader, start: DeferredStart): BodyReader {
  return {
    announceLength: (length) => {
      start.begin();
      reader.announceLength(length);
    },
    hasBody: () => {
      start.begin();
      return reader.hasBody();
    },
    allSent: () => reader.allSent(),
  };
}
