/**
 * This middleware answers an app's error with a page.
 *
 * The middleware calls `startResponse` again, with the error as `excInfo`. As PEP 3333 demands, the call
 * replaces a head that has not been sent, and rethrows the error if the head has been sent.
 *
 * @module
 */

import { refuseSurplus, until } from "../coroutine/mod.ts";
import {
  type AppYield,
  type Block,
  type BodyReader,
  type Environ,
  type HeaderList,
  HTTPException,
  isBlock,
  ServerReadable,
  type StartResponse,
  type WSGIApp,
} from "../wsgi/mod.ts";
import { blockLength } from "./block_length.ts";
import { delegate } from "./delegate.ts";
import { checkApp, checkCallback } from "./option_checks.ts";

/** The response that is sent in place of the app's. */
export interface ErrorResponse {
  /** The status code and the reason phrase. */
  readonly status: string;
  /** The header fields. */
  readonly headers: HeaderList;
  /** The body. */
  readonly body: Block;
}

/**
 * Answers an app that throws before its first block with a page.
 *
 * The server's `onError` and its log get the error once, as they do without the page. The page shows
 * nothing of the error unless `page` puts it there.
 *
 * A thrown `HTTPException` is its own response: it is sent as it is, without `page`, and is not reported.
 *
 * An error after the first block passes to the server, which cuts the connection. An error of a request
 * whose client has left passes to the server, too. If `page` itself throws, the server gets both errors and
 * answers with its plain 500.
 *
 * @param app The app.
 * @param page Makes the response to an error.
 * @returns The app with error pages.
 * @throws {TypeError} If the app or the page is no function.
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
  if (arguments.length > 2) refuseSurplus("errorPage", arguments, 2);
  checkApp("errorPage", app);
  checkCallback("errorPage", "page", page);
  function* guarded(
    environ: Environ,
    startResponse: StartResponse,
    reader: BodyReader | undefined,
  ): Generator<AppYield, void, unknown> {
    const { cogen } = environ;
    try {
      yield* delegate(app, environ, startResponse, reader);
    } catch (thrown) {
      if (cogen.signal.aborted) throw thrown;
      const error = thrown ?? new Error(`The app threw ${thrown}`);
      const isAnswer = isHTTPException(error);
      let body: Block;
      try {
        const answer: ErrorResponse = isAnswer ? error : page(error, environ);
        body = begin(answer, startResponse, error);
      } catch (refusal) {
        // The server logs the error that leaves this generator; the other one must be reported.
        if (refusal !== error) cogen.report(error);
        throw refusal;
      }
      if (!isAnswer) cogen.report(error);
      if (isBlock(body)) reader?.announceLength(blockLength(body));
      yield body;
    }
  }
  return (environ, startResponse) =>
    new ServerReadable((reader) => guarded(environ, startResponse, reader));
}

/** The error may be any value, also one that cannot be inspected, such as a revoked Proxy. */
function isHTTPException(error: unknown): error is HTTPException {
  try {
    return error instanceof HTTPException;
  } catch {
    return false;
  }
}

/** Starts the page's response. Throws `error` if the app's head has been sent already (PEP 3333). */
function begin(answer: ErrorResponse, startResponse: StartResponse, error: unknown): Block {
  if (answer instanceof Promise) {
    until(answer); // gives the promise a handler, so that its rejection does not end the process
    throw new TypeError("page of errorPage gave a promise: expected { status, headers, body }");
  }
  startResponse(answer.status, answer.headers, error);
  return answer.body;
}
