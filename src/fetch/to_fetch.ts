/**
 * A fetch handler of a WSGI app, for a server such as `Deno.serve`.
 *
 * The app runs on the engine, over a network in memory: each `Request` is a connection of its own there, so that
 * limits, deadlines, disconnects and the order of `close()` are those of a server on a socket. The server speaks
 * HTTP/1.0 inside, whose responses need no decoding: the end of the connection ends the body.
 *
 * @module
 */

import { memoryNetwork } from "../../adapters/memory.ts";
import { runtimeAdapter } from "../../mod.ts";
import {
  checkNames,
  type HostAsyncDisposable,
  optionError,
  refuseSurplus,
} from "../coroutine/mod.ts";
import { type ServingOptions, type ShutdownOptions, WSGIServer } from "../server/mod.ts";
import { checkApp, type Environ, type WSGIApp } from "../wsgi/mod.ts";
import { type ConnectClient, exchange } from "./memory_exchange.ts";
import { OwnResponse } from "./own_response.ts";

/** The options of `serve` that have a meaning behind another server. */
export type ToFetchOptions = Omit<
  ServingOptions,
  "wsgiApp" | "bindAddr" | "adapter" | "tls" | "protocol" | "scheduler" | "requestQueueSize"
>;

/** Takes the requests of a server. `await using` of it calls {@linkcode AppFetch.shutdown}. */
export interface AppFetch extends HostAsyncDisposable {
  /** Answers a request. After the beginning of a shutdown, the answer is a 503. */
  (request: Request, info?: unknown): Promise<Response>;
  /**
   * Begins a shutdown, as that of `serve` does: `environ.cogen.stopping` aborts, and requests that run may
   * end within the grace period. The server around this handler has a shutdown of its own.
   *
   * @param options The grace period.
   * @returns A promise of the end of all requests.
   */
  shutdown(options?: ShutdownOptions): Promise<void>;
}

const OPTIONS: readonly (keyof ToFetchOptions)[] = [
  ...["serverName", "serverHeader", "burst", "limits", "timeouts"] as const,
  ...["onError", "onRefused", "log"] as const,
];

const ADDRESS = { host: "127.0.0.1", port: 80 };

/**
 * Makes a fetch handler of a WSGI app, for `Deno.serve`, `Bun.serve`, `@hono/node-server` and others.
 *
 * - Bodies stream both ways with backpressure. A response with a `Content-Length` of at most 64 KiB is whole.
 * - `environ.cogen.signal` aborts, and the app is closed, if `request.signal` aborts or the body of the response
 *   is cancelled before its end.
 * - `REMOTE_ADDR` and `REMOTE_PORT` come from the second argument of the three servers above; without one,
 *   they are empty. `SERVER_NAME` and `SERVER_PORT` come from the URL.
 * - `shutdown()` of the handler ends the app's requests as the shutdown of a server does.
 * - Upgrades, 103 and trailers have no place in a `Response`: they are not sent.
 *
 * @param app The app.
 * @param options Limits, deadlines, and the log.
 * @returns The handler. Its promise rejects with the reason of `request.signal` if that aborts first, and with a
 *   `TypeError` if its argument is no `Request`, or the body of the request was read already, gives pieces that are
 *   no bytes, or has another length than its `Content-Length`.
 * @throws {TypeError} If the app is no function, or an option is unknown or of the wrong kind.
 * @throws {RangeError} For a number outside its range.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { toFetch } from "@x/cogen-wsgi/fetch";
 *
 * const handler = toFetch((environ, startResponse) => {
 *   startResponse("200 OK", [["Content-Type", "text/plain"]]);
 *   return [`Hello from ${environ.PATH_INFO}`];
 * });
 * // Deno.serve(handler), or Bun.serve({ fetch: handler })
 * const response = await handler(new Request("http://localhost/a"));
 * assertEquals(await response.text(), "Hello from /a");
 * ```
 */
export function toFetch(app: WSGIApp, options: ToFetchOptions = {}): AppFetch {
  if (arguments.length > 2) refuseSurplus("toFetch", arguments, 2);
  checkAppOf(app);
  options = checkNames("The options of toFetch", options, OPTIONS, {
    complaint: "Unknown option of toFetch",
  });
  // This server checks the options. The server that listens begins with the first request.
  const unused = new WSGIServer({ ...options, wsgiApp: app, adapter: memoryNetwork().adapter });
  const origins = new Map<string, Origin>();
  const wsgiApp: WSGIApp = (environ, startResponse) => {
    describeOrigin(environ, origins.get(environ.REMOTE_PORT));
    return app(environ, startResponse);
  };
  let serving: Promise<Serving> | undefined;
  let isStopping = false;
  const answer = async (request: Request, info?: unknown) => {
    checkRequest(request);
    if (isStopping) return new OwnResponse("503 Service Unavailable\n", { status: 503 });
    serving ??= begin(wsgiApp, options);
    const { connect } = await serving;
    const url = new URL(request.url);
    // Code of the server, which may throw: no connection may be open yet.
    const origin = { url, ...clientOf(request, info) };
    return await exchange(request, url, (open) => {
      const socket = connect(open);
      const { local } = socket;
      const port = local.family === "unix" ? "" : `${local.port}`;
      origins.set(port, origin);
      return [socket, () => void origins.delete(port)];
    });
  };
  const shutdown = async (grace?: ShutdownOptions) => {
    isStopping = true;
    await ((await serving)?.server ?? unused).shutdown(grace);
  };
  const disposal = Symbol.asyncDispose === undefined
    ? {}
    : { [Symbol.asyncDispose]: () => shutdown() };
  return Object.assign(answer, { shutdown }, disposal) as unknown as AppFetch;
}

