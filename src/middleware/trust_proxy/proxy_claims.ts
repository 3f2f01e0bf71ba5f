/**
 * The facts that the fields of a request claim about the client and its request: nodes, scheme, host, port and
 * prefix.
 *
 * A field is parsed here, and believed in `trust_proxy.ts`, which decides how far to the left an entry is
 * written by a trusted proxy. That number of entries is the depth.
 *
 * @module
 */

import type { Environ } from "../../wsgi/mod.ts";
import { parseForwarded } from "./forwarded_field.ts";
import type { ForwardedField } from "./forwarded_fields.ts";
import { isIPv6 } from "./forwarded_node.ts";

/** A trusted field cannot be read. The request is answered with 400. */
export class MalformedField extends Error {
  /** @param field The field. @param value The part of it that is malformed. */
  constructor(field: string, value: string) {
    const shown = value.slice(0, MAX_SHOWN).replace(/[^ -~]/g, "?");
    super(`Cannot read ${field}: malformed value "${shown}"`);
  }
}

const MAX_SHOWN = 40;

/** The claims of the fields that the proxies set. */
export interface Claims {
  /** The nodes, from the client's side to this server's. */
  readonly nodes: readonly string[];
  /** The field with the nodes, for errors. */
  readonly nodesField: string;
  /** The keys of the environ that change if `depth` entries are believed, except those of the client. */
  at(depth: number): Partial<Environ>;
}

/**
 * Reads the fields.
 *
 * @param environ The environ of the request.
 * @param fields The fields to read.
 * @throws {MalformedField} For a `Forwarded` that is malformed. `at` throws it for an entry.
 */
export function readClaims(environ: Environ, fields: ReadonlySet<ForwardedField>): Claims {
  const values = (name: ForwardedField): readonly string[] =>
    fields.has(name) ? listOf(environ[KEYS[name]] as string | undefined) : [];
  const prefixes = values("x-forwarded-prefix");
  if (fields.has("forwarded")) return forwardedClaims(environ, prefixes);
  return {
    nodes: values("x-forwarded-for"),
    nodesField: "X-Forwarded-For",
    at: (depth) => {
      const scheme = schemeAt("X-Forwarded-Proto", values("x-forwarded-proto"), depth);
      const host = entryAt(values("x-forwarded-host"), depth);
      const port = portAt(values("x-forwarded-port"), depth);
      return {
        ...keysOf(environ, scheme, hostOf("X-Forwarded-Host", host), port),
        ...prefixAt(environ, prefixes, depth),
      };
    },
  };
}

const KEYS: Readonly<Record<ForwardedField, string>> = {
  "forwarded": "HTTP_FORWARDED",
  "x-forwarded-for": "HTTP_X_FORWARDED_FOR",
  "x-forwarded-proto": "HTTP_X_FORWARDED_PROTO",
  "x-forwarded-host": "HTTP_X_FORWARDED_HOST",
  "x-forwarded-port": "HTTP_X_FORWARDED_PORT",
  "x-forwarded-prefix": "HTTP_X_FORWARDED_PREFIX",
};

/** In `Forwarded`, the scheme and the host are those of the element beside the client's. */
function forwardedClaims(environ: Environ, prefixes: readonly string[]): Claims {
  const field = environ.HTTP_FORWARDED ?? "";
  const elements = parseForwarded(field);
  if (elements === undefined) throw new MalformedField("Forwarded", field);
  return {
    nodes: elements.map((element) => element.get("for") ?? "unknown"),
    nodesField: "Forwarded",
    at: (depth) => {
      const element = elements[elements.length - depth];
      const proto = element?.get("proto");
      const scheme = schemeAt("Forwarded", proto === undefined ? [] : [proto], 1);
      const host = hostOf("Forwarded", element?.get("host"));
      return {
        ...keysOf(environ, scheme, host, undefined),
        ...prefixAt(environ, prefixes, depth),
      };
    },
  };
}

