/**
 * This middleware makes a server span of each request, by `@opentelemetry/api`.
 *
 * The span ends when the response is finished, as `environ.cogen.onFinished` tells: not with the call of the app.
 *
 * @module
 */

import {
  checkOption,
  type Duration,
  optionError,
  refuseSurplus,
  toMilliseconds,
} from "../../coroutine/mod.ts";
import { knownMethod } from "../../http/mod.ts";
import {
  type AppWait,
  type Environ,
  type ResponseReport,
  ServerReadable,
  type WSGIApp,
} from "../../wsgi/mod.ts";
import { delegate } from "../delegate.ts";
import { checkApp, checkCallback, checkOptionNames } from "../option_checks.ts";
import { traceParentOf } from "../trace_parent.ts";
import type { ContextShape, GetterShape, OpenTelemetryAPI, SpanShape } from "./api_shape.ts";
import { requestAttributes } from "./attributes.ts";
import { checkApi, handOver, recordError, setError, TRACER } from "./context.ts";

/** Options of {@linkcode openTelemetry}. */
export interface OpenTelemetryOptions {
  /** The module: `import * as api from "@opentelemetry/api"`. */
  readonly api: OpenTelemetryAPI;
  /**
   * Whether the trace of the request is continued: by the propagator of the program; without one, by the
   * field `traceparent`. Default `true`; write `false` if clients reach the server without a proxy of yours,
   * because the caller decides which traces are recorded.
   */
  readonly fromRequest?: boolean;
  /**
   * Gives the route of a request, such as `/users/:id`, for the name of the span and for `http.route`. The
   * routes of an app must be few. Default: no route.
   */
  readonly route?: (environ: Environ) => string | undefined;
  /** Makes a span of each wait of the app that takes this time or longer. Default: no such spans. */
  readonly slowWait?: Duration;
}

/** `SpanKind.SERVER` of the API. */
const SERVER = 1;

/**
 * Makes a server span of each request, with the stable attributes of the semantic conventions.
 *
 * The span is the parent of the spans that the app makes: in a generator app by the coroutine, through `yield` and
 * `yield*`, with {@linkcode coroutineContextManager}; in an async app by {@linkcode contextOf}. It ends when the
 * socket has taken the last byte of the response. A status from 500 on and a response that the server cut are
 * errors; a client that left is none. The error of the app is an event of the span. `environ.cogen.traceId` has
 * the id of the trace, which the access log writes.
 *
 * @param app The app.
 * @param options The module of the API, and what to record.
 * @returns The app with spans.
 * @throws {TypeError} If the app is no function, or an option is unknown or of the wrong kind.
 * @throws {RangeError} If `slowWait` is negative.
 */
export function openTelemetry(app: WSGIApp, options: OpenTelemetryOptions): WSGIApp {
  if (arguments.length > 2) refuseSurplus("openTelemetry", arguments, 2);
  checkApp("openTelemetry", app);
  options = checkOptionNames("openTelemetry", options, ["api", "fromRequest", "route", "slowWait"]);
  const { api, fromRequest = true, route, slowWait } = options;
  checkApi("openTelemetry", api);
  checkOption("fromRequest of openTelemetry", fromRequest, "boolean");
  if (route !== undefined) checkCallback("openTelemetry", "route", route);
  const slowMs = slowWait === undefined ? Infinity : toMilliseconds(slowWait, "slowWait");
  return (environ, startResponse) => {
    const { cogen } = environ;
    const parent = fromRequest ? parentOf(api, environ) : api.ROOT_CONTEXT;
    const path = attempt(() => checkedRoute(route?.(environ)));
    const span = beginSpan(api, environ, path.value, parent);
    const context = api.trace.setSpan(parent, span);
    cogen.traceId = span.spanContext().traceId;
    cogen.onFinished((report) => endSpan(span, report));
    if (slowMs < Infinity) {
      cogen.onWait((wait) => {
        if (wait.endedAtMs - wait.beganAtMs >= slowMs) addWait(api, context, wait);
      });
    }
    const isInCoroutine = handOver(environ, context);
    if (path.failed) throw path.error;
    if (isInCoroutine) return app(environ, startResponse);
    // A middleware around this one has waited for a promise. The coroutine of the app makes the first step.
    return new ServerReadable(function* (reader) {
      handOver(environ, context);
      yield* delegate(app, environ, startResponse, reader);
    });
  };
}

/** A value, or the error that came in its place. */
type Attempt<T> =
  | { readonly failed: false; readonly value: T }
  | { readonly failed: true; readonly value: undefined; readonly error: unknown };

/** Calls a function whose error is thrown once the span has begun, so that the span records it. */
function attempt<T>(get: () => T): Attempt<T> {
  try {
    return { failed: false, value: get() };
  } catch (error) {
    return { failed: true, value: undefined, error };
  }
}

function checkedRoute(route: unknown): string | undefined {
  if (route === undefined || typeof route === "string") return route;
  throw optionError("The result of route", route, "a string, or undefined");
}

const GETTER: GetterShape = {
  keys: (carrier) =>
    Object.keys(carrier as Environ).filter((key) => key.startsWith("HTTP_"))
      .map((key) => key.slice("HTTP_".length).toLowerCase().replaceAll("_", "-")),
  get: (carrier, key) => (carrier as Environ)[`HTTP_${key.toUpperCase().replaceAll("-", "_")}`],
};

/** The context of the caller. A program without a propagator gets that of `traceparent`. */
function parentOf(api: OpenTelemetryAPI, environ: Environ): ContextShape {
  const { ROOT_CONTEXT, propagation, trace } = api;
  if (propagation.fields().length > 0) return propagation.extract(ROOT_CONTEXT, environ, GETTER);
  const parent = traceParentOf(environ);
  if (parent === undefined) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: true });
}

function beginSpan(
  { trace }: OpenTelemetryAPI,
  environ: Environ,
  route: string | undefined,
  parent: ContextShape,
): SpanShape {
  const method = knownMethod(environ.REQUEST_METHOD);
  const verb = method === "_OTHER" ? "HTTP" : method;
  const attributes = requestAttributes(environ);
  if (route !== undefined) attributes["http.route"] = route;
  const name = route === undefined ? verb : `${verb} ${route}`;
  return trace.getTracer(TRACER).startSpan(name, { kind: SERVER, attributes }, parent);
}

function endSpan(span: SpanShape, { status, outcome, error }: ResponseReport): void {
  if (status !== undefined) span.setAttribute("http.response.status_code", status);
  if (outcome !== "complete") span.setAttribute("cogen_wsgi.response.outcome", outcome);
  const isFault = outcome === "cut" || (outcome === "complete" && (status ?? 0) >= 500);
  if (error !== undefined) span.setAttribute("error.type", recordError(span, error));
  else if (isFault) {
    span.setAttribute("error.type", outcome === "cut" ? outcome : String(status));
    setError(span);
  }
  span.end();
}

/** The clock of the scheduler counts from any time, so the times are counted back from now. */
function addWait(api: OpenTelemetryAPI, context: ContextShape, wait: AppWait): void {
  const { operation, beganAtMs, endedAtMs } = wait;
  const endTime = Date.now();
  const startTime = endTime - (endedAtMs - beganAtMs);
  // The names of spans must be few: the arguments of the operation are in the attribute.
  const name = `wait ${operation.replace(/\(.*/s, "")}`;
  const attributes = { "cogen_wsgi.operation": operation };
  api.trace.getTracer(TRACER).startSpan(name, { attributes, startTime }, context).end(endTime);
}
