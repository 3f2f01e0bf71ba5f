/**
 * The table of all options. The command line, the environment, the configuration file, the help and
 * `--print-config` read this table.
 *
 * @module
 */

import {
  DEFAULT_SERVER_LIMITS,
  DEFAULT_TIMEOUTS,
  type Limits,
  type Timeouts,
} from "../server/mod.ts";
import type { Kind } from "./values.ts";

/** The commands. */
export const COMMANDS = ["serve", "check", "fetch", "status"] as const;

/** One of {@linkcode COMMANDS}. */
export type Command = typeof COMMANDS[number];

/** One option. */
export interface Option {
  /** The name after `--`. */
  readonly name: string;
  /** The letter after `-`. */
  readonly short?: string;
  readonly kind: Kind;
  /** The name of the value in the help; none for a flag. */
  readonly value?: string;
  readonly help: string;
  readonly group: string;
  readonly fallback?: unknown;
  /** Whether the option may be given more than once. */
  readonly repeated?: boolean;
  /** The commands that take the option; all if it is left out. */
  readonly commands?: readonly Command[];
  /** The option without which this one has no effect. */
  readonly needs?: string;
  /** Where the option may stand besides the command line. Default: in the environment and the file. */
  readonly elsewhere?: "nowhere" | "environment";
}

const SERVE: readonly Command[] = ["serve"];
const FETCH: readonly Command[] = ["fetch"];

const LIMIT_HELP: Readonly<Record<keyof Limits, string>> = {
  maxLineBytes: "the request line; then 414",
  maxHeadBytes: "the head of a request; then 431",
  maxFieldCount: "the field lines of a head; then 431",
  maxBodyBytes: "the body of a request; then 413",
  maxChunkExtensionBytes: "all chunk extensions of a body; then 413",
  maxTrailerBytes: "the trailers of a request; then 431",
  maxEmptyLines: "the empty lines before a request; then 400",
  maxPipelinedBytes: "the pipelined requests that wait",
  maxDrainedBytes: "the rest of a body that is read after its response",
  minBodyRate: "the bytes of a body that must come each second; 0 for any rate",
  maxConnections: "the open connections",
};

const TIMEOUT_HELP: Readonly<Record<keyof Timeouts, string>> = {
  head: "for the head of a request; then 408",
  body: "for the body of a request, beside its rate; then 408",
  request: "for the app; then 503",
  write: "for the client to take the bytes in its socket",
  idle: "between two requests",
  linger: "for the client to close after the last response",
  halfClosed: "for the response to a client that has ended its side",
  close: "for the finally blocks of an app",
};

