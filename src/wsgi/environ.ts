/**
 * The environ of a request: CGI names, `HTTP_*`, `wsgi.*` and `cogen` (PEP 3333, RFC 3875).
 *
 * The environ is a plain object with own enumerable keys, made for one request. The app and its
 * middleware may change or copy it. Strings from the wire are latin-1: each character is a byte.
 *
 * {@linkcode EnvironMaker} copies the environ of the previous request if the fields are equal. The
 * exchange calls this.
 *
 * @module
 */

import { combineFieldLines, type RequestHead } from "../http/mod.ts";
import type { ProxyTLV } from "../socket/mod.ts";
import { basicCredentials } from "./basic_credentials.ts";
import type { Cogen } from "./cogen.ts";
import type { EnvironExtensions } from "./environ_extensions.ts";
import { type FileWrapper, WSGIFileWrapper } from "./files/file_wrapper.ts";
import type { WSGIInput } from "./input/input.ts";
import { unquotePath } from "./path_info.ts";

/** The error log of an app: `wsgi.errors`. */
export interface ErrorStream {
  /** Writes text: several lines, or a part of a line. */
  write(text: string): void;
  /** Writes several texts, without newlines between them. */
  writelines(lines: Iterable<string>): void;
  /** Writes an unfinished line. */
  flush(): void;
}

/**
 * The values in the environ that the middleware `trustProxy` has replaced: those of the connection from the
 * last proxy to this server.
 */
export interface ProxyFacts {
  /** The address of the proxy; empty on a Unix socket. */
  readonly REMOTE_ADDR: string;
  /** The port of the proxy; empty on a Unix socket. */
  readonly REMOTE_PORT: string;
  /** The scheme between the proxy and this server. */
  readonly "wsgi.url_scheme": "http" | "https";
  /** The name of this server. */
  readonly SERVER_NAME: string;
  /** The port that received the request; empty on a Unix socket. */
  readonly SERVER_PORT: string;
  /** The part of the path that led to the app, without the prefix of the proxy. */
  readonly SCRIPT_NAME: string;
  /** The field `Host`, as the proxy has sent it. */
  readonly HTTP_HOST: string | undefined;
}

/** The PROXY protocol on the connection of a request: the key `cogen.proxy_protocol` of the environ. */
export interface ProxyProtocolFacts {
  /** The version of the header. */
  readonly version: 1 | 2;
  /** `local` for a request of the proxy itself, such as a health check. */
  readonly command: "local" | "proxy";
  /** The address of the proxy; empty on a Unix socket. */
  readonly REMOTE_ADDR: string;
  /** The port of the proxy; empty on a Unix socket. */
  readonly REMOTE_PORT: string;
  /** The port at which the proxy has reached this server; empty on a Unix socket. */
  readonly SERVER_PORT: string;
  /** The further facts of a header of version 2. */
  readonly tlvs: readonly ProxyTLV[];
}

/** The environ of a request, with the keys that {@linkcode EnvironExtensions} declares. */
export interface Environ extends EnvironExtensions {
  /** The method, as received. */
  REQUEST_METHOD: string;
  /** The part of the path that led to this app; empty at the root. */
  SCRIPT_NAME: string;
  /** The rest of the path, percent-decoded except for `%2F`. */
  PATH_INFO: string;
  /** The query: all after the `?`, as received; empty without a query. */
  QUERY_STRING: string;
  /** The request target as received. */
  REQUEST_URI: string;
  /** The Content-Type field, or empty. */
  CONTENT_TYPE: string;
  /** The Content-Length field, or empty. */
  CONTENT_LENGTH: string;
  /** The name of the server, as it was configured; never the client's `Host` field. */
  SERVER_NAME: string;
  /** The port that received the request; empty on a Unix socket. */
  SERVER_PORT: string;
  /** The protocol of the request. */
  SERVER_PROTOCOL: string;
  /** The highest protocol version that the server speaks. */
  ACTUAL_SERVER_PROTOCOL: string;
  /** The name of this server software, and of its adapter. */
  SERVER_SOFTWARE: string;
  /** The client's address; empty on a Unix socket. */
  REMOTE_ADDR: string;
  /** The client's port; empty on a Unix socket. */
  REMOTE_PORT: string;
  /** `Basic`, if the client sent such credentials. The server does not check them. */
  AUTH_TYPE?: string;
  /** The user of Basic credentials. The server does not check them. */
  REMOTE_USER?: string;
  /** 1.0 (PEP 3333). */
  "wsgi.version": readonly [number, number];
  /** Whether the connection is encrypted. */
  "wsgi.url_scheme": "http" | "https";
  /** The request body. */
  "wsgi.input": WSGIInput;
  /** `wsgi.input` ends at the end of the body, with or without `CONTENT_LENGTH`. */
  "wsgi.input_terminated": true;
  /** The error log. */
  "wsgi.errors": ErrorStream;
  /** Always false: one thread runs the app. */
  "wsgi.multithread": false;
  /** Whether other processes run the app as well: whether the server has the option `worker`. */
  "wsgi.multiprocess": boolean;
  /** Always false: the app runs any number of times. */
  "wsgi.run_once": boolean;
  /** Makes a response body from a file (PEP 3333). */
  "wsgi.file_wrapper": FileWrapper;
  /** Waiting inside the app, and the controls of the request. */
  cogen: Cogen;
  /** The values that `trustProxy` has replaced, if a trusted proxy has connected. */
  "cogen.proxy"?: ProxyFacts;
  /** The header of the PROXY protocol, if the connection began with one. */
  "cogen.proxy_protocol"?: ProxyProtocolFacts;
  /**
   * Whether the client has a certificate: `SUCCESS` or `NONE`. It is here if the server asks for one; the
   * further keys `SSL_CLIENT_*` are those of a certificate.
   */
  SSL_CLIENT_VERIFY?: string;
  /** The parts of the client's certificate, as Apache's mod_ssl names them. */
  [part: `SSL_CLIENT_${string}`]: string | undefined;
  /** The other header fields of the request; repeated fields are combined. */
  [field: `HTTP_${string}`]: string | undefined;
  /** Keys that middleware adds; {@linkcode EnvironExtensions} may give them types. */
  [extension: string]: unknown;
}

