/**
 * This middleware lets pages of other origins read the responses of an app: the CORS protocol of
 * the Fetch standard, section 3.2.
 *
 * The options become a policy once, when the app is wrapped; a request adds only its origin. The
 * middleware wraps `startResponse` and returns the app's own iterable. So apps of every kind, their
 * waits and the `Content-Length` of an array do not change.
 *
 * The trap: a cache may give the response of one origin to another. If the answer depends on the
 * request's origin, every response therefore has `Vary: Origin`, also the response to a request
 * without an `Origin`. With a fixed origin or `*`, every response has the same fields, and no
 * `Vary` is needed.
 *
 * @module
 */

import {
  checkOption,
  type Duration,
  optionError,
  refuseSurplus,
  showValue,
  toMilliseconds,
} from "../coroutine/mod.ts";
import { type Environ, type HeaderList, isPromise, type WSGIApp } from "../wsgi/mod.ts";
import { checkApp, checkOptionNames } from "./option_checks.ts";
import { varyOn } from "./vary.ts";

/** Options of {@linkcode cors}. */
export interface CORSOptions {
  /**
   * The origins with permission to read the responses: `"*"` for all of them, one origin such as
   * `"https://example.com"`, a list of origins, or a function. Default `"*"`.
   *
   * The function gets the `Origin` field of the request, which is `"null"` for a page without an origin,
   * and gives `true`, or a promise of `true`, to allow that origin. Any other result refuses.
   */
  readonly origin?:
    | string
    | readonly string[]
    | ((origin: string, environ: Environ) => boolean | PromiseLike<boolean>);
  /** The methods that pages may use. Default: GET, HEAD, PUT, PATCH, POST and DELETE. */
  readonly methods?: readonly string[];
  /**
   * The request header fields that pages may set; `["*"]` allows all of them except `Authorization`. Default: the
   * fields that the page asks for.
   */
  readonly allowedHeaders?: readonly string[];
  /** The response header fields that pages may read beside the simple ones. Default: none. */
  readonly exposedHeaders?: readonly string[];
  /** Whether pages may send cookies and other credentials. Default `false`. */
  readonly credentials?: boolean;
  /**
   * The time for which a browser may remember the answer to a preflight, in seconds. A fraction is
   * dropped. Default: the browser's own choice, 5 seconds.
   */
  readonly maxAge?: Duration;
}

type OriginTest = Extract<CORSOptions["origin"], (...args: never[]) => unknown>;

/** The fields that are made of the options. */
interface Policy {
  /** `Access-Control-Allow-Origin` of every response; `undefined` if it depends on the request. */
  readonly fixedOrigin: string | undefined;
  /** Decides about the origin of a request, if `fixedOrigin` is `undefined`. */
  readonly allows: OriginTest;
  /** The fields of any response to an allowed origin. */
  readonly always: HeaderList;
  /** The further fields of a preflight's answer. */
  readonly preflight: HeaderList;
  /** The further fields of an actual response. */
  readonly actual: HeaderList;
  /** Whether a preflight allows the header fields that it asks for. */
  readonly echoesHeaders: boolean;
}

const KNOWN_OPTIONS: readonly (keyof CORSOptions)[] = [
  ...["origin", "methods", "allowedHeaders", "exposedHeaders", "credentials", "maxAge"] as const,
];

const METHODS: readonly string[] = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"];

