/**
 * The requests of a server, as a monitor sees them: the ones that run, and each response at its end.
 *
 * A request that runs is described when it is asked for, so that it costs nothing otherwise. A response
 * is described only if there is a listener.
 *
 * `WSGIServer.requests` and `WSGIServer.onResponse` call this.
 *
 * @module
 */

import type { Task } from "../../coroutine/mod.ts";
import type { ConnectionFacts } from "../../wsgi/environ.ts";
import type { RequestExchange } from "../request_exchange.ts";
import type { ConnectionStateName } from "../connection_state.ts";
import { RESPONSE_KINDS, type ResponseKind } from "./server_stats.ts";

/** A request with an app that has not ended. */
export interface ActiveRequest {
  /** The method. */
  readonly method: string;
  /** The request target, as the client has sent it. */
  readonly target: string;
  /** `http` or `https`. */
  readonly scheme: "http" | "https";
  /** The address of the connection's other end, such as `127.0.0.1:50123`; `unix` for a Unix socket. */
  readonly client: string;
  /** The name of the app, below the mounts of the server; empty if it has none. */
  readonly app: string;
  /** The state of the connection; `gone` if the client has left, and the app is being closed. */
  readonly connection: ConnectionStateName | "gone";
  /** The time since the head of the request was complete, in milliseconds. */
  readonly ageMs: number;
  /** The status that was sent; `undefined` before. */
  readonly status: number | undefined;
  /** The bytes of the request body that have come. */
  readonly receivedBytes: number;
  /** The bytes of the response body that were sent. */
  readonly sentBytes: number;
  /**
   * The coroutines of the request: first that of the app, then those of `environ.cogen.run`. The coroutines that
   * they have added have one of them as a parent. Empty while the app is in its first step.
   */
  readonly tasks: readonly Task<unknown>[];
}

/** A response with an app that has ended. */
export interface ServedResponse {
  /** The method of the request. */
  readonly method: string;
  /** The request target, as the client has sent it. */
  readonly target: string;
  /** `http` or `https`. */
  readonly scheme: "http" | "https";
  /** The minor version of the request: 1 for HTTP/1.1. */
  readonly minorVersion: 0 | 1;
  /** The status that was sent, also by the server in place of the app; `undefined` if none was sent. */
  readonly status: number | undefined;
  /** The class of the status; `left` for a client that left before the end of the response. */
  readonly kind: ResponseKind;
  /** The time from the head of the request to the end of the app, in milliseconds. */
  readonly durationMs: number;
}

/** Takes each response of a server. */
export type ServedListener = (response: ServedResponse) => void;

/** Describes a request with a running app. */
export function describeActive(
  exchange: RequestExchange,
  facts: ConnectionFacts,
  connection: ActiveRequest["connection"],
): ActiveRequest {
  const { head: { method, target }, appName, startedAt, receivedBytes, response } = exchange;
  const { remoteAddress: host, remotePort: port, urlScheme: scheme } = facts;
  const client = port === "" ? "unix" : `${host.includes(":") ? `[${host}]` : host}:${port}`;
  return {
    method,
    target,
    scheme,
    client,
    app: appName,
    connection,
    ageMs: exchange.now() - startedAt,
    status: response.sentCode,
    receivedBytes,
    sentBytes: response.sentBytes,
    tasks: exchange.tasks,
  };
}

/** Describes a response with an app that has ended. */
export function describeServed(
  exchange: RequestExchange,
  { urlScheme }: ConnectionFacts,
): ServedResponse {
  const { head: { method, target, minorVersion }, startedAt } = exchange;
  return {
    method,
    target,
    scheme: urlScheme,
    minorVersion,
    status: exchange.finalStatus,
    kind: RESPONSE_KINDS[exchange.responseKind] as ResponseKind,
    durationMs: exchange.now() - startedAt,
  };
}