/** The parts of an environ that are the same for all requests of a connection. */
export interface ConnectionFacts {
  /** `SERVER_NAME`. */
  readonly serverName: string;
  /** `SERVER_PORT`. */
  readonly serverPort: string;
  /** `SERVER_SOFTWARE`. */
  readonly serverSoftware: string;
  /** `ACTUAL_SERVER_PROTOCOL`. */
  readonly serverProtocol: "HTTP/1.0" | "HTTP/1.1";
  /** `REMOTE_ADDR`. */
  readonly remoteAddress: string;
  /** `REMOTE_PORT`. */
  readonly remotePort: string;
  /** `wsgi.url_scheme`. */
  readonly urlScheme: "http" | "https";
  /** `wsgi.multiprocess`. */
  readonly isMultiprocess: boolean;
  /** `wsgi.errors`. */
  readonly errors: ErrorStream;
  /** The keys `SSL_CLIENT_*`; `undefined` if the client was not asked for a certificate. */
  readonly clientCertificate: Readonly<Record<`SSL_CLIENT_${string}`, string>> | undefined;
  /** `cogen.proxy_protocol`; `undefined` for a connection without a header of the PROXY protocol. */
  readonly proxyProtocol: ProxyProtocolFacts | undefined;
}

const VERSION = Object.freeze([1, 0] as const);

/** The parts of an environ that are the request's own. */
export interface RequestParts {
  readonly head: RequestHead;
  readonly cogen: Cogen;
  /** The body of the request. */
  readonly input: WSGIInput;
}

/**
 * Makes environs.
 *
 * A client repeats its header fields. The parser gives equal heads the same array of fields, and
 * then only the request line differs: the environ is a copy of a template, which is much cheaper
 * than building the environ from the fields (`npm run bench -- --workload browser`).
 */
export class EnvironMaker {
  /** The connection of the last request. */
  #facts: ConnectionFacts | undefined;
  /** The last request; the template has its fields. */
  #last: RequestHead | undefined;
  #template: Environ | undefined;

