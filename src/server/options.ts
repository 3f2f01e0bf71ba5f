/**
 * The options that become settings: their types, their defaults and their checks.
 *
 * The constructor of {@linkcode WSGIServer} calls this, so that a wrong option is an error before
 * the server listens.
 *
 * @module
 */

import {
  checkNames,
  checkOption,
  type Duration,
  optionError,
  Scheduler,
  toMilliseconds,
} from "../coroutine/mod.ts";
import {
  callHook,
  checkMembers,
  describeFailed,
  describeThrown,
  faultlessLog,
} from "../coroutine/internal.ts";
import { type ErrorLog, errorLog, type LogFormat } from "./log/error_log.ts";
import { checkFields } from "../http/mod.ts";
import type { Adapter, ListenTarget } from "../socket/mod.ts";
import {
  checkApp,
  type Environ,
  type Mounts,
  type ServedBus,
  type WSGIApp,
  WSGIPathInfoDispatcher,
} from "../wsgi/mod.ts";
import { tellsOfAbort } from "../wsgi/running/abort_reasons.ts";
import { type BindAddress, parseBindAddress } from "./listening/bind_address.ts";
import { type ProxyProtocolOptions, resolveProxyProtocol } from "./listening/proxy_option.ts";
import type { Refusal } from "./counts/refusals.ts";
import { completeLimits, type Limits, parserLimits } from "./server_limits.ts";
import type { Settings } from "./settings.ts";
import { resolveTimeouts, type Timeouts } from "./timeouts.ts";
import { resolveTls, type TLSOptions } from "./listening/tls_options.ts";

/** The app to serve, and how: all options of a server except `onListen` and `signal`. */
export interface ServingOptions {
  /** The app, or path prefixes and their apps; the longest matching prefix wins. */
  readonly wsgiApp: WSGIApp | Mounts;
  /**
   * `[host, port]` (port 0 picks a free port) or the path of a Unix socket. Default
   * `["127.0.0.1", 8000]`. See {@linkcode BindAddress}.
   */
  readonly bindAddr?: BindAddress;
  /** The value of `SERVER_NAME`. Default: the name of the host. */
  readonly serverName?: string;
  /**
   * How many connections may wait to be accepted. Default: the runtime's default. Bun always uses
   * 512.
   */
  readonly requestQueueSize?: number;
  /** Serves HTTPS with this certificate and key; not on a Unix socket. Default: plain HTTP. */
  readonly tls?: TLSOptions;
  /**
   * Reads the header of the PROXY protocol on each connection of the proxies in `trust`: the addresses of the
   * client, and whether it speaks TLS with the proxy. Default: no connection has a header.
   */
  readonly proxyProtocol?: ProxyProtocolOptions;
  /** The version in the status line, which limits the features used. Default `"HTTP/1.1"`. */
  readonly protocol?: "HTTP/1.0" | "HTTP/1.1";
  /**
   * The value of the `Server` field (RFC 9110 §10.2.4) in each response to which the app adds none.
   * Default: no such field, because it helps attackers more than clients.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { serve } from "@x/cogen-wsgi";
   *
   * await using server = await serve({
   *   bindAddr: ["127.0.0.1", 0],
   *   serverHeader: "demo/1.0",
   *   wsgiApp(_environ, startResponse) {
   *     startResponse("200 OK", [["Content-Type", "text/plain"]]);
   *     return ["hello"];
   *   },
   * });
   * const response = await fetch(server.url);
   * assertEquals(response.headers.get("Server"), "demo/1.0");
   * assertEquals(await response.text(), "hello");
   * ```
   */
  readonly serverHeader?: string;
  /**
   * Runs the apps. Default: a scheduler of the server's own. While the server lives, errors of coroutines
   * that are not joined go to its `onError` and `log`, unless the scheduler has an `onError` itself; if
   * several servers share the scheduler, to those of the first.
   */
  readonly scheduler?: Scheduler;
  /** How long an app may run before its blocks are handed over. Default 1 ms; with 0, at once. */
  readonly burst?: Duration;
  /** The limits on sizes, counts and rates. */
  readonly limits?: Partial<Limits>;
  /** How long each phase of a connection may take. */
  readonly timeouts?: Partial<Timeouts>;
  /**
   * Called with each error of an app, before the error is logged. An error that this function throws
   * is logged too.
   */
  readonly onError?: (error: unknown, environ: Environ | undefined) => void;
  /**
   * Called with each request that the server refuses itself, with each connection above
   * `limits.maxConnections` or without a descriptor, with each TLS handshake that fails, and with each refused
   * header of the PROXY protocol; at most ten times a second, and `suppressed` tells how many more there were. An
   * error that this function throws is logged once. The method `stats` of the server has the counts.
   */
  readonly onRefused?: (refusal: Refusal) => void;
  /**
   * The name of this process, if several processes run the app: `wsgi.multiprocess` of the environ is then
   * true, and `stats` and each JSON entry of the log have the name. Default: none, because one process runs the
   * app.
   */
  readonly worker?: string;
  /**
   * Warns in the log of a step that held the event loop for 100 ms, of a coroutine that was forgotten, and of an
   * operation that was never performed, with their lines; and the waits of coroutines show their lines. This costs
   * a stack trace for each operation. A `scheduler` of your own needs its option `debug`, too. Default `false`;
   * for `serve`, the environment variable `COGEN_DEBUG=1` sets it.
   */
  readonly debug?: boolean;
  /**
   * The bus that apps have as `environ.cogen.bus`: that of `openBus` of `./bus`. The server does not close it.
   * Default: none.
   */
  readonly bus?: ServedBus;
  /**
   * Takes each entry of the error log, without a newline at its end. An entry of text may have several lines,
   * and those after the first are indented. An entry for which this function throws, or rejects, goes to standard
   * error. Default: standard error.
   */
  readonly log?: (line: string) => void;
  /**
   * The format of the entries of the error log: `text`, or `json` for one JSON object on one line. Default
   * `text`.
   */
  readonly logFormat?: LogFormat;
}