/**
 * Lets pages of other origins use an app (CORS, Fetch standard §3.2).
 *
 * - A preflight, which is OPTIONS with `Origin` and `Access-Control-Request-Method`, is answered 204
 *   without calling the app. Any other OPTIONS request reaches the app.
 * - Every response of the app gets the fields of this policy, in place of any `Access-Control-Allow-Origin`,
 *   `-Allow-Credentials` or `-Expose-Headers` of the app. The browser keeps a response from a page whose
 *   origin they do not allow. The app runs in any case: CORS is no access control.
 * - `Vary: Origin` is added if the response differs between origins.
 *
 * Put it around {@linkcode errorPage}, so that pages can read the error as well. The plain 500 of the server
 * has no such fields. Put it around authentication, too: browsers send a preflight without credentials.
 *
 * @param app The app.
 * @param options The policy.
 * @returns The app, with that middleware.
 * @throws {TypeError} If credentials are allowed together with a `*`, or a name or an origin is malformed.
 * @throws {RangeError} If `maxAge` is negative or not finite.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { cors, serve } from "@x/cogen-wsgi";
 *
 * await using server = await serve({
 *   bindAddr: ["127.0.0.1", 0],
 *   wsgiApp: cors(function* (_environ, startResponse) {
 *     startResponse("200 OK", [["Content-Type", "text/plain"]]);
 *     yield "hello";
 *   }, { origin: ["https://example.com", "https://example.org"], maxAge: { hours: 1 } }),
 * });
 * const headers = { Origin: "https://example.org" };
 * const response = await fetch(server.url, { headers });
 * assertEquals(response.headers.get("access-control-allow-origin"), "https://example.org");
 * assertEquals(response.headers.get("vary"), "Origin");
 * assertEquals(await response.text(), "hello");
 *
 * const preflight = await fetch(server.url, {
 *   method: "OPTIONS",
 *   headers: { ...headers, "Access-Control-Request-Method": "PUT" },
 * });
 * assertEquals(preflight.status, 204);
 * assertEquals(preflight.headers.get("access-control-max-age"), "3600");
 * ```
 */
export function cors(app: WSGIApp, options: CORSOptions = {}): WSGIApp {
  if (arguments.length > 2) refuseSurplus("cors", arguments, 2);
  checkApp("cors", app);
  options = checkOptionNames("cors", options, KNOWN_OPTIONS);
  const policy = policyOf(options);
  return (environ, startResponse) => {
    const answer = (allowed: boolean) => {
      const origin = policy.fixedOrigin ?? (allowed ? environ.HTTP_ORIGIN : undefined);
      if (isPreflight(environ)) {
        startResponse("204 No Content", preflightHeaders(policy, origin, environ));
        return [];
      }
      return app(environ, (status, headers, excInfo) => {
        return startResponse(status, actualHeaders(policy, origin, headers), excInfo);
      });
    };
    const allowed = allowsOrigin(policy, environ);
    return isPromise(allowed)
      ? allowed.then((resolved) => answer(resolved === true))
      : answer(allowed === true);
  };
}

function allowsOrigin(
  { fixedOrigin, allows }: Policy,
  environ: Environ,
): boolean | PromiseLike<boolean> {
  const origin = environ.HTTP_ORIGIN;
  if (fixedOrigin !== undefined || origin === undefined) return false;
  return allows(origin, environ);
}

/** Whether the request is a CORS-preflight request (Fetch standard §3.2.2). */
function isPreflight(environ: Environ): boolean {
  return environ.REQUEST_METHOD === "OPTIONS" && environ.HTTP_ORIGIN !== undefined &&
    environ.HTTP_ACCESS_CONTROL_REQUEST_METHOD !== undefined;
}

function preflightHeaders(
  policy: Policy,
  origin: string | undefined,
  environ: Environ,
): HeaderList {
  let headers: HeaderList = [];
  if (origin !== undefined) {
    const wanted = environ.HTTP_ACCESS_CONTROL_REQUEST_HEADERS;
    const echoed: HeaderList = policy.echoesHeaders && wanted
      ? [["Access-Control-Allow-Headers", wanted]]
      : [];
    headers = [...originHeaders(policy, origin), ...policy.preflight, ...echoed];
  }
  if (policy.fixedOrigin === undefined) headers = varyOn(headers, "Origin");
  return policy.echoesHeaders ? varyOn(headers, "Access-Control-Request-Headers") : headers;
}

/** The names, in lower case, of the fields that this middleware alone sends in an actual response. */
const OWN: ReadonlySet<string> = new Set([
  "access-control-allow-origin",
  "access-control-allow-credentials",
  "access-control-expose-headers",
]);

function actualHeaders(
  policy: Policy,
  origin: string | undefined,
  headers: HeaderList,
): HeaderList {
  const others = headers.filter(([name]) => !OWN.has(name.toLowerCase()));
  const varying = policy.fixedOrigin === undefined ? varyOn(others, "Origin") : others;
  if (origin === undefined) return varying;
  return [...varying, ...originHeaders(policy, origin), ...policy.actual];
}

