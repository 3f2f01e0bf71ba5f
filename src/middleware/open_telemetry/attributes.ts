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
  const attributes: Record<string, AttributeShape> = {
    "http.request.method": method,
    "url.scheme": scheme,
    "network.protocol.version": SERVER_PROTOCOL.replace("HTTP/", ""),
  };
  const set = (name: string, value: AttributeShape | undefined) => {
    if (value !== undefined && value !== "") attributes[name] = value;
  };
  if (method !== REQUEST_METHOD) set("http.request.method_original", REQUEST_METHOD);
  set("url.path", path);
  if (environ.QUERY_STRING !== "") set("url.query", redacted(environ.QUERY_STRING));
  set("server.address", address);
  set("server.port", port);
  set("client.address", environ.REMOTE_ADDR);
  set("network.peer.address", environ.REMOTE_ADDR);
  if (environ.REMOTE_PORT !== "") set("network.peer.port", Number(environ.REMOTE_PORT));
  set("user_agent.original", environ.HTTP_USER_AGENT);
  return attributes;
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
