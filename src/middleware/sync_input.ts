/**
 * This middleware is for apps that read the request body without waiting. It reads the whole body
 * first.
 *
 * @module
 */

import { refuseSurplus } from "../coroutine/mod.ts";
import {
  type AppIterable,
  type AppYield,
  type BodyReader,
  BufferedInput,
  type Environ,
  ServerReadable,
  type StartResponse,
  type WSGIApp,
} from "../wsgi/mod.ts";
import { delegate } from "./delegate.ts";
import { checkApp } from "./option_checks.ts";

/** The environ of an app behind {@linkcode syncInput}. */
export type SyncEnviron =
  & { [K in keyof Environ as K extends "wsgi.input" ? never : K]: Environ[K] }
  & {
    /** The whole request body, in memory. */
    "wsgi.input": BufferedInput;
  };

/** An app that reads `wsgi.input` without waiting. */
export type SyncApp = (
  environ: SyncEnviron,
  startResponse: StartResponse,
) => AppIterable | PromiseLike<AppIterable>;

/**
 * Reads the whole request body before it calls an app, so that the app can read the body like a file.
 *
 * Other requests run while the body arrives. The body is held in memory; the server's option
 * `limits.maxBodyBytes` bounds it. The app gets a copy of the environ, with the length of the body as
 * `CONTENT_LENGTH`, also for a chunked body.
 *
 * @param app The app; its `environ["wsgi.input"]` is a {@linkcode BufferedInput}.
 * @returns The app with the buffered input.
 * @throws {TypeError} If the app is no function.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { serve, syncInput } from "@x/cogen-wsgi";
 *
 * await using server = await serve({
 *   bindAddr: ["127.0.0.1", 0],
 *   wsgiApp: syncInput((environ, startResponse) => {
 *     startResponse("200 OK", [["Content-Type", "text/plain"]]);
 *     return [environ["wsgi.input"].readline(), environ.CONTENT_LENGTH];
 *   }),
 * });
 * const response = await fetch(server.url, { method: "POST", body: "one\ntwo\n" });
 * assertEquals(await response.text(), "one\n8");
 * ```
 */
export function syncInput(app: SyncApp): WSGIApp {
  if (arguments.length > 1) refuseSurplus("syncInput", arguments, 1);
  checkApp("syncInput", app);
  function* buffered(
    environ: Environ,
    startResponse: StartResponse,
    reader: BodyReader | undefined,
  ): Generator<AppYield, void, unknown> {
    const { "wsgi.input": input } = environ as Environ | SyncEnviron;
    // Another `syncInput` around this one has read the body already.
    const body = input instanceof BufferedInput ? input.read() : yield* input.read();
    const inner = {
      ...environ,
      "wsgi.input": new BufferedInput(body),
      CONTENT_LENGTH: body.length > 0 ? String(body.length) : environ.CONTENT_LENGTH,
    };
    yield* delegate(app, inner as SyncEnviron, startResponse, reader);
  }
  return (environ, startResponse) =>
    new ServerReadable((reader) => buffered(environ, startResponse, reader));
}
