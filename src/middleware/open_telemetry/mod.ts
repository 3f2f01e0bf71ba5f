/**
 * The middleware for traces of OpenTelemetry. Its user gives the module `@opentelemetry/api`, an optional peer.
 *
 * It has a subpath of its own, and nothing else of this package loads it.
 *
 * @module
 */

export type {
  AttributeShape,
  ContextShape,
  GetterShape,
  OpenTelemetryAPI,
  SpanContextShape,
  SpanShape,
  TracerShape,
} from "./api_shape.ts";
export {
  contextOf,
  type CoroutineContextManager,
  coroutineContextManager,
  inSpan,
} from "./context.ts";
export { openTelemetry, type OpenTelemetryOptions } from "./open_telemetry.ts";