function checkAppOf(app: unknown): void {
  if (typeof app === "function") return checkApp("The app of toFetch", app, WSGI_APP);
  const { fetch, wsgiApp, "/": root } = Object(app) as Readonly<Record<string, unknown>>;
  const isMounts = typeof root === "function";
  const advice = typeof fetch === "function"
    ? "; an object with fetch needs no toFetch"
    : typeof wsgiApp === "function"
    ? "; write toFetch(app, options)"
    : isMounts
    ? "; write toFetch(WSGIPathInfoDispatcher(mounts))"
    : "";
  throw optionError("The app of toFetch", app, `${WSGI_APP}${advice}`);
}

const WSGI_APP = "a WSGI app, which is a function (environ, startResponse)";

/** Checks the argument of a handler: other servers and frameworks call theirs with an event or a context. */
function checkRequest(given: unknown): void {
  if (isRequest(given)) return;
  const { request, req } = Object(given) as Readonly<Record<string, unknown>>;
  const advice = typeof given === "string" || given instanceof URL
    ? "; write handler(new Request(url))"
    : isRequest(request)
    ? "; write handler(event.request)"
    : isRequest((Object(req) as { readonly raw?: unknown }).raw)
    ? "; write handler(context.req.raw)"
    : isRequest(req)
    ? "; write handler(event.req)"
    : "";
  throw optionError("The argument of a handler of toFetch", given, `a Request${advice}`);
}

/** A class of its own, as that of `@hono/node-server`, is no instance of the runtime's `Request`. */
function isRequest(given: unknown): boolean {
  const { url, method, headers, signal } = Object(given) as Partial<Request>;
  return typeof url === "string" && typeof method === "string" &&
    typeof headers?.get === "function" && typeof signal?.throwIfAborted === "function";
}

/** The server of an app in memory. */
interface Serving {
  readonly server: WSGIServer;
  readonly connect: ConnectClient;
}

/** Begins to serve. No connection is open between two requests, so that nothing holds the process. */
async function begin(wsgiApp: WSGIApp, options: ToFetchOptions): Promise<Serving> {
  const { clock, files } = await runtimeAdapter();
  const network = memoryNetwork({ clock, files });
  const server = new WSGIServer({
    ...options,
    wsgiApp,
    bindAddr: [ADDRESS.host, ADDRESS.port],
    protocol: "HTTP/1.0",
    adapter: network.adapter,
  });
  await server.listen();
  return { server, connect: (open) => network.connect(ADDRESS, open) };
}

/** The parts of the environ that the network in memory does not know. */
interface Origin {
  readonly url: URL;
  readonly host: string;
  readonly port: string;
}

function describeOrigin(environ: Environ, origin: Origin | undefined): void {
  if (origin === undefined) return;
  const { url, host, port } = origin;
  const isSecure = url.protocol === "https:";
  environ.REMOTE_ADDR = host;
  environ.REMOTE_PORT = port;
  environ.SERVER_NAME = url.hostname;
  environ.SERVER_PORT = url.port || (isSecure ? "443" : "80");
  environ["wsgi.url_scheme"] = isSecure ? "https" : "http";
}

/** The shapes of the second argument. */
interface HostInfo {
  /** `Deno.serve`. */
  readonly remoteAddr?: { readonly hostname?: string; readonly port?: number };
  /** `Bun.serve`. */
  requestIP?(request: Request): { readonly address: string; readonly port: number } | null;
  /** `@hono/node-server`. */
  readonly incoming?: {
    readonly socket?: { readonly remoteAddress?: string; readonly remotePort?: number };
  };
}

/** The client's address, as the server tells it. */
function clientOf(request: Request, info: unknown): { host: string; port: string } {
  const { remoteAddr, requestIP, incoming } = (info ?? {}) as HostInfo;
  const bun = typeof requestIP === "function" ? requestIP.call(info, request) : undefined;
  const host = remoteAddr?.hostname ?? bun?.address ?? incoming?.socket?.remoteAddress ?? "";
  const port = remoteAddr?.port ?? bun?.port ?? incoming?.socket?.remotePort ?? "";
  return { host, port: `${port}` };
}
