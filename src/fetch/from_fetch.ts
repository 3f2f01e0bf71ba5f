/**
 * A WSGI app of a fetch handler: the environ becomes a `Request`, and the `Response` becomes
 * `startResponse` and blocks.
 *
 * @module
 */

import { isClass, optionError, refuseSurplus } from "../coroutine/mod.ts";
import { reasonPhrase } from "../http/mod.ts";
import {
  type AppIterable,
  type Environ,
  type HeaderList,
  isPromise,
  type StartResponse,
  type WSGIApp,
} from "../wsgi/mod.ts";
import { takeParts } from "./fast_response.ts";
import { FetchInfo } from "./fetch_info.ts";
import { requestOf } from "./lazy_request.ts";
import { ResponseBlocks } from "./response_blocks.ts";
import { entriesOf, type FieldList, typed } from "./response_fields.ts";
import { isWhole, readBody, type ResponseBody } from "./whole_body.ts";

/** Answers a request: the handler of `Deno.serve`, of Hono and of other frameworks. */
export type FetchHandler = (
  request: Request,
  info: FetchInfo,
) => Response | PromiseLike<Response>;

/** An object with a handler, such as the default export of a module for `deno serve` or `bun`. */
export interface FetchObject {
  /** Answers a request. */
  fetch(request: Request, info: FetchInfo): Response | PromiseLike<Response>;
}

/**
 * Makes a WSGI app of a fetch handler: of Hono, h3, itty-router, or of an object with `fetch`.
 *
 * - The bodies of the request and of the response are streams with backpressure. A response that was made of
 *   a string, bytes or a form has `Content-Length`; one that was made of a stream is chunked, unless the
 *   handler gives a length. A byte stream (`type: "bytes"`) that ends at once has a length, too. Later Nodes
 *   send a `Blob` chunked, because its bytes come from another thread. `Transfer-Encoding: chunked` makes any
 *   body a stream.
 * - A response of `fetch` may be returned as it is: without the `Content-Encoding` and `Content-Length` of a
 *   body that `fetch` has decoded.
 * - `request.signal` aborts once if the client leaves, and never after a success. The stream of the response
 *   is cancelled then. On Nodes later than 22, a copy that `new Request(request)` or `fetch(request)` makes follows
 *   it only with `{ signal: request.signal }`.
 * - A read of the request's body that the handler does not await ends no process when the client leaves. The
 *   promise of another reader, such as that of `new Response(request.body).text()` or of
 *   `new Request(request).text()`, must be awaited or caught.
 * - An error of the handler, `Response.error()`, and a `Response` that was read or sent before, are a 500 and
 *   reported. After the head, the server cuts
 *   the connection.
 * - Fields of the connection, such as `Transfer-Encoding`, are left to the server; `Connection: close` ends
 *   the connection after the response.
 * - Bun does not tell the media type of a string. A body there that is UTF-8 and has no `Content-Type` is sent as
 *   `text/plain`, also one of bytes.
 *
 * @param handler The handler, or an object with the method `fetch`. Hono's `c.env` is the second argument, and
 *   `c.executionCtx.waitUntil` works.
 * @returns The app.
 * @throws {TypeError} If the handler is neither.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { serve } from "@x/cogen-wsgi";
 * import { fromFetch } from "@x/cogen-wsgi/fetch";
 *
 * await using server = await serve({
 *   bindAddr: ["127.0.0.1", 0],
 *   wsgiApp: fromFetch(async (request, info) => {
 *     info.waitUntil(Promise.resolve("the work after the response"));
 *     return Response.json({ method: request.method, body: await request.text() });
 *   }),
 * });
 * const response = await fetch(server.url, { method: "POST", body: "hello" });
 * assertEquals(await response.json(), { method: "POST", body: "hello" });
 * ```
 */
export function fromFetch(handler: FetchHandler | FetchObject): WSGIApp {
  if (arguments.length > 1) refuseSurplus("fromFetch", arguments, 1);
  const answer = handlerOf(handler);
  return (environ, startResponse) => {
    const info = new FetchInfo(environ);
    const given = answer(requestOf(environ), info, info);
    if (!isPromise(given)) return respond(given, info, startResponse);
    return given.then((response) => respond(response as Response, info, startResponse));
  };
}

/** A handler as frameworks call it: the third argument is the `ExecutionContext` of Hono. */
type AnyHandler = (
  request: Request,
  info: FetchInfo,
  context: FetchInfo,
) => Response | PromiseLike<Response>;

function handlerOf(given: FetchHandler | FetchObject): AnyHandler {
  if (typeof given === "function" && !isClass(given)) return given;
  if (typeof (Object(given) as Partial<FetchObject>).fetch === "function") {
    // The method is looked up for each request, because a framework may replace it.
    return (...all) => (given as { fetch: AnyHandler }).fetch(...all);
  }
  const advice = isClass(given) ? `; write new ${given.name}()` : "";
  throw optionError(
    "The handler of fromFetch",
    given,
    `a function (request, info) => Response, or an object with the method fetch${advice}`,
  );
}

