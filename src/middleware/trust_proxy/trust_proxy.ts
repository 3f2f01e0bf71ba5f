/**
 * This middleware takes the client's address, the scheme, the host and the prefix from the fields of trusted
 * proxies.
 *
 * Each proxy adds to the right of a field, so the fields are read from the right to the left, as long as the
 * node that wrote an entry is trusted. The entries further left may be the client's invention, and are never
 * read.
 *
 * The trap: a proxy that sets `X-Forwarded-For` passes on a field that it does not know, such as `Forwarded`,
 * as the client has sent it. So only the fields that the option `fields` names are read.
 *
 * @module
 */

import { optionError, refuseSurplus } from "../../coroutine/mod.ts";
import { type TrustedPeers, trustedPeers } from "../../socket/mod.ts";
import type { Environ, ProxyFacts, WSGIApp } from "../../wsgi/mod.ts";
import { checkApp, checkOptionNames } from "../option_checks.ts";
import { FORWARDED_FIELDS, type ForwardedField } from "./forwarded_fields.ts";
import { type ForwardedNode, parseNode } from "./forwarded_node.ts";
import { MalformedField, readClaims } from "./proxy_claims.ts";

/** Options of {@linkcode trustProxy}. */
export interface TrustProxyOptions {
  /**
   * The proxies: a number of hops, or a list of addresses, of ranges such as `"10.0.0.0/8"`, and of the names
   * `"loopback"`, `"private"` and `"unix"` (the clients of a Unix socket). Default: none, and no field is read.
   *
   * A number trusts each peer that connects, so it is right only if nothing but the proxy can connect.
   */
  readonly trust?: number | readonly string[];
  /**
   * The fields that the proxies set or remove in each request. Default `["x-forwarded-for",
   * "x-forwarded-proto"]`. `"forwarded"` tells the client, the scheme and the host, so no other field except
   * `"x-forwarded-prefix"` may stand beside it.
   */
  readonly fields?: readonly ForwardedField[];
}

const DEFAULT_FIELDS: readonly ForwardedField[] = ["x-forwarded-for", "x-forwarded-proto"];

/** Whether the writer of an entry is trusted: the peer is the writer with the number 0. */
type TrustTest = (writer: ForwardedNode, number: number, isUnix: boolean) => boolean;

/**
 * Takes the address of the client, the scheme, the host and the prefix from the fields of trusted proxies.
 *
 * - If the peer that connects is not trusted, the request passes unchanged. The fields stay in the environ
 *   as `HTTP_X_FORWARDED_FOR` and so on in any case: an app must not believe them.
 * - `REMOTE_ADDR` and `REMOTE_PORT` are those of the first node from the right that is not trusted. A proxy that
 *   does not know or hides its client is believed: `REMOTE_ADDR` is then `unknown`, or its name such as
 *   `_hidden`. If all nodes are trusted, the one furthest left counts.
 * - `wsgi.url_scheme` becomes `http` or `https`; `ws` and `wss` mean these.
 * - `HTTP_HOST`, `SERVER_NAME` and `SERVER_PORT` are those of the host that the client asked for.
 * - `SCRIPT_NAME` begins with the prefix.
 * - A list of `X-Forwarded-Proto`, `-Host`, `-Port` or `-Prefix` is read at the entry beside the client's. A
 *   shorter list is read at its left end, because a proxy may replace such a field instead of adding to it.
 * - A trusted field that is malformed where it is read, or anywhere in `Forwarded`, is answered with 400.
 * - `environ["cogen.proxy"]` has the values that were replaced ({@linkcode ProxyFacts}).
 *
 * Put this around all other middleware, so that each of them sees the client.
 *
 * @param app The app.
 * @param options The trusted proxies, and the fields that they set.
 * @returns The app, with that middleware.
 * @throws {TypeError} If the app is no function, or an option is unknown or of the wrong kind.
 * @throws {RangeError} If the number of hops is below 0 or no whole number.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { trustProxy } from "@x/cogen-wsgi";
 * import { testClient } from "@x/cogen-wsgi/testing";
 *
 * await using client = testClient(trustProxy((environ, startResponse) => {
 *   startResponse("200 OK", [["Content-Type", "text/plain"]]);
 *   return [`${environ["wsgi.url_scheme"]} ${environ.REMOTE_ADDR}`];
 * }, { trust: ["loopback"] }));
 * const headers = { "X-Forwarded-For": "10.6.6.6, 192.0.2.7", "X-Forwarded-Proto": "https" };
 * assertEquals((await client.get("/", { headers })).text, "https 192.0.2.7");
 * ```
 */