/** The names of all options of a server. */
export const KNOWN_OPTIONS: readonly string[] = [
  "wsgiApp",
  "bindAddr",
  "serverName",
  "requestQueueSize",
  "tls",
  "proxyProtocol",
  "protocol",
  "serverHeader",
  "scheduler",
  "adapter",
  "burst",
  "limits",
  "timeouts",
  "onListen",
  "onError",
  "onRefused",
  "worker",
  "debug",
  "bus",
  "log",
  "logFormat",
  "signal",
  "ConnectionClass",
];

const DEFAULT_ADDRESS: BindAddress = ["127.0.0.1", 8000];

/**
 * Checks the values of options whose kinds are checked, and fills in the defaults.
 *
 * @param options The result of {@linkcode checkServingOptions}.
 * @throws {TypeError} For an option that is unknown or of the wrong kind.
 * @throws {RangeError} For a number outside its range.
 */
export function resolveOptions(options: ServingOptions, adapter: Adapter): Settings {
  if (adapter === undefined) {
    throw new TypeError("adapter is missing: write adapter: nodeAdapter(), or call serve");
  }
  const { logFormat = "text" } = options;
  const write = faultlessLog(options.log, (line) => adapter.log(line));
  const log = errorLog(write, logFormat, options.worker);
  const report = reporter(options, log, adapter);
  const limits = completeLimits(options.limits);
  const bind = parseBindAddress(
    options.bindAddr === undefined ? DEFAULT_ADDRESS : options.bindAddr,
  );
  return {
    app: resolveApp(options.wsgiApp),
    bind,
    adapter,
    scheduler: options.scheduler ??
      new Scheduler({ clock: adapter.clock, log: log.fault, debug: options.debug === true }),
    debug: options.debug === true,
    serverName: options.serverName ?? adapter.hostName(),
    backlog: resolveBacklog(options.requestQueueSize),
    tls: resolveTlsAt(bind, options.tls),
    proxyProtocol: resolveProxyProtocol(options.proxyProtocol),
    protocol: resolveProtocol(options.protocol),
    serverHeader: resolveServerHeader(options.serverHeader),
    burstMs: toMilliseconds(options.burst === undefined ? 0.001 : options.burst, "burst"),
    limits,
    parserLimits: parserLimits(limits),
    timeoutsMs: resolveTimeouts(options.timeouts),
    worker: options.worker,
    bus: options.bus,
    log: log.line,
    logFault: log.fault,
    onRefused: options.onRefused,
    report,
    reportFailure: (error, task) => {
      if (!tellsOfAbort(error)) report(error, describeFailed(task));
    },
  };
}

/**
 * Checks the kinds of the options that no other function checks.
 *
 * @returns The options to read, as of {@linkcode checkNames}.
 * @throws {TypeError} For an option that is unknown or of the wrong kind.
 */