/** `maxBodyBytes` as `max-body-bytes`. */
export function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `max-body-bytes` as `maxBodyBytes`: the key in the configuration file. */
export function keyOf(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** `max-body-bytes` as `COGEN_MAX_BODY_BYTES`: the variable in the environment. */
export function variableOf(name: string): string {
  return `COGEN_${name.toUpperCase().replaceAll("-", "_")}`;
}

/** The option of a limit of the server. */
export function limitOption(name: keyof Limits): string {
  return dashed(name);
}

/** The option of a deadline of the server. */
export function timeoutOption(name: keyof Timeouts): string {
  return `${dashed(name)}-timeout`;
}

const LIMITS: readonly Option[] = (Object.keys(LIMIT_HELP) as (keyof Limits)[]).map((name) => ({
  name: limitOption(name),
  kind: name.endsWith("Bytes") ? "bytes" : "count",
  value: name.endsWith("Bytes") ? "SIZE" : "N",
  help: LIMIT_HELP[name],
  group: "Limits",
  fallback: DEFAULT_SERVER_LIMITS[name],
}));

const TIMEOUTS: readonly Option[] = (Object.keys(TIMEOUT_HELP) as (keyof Timeouts)[])
  .map((name) => ({
    name: timeoutOption(name),
    kind: "duration",
    value: "TIME",
    help: TIMEOUT_HELP[name],
    group: "Deadlines",
    fallback: DEFAULT_TIMEOUTS[name],
  }));

/** All options, in the order of the help. */
export const OPTIONS: readonly Option[] = [
  ...group("App", undefined, [
    { name: "app", kind: "text", value: "APP", help: "the app, as the argument APP" },
    { name: "factory", kind: "flag", help: "the export is a function that makes the app" },
  ]),
  ...group("Address", SERVE, [
    {
      ...{ name: "bind", short: "b", kind: "bind", value: "ADDRESS", repeated: true },
      help: "host:port, unix:path or fd://3; may be given more than once",
    },
    { name: "port", short: "p", kind: "port", value: "PORT", help: "the port", fallback: 8000 },
    { name: "host", kind: "text", value: "HOST", help: "the host", fallback: "127.0.0.1" },
    { name: "unix-mode", kind: "mode", value: "MODE", help: "the permissions of Unix sockets" },
    { name: "backlog", kind: "count", value: "N", help: "the connections that wait for accept" },
    {
      name: "tls-cert",
      kind: "text",
      value: "FILE",
      help: "serve HTTPS with this certificate (PEM)",
    },
    { name: "tls-key", kind: "text", value: "FILE", help: "the key of the certificate (PEM)" },
    {
      ...{ name: "tls-name", kind: "certificate", value: "NAME=CERT:KEY", repeated: true },
      help: "the certificate and the key of a further host name; may be given more than once",
    },
    {
      ...{ name: "tls-client", kind: ["none", "optional", "required"], value: "HOW" },
      ...{ help: "ask clients for a certificate: none, optional or required", fallback: "none" },
    },
    {
      ...{ name: "tls-ca", kind: "text", value: "FILE" },
      help: "the issuers of the certificates of clients (PEM)",
    },
    {
      ...{ name: "trust-proxy", kind: "trust", value: "PROXIES" },
      help: "believe these proxies: hops, or a list of addresses, ranges, loopback, private, unix",
    },
    {
      ...{ name: "trusted-fields", kind: "fields", value: "FIELDS", needs: "trust-proxy" },
      ...{ fallback: ["x-forwarded-for", "x-forwarded-proto"] },
      help: "the fields that the proxies set in each request",
    },
    {
      ...{ name: "proxy-protocol", kind: ["off", "v1", "v2", "auto"], value: "VERSION" },
      ...{ help: "the header that --trust-proxy sends on each connection", fallback: "off" },
    },
    {
      ...{ name: "handshake-timeout", kind: "duration", value: "TIME", fallback: 10 },
      needs: "tls-cert",
      help: "for the handshake of TLS",
    },
  ]),
  ...group("Server", undefined, [
    { name: "server-name", kind: "text", value: "NAME", help: "the value of SERVER_NAME" },
    {
      name: "server-header",
      kind: "text",
      value: "TEXT",
      help: "the field Server of each response",
    },
    {
      ...{ name: "protocol", kind: ["HTTP/1.1", "HTTP/1.0"], value: "VERSION" },
      ...{ help: "HTTP/1.1 or HTTP/1.0", fallback: "HTTP/1.1" },
    },
    {
      ...{ name: "burst", kind: "duration", value: "TIME", fallback: 0.001 },
      help: "the time for which an app may run before its blocks are sent",
    },
  ]),
  ...group("Running", SERVE, [
    {
      ...{ name: "access-log", kind: ["common", "combined", "json", "off"], value: "FORMAT" },
      ...{ help: "common, combined, json or off; on standard output", fallback: "off" },
    },
    {
      ...{ name: "access-log-file", kind: "text", value: "FILE", needs: "access-log" },
      help: "append the access log to this file; SIGUSR2 opens it again",
    },
    {
      ...{ name: "log-file", kind: "text", value: "FILE" },
      help: "append errors and messages to this file; SIGUSR2 opens it again",
    },
    {
      ...{ name: "log-format", kind: ["text", "json"], value: "FORMAT", fallback: "text" },
      help: "text, or json for one JSON object a line, of errors and messages",
    },
    {
      ...{ name: "request-id", kind: ["take", "make", "off"], value: "HOW", fallback: "off" },
      help: "take X-Request-Id from requests or make one, or always make one",
    },
    {
      ...{ name: "grace", kind: "duration", value: "TIME", fallback: 10 },
      help: "for the running requests at the end of the server",
    },
    {
      ...{ name: "bus", kind: "bus", value: "ADDRESS" },
      help: "the broker of environ.cogen.bus, such as redis://host:6379",
    },
    {
      name: "reload",
      kind: "flag",
      help: "load the app again when a module in its folder changes",
    },
    {
      ...{ name: "reload-dir", kind: "text", value: "FOLDER", repeated: true, needs: "reload" },
      help: "watch this folder, not that of the app; may be given more than once",
    },
    {
      ...{ name: "workers", short: "w", kind: "workers", value: "N" },
      help: "serve from this number of processes; auto for one a processor",
    },
    {
      ...{ name: "worker-timeout", kind: "duration", value: "TIME", fallback: 30 },
      needs: "workers",
      help: "kill a worker that does not answer, or has not loaded the app, for this time",
    },
    {
      ...{ name: "max-requests", kind: "count", value: "N", fallback: Infinity, needs: "workers" },
      help: "replace a worker after this number of requests",
    },
    {
      ...{ name: "max-requests-jitter", kind: "count", value: "N", needs: "max-requests" },
      help: "add a random number up to this one; default: a tenth of it",
    },
    { name: "pid-file", kind: "text", value: "FILE", help: "write the process id into this file" },
  ]),
  ...group("Status", ["serve", "status"], [
    {
      ...{ name: "status", kind: "bind", value: "ADDRESS" },
      help: "show the status at unix:path or host:port, for the command status and a browser",
    },
  ]),
  ...group("Status", ["status"], [
    { name: "json", kind: "flag", help: "print JSON, not tables", elsewhere: "nowhere" },
  ]),
  ...LIMITS,
  ...TIMEOUTS,
  ...group("Request (fetch)", FETCH, [
    { name: "method", short: "X", kind: "text", value: "METHOD", help: "the method" },
    {
      ...{ name: "header", short: "H", kind: "text", value: "LINE", repeated: true },
      help: "a header such as 'Accept: text/html'",
    },
    {
      name: "data",
      short: "d",
      kind: "body",
      value: "DATA",
      help: "the body, or @file; @- reads standard input",
    },
    { name: "include", short: "i", kind: "flag", help: "print the head of the response as well" },
  ]).map((option): Option => ({ ...option, elsewhere: "nowhere" })),
  ...group("Configuration", undefined, [
    {
      ...{ name: "env-file", kind: "text", value: "FILE", elsewhere: "environment" },
      help: "set the variables of this file, if they are not set",
    },
    {
      ...{ name: "config", kind: "text", value: "FILE", elsewhere: "environment" },
      help:
        "the configuration; default: cogen.config.ts, .mts, .js, .mjs or .json, if there is one",
    },
    {
      ...{ name: "print-config", kind: "flag", elsewhere: "nowhere" },
      help: "print each value and its origin, and end",
    },
    {
      name: "help",
      short: "h",
      kind: "flag",
      help: "print this text, and end",
      elsewhere: "nowhere",
    },
    { name: "version", kind: "flag", help: "print the version, and end", elsewhere: "nowhere" },
  ]),
];

function group(
  name: string,
  commands: readonly Command[] | undefined,
  options: readonly Omit<Option, "group" | "commands">[],
): Option[] {
  const shared = commands === undefined ? {} : { commands };
  return options.map((option) => ({ ...option, group: name, ...shared }));
}
