/**
 * The spans of requests, as the SDK of OpenTelemetry exports them into memory.
 *
 * @module
 */

import * as api from "@opentelemetry/api";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import {
  coroutineContextManager,
  openTelemetry,
  type OpenTelemetryOptions,
} from "../../../src/middleware/open_telemetry/mod.ts";
import { testClient } from "../../../src/testing/mod.ts";
import type { WSGIApp } from "../../../src/wsgi/mod.ts";

/** Registers the SDK and the context manager, calls `use`, and takes them away again. */
export async function withSDK(
  use: (exporter: InMemorySpanExporter) => Promise<void>,
): Promise<readonly ReadableSpan[]> {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  api.trace.setGlobalTracerProvider(provider);
  api.context.setGlobalContextManager(coroutineContextManager(api));
  try {
    await use(exporter);
    return exporter.getFinishedSpans();
  } finally {
    api.trace.disable();
    api.context.disable();
    await provider.shutdown();
  }
}

/** The spans of one request. */
export async function spansOf(
  app: WSGIApp,
  { headers = {}, path = "/", method = "GET", ...options }: Partial<OpenTelemetryOptions> & {
    headers?: Readonly<Record<string, string>>;
    path?: string;
    method?: string;
  } = {},
): Promise<readonly ReadableSpan[]> {
  return await withSDK(async () => {
    const wsgiApp = openTelemetry(app, { api, ...options });
    await using client = testClient({ wsgiApp, log: () => {} });
    await client.request(method, path, { headers });
    client.takeErrors();
  });
}

/** Makes a span of the app, as a library of OpenTelemetry does. */
export function work(name: string): void {
  api.trace.getTracer("app").startSpan(name).end();
}

/** The name of each span with that of its parent, in the order of their ends. */
export function parentsOf(spans: readonly ReadableSpan[]): [string, string | undefined][] {
  const names = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
  return spans.map((span) => [span.name, names.get(span.parentSpanContext?.spanId ?? "")]);
}
