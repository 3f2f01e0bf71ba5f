/**
 * Mounts several apps under one server, by path prefix.
 *
 * @module
 */

import type { StartResponse, WSGIApp } from "./app.ts";
import type { Environ } from "./environ.ts";

/** Path prefixes and their apps, in any order. */
export type Mounts = readonly (readonly [prefix: string, app: WSGIApp])[] | {
  readonly [prefix: string]: WSGIApp;
};

/**
 * Makes an app that passes each request to the app with the longest matching prefix.
 *
 * A prefix matches whole segments, and moves from `PATH_INFO` to `SCRIPT_NAME`. The empty prefix, or `/`,
 * matches every path. Without a match the answer is 404. A dispatcher may be mounted in another one.
 *
 * @param mounts Prefixes and apps, as pairs or as a record.
 * @returns The app.
 * @throws {TypeError} If a prefix does not begin with a slash or is given twice, or an app is not a
 *   function.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { WSGIPathInfoDispatcher } from "@x/cogen-wsgi/wsgi";
 *
 * const app = WSGIPathInfoDispatcher({
 *   "/": () => ["root"],
 *   "/blog": (environ) => [`${environ.SCRIPT_NAME} ${environ.PATH_INFO}`],
 * });
 * const environ = { SCRIPT_NAME: "", PATH_INFO: "/blog/2008" };
 * assertEquals(app(environ as never, () => () => {}), ["/blog /2008"]);
 * ```
 */
export function WSGIPathInfoDispatcher(mounts: Mounts): WSGIApp {
  const table = mountTable(mounts);
  return (environ, startResponse) => {
    const path = environ.PATH_INFO;
    for (const [prefix, app] of table) {
      if (!path.startsWith(prefix)) continue;
      if (path.length > prefix.length && path[prefix.length] !== "/") continue;
      environ.SCRIPT_NAME += prefix;
      environ.PATH_INFO = path.slice(prefix.length);
      return app(environ, startResponse);
    }
    return notFound(environ, startResponse);
  };
}

/** The mounts with the longest prefix first, without trailing slashes. */
function mountTable(mounts: Mounts): [prefix: string, app: WSGIApp][] {
  const pairs = Array.isArray(mounts) ? mounts : Object.entries(mounts);
  const table: [string, WSGIApp][] = [];
  for (const [given, app] of pairs as readonly (readonly [string, WSGIApp])[]) {
    const prefix = latin1Path(given.replace(/\/+$/, ""));
    if (typeof app !== "function") {
      throw new TypeError(`Cannot mount ${typeof app} at "${given}": expected an app`);
    }
    if (prefix !== "" && !prefix.startsWith("/")) {
      throw new TypeError(`Cannot mount an app at "${given}": a prefix begins with "/"`);
    }
    if (table.some(([other]) => other === prefix)) {
      throw new TypeError(`Cannot mount two apps at "${given}"`);
    }
    table.push([prefix, app]);
  }
  return table.sort(([one], [other]) => other.length - one.length);
}

/** A prefix in the form of PATH_INFO: its UTF-8 bytes, one character each. */
function latin1Path(prefix: string): string {
  return String.fromCharCode(...new TextEncoder().encode(prefix));
}

function notFound(_environ: Environ, startResponse: StartResponse): string[] {
  startResponse("404 Not Found", [["Content-Type", "text/plain; charset=utf-8"]]);
  return ["404 Not Found\n"];
}