export function trustProxy(app: WSGIApp, options: TrustProxyOptions = {}): WSGIApp {
  if (arguments.length > 2) refuseSurplus("trustProxy", arguments, 2);
  checkApp("trustProxy", app);
  options = checkOptionNames("trustProxy", options, ["trust", "fields"]);
  const isTrusted = trustTest(options.trust === undefined ? [] : options.trust);
  const fields = checkedFields(options.fields === undefined ? DEFAULT_FIELDS : options.fields);
  return (environ, startResponse) => {
    let seen: Environ;
    try {
      seen = withoutProxies(environ, isTrusted, fields);
    } catch (error) {
      if (!(error instanceof MalformedField)) throw error;
      startResponse("400 Bad Request", [["Content-Type", "text/plain; charset=utf-8"]]);
      return [`${error.message}\n`];
    }
    return app(seen, startResponse);
  };
}

function withoutProxies(
  environ: Environ,
  isTrusted: TrustTest,
  fields: ReadonlySet<ForwardedField>,
): Environ {
  const peer: ForwardedNode = { address: environ.REMOTE_ADDR, port: environ.REMOTE_PORT };
  // An address is also empty if the runtime no longer knows it; a port of the server is empty on a Unix
  // socket alone.
  const isUnix = environ.SERVER_PORT === "" && environ.REMOTE_ADDR === "";
  if (!isTrusted(peer, 0, isUnix)) return environ;
  const claims = readClaims(environ, fields);
  let client = peer;
  let depth = 0;
  const nodes = claims.nodes;
  while (depth < nodes.length && isTrusted(client, depth, isUnix && depth === 0)) {
    depth++;
    const text = nodes[nodes.length - depth] as string;
    const node = parseNode(text);
    if (node === undefined) throw new MalformedField(claims.nodesField, text);
    client = node;
  }
  const changed: Partial<Environ> = claims.at(Math.max(depth, 1));
  if (depth > 0) {
    changed.REMOTE_ADDR = client.address;
    changed.REMOTE_PORT = client.port;
  }
  return { ...environ, ...changed, "cogen.proxy": environ["cogen.proxy"] ?? factsOf(environ) };
}

function factsOf(environ: Environ): ProxyFacts {
  const { REMOTE_ADDR, REMOTE_PORT, SERVER_NAME, SERVER_PORT, SCRIPT_NAME, HTTP_HOST } = environ;
  const scheme = environ["wsgi.url_scheme"];
  const rest = { SERVER_NAME, SERVER_PORT, SCRIPT_NAME, HTTP_HOST, "wsgi.url_scheme": scheme };
  return { REMOTE_ADDR, REMOTE_PORT, ...rest };
}

function trustTest(trust: unknown): TrustTest {
  if (typeof trust === "number") {
    if (Number.isInteger(trust) && trust >= 0) return (_writer, number) => number < trust;
    throw new RangeError(
      `trust of trustProxy is ${trust}: expected a whole number of hops from 0`,
    );
  }
  if (!Array.isArray(trust)) {
    const expected = 'a number of hops, or a list such as ["loopback", "10.0.0.0/8"]';
    throw optionError("trust of trustProxy", trust, expected);
  }
  const peers: TrustedPeers = trustedPeers("trust of trustProxy", trust as string[]);
  return ({ address }, _number, isUnix) => isUnix ? peers.hasUnix : peers.has(address);
}

function checkedFields(fields: unknown): ReadonlySet<ForwardedField> {
  const expected = `a list of ${FORWARDED_FIELDS.join(", ")}`;
  if (!Array.isArray(fields)) throw optionError("fields of trustProxy", fields, expected);
  for (const field of fields as unknown[]) {
    if (FORWARDED_FIELDS.includes(field as ForwardedField)) continue;
    throw optionError("An entry of fields of trustProxy", field, FORWARDED_FIELDS.join(", "));
  }
  const set: ReadonlySet<ForwardedField> = new Set(fields as ForwardedField[]);
  const others = [...set].filter((field) => !["forwarded", "x-forwarded-prefix"].includes(field));
  if (!set.has("forwarded") || others.length === 0) return set;
  throw new TypeError(
    `Cannot combine forwarded with ${others.join(" and ")} in fields of trustProxy: expected ` +
      "the fields that the proxies set in each request, which are of one kind",
  );
}
