/**
 * The context of OpenTelemetry in coroutines, without `AsyncLocalStorage`: a value of each coroutine, inherited
 * by its children.
 *
 * Code that runs in no coroutine, such as a callback of the runtime or an app after an `await`, has no such
 * value. `contextOf(environ)` gives it the context of the request.
 *
 * The middleware and its users call these functions.
 *
 * @module
 */

import { local, optionError } from "../../coroutine/mod.ts";
import { checkEnviron, type Environ } from "../../wsgi/mod.ts";
import { checkCallback } from "../option_checks.ts";
import type { ContextShape, OpenTelemetryAPI, SpanShape } from "./api_shape.ts";

/** The context of each coroutine. */
const contexts = local<ContextShape | undefined>(undefined);

/** The key of the context in the environ. */
const KEY = "opentelemetry.context";

/** The context of a `with` outside of coroutines. It lasts for one synchronous call. */
let entered: ContextShape | undefined;

/** Gives a context to the request of an environ, and to the coroutine that runs. @returns Whether one runs. */
export function handOver(environ: Environ, context: ContextShape): boolean {
  environ[KEY] = context;
  return setInCoroutine(context);
}

/** Sets the context of the coroutine that runs. @returns Whether a coroutine runs. */
function setInCoroutine(context: ContextShape | undefined): boolean {
  try {
    contexts.value = context;
    return true;
  } catch {
    return false;
  }
}

/**
 * Gives the context of a request, with its server span, for async apps: after an `await`, no coroutine runs.
 *
 * @param environ The environ, or a copy of it.
 * @returns The context, as `tracer.startSpan(name, {}, context)` takes it; `undefined` without `openTelemetry`.
 */
export function contextOf<Context = ContextShape>(environ: Environ): Context | undefined {
  checkEnviron("contextOf", environ);
  return environ[KEY] as Context | undefined;
}

/** A context manager: `ContextManager` of the API. */
export interface CoroutineContextManager {
  /** Gives the context of the coroutine that runs, or that of the innermost `with`. */
  active<Context = ContextShape>(): Context;
  /** Calls a function with another context. */
  with<A extends unknown[], R>(
    context: ContextShape,
    fn: (...args: A) => R,
    thisArg?: unknown,
    ...args: A
  ): R;
  /** Gives a function that calls `target` with a context; another target stays as it is. */
  bind<T>(context: ContextShape, target: T): T;
  /** Does nothing. */
  enable(): this;
  /** Does nothing. */
  disable(): this;
}

/**
 * Makes the context manager for coroutines: with it, `trace.getActiveSpan()` and libraries of OpenTelemetry
 * find the span in every step of a generator app, and in the coroutines that it adds.
 *
 * @param api The module `@opentelemetry/api`.
 * @returns The argument of `context.setGlobalContextManager`.
 *
 * @example
 * ```ts
 * import * as api from "@opentelemetry/api";
 * import { coroutineContextManager } from "@x/cogen-wsgi/middleware/opentelemetry";
 *
 * api.context.setGlobalContextManager(coroutineContextManager(api));
 * console.log(api.trace.getActiveSpan());
 * api.context.disable();
 * ```
 * ```text
 * undefined
 * ```
 */
export function coroutineContextManager(
  api: Pick<OpenTelemetryAPI, "ROOT_CONTEXT">,
): CoroutineContextManager {
  if ((Object(api) as { ROOT_CONTEXT?: unknown }).ROOT_CONTEXT === undefined) {
    throw optionError("api of coroutineContextManager", api, API);
  }
  const active = () => contexts.value ?? entered ?? api.ROOT_CONTEXT;
  const manager: CoroutineContextManager = {
    active: <Context>() => active() as Context,
    with(context, fn, thisArg, ...args) {
      const outer = contexts.value;
      const outerEntered = entered;
      const isCoroutine = setInCoroutine(context);
      if (!isCoroutine) entered = context;
      try {
        return fn.apply(thisArg, args);
      } finally {
        if (isCoroutine) setInCoroutine(outer);
        else entered = outerEntered;
      }
    },
    bind<T>(context: ContextShape, target: T): T {
      if (typeof target !== "function") return target;
      const fn = target as unknown as (...args: unknown[]) => unknown;
      return function (this: unknown, ...args: unknown[]) {
        return manager.with(context, fn, this, ...args);
      } as unknown as T;
    },
    enable: () => manager,
    disable: () => manager,
  };
  return manager;
}

/**
 * Runs a part of a generator app in a span: `yield* inSpan(api, "load", function* (span) { ... })`.
 *
 * The span is the child of the span of the coroutine. Spans that are made inside are its children. An error that
 * leaves the part is recorded. The span ends with the part, also if the request is cancelled.
 *
 * @param api The module `@opentelemetry/api`.
 * @param name The name of the span.
 * @param part The part: a function of a generator, which may yield as the app does.
 * @returns A generator that gives the value of the part.
 */
export function* inSpan<T, Y>(
  api: OpenTelemetryAPI,
  name: string,
  part: (span: SpanShape) => Generator<Y, T, unknown>,
): Generator<Y, T, unknown> {
  checkApi("inSpan", api);
  if (typeof name !== "string") throw optionError("name of inSpan", name, "the name of a span");
  checkCallback("inSpan", "part", part);
  const outer = contexts.value;
  const from = outer ?? api.ROOT_CONTEXT;
  const span = api.trace.getTracer(TRACER).startSpan(name, {}, from);
  setInCoroutine(api.trace.setSpan(from, span));
  try {
    return yield* part(span);
  } catch (error) {
    recordError(span, error);
    throw error;
  } finally {
    setInCoroutine(outer);
    span.end();
  }
}

/** @throws {TypeError} If a value is not the module of the API. */
export function checkApi(of: string, api: unknown): void {
  const { trace, propagation } = Object(api) as Partial<OpenTelemetryAPI>;
  const isApi = typeof trace?.getTracer === "function" &&
    typeof propagation?.extract === "function";
  if (!isApi) throw optionError(`api of ${of}`, api, API);
}

const API = "the module @opentelemetry/api";

/** The name of the tracer. */
export const TRACER = "cogen-wsgi";

/** `SpanStatusCode.ERROR` of the API. */
const ERROR = 2;

/**
 * Gives a span the status of an error, with an event about it.
 *
 * @returns The name of the error.
 */
export function recordError(span: SpanShape, error: unknown): string {
  span.setStatus({ code: ERROR });
  try {
    if (error instanceof Error) {
      span.recordException(error);
      return error.name;
    }
    span.recordException(String(error));
  } catch {
    // An app may throw a value that cannot be read.
  }
  return typeof error;
}

/** Gives a span the status of an error. */
export function setError(span: SpanShape): void {
  span.setStatus({ code: ERROR });
}
