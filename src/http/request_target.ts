/**
 * The four forms of a request target (RFC 9112 §3.2).
 *
 *     request-target = origin-form / absolute-form / authority-form / asterisk-form
 *
 * The bytes were checked by the request line's scan; here the form is decided and the parts are cut.
 *
 * @module
 */

import { isAuthority, isHostAndPort } from "./authority.ts";
import { ProtocolError } from "./errors.ts";
import { quote } from "./grammar.ts";

/**
 * A request target, taken apart.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseRequestTarget, type RequestTarget } from "@x/cogen-wsgi/http";
 *
 * const target: RequestTarget = parseRequestTarget("OPTIONS", "*");
 * assertEquals(target, { form: "asterisk", path: "*", query: "", authority: undefined });
 * ```
 */
export interface RequestTarget {
  /** Which of the four forms it has. */
  readonly form: "origin" | "absolute" | "authority" | "asterisk";
  /** The path, not decoded; `*` for the asterisk form, empty for the authority form. */
  readonly path: string;
  /** What follows the first `?`, not decoded. */
  readonly query: string;
  /** The authority, where the target has one. */
  readonly authority: string | undefined;
}

/**
 * Takes the target of a request apart.
 *
 * @param method The request's method: CONNECT and OPTIONS have forms of their own.
 * @param target The target as received, visible ASCII without `#`.
 * @returns Its form and parts; an absolute form is reduced to its path.
 * @throws {ProtocolError} 400 if the target has none of the forms this method may have.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseRequestTarget } from "@x/cogen-wsgi/http";
 *
 * const target = parseRequestTarget("GET", "http://example.org/a?b");
 * assertEquals(target, { form: "absolute", path: "/a", query: "b", authority: "example.org" });
 * ```
 */
export function parseRequestTarget(method: string, target: string): RequestTarget {
  if (method === "CONNECT") return authorityForm(target);
  if (target.startsWith("/")) return withPath("origin", target, undefined);
  if (target === "*" && method === "OPTIONS") {
    return { form: "asterisk", path: "*", query: "", authority: undefined };
  }
  return absoluteForm(method, target);
}

/** `authority-form = uri-host ":" port`, for CONNECT alone (RFC 9112 §3.2.3). */
function authorityForm(target: string): RequestTarget {
  if (!isHostAndPort(target)) refuse(target, "expected host:port for CONNECT");
  return { form: "authority", path: "", query: "", authority: target };
}

/** `absolute-form = absolute-URI` of the http and https schemes (RFC 9110 §4.2). */
function absoluteForm(method: string, target: string): RequestTarget {
  const match = /^https?:\/\/([^/?]*)(.*)$/i.exec(target);
  if (match === null) refuse(target, "expected a path or an http URI");
  const authority = match[1] ?? "";
  const rest = match[2] ?? "";
  // RFC 9110 §4.2.1 and §4.2.4: an empty host is invalid, and userinfo is treated as an attack.
  if (!isAuthority(authority) || authority === "" || authority.startsWith(":")) {
    refuse(target, "invalid authority");
  }
  // RFC 9112 §3.2.4: OPTIONS for a URI without path and query is a request for the asterisk form.
  if (rest === "") {
    const path = method === "OPTIONS" ? "*" : "/";
    return { form: "absolute", path, query: "", authority };
  }
  return withPath("absolute", rest.startsWith("?") ? `/${rest}` : rest, authority);
}

function withPath(
  form: "origin" | "absolute",
  target: string,
  authority: string | undefined,
): RequestTarget {
  const mark = target.indexOf("?");
  if (mark < 0) return { form, path: target, query: "", authority };
  return { form, path: target.slice(0, mark), query: target.slice(mark + 1), authority };
}

function refuse(target: string, reason: string): never {
  throw new ProtocolError(400, `Cannot parse request target ${quote(target)}: ${reason}`);
}
