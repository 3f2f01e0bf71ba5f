/**
 * The four forms of a request target (RFC 9112 §3.2).
 *
 *     request-target = origin-form / absolute-form / authority-form / asterisk-form
 *
 * The scan of the request line has already checked the bytes (`TARGET` in `grammar.ts`). This file
 * decides the form and cuts the parts. It decodes nothing: `src/wsgi` decodes the path.
 *
 * `reading/head_reader.ts` calls this.
 *
 * @module
 */

import { isAuthority, isHostAndPort } from "./authority.ts";
import { ProtocolError } from "./errors.ts";
import { quote } from "./grammar.ts";
import { textOf } from "./wrong_argument.ts";

/**
 * The parts of a request target.
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
  /** The form of the target. */
  readonly form: "origin" | "absolute" | "authority" | "asterisk";
  /** The path, not decoded; `*` for the asterisk form, empty for the authority form. */
  readonly path: string;
  /** The text after the first `?`, not decoded; empty if there is no `?`. */
  readonly query: string;
  /** The authority, in the absolute and the authority form. */
  readonly authority: string | undefined;
}

/**
 * Divides a request target into its parts.
 *
 * @param method The method of the request: CONNECT and OPTIONS have forms of their own.
 * @param target The target as received, visible ASCII without `#`.
 * @returns The form and the parts. The path of an absolute form begins after the authority.
 * @throws {ProtocolError} 400 if the target has none of the forms that the method allows.
 * @throws {TypeError} If the target is no text.
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
  textOf("target of parseRequestTarget", target);
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
  // An empty host is invalid (RFC 9110 §4.2.1). `isAuthority` refuses userinfo, which may be an
  // attack (§4.2.4).
  if (!isAuthority(authority) || authority === "" || authority.startsWith(":")) {
    refuse(target, "invalid authority");
  }
  // OPTIONS for a URI without path and query stands for the asterisk form (RFC 9112 §3.2.4).
  if (rest === "") {
    const path = method === "OPTIONS" ? "*" : "/";
    return { form: "absolute", path, query: "", authority };
  }
  return withPath("absolute", rest.startsWith("?") ? `/${rest}` : rest, authority);
}

/** `origin-form = absolute-path [ "?" query ]` (RFC 9112 §3.2.1), or the rest of an absolute form. */
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