/** The members of a list. An empty member counts, because the place of a member tells its writer. */
function listOf(value: string | undefined): readonly string[] {
  return value === undefined ? [] : value.split(",").map((member) => member.trim());
}

/** The entry that is `depth` from the right, or the one furthest left of a shorter list. */
function entryAt(list: readonly string[], depth: number): string | undefined {
  return list.at(Math.max(0, list.length - depth));
}

const SCHEMES: Readonly<Record<string, "http" | "https">> = {
  ...{ http: "http", https: "https", ws: "http", wss: "https" },
};

function schemeAt(
  field: string,
  list: readonly string[],
  depth: number,
): "http" | "https" | undefined {
  const entry = entryAt(list, depth);
  if (entry === undefined) return undefined;
  const name = entry.toLowerCase();
  if (Object.hasOwn(SCHEMES, name)) return SCHEMES[name];
  throw new MalformedField(field, entry);
}

interface Host {
  readonly text: string;
  readonly name: string;
  readonly port: string | undefined;
}

const HOST = /^(\[[\da-f:.]+\]|[\w.~-]+)(?::(\d{1,5}))?$/i;

function hostOf(field: string, text: string | undefined): Host | undefined {
  if (text === undefined) return undefined;
  const [, name, port] = HOST.exec(text) ?? [];
  const isName = name !== undefined && (!name.startsWith("[") || isIPv6(name.slice(1, -1)));
  if (isName && Number(port ?? 0) <= 65_535) return { text, name, port };
  throw new MalformedField(field, text);
}

function portAt(list: readonly string[], depth: number): string | undefined {
  const entry = entryAt(list, depth);
  const isPort = entry === undefined || /^[1-9]\d{0,4}$/.test(entry) && Number(entry) <= 65_535;
  if (isPort) return entry;
  throw new MalformedField("X-Forwarded-Port", entry);
}

const DEFAULT_PORTS = { http: "80", https: "443" } as const;

/** A port that is told beside the host takes the place of the port in the host. */
function keysOf(
  environ: Environ,
  told: "http" | "https" | undefined,
  host: Host | undefined,
  toldPort: string | undefined,
): Partial<Environ> {
  const keys: Partial<Environ> = {};
  const scheme = told ?? environ["wsgi.url_scheme"];
  if (told !== undefined) keys["wsgi.url_scheme"] = told;
  const named = host ?? (toldPort === undefined ? undefined : ownHost(environ));
  if (host !== undefined) keys.SERVER_NAME = host.name;
  const port = toldPort ?? (host === undefined ? undefined : host.port ?? DEFAULT_PORTS[scheme]);
  if (port !== undefined) keys.SERVER_PORT = port;
  if (named !== undefined) {
    const isDefault = port === DEFAULT_PORTS[scheme];
    keys.HTTP_HOST = toldPort === undefined
      ? named.text
      : `${named.name}${isDefault ? "" : `:${port}`}`;
  }
  return keys;
}

/** The host of the field `Host`; `undefined` for a form of it that is no name or address. */
function ownHost({ HTTP_HOST = "" }: Environ): Host | undefined {
  const [, name, port] = HOST.exec(HTTP_HOST) ?? [];
  return name === undefined ? undefined : { text: HTTP_HOST, name, port };
}

const PREFIX = /^(?:\/[\w\-.~!$&'()*+;=:@]+)*$/;

/** A prefix has no encoding, no empty segments, and no segments of dots. */
function prefixAt(
  environ: Environ,
  list: readonly string[],
  depth: number,
): Partial<Environ> {
  const entry = entryAt(list, depth);
  if (entry === undefined) return {};
  const prefix = entry.replace(/\/$/, "");
  if (!PREFIX.test(prefix) || /\/\.{1,2}(?:\/|$)/.test(prefix)) {
    throw new MalformedField("X-Forwarded-Prefix", entry);
  }
  return { SCRIPT_NAME: prefix + environ.SCRIPT_NAME };
}
