/**
 * An error that is a response: code deep inside an app throws it, and the client gets its status.
 *
 * The server and `errorPage` answer it, and do not log it, because it reports no fault. After the first
 * block, such an error is treated as any other error, because the head has been sent.
 *
 * @module
 */

import { handleRejectionsIn } from "../coroutine/internal.ts";
import { prepareHead } from "../http/mod.ts";
import { reasonPhrase } from "../http/reason_phrases.ts";
import type { Block, HeaderList } from "./block.ts";

const PLAIN: HeaderList = [["Content-Type", "text/plain; charset=utf-8"]];
/** The statuses of responses without content (RFC 9110 §15.3.5, §15.3.6, §15.4.5). */
const WITHOUT_CONTENT: readonly number[] = [204, 205, 304];

/**
 * A response to throw, from any place in an app or in the coroutines that it calls.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { HTTPException, serve } from "@x/cogen-wsgi";
 *
 * const pages = new Map([["/", "the first page"]]);
 * function pageOf(path: string): string {
 *   const page = pages.get(path);
 *   if (page === undefined) throw new HTTPException(404, [], `No page at ${path}`);
 *   return page;
 * }
 *
 * await using server = await serve({
 *   bindAddr: ["127.0.0.1", 0],
 *   wsgiApp(environ, startResponse) {
 *     const page = pageOf(environ.PATH_INFO);
 *     startResponse("200 OK", [["Content-Type", "text/plain"]]);
 *     return [page];
 *   },
 * });
 * const response = await fetch(`${server.url}missing`);
 * assertEquals([response.status, await response.text()], [404, "No page at /missing"]);
 * ```
 */
export class HTTPException extends Error {
  /** `HTTPException`. */
  override readonly name = "HTTPException";
  /** The code and the phrase, such as `404 Not Found`. */
  readonly status: string;
  /** The status code. */
  readonly code: number;
  /** The header fields. */
  readonly headers: HeaderList;
  /** The body. */
  readonly body: Block;

  /**
   * Makes a response to throw.
   *
   * @param status The code, such as 404, or the code and the phrase, such as `404 Not Found`.
   * @param headers The header fields. Without a `Content-Type`, the body is plain text. Default: none.
   * @param body The body. Default: the code and the phrase.
   * @throws {TypeError} If the status is no number or string, the headers are no array, or the body is no block.
   * @throws {ResponseError} For a status or a header field that may not be sent.
   */
  constructor(status: number | string, headers: HeaderList = [], body?: Block) {
    for (const given of [status, headers, body]) handleRejectionsIn(given);
    const text = typeof status === "number" ? `${status} ${reasonPhrase(status)}` : status;
    if (typeof text !== "string") {
      throw new TypeError(
        `Cannot answer with status ${typeof status}: expected a code such as 404`,
      );
    }
    if (!Array.isArray(headers)) {
      throw new TypeError("Headers are not an array of [name, value]; the body comes after them");
    }
    if (
      body !== undefined && typeof body !== "string" && !((body as unknown) instanceof Uint8Array)
    ) {
      throw new TypeError(
        `Cannot send ${typeof body} as a body: expected a string or a Uint8Array`,
      );
    }
    const { code } = prepareHead(text, headers);
    super(text);
    const hasType = headers.some(([name]) => name.toLowerCase() === "content-type");
    const isEmpty = WITHOUT_CONTENT.includes(code);
    this.status = text;
    this.code = code;
    this.headers = hasType || isEmpty ? headers : [...headers, ...PLAIN];
    this.body = body ?? (isEmpty ? "" : `${text}\n`);
  }
}