  /**
   * Makes the environ of a request.
   *
   * @param parts The parts of the request.
   * @param facts The facts of its connection. All connections of a maker are of one server.
   * @returns A new object.
   */
  make({ head: request, cogen, input }: RequestParts, facts: ConnectionFacts): Environ {
    const environ = { ...this.#templateFor(request, facts) };
    environ.REQUEST_METHOD = request.method;
    // PEP 3333: PATH_INFO is empty, or begins with "/".
    environ.PATH_INFO = request.path === "*" ? "" : unquotePath(request.path);
    environ.QUERY_STRING = request.query;
    environ.REQUEST_URI = request.target;
    environ["wsgi.input"] = input;
    environ["wsgi.file_wrapper"] = fileWrapperOf(cogen);
    environ.cogen = cogen;
    if (facts.clientCertificate !== undefined) Object.assign(environ, facts.clientCertificate);
    if (facts.proxyProtocol !== undefined) environ["cogen.proxy_protocol"] = facts.proxyProtocol;
    return environ;
  }

  #templateFor(request: RequestHead, facts: ConnectionFacts): Environ {
    const last = this.#last;
    const isLike = last !== undefined && last.fields === request.fields &&
      last.host === request.host && last.minorVersion === request.minorVersion;
    if (!isLike) this.#template = makeTemplate(request, facts);
    const template = this.#template as Environ;
    if (isLike && facts !== this.#facts) Object.assign(template, connectionKeys(facts));
    this.#last = request;
    this.#facts = facts;
    return template;
  }
}

/** Makes the file wrapper of a request. It keeps the request alone in memory. */
function fileWrapperOf(cogen: Cogen): FileWrapper {
  return (source, options) => {
    const body = new WSGIFileWrapper(source, cogen, options);
    // Also closes a file that the app or a middleware has not read.
    cogen.onFinished(() => void body.close());
    return body;
  };
}

/** The keys that differ between the connections of a server. */
function connectionKeys(facts: ConnectionFacts) {
  return {
    SERVER_NAME: facts.serverName,
    SERVER_PORT: facts.serverPort,
    REMOTE_ADDR: facts.remoteAddress,
    REMOTE_PORT: facts.remotePort,
    "wsgi.url_scheme": facts.urlScheme,
    "wsgi.errors": facts.errors,
  };
}

/** An environ without the parts of {@linkcode RequestParts}. */
function makeTemplate(request: RequestHead, facts: ConnectionFacts): Environ {
  const environ: Environ = {
    REQUEST_METHOD: "",
    SCRIPT_NAME: "",
    PATH_INFO: "",
    QUERY_STRING: "",
    REQUEST_URI: "",
    CONTENT_TYPE: "",
    CONTENT_LENGTH: "",
    SERVER_NAME: facts.serverName,
    SERVER_PORT: facts.serverPort,
    SERVER_PROTOCOL: request.minorVersion === 1 ? "HTTP/1.1" : "HTTP/1.0",
    ACTUAL_SERVER_PROTOCOL: facts.serverProtocol,
    SERVER_SOFTWARE: facts.serverSoftware,
    REMOTE_ADDR: facts.remoteAddress,
    REMOTE_PORT: facts.remotePort,
    "wsgi.version": VERSION,
    "wsgi.url_scheme": facts.urlScheme,
    "wsgi.input": UNSET as WSGIInput,
    "wsgi.input_terminated": true,
    "wsgi.errors": facts.errors,
    "wsgi.multithread": false,
    "wsgi.multiprocess": facts.isMultiprocess,
    "wsgi.run_once": false,
    "wsgi.file_wrapper": UNSET as FileWrapper,
    cogen: UNSET as Cogen,
  };
  addFields(environ, request);
  return environ;
}

/** Placeholder in a template: `make` overwrites it in the copy. */
const UNSET: unknown = undefined;

function addFields(environ: Environ, request: RequestHead): void {
  const { fields } = request;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    const value = fields[i + 1] as string;
    const key = environKey(name);
    if (key === undefined) continue;
    if (key === "CONTENT_TYPE" || key === "CONTENT_LENGTH") environ[key] = value;
    else {
      const before = environ[key] as string | undefined;
      // An app may have added the key to `Object.prototype`.
      const isFirst = before === undefined || !Object.hasOwn(environ, key);
      environ[key] = isFirst ? value : combineFieldLines(name, before, value);
    }
  }
  if (environ.HTTP_AUTHORIZATION !== undefined) addCredentials(environ, environ.HTTP_AUTHORIZATION);
  // RFC 9112 §3.2.2: the authority of the target takes the place of the Host field.
  if (request.host !== undefined) environ.HTTP_HOST = request.host;
}

function addCredentials(environ: Environ, authorization: string): void {
  const credentials = basicCredentials(authorization);
  if (credentials === undefined) return;
  environ.AUTH_TYPE = "Basic";
  environ.REMOTE_USER = credentials.user;
}

/** At most this many field names are cached: clients choose the names. */
const MAX_KNOWN_KEYS = 1000;
/** Names with more characters are not cached: real names are shorter. */
const MAX_KNOWN_LENGTH = 64;
/** Environ keys by lower-case field name, shared by all makers; a pure cache, bounded as above. */
const knownKeys = new Map<string, string>();

/**
 * The environ key of a field: `content-type` is CONTENT_TYPE, `x-a` is HTTP_X_A. A name with `_`
 * has no key, because its key would be that of another name: `x_a` and `x-a` give the same.
 */
function environKey(name: string): string | undefined {
  const known = knownKeys.get(name);
  if (known !== undefined) return known;
  if (name.includes("_")) return undefined;
  const upper = name.toUpperCase().replaceAll("-", "_");
  const key = upper === "CONTENT_TYPE" || upper === "CONTENT_LENGTH" ? upper : `HTTP_${upper}`;
  if (knownKeys.size < MAX_KNOWN_KEYS && name.length <= MAX_KNOWN_LENGTH) {
    // A new string: `name` may be a slice that keeps its whole head in memory.
    knownKeys.set(upper.toLowerCase().replaceAll("_", "-"), key);
  }
  return key;
}