export function checkServingOptions<O extends ServingOptions>(options: O): O {
  if (typeof options === "function") {
    throw new TypeError("options is a function: expected an object; write { wsgiApp: app }");
  }
  const rules = { complaint: "Unknown option", suggestions: OTHER_NAMES };
  options = checkNames("options", options, KNOWN_OPTIONS, rules);
  const given = options as Readonly<Record<string, unknown>>;
  const { serverName, worker, signal, debug, logFormat } = given;
  checkLogFormat(logFormat);
  checkOption("serverName", serverName, "string");
  checkOption("worker", worker, "string");
  checkOption("debug", debug, "boolean");
  if (serverName !== undefined && !/^[!-~\u0080-\uffff]+$/.test(String(serverName))) {
    throw optionError("serverName", serverName, "a name, such as a.example");
  }
  for (const name of ["onListen", "onError", "onRefused", "log"] as const) {
    checkOption(name, given[name], "function");
  }
  const check = (name: string, members: readonly string[], expected: string) => {
    if (given[name] !== undefined) checkMembers(name, given[name], members, expected);
  };
  check("scheduler", ["add", "clock"], "a Scheduler");
  check("bus", ["bind", "signal"], "a bus that openBus has made");
  check("adapter", ["listen", "clock"], "an Adapter, such as nodeAdapter()");
  const isController = typeof signal === "object" && signal !== null && "abort" in signal;
  const advice = isController ? "; write controller.signal" : "";
  check("signal", ["aborted", "addEventListener"], `an AbortSignal${advice}`);
  return options;
}

/** The names that other servers have for an option. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  ...{
    port: "bindAddr",
    host: "bindAddr",
    hostname: "bindAddr",
    path: "bindAddr",
    address: "bindAddr",
  },
  ...{ app: "wsgiApp", handler: "wsgiApp", fetch: "wsgiApp", application: "wsgiApp" },
  ...{ cert: "tls", key: "tls", timeout: "timeouts", limit: "limits", backlog: "requestQueueSize" },
  ...{ onListening: "onListen", logger: "log", name: "serverName" },
};

function resolveApp(app: WSGIApp | Mounts): WSGIApp {
  if (app === undefined) {
    throw new TypeError("wsgiApp is missing: expected a function, or path prefixes and functions");
  }
  if (typeof app === "function") {
    checkApp("wsgiApp", app, "a function, or path prefixes and functions");
    return app;
  }
  const isEmpty = typeof app === "object" && app !== null && Object.keys(app).length === 0;
  if (!isEmpty) return WSGIPathInfoDispatcher(app);
  throw optionError("wsgiApp", app, "a function, or path prefixes and functions");
}

function resolveBacklog(backlog: unknown): number | undefined {
  if (backlog === undefined) return undefined;
  if (typeof backlog === "number" && Number.isInteger(backlog) && backlog > 0) return backlog;
  const expected = "a whole number above 0";
  if (typeof backlog !== "number") throw optionError("requestQueueSize", backlog, expected);
  throw new RangeError(`requestQueueSize is ${backlog}: expected ${expected}`);
}

function resolveTlsAt(bind: ListenTarget, tls: TLSOptions | undefined): Settings["tls"] {
  if (tls === undefined) return undefined;
  if (!("path" in bind)) return resolveTls(tls);
  throw new TypeError("tls is of no use on a Unix socket: leave it out, or bind [host, port]");
}

function resolveProtocol(protocol: unknown): "HTTP/1.0" | "HTTP/1.1" {
  if (protocol === undefined) return "HTTP/1.1";
  if (protocol === "HTTP/1.0" || protocol === "HTTP/1.1") return protocol;
  throw optionError("protocol", protocol, '"HTTP/1.1" or "HTTP/1.0"');
}

function checkLogFormat(format: unknown): void {
  if (format === undefined || format === "text" || format === "json") return;
  throw optionError("logFormat", format, '"text" or "json"');
}

function resolveServerHeader(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  try {
    checkFields([["Server", value as string]]);
    if (value !== "") return value as string;
  } catch {
    // The error below names the option; this one would only name the field.
  }
  const expected = "a string of latin-1 characters without control characters";
  throw optionError("serverHeader", value, expected);
}

/** Each error has one entry in the log. A fault of `onError` is a part of the entry, if it comes soon. */
function reporter(
  options: ServingOptions,
  log: ErrorLog,
  { clock }: Adapter,
): Settings["report"] {
  return (error, place, environ) => {
    const text = describeThrown(error);
    let isLogged = false;
    const write = (fault: string) => {
      if (!isLogged) log.error(place, text + fault, error, environ);
      else if (fault !== "") log.fault(fault.trimStart());
      isLogged = true;
    };
    callHook("onError", () => options.onError?.(error, environ), write);
    if (isLogged) return;
    // A promise of `onError` may never settle, and the entry must not wait for it: a promise that is
    // rejected already is heard of within the turn.
    const writeAnyway = () => isLogged || write("");
    Promise.resolve().then(() => clock.defer(writeAnyway));
  };
}
