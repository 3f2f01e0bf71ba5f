/**
 * This middleware gives each request an id, which joins the lines of several logs: the field `X-Request-Id`.
 *
 * The id is a member of `environ.cogen`, which all copies of an environ share. The access log and the error
 * log read it there.
 *
 * @module
 */

import { checkOption, optionError, refuseSurplus } from "../coroutine/mod.ts";
import type { WSGIApp } from "../wsgi/mod.ts";
import { checkApp, checkOptionNames } from "./option_checks.ts";

/** Options of {@linkcode requestId}. */
export interface RequestIdOptions {
  /**
   * Whether the id is taken from the request, if the request has a harmless one. Default `true`; write `false`
   * if clients reach the server without a proxy that sets the field.
   */
  readonly fromRequest?: boolean;
  /** Makes an id. Default: 32 random hexadecimal digits. */
  readonly make?: () => string;
}

/**
 * Gives each request an id: `environ.cogen.requestId`, the field `X-Request-Id` of the response, a field of the
 * lines of {@linkcode accessLog}, and a part of each entry of the error log about the request.
 *
 * The id is taken from the field `X-Request-Id` of the request if it has 1 to 64 characters, each of them a
 * letter, a digit or one of `-_.~+/=:@`. So an id cannot add a line or a field to a log, nor end a quoted text.
 * Any other value is ignored, and an id is made.
 *
 * An id that is taken is chosen by the client, unless a proxy sets the field. A client may repeat an id, or use
 * that of another request. An id is a help for reading logs: it must not decide about access, and must not be
 * the key of stored data. An id that is made is random, and is no secret.
 *
 * If the app sends an `X-Request-Id` of its own, that field stays. An answer that the server gives in place
 * of the app, such as its plain 500, has the field as well. A request that is refused before its app runs has no
 * id.
 *
 * @param app The app.
 * @param options Whether ids are taken, and how they are made.
 * @returns The app with ids.
 * @throws {TypeError} If the app is no function, or an option is unknown or of the wrong kind. At a request: if
 *   `make` gives no harmless id.
 *
 * @example
 * ```ts
 * import { assertEquals, assertMatch } from "@std/assert";
 * import { requestId, type WSGIApp } from "@x/cogen-wsgi";
 * import { testClient } from "@x/cogen-wsgi/testing";
 *
 * const app: WSGIApp = (environ, startResponse) => {
 *   startResponse("200 OK", [["Content-Type", "text/plain"]]);
 *   return [environ.cogen.requestId ?? "none"];
 * };
 * await using client = testClient(requestId(app));
 * const taken = await client.get("/", { headers: { "X-Request-Id": "a-1" } });
 * assertEquals(taken.text, "a-1");
 * const made = await client.get("/", { headers: { "X-Request-Id": 'a" 200' } });
 * assertMatch(made.text, /^[0-9a-f]{32}$/);
 * assertEquals(made.headers.get("X-Request-Id"), made.text);
 * ```
 */
export function requestId(app: WSGIApp, options: RequestIdOptions = {}): WSGIApp {
  if (arguments.length > 2) refuseSurplus("requestId", arguments, 2);
  checkApp("requestId", app);
  options = checkOptionNames("requestId", options, ["fromRequest", "make"]);
  const { fromRequest = true, make = randomId } = options;
  checkOption("fromRequest of requestId", fromRequest, "boolean");
  checkOption("make of requestId", make, "function");
  return (environ, startResponse) => {
    const given = fromRequest ? environ.HTTP_X_REQUEST_ID : undefined;
    const id = given !== undefined && HARMLESS.test(given) ? given : madeBy(make);
    environ.cogen.requestId = id;
    return app(environ, (status, headers, excInfo) => {
      const isNamed = !Array.isArray(headers) ||
        headers.some((line) => String(line?.[0]).toLowerCase() === "x-request-id");
      return startResponse(status, isNamed ? headers : [...headers, ["X-Request-Id", id]], excInfo);
    });
  };
}

/** An id that is short, and that no log must escape. */
const HARMLESS = /^[\w\-.~+/=:@]{1,64}$/;

function madeBy(make: () => string): string {
  const id: unknown = make();
  if (typeof id === "string" && HARMLESS.test(id)) return id;
  throw optionError(
    "The id that make of requestId gave",
    id,
    "1 to 64 letters, digits or -_.~+/=:@",
  );
}

/** The ids need not be secret, so the random numbers of the language do. */
function randomId(): string {
  let id = "";
  for (let part = 0; part < 4; part++) {
    id += Math.floor(Math.random() * 2 ** 32).toString(16).padStart(8, "0");
  }
  return id;
}
