/**
 * The guard of the status app: the clients that may read it.
 *
 * A status page shows targets, addresses and source lines. Without a guard of its own it answers only to
 * clients of the same machine: over a Unix socket, or over loopback with a loopback `Host`. Behind a proxy on the
 * same machine, every client is a loopback client, and by DNS rebinding the page of another site reaches a
 * loopback address with a `Host` of its own. So a request with a mark of a proxy is refused as well: a field that
 * proxies add, or a header of the PROXY protocol, whose address may be unknown.
 *
 * The trap: a proxy that adds no field and speaks HTTP/1.1 with a loopback `Host` cannot be seen. So an app
 * behind a proxy gives its status to a socket of its own, or has `basicAuth` as its guard.
 *
 * {@linkcode statusApp} calls this.
 *
 * @module
 */

import { optionError } from "../coroutine/mod.ts";
import type { Environ, Middleware, WSGIApp } from "../wsgi/mod.ts";

/**
 * The guard of a status app: a middleware such as `(app) => basicAuth(app, { users })`; `"local"` for clients of
 * the same machine; `"none"` for every client.
 */
export type StatusGuard = Middleware | "local" | "none";

/**
 * Puts a guard around an app.
 *
 * @throws {TypeError} If the guard is of another kind, or gives no app.
 */
export function guarded(app: WSGIApp, guard: StatusGuard): WSGIApp {
  if (guard === "none") return app;
  if (guard === "local") return localOnly(app);
  const given: unknown = typeof guard === "function" ? guard(app) : guard;
  if (typeof guard === "function" && typeof given === "function") return given as WSGIApp;
  throw optionError(
    "guard of statusApp",
    given,
    '"local", "none", or a middleware: (app) => basicAuth(app, { users })',
  );
}

function localOnly(app: WSGIApp): WSGIApp {
  return (environ, startResponse) => {
    const fault = faultOf(environ);
    if (fault === undefined) return app(environ, startResponse);
    startResponse("403 Forbidden", [
      ["Content-Type", "text/plain; charset=utf-8"],
      ["Cache-Control", "no-store"],
    ]);
    return [
      `The status of this server is for its own machine: ${fault}.\n` +
      "Serve it on a Unix socket, or give it a guard:\n" +
      "statusApp(server, { guard: (app) => basicAuth(app, { users }) })\n",
    ];
  };
}

/** The reason why a client may be a stranger; `undefined` if it is of the same machine. */
function faultOf(environ: Environ): string | undefined {
  if (environ["cogen.proxy_protocol"] !== undefined) {
    return "a proxy has passed the connection on by the PROXY protocol";
  }
  const mark = Object.keys(environ).find((key) => PROXY_FIELD.test(key) || CLIENT_FIELD.test(key));
  if (mark !== undefined) {
    return `the field ${fieldOf(mark)} says that a proxy has passed the request on`;
  }
  if (environ.SERVER_PROTOCOL !== "HTTP/1.1") return "a proxy with HTTP/1.0 may have passed it on";
  if (environ.REMOTE_ADDR === "" && environ.SERVER_PORT === "") return undefined;
  if (!LOOPBACK.test(environ.REMOTE_ADDR)) return "the client is another machine";
  return LOOPBACK_HOST.test(environ.HTTP_HOST ?? "")
    ? undefined
    : "the Host is not that of loopback";
}

/** Fields of RFC 7239, RFC 9110 and RFC 8586, and those of products. */
const PROXY_FIELD = /^HTTP_(?:FORWARDED|VIA|CDN_LOOP|X_(?:FORWARDED|ORIGINAL|ENVOY)(?:_.*)?)$/;
/** Such as `X-Real-IP`, `CF-Connecting-IP` and `True-Client-IP`. */
const CLIENT_FIELD = /^HTTP_(?:.*_)?(?:CLIENT|CONNECTING|PROXYUSER|REAL)_?IP$/;
const LOOPBACK = /^(?:(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1)$/i;
const LOOPBACK_HOST = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(?::\d{1,5})?$/i;

/** `HTTP_X_FORWARDED_FOR` as `X-Forwarded-For`. */
function fieldOf(key: string): string {
  return key.slice(5).toLowerCase().replaceAll("_", "-").replace(
    /(^|-)[a-z]/g,
    (start) => start.toUpperCase(),
  );
}
