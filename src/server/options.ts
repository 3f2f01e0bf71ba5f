/**
 * The options of a server, checked and completed.
 *
 * @module
 */

import { type Duration, Scheduler, toMilliseconds } from "../coroutine/mod.ts";
import type { ParserLimits } from "../http/mod.ts";
import { type Environ, type Mounts, type WSGIApp, WSGIPathInfoDispatcher } from "../wsgi/mod.ts";
import { type BindAddress, parseBindAddress } from "./bind_address.ts";
import { describeError } from "./error_log.ts";
import { completeLimits, type Limits, parserLimits } from "./server_limits.ts";
import type { Adapter, ListenAddress, ListenTLSOptions } from "../socket/mod.ts";
import { type Milliseconds, resolveTimeouts, type Timeouts } from "./timeouts.ts";
import type { WSGIServer } from "./server.ts";
import { resolveTls, type TLSOptions } from "./tls_options.ts";

/** Options of `serve` and {@linkcode WSGIServer}. */
export interface ServerOptions {
  /** The app, or path prefixes and their apps; the longest matching prefix wins. */
  readonly wsgiApp: WSGIApp | Mounts;
  /**
   * `[host, port]` (port 0 picks one) or the path of a Unix socket. Default `["127.0.0.1", 8000]`.
   * See {@linkcode BindAddress}.
   */
  readonly bindAddr?: BindAddress;
  /** `SERVER_NAME`. Default: the host's name. */
  readonly serverName?: string;
  /** How many connections may wait to be accepted. Default: the runtime's. Bun has always 512. */
  readonly requestQueueSize?: number;
  /** Serves HTTPS with this certificate and key; not on a Unix socket. Default: plain HTTP. */
  readonly tls?: TLSOptions;
  /** The version in the status line, which limits the features used. Default `"HTTP/1.1"`. */
  readonly protocol?: "HTTP/1.0" | "HTTP/1.1";
  /** Runs the apps. Default: one of the server's own. */
  readonly scheduler?: Scheduler;
  /** How long an app may go on before its blocks are handed over. Default 1 ms; 0: at once. */
  readonly burst?: Duration;
  /** How much of anything is accepted. */
  readonly limits?: Partial<Limits>;
  /** How long each phase of a connection may take. */
  readonly timeouts?: Partial<Timeouts>;
  /** Called when the server listens. */
  readonly onListen?: (server: WSGIServer) => void;
  /** Hears of each error of an app, before it is logged; what it throws is logged too. */
  readonly onError?: (error: unknown, environ: Environ | undefined) => void;
  /** Takes each line of the error log. Default: standard error. */
  readonly log?: (line: string) => void;
  /** Aborting it begins a graceful shutdown. */
  readonly signal?: AbortSignal;
}

const KNOWN = new Set<string>([
  "wsgiApp",
  "bindAddr",
  "serverName",
  "requestQueueSize",
  "tls",
  "protocol",
  "scheduler",
  "adapter",
  "burst",
  "limits",
  "timeouts",
  "onListen",
  "onError",
  "log",
  "signal",
]);

/** Options with every default filled in. */
export interface Settings {
  readonly app: WSGIApp;
  readonly bind: ListenAddress;
  readonly adapter: Adapter;
  readonly scheduler: Scheduler;
  readonly serverName: string;
  readonly backlog: number | undefined;
  readonly tls: ListenTLSOptions | undefined;
  readonly protocol: "HTTP/1.0" | "HTTP/1.1";
  /** In milliseconds. */
  readonly burstMs: number;
  readonly limits: Limits;
  readonly parserLimits: ParserLimits;
  readonly timeouts: Milliseconds;
  readonly log: (line: string) => void;
  /** Takes an error of an app or of a coroutine to `onError` and the log. */
  readonly report: (error: unknown, environ?: Environ) => void;
}

/**
 * Checks options and fills in what they leave out.
 *
 * @throws {TypeError} For an option that is unknown or of the wrong kind.
 * @throws {RangeError} For a number outside its range.
 */
export function resolveOptions(options: ServerOptions, adapter: Adapter): Settings {
  checkNames(options);
  const log = forgiving(options.log ?? ((line: string) => adapter.log(line)));
  const report = reporter(options, log);
  const limits = completeLimits(options.limits ?? {});
  const bind = parseBindAddress(options.bindAddr ?? ["127.0.0.1", 8000]);
  return {
    app: resolveApp(options.wsgiApp),
    bind,
    adapter,
    scheduler: options.scheduler ??
      new Scheduler({
        clock: adapter.clock,
        onError: (error, task) => {
          log(`Coroutine ${task.name} failed`);
          report(error);
        },
      }),
    serverName: options.serverName ?? adapter.hostName(),
    backlog: resolveBacklog(options.requestQueueSize),
    tls: resolveTlsAt(bind, options.tls),
    protocol: resolveProtocol(options.protocol),
    burstMs: toMilliseconds(options.burst ?? 0.001),
    limits,
    parserLimits: parserLimits(limits),
    timeouts: resolveTimeouts(options.timeouts ?? {}),
    log,
    report,
  };
}

/** A misspelt or missing option must not be taken for granted, `tls` least of all. */
function checkNames(options: ServerOptions): void {
  for (const name of Object.keys(options)) {
    if (!KNOWN.has(name)) {
      throw new TypeError(`Unknown option "${name}": expected one of ${[...KNOWN].join(", ")}`);
    }
  }
}

function resolveApp(app: WSGIApp | Mounts): WSGIApp {
  if (typeof app === "function") return app;
  if (typeof app === "object" && app !== null) return WSGIPathInfoDispatcher(app);
  throw new TypeError("wsgiApp is missing: expected a function, or path prefixes and functions");
}

function resolveBacklog(backlog: number | undefined): number | undefined {
  if (backlog === undefined || Number.isInteger(backlog) && backlog > 0) return backlog;
  throw new RangeError(`requestQueueSize is ${backlog}: expected a whole number above 0`);
}

function resolveTlsAt(bind: ListenAddress, tls: TLSOptions | undefined): Settings["tls"] {
  if (tls === undefined) return undefined;
  if (!("path" in bind)) return resolveTls(tls);
  throw new TypeError("tls is of no use on a Unix socket: leave it out, or bind [host, port]");
}

function resolveProtocol(protocol: unknown): "HTTP/1.0" | "HTTP/1.1" {
  if (protocol === undefined) return "HTTP/1.1";
  if (protocol === "HTTP/1.0" || protocol === "HTTP/1.1") return protocol;
  throw new TypeError(`protocol is ${String(protocol)}: expected "HTTP/1.1" or "HTTP/1.0"`);
}

/** A log that fails, as one on a full disk does, must not bring down what it was told of. */
function forgiving(log: (line: string) => void): (line: string) => void {
  return (line) => {
    try {
      log(line);
    } catch {
      // There is nobody to tell.
    }
  };
}

function reporter(options: ServerOptions, log: (line: string) => void): Settings["report"] {
  return (error, environ) => {
    try {
      options.onError?.(error, environ);
    } catch (own) {
      log(`onError threw ${describeError(own)}`);
    }
    const where = environ === undefined
      ? ""
      : `${String(environ.REQUEST_METHOD)} ${String(environ.REQUEST_URI)} failed: `;
    log(where + describeError(error));
  };
}
