/**
 * Mounts several apps under one server, by path prefix.
 *
 * @module
 */

import { isPlain } from "../coroutine/internal.ts";
import { optionError, showValue } from "../coroutine/mod.ts";
import { checkApp, type StartResponse, type WSGIApp } from "./app.ts";
import type { Environ } from "./environ.ts";

/** Path prefixes and their apps, in any order. */
export type Mounts = readonly (readonly [prefix: string, app: WSGIApp])[] | {
  readonly [prefix: string]: WSGIApp;
};

/**
 * Makes an app that passes each request to the app with the longest matching prefix.
 *
 * A prefix matches whole segments, and moves from `PATH_INFO` to `SCRIPT_NAME`. The empty prefix, or `/`,
 * matches every path. The app gets a copy of the environ with the two new values, so that middleware around the
 * dispatcher keeps its own; `environ.cogen` is the same object in both. Without a match the answer is 404. A
 * dispatcher may be mounted in another one.
 *
 * @param mounts Prefixes and apps, as pairs or as a record.
 * @returns The app.
 * @throws {TypeError} If a prefix does not begin with a slash, is a pattern or is given
 *   twice, or an app is not a function.
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
  const dispatcher: WSGIApp = (environ, startResponse) => {
    const path = environ.PATH_INFO;
    const mount = mountAt(table, path);
    if (mount === undefined) return notFound(environ, startResponse);
    const [prefix, app] = mount;
    if (prefix === "") return app(environ, startResponse);
    const mounted = {
      ...environ,
      SCRIPT_NAME: environ.SCRIPT_NAME + prefix,
      PATH_INFO: path.slice(prefix.length),
    };
    return app(mounted, startResponse);
  };
  tables.set(dispatcher, table);
  return dispatcher;
}

/** A path prefix without a trailing slash, and its app. */
type Mount = readonly [prefix: string, app: WSGIApp];

/** The tables of all dispatchers, for the names of apps in messages. */
const tables = new WeakMap<WSGIApp, readonly Mount[]>();

/**
 * Finds the app that serves a path: behind dispatchers, the app that is mounted.
 *
 * @param app The app of a server.
 * @param path The path in the form of `PATH_INFO`.
 * @returns The app; a dispatcher itself, if no app is mounted at the path.
 */
export function appAt(app: WSGIApp, path: string): WSGIApp {
  const mount = mountAt(tables.get(app) ?? [], path);
  return mount === undefined ? app : appAt(mount[1], path.slice(mount[0].length));
}

function mountAt(table: readonly Mount[], path: string): Mount | undefined {
  for (const mount of table) {
    const [prefix] = mount;
    if (!path.startsWith(prefix)) continue;
    if (path.length === prefix.length || path[prefix.length] === "/") return mount;
  }
  return undefined;
}

/** The mounts with the longest prefix first, without trailing slashes. */
function mountTable(mounts: Mounts): Mount[] {
  const table: Mount[] = [];
  for (const [given, app] of pairsOf(mounts)) {
    const prefix = latin1Path(checkedPrefix(given));
    checkApp(`The app at ${showValue(given)}`, app);
    if (table.some(([other]) => other === prefix)) {
      throw new TypeError(`Cannot mount two apps at ${showValue(given)}`);
    }
    table.push([prefix, app]);
  }
  return table.sort(([one], [other]) => other.length - one.length);
}

const EXPECTED = 'a function, or path prefixes and functions, such as { "/": app }';

function pairsOf(mounts: unknown): readonly (readonly [unknown, unknown])[] {
  if (typeof Object(mounts).fetch === "function") checkApp("wsgiApp", mounts, EXPECTED);
  const isObject = typeof mounts === "object" && mounts !== null;
  if (!isObject || !Array.isArray(mounts) && !isPlain(mounts)) {
    throw optionError("wsgiApp", mounts, EXPECTED);
  }
  const pairs: readonly unknown[] = Array.isArray(mounts) ? mounts : Object.entries(mounts);
  for (const pair of pairs) {
    if (Array.isArray(pair) && pair.length === 2) continue;
    throw optionError("wsgiApp", mounts, 'pairs of a path prefix and an app, such as [["/", app]]');
  }
  return pairs as readonly (readonly [unknown, unknown])[];
}

/** A prefix without trailing slashes. A pattern, as other routers have it, would match no path. */
function checkedPrefix(given: unknown): string {
  const refuse = (reason: string) => {
    return new TypeError(`Cannot mount an app at ${showValue(given)}: ${reason}`);
  };
  if (typeof given !== "string") throw refuse("expected a path prefix, which is a string");
  const prefix = given.replace(/\/+$/, "");
  if (prefix !== "" && !prefix.startsWith("/")) throw refuse('a prefix begins with "/"');
  const pattern = /\/?\*|\/(?::[^/]*|\{[^/]*\}|\[[^/]*\])/.exec(prefix);
  if (pattern !== null) {
    const before = prefix.slice(0, pattern.index) || "/";
    throw refuse(`a prefix has no pattern; write ${showValue(before)}, which matches all below it`);
  }
  if (/%(?!2f)[0-9a-f]{2}/i.test(prefix)) {
    throw refuse("a prefix is compared with the decoded path; write it without percent-encoding");
  }
  return prefix;
}

/** A prefix in the form of PATH_INFO: its UTF-8 bytes, one character each. */
function latin1Path(prefix: string): string {
  return String.fromCharCode(...new TextEncoder().encode(prefix));
}

function notFound(_environ: Environ, startResponse: StartResponse): string[] {
  startResponse("404 Not Found", [["Content-Type", "text/plain; charset=utf-8"]]);
  return ["404 Not Found\n"];
}
