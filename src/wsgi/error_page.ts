/**
 * Middleware that answers an app's error with a page.
 *
 * @module
 */

import type { Block, HeaderList, WSGIApp } from "./app.ts";
import type { Environ } from "./environ.ts";
import { passThrough, UNCHANGED } from "./passing.ts";

/** What is sent in place of an app's response. */
export interface ErrorResponse {
  /** Code and reason. */
  readonly status: string;
  /** The header fields. */
  readonly headers: HeaderList;
  /** The body. */
  readonly body: Block;
}

/**
 * Answers an app that throws before its first block with a page of one's own.
 *
 * The error goes to `wsgi.errors`, with its trace, and not to the server's `onError`; nothing of it is
 * in the page unless `page` puts it there. An error after the first block passes to the server, which
 * cuts the connection; so does one of a request whose client has left.
 *
 * @param app The app.
 * @param page Makes the page of the error.
 * @returns The app, with that middleware.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { errorPage, serve } from "@x/cogen-wsgi";
 *
 * const broken = () => {
 *   throw new Error("a secret");
 * };
 * await using server = await serve({
 *   bindAddr: ["127.0.0.1", 0],
 *   log: () => {},
 *   wsgiApp: errorPage(broken, () => ({
 *     status: "503 Service Unavailable",
 *     headers: [["Content-Type", "text/plain"]],
 *     body: "Back soon.",
 *   })),
 * });
 * const response = await fetch(server.url);
 * assertEquals([response.status, await response.text()], [503, "Back soon."]);
 * ```
 */
export function errorPage(
  app: WSGIApp,
  page: (error: unknown, environ: Environ) => ErrorResponse,
): WSGIApp {
  return function* guarded(environ, startResponse) {
    try {
      yield* passThrough(() => app(environ, startResponse), environ.cogen, UNCHANGED);
    } catch (error) {
      if (environ.cogen.signal.aborted) throw error;
      const { status, headers, body } = page(error, environ);
      // Throws the error itself if the head has gone (PEP 3333).
      startResponse(status, headers, error ?? new Error(`The app threw ${error}`));
      const trace = error instanceof Error ? error.stack ?? String(error) : String(error);
      environ["wsgi.errors"].write(`${environ.REQUEST_METHOD} ${environ.REQUEST_URI}: ${trace}\n`);
      yield body;
    }
  };
}
