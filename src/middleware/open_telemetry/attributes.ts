/**
 * The attributes of a server span, with the stable names of the semantic conventions for HTTP.
 *
 * `open_telemetry.ts` calls this.
 *
 * @module
 */

import { knownMethod } from "../../http/mod.ts";
import type { Environ } from "../../wsgi/mod.ts";
import type { AttributeShape } from "./api_shape.ts";

/** The attributes that are known at the beginning of a request. */
export function requestAttributes(environ: Environ): Record<string, AttributeShape> {
  const { REQUEST_METHOD, REQUEST_URI, SERVER_PROTOCOL } = environ;
  const method = knownMethod(REQUEST_METHOD);
  const scheme = environ["wsgi.url_scheme"];
  const [, path = ""] = /^(?:[a-z][a-z\d+.-]*:\/\/[^/?#]*)?([^?#]*)/i.exec(REQUEST_URI) ?? [];
  const { address, port } = serverOf(environ);
  const given: Record<string, AttributeShape | undefined> = {
    "http.request.method": method,
    "http.request.method_original": method === REQUEST_METHOD ? undefined : REQUEST_METHOD,
    "url.scheme": scheme,
    "url.path": path,
    "url.query": redacted(environ.QUERY_STRING),
    "server.address": address,
    "server.port": port,
    "client.address": environ.REMOTE_ADDR,
    "network.peer.address": environ.REMOTE_ADDR,
    "network.peer.port": environ.REMOTE_PORT === "" ? undefined : Number(environ.REMOTE_PORT),
    "network.protocol.version": SERVER_PROTOCOL.replace("HTTP/", ""),
    "user_agent.original": environ.HTTP_USER_AGENT,
  };
  const set = Object.entries(given).filter(([, value]) => value !== undefined && value !== "");
  return Object.fromEntries(set) as Record<string, AttributeShape>;
}

/** The host and the port of the field `Host`; those of the server without it. */
function serverOf(environ: Environ): { address: string; port: number | undefined } {
  const { HTTP_HOST, SERVER_NAME, SERVER_PORT } = environ;
  const [, host = "", port] = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(HTTP_HOST ?? "") ?? [];
  if (host === "") {
    return { address: SERVER_NAME, port: SERVER_PORT === "" ? undefined : Number(SERVER_PORT) };
  }
  const standard = environ["wsgi.url_scheme"] === "https" ? 443 : 80;
  return { address: host, port: port === undefined ? standard : Number(port) };
}

/** The conventions name these parameters: their values sign a URL, and are secrets. */
const SECRET = /(^|&)(AWSAccessKeyId|Signature|sig|X-Goog-Signature)=[^&]*/g;

function redacted(query: string): string {
  return query.replace(SECRET, "$1$2=REDACTED");
}