function respond(
  given: Response,
  info: FetchInfo,
  startResponse: StartResponse,
): AppIterable | PromiseLike<AppIterable> {
  if (info.isUpgrade(given)) return [];
  const { environ } = info;
  const taken = takeParts(given);
  if (taken !== undefined && "source" in taken) {
    const { source, fields } = taken;
    startResponse(statusLine(taken), headerList(fields, taken.status, environ));
    if (source === null) return [];
    return asksForChunks(fields) ? chunked(source) : [source];
  }
  const response = taken ?? given;
  checkResponse(response);
  const fields = fieldsOf(response);
  const body = readBody(response, asksForChunks(fields));
  const send = (read: ResponseBody) => {
    try {
      startResponse(
        statusLine(response),
        headerList(typed(fields, read), response.status, environ),
      );
    } catch (error) {
      // The fields are refused, so that no code reads the body.
      if (read !== null && !isWhole(read)) read.reader.cancel(error).catch(() => {});
      throw error;
    }
    return blocksOf(read, environ);
  };
  return isPromise(body) ? body.then((read) => send(read as ResponseBody)) : send(body);
}

/** Whether the fields tell of a stream, such as those of a chunked response of `fetch`. */
function asksForChunks(fields: FieldList): boolean {
  return fields.some(([name]) => name === "transfer-encoding");
}

function* chunked<T>(block: T): Generator<T, void, undefined> {
  yield block;
}

function blocksOf(body: ResponseBody, environ: Environ): AppIterable {
  if (body === null) return [];
  if (isWhole(body)) return [body];
  const blocks = new ResponseBlocks(body, environ);
  return environ.REQUEST_METHOD === "HEAD" ? headOnly(blocks) : blocks;
}

function checkResponse(response: unknown): asserts response is Response {
  const { status, type, headers } = (response ?? {}) as Partial<Response>;
  if (typeof status !== "number" || typeof headers?.get !== "function") {
    const isIterable = typeof response === "object" && response !== null &&
      (Symbol.iterator in response || Symbol.asyncIterator in response);
    const advice = isIterable ? "; a WSGI app is served without fromFetch" : "";
    throw optionError("The result of a fetch handler", response, `a Response${advice}`);
  }
  if (type === "error") throw new TypeError("The fetch handler returned Response.error()");
  if (status === 101) {
    throw new TypeError("A fetch handler cannot return status 101: use info.upgrade(...)");
  }
}

/** The codings that `fetch` takes off a body. */
const DECODED = /^(?:(?:x-)?gzip|deflate|br|zstd)$/i;

/** The fields of a response. Those of a response of `fetch` tell of the body before it was decoded. */
function fieldsOf({ headers, url }: Response): FieldList {
  const fields = entriesOf(headers);
  const coding = url === "" ? null : headers.get("content-encoding");
  if (coding === null || !coding.split(",").every((name) => DECODED.test(name.trim()))) {
    return fields;
  }
  return fields.filter(([name]) => name !== "content-encoding" && name !== "content-length");
}

function statusLine({ status, statusText }: Pick<Response, "status" | "statusText">): string {
  return `${status} ${statusText === "" ? reasonPhrase(status) : statusText}`;
}

/** The fields about the connection, which the server itself sends (RFC 9110 §7.6.1). */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  ...["connection", "keep-alive", "proxy-connection", "te", "trailers", "transfer-encoding"],
  "upgrade",
]);

/** The header fields that are sent, each `Set-Cookie` apart and last. */
function headerList(given: FieldList, status: number, environ: Environ): HeaderList {
  const fields: [string, string][] = [];
  const cookies: [string, string][] = [];
  for (const [name, value] of given) {
    if (name === "set-cookie") cookies.push([name, value]);
    // Such as that of an upstream: the server itself frames these statuses (RFC 9110 §8.6, §15.3.6).
    else if (name === "content-length" && (status === 204 || status === 205)) continue;
    else if (!CONNECTION_FIELDS.has(name) || (name === "upgrade" && status === 426)) {
      fields.push([name, value]);
    } else if (name === "connection" && /(?:^|,)\s*close\s*(?:,|$)/i.test(value)) {
      environ.cogen.closeConnection();
    }
  }
  return cookies.length === 0 ? fields : [...fields, ...cookies];
}

/**
 * The head of a stream, for HEAD: the block only tells that there is one, and is not sent. The stream is
 * cancelled here, because a generator that is ended before its first step runs nothing.
 */
function headOnly(blocks: ResponseBlocks): AppIterable {
  void blocks.return();
  return chunked(" ");
}
