/**
 * The check of origins. A browser sends cookies with the handshake of any page, and lets the page read all
 * messages: without this check, every site could use the session of its visitors (RFC 6455 §10.2).
 *
 * A program that is no browser sends no `Origin` and is not checked, as it can send any.
 *
 * `accept.ts` calls this.
 *
 * @module
 */

import { optionError } from "../coroutine/mod.ts";
import type { Environ } from "../wsgi/mod.ts";

/** Decides whether a page of an origin may connect. */
export type OriginTest = (origin: string, environ: Environ) => boolean;

/** The option `origin`: `"*"` for all origins, one origin, a list, or a function. */
export type OriginOption = string | readonly string[] | OriginTest;

/** An origin with a scheme and a host, such as `https://example.com:8080` (RFC 6454 §6.2). */
const ORIGIN = /^([a-z][a-z0-9+.-]*):\/\/([^/?#@\s,]+)$/;
const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: "80", https: "443" };

/**
 * Makes the test of an option.
 *
 * @param option The option; by default, only pages of the server itself may connect.
 * @returns The test of the `Origin` field of a request.
 * @throws {TypeError} If the option is no origin, no list of origins and no function.
 */
export function originTest(option: OriginOption | undefined): OriginTest {
  if (option === undefined) return isSameOrigin;
  if (option === "*") return () => true;
  if (typeof option === "function") return (origin, environ) => decided(option(origin, environ));
  const listed: unknown = typeof option === "string" ? [option] : option;
  if (!Array.isArray(listed)) throw optionError("origin", option, EXPECTED);
  const allowed = new Set(listed.map((origin) => {
    const normal = typeof origin === "string" ? normalized(origin.toLowerCase()) : undefined;
    if (normal === undefined) throw optionError("origin", origin, EXPECTED);
    return normal;
  }));
  return (origin) => allowed.has(normalized(origin.toLowerCase()) ?? "");
}

const EXPECTED = 'an origin such as "https://example.com", a list of origins, "*", or a function';

/** Whether the page comes from the server that it connects to: the same scheme, host and port. */
function isSameOrigin(origin: string, environ: Environ): boolean {
  const own = `${environ["wsgi.url_scheme"]}://${environ.HTTP_HOST ?? ""}`;
  const normal = normalized(origin.toLowerCase());
  return normal !== undefined && normal === normalized(own.toLowerCase());
}

/** An origin without the default port of its scheme; `undefined` if it is none, such as `null`. */
function normalized(origin: string): string | undefined {
  const match = ORIGIN.exec(origin);
  if (match === null) return undefined;
  const port = DEFAULT_PORTS[match[1] as string];
  return port !== undefined && origin.endsWith(`:${port}`)
    ? origin.slice(0, -port.length - 1)
    : origin;
}

function decided(result: unknown): boolean {
  if (typeof result === "boolean") return result;
  throw optionError("The result of origin", result, "true or false");
}
