/**
 * Middleware that answers an app's error with a page.
 *
 * @module
 */

import type { Block, Environ, HeaderList, StartResponse, WSGIApp } from "../wsgi/mod.ts";
import { passThrough, UNCHANGED } from "./pass_through.ts";

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
 * The server's `onError` and its log hear of the error as they would without the page, once; nothing of
 * it is in the page unless `page` puts it there. An error after the first block passes to the server,
 * which cuts the connection; so does one of a request whose client has left. If `page` itself fails, that
 * is an error of the app as well.
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
 * const heard: unknown[] = [];
 * const broken = () => {
 *   throw new Error("a secret");
 * };
 * await using server = await serve({
 *   bindAddr: ["127.0.0.1", 0],
 *   log: () => {},
 *   onError: (error) => heard.push((error as Error).message),
 *   wsgiApp: errorPage(broken, () => ({
 *     status: "503 Service Unavailable",
 *     headers: [["Content-Type", "text/plain"]],
 *     body: "Back soon.",
 *   })),
 * });
 * const response = await fetch(server.url);
 * assertEquals([response.status, await response.text()], [503, "Back soon."]);
 * assertEquals(heard, ["a secret"]);
 * ```
 */
export function errorPage(
  app: WSGIApp,
  page: (error: unknown, environ: Environ) => ErrorResponse,
): WSGIApp {
  return function* guarded(environ, startResponse) {
    const { cogen } = environ;
    try {
      yield* passThrough(() => app(environ, startResponse), cogen, UNCHANGED);
    } catch (thrown) {
      if (cogen.signal.aborted) throw thrown;
      const error = thrown ?? new Error(`The app threw ${thrown}`);
      let body: Block;
      try {
        body = begin(page(error, environ), startResponse, error);
      } catch (refusal) {
        // The server hears of what leaves us by itself.
        if (refusal !== error) cogen.report(error);
        throw refusal;
      }
      cogen.report(error);
      yield body;
    }
  };
}

/** Throws the error itself if the head of the app's own response has gone (PEP 3333). */
function begin(answer: ErrorResponse, startResponse: StartResponse, error: unknown): Block {
  startResponse(answer.status, answer.headers, error);
  return answer.body;
}