function originHeaders(policy: Policy, origin: string): HeaderList {
  return [["Access-Control-Allow-Origin", origin], ...policy.always];
}

function policyOf(options: CORSOptions): Policy {
  const { origin = "*", methods = METHODS, allowedHeaders, exposedHeaders = [] } = options;
  const { credentials = false, maxAge } = options;
  checkOption("credentials of cors", credentials, "boolean");
  if (credentials) refuseWildcards({ origin, methods, allowedHeaders, exposedHeaders });
  const preflight: [string, string][] = [
    ["Access-Control-Allow-Methods", namesOf("methods", methods)],
  ];
  if (allowedHeaders !== undefined) {
    preflight.push(["Access-Control-Allow-Headers", namesOf("allowedHeaders", allowedHeaders)]);
  }
  if (maxAge !== undefined) preflight.push(["Access-Control-Max-Age", wholeSeconds(maxAge)]);
  const exposed = namesOf("exposedHeaders", exposedHeaders);
  return {
    ...originPolicy(origin),
    always: credentials ? [["Access-Control-Allow-Credentials", "true"]] : [],
    preflight: preflight.filter(([, value]) => value !== ""),
    actual: exposed === "" ? [] : [["Access-Control-Expose-Headers", exposed]],
    echoesHeaders: allowedHeaders === undefined,
  };
}

/**
 * With credentials, `*` is no wildcard (Fetch standard §3.2.5). To send the origin of the request in place
 * of `*` would open the app, with the user's cookies, to every page.
 */
function refuseWildcards(values: Readonly<Record<string, unknown>>): void {
  for (const [option, value] of Object.entries(values)) {
    if (value !== "*" && !(Array.isArray(value) && value.includes("*"))) continue;
    throw new TypeError(`Cannot combine credentials with "*" for ${option}: expected a list`);
  }
}

function originPolicy(
  origin: NonNullable<CORSOptions["origin"]>,
): Pick<Policy, "fixedOrigin" | "allows"> {
  if (typeof origin === "function") return { fixedOrigin: undefined, allows: origin };
  if (origin === "*") return { fixedOrigin: origin, allows: () => true };
  const origins: ReadonlySet<string> = new Set(
    typeof origin === "string" ? [origin] : list("origin", origin),
  );
  if (origins.size === 0) {
    throw optionError(
      "origin of cors",
      origin,
      "one origin or more; without cors, no other origin may read",
    );
  }
  for (const item of origins) checkOrigin(item);
  const [only] = origins;
  return {
    fixedOrigin: origins.size === 1 ? only : undefined,
    allows: (asked) => origins.has(asked),
  };
}

/**
 * Matches an origin as browsers send it: in lower case, without a path and without a default port.
 */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[!-~]+$/;
const NEVER_SENT = /[A-Z/?#@*,\\]|^http:.*:80$|^https:.*:443$/;

function checkOrigin(origin: string): void {
  if (origin === "null") return;
  const isSent = typeof origin === "string" && ORIGIN.test(origin) &&
    !NEVER_SENT.test(origin.replace("://", ":"));
  if (isSent) return;
  throw new TypeError(
    `Cannot allow the origin ${
      showValue(origin)
    }: expected a scheme and a host in lower case, with a port ` +
      'unless it is the default, such as "https://example.com"',
  );
}

/** Matches a token, as methods and field names are (RFC 9110 §5.6.2). */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

function namesOf(option: string, names: readonly string[]): string {
  for (const name of list(option, names)) {
    if (typeof name === "string" && TOKEN.test(name)) continue;
    throw new TypeError(`Cannot use ${showValue(name)} in ${option}: expected a name`);
  }
  return names.join(", ");
}

function list(option: string, value: readonly string[]): readonly string[] {
  if (Array.isArray(value)) return value;
  throw optionError(`${option} of cors`, value, "an array of strings");
}

function wholeSeconds(maxAge: Duration): string {
  const seconds = Math.floor(toMilliseconds(maxAge, "maxAge") / 1000);
  if (Number.isSafeInteger(seconds)) return String(seconds);
  throw new RangeError(`Cannot use ${seconds} seconds as maxAge: expected a finite time`);
}
