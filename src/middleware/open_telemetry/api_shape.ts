/**
 * The part of `@opentelemetry/api` 1.9 that the middleware calls, as types.
 *
 * The module of the API is given by its user and fits these shapes. So this package imports nothing of it, and
 * its types need no other package.
 *
 * @module
 */

/** The value of an attribute. */
export type AttributeShape = string | number | boolean | string[];

/** The ids of a span: `SpanContext` of the API. */
export interface SpanContextShape {
  /** 32 hexadecimal digits. */
  traceId: string;
  /** 16 hexadecimal digits. */
  spanId: string;
  /** Bit 0 says that the trace is recorded. */
  traceFlags: number;
  /** Whether the span is of another process. */
  isRemote?: boolean;
}

/** A span: `Span` of the API. */
export interface SpanShape {
  /** Gives the ids. */
  spanContext(): SpanContextShape;
  /** Sets an attribute. */
  setAttribute(key: string, value: AttributeShape): unknown;
  /** Sets the status; the code 2 is an error. */
  setStatus(status: { code: number; message?: string }): unknown;
  /** Adds an event about an error. */
  recordException(exception: Error | string): void;
  /** Ends the span, now or at a time in milliseconds since 1970. */
  end(endTime?: number): void;
}

/** A context: `Context` of the API. */
export interface ContextShape {
  /** Reads a value. */
  getValue(key: symbol): unknown;
  /** Gives a context with a further value. */
  setValue(key: symbol, value: unknown): ContextShape;
  /** Gives a context without a value. */
  deleteValue(key: symbol): ContextShape;
}

/** Makes spans: `Tracer` of the API. */
export interface TracerShape {
  /** Begins a span. */
  startSpan(
    name: string,
    options?: { kind?: number; attributes?: Record<string, AttributeShape>; startTime?: number },
    context?: ContextShape,
  ): SpanShape;
}

/** Reads the fields of a request: `TextMapGetter` of the API. */
export interface GetterShape {
  /** Lists the names of the fields. */
  keys(carrier: unknown): string[];
  /** Reads a field. */
  get(carrier: unknown, key: string): string | undefined;
}

/** The module `@opentelemetry/api`, as far as it is called. */
export interface OpenTelemetryAPI {
  /** The context without values. */
  readonly ROOT_CONTEXT: ContextShape;
  /** Tracers and spans. */
  readonly trace: {
    /** Gives the tracer of a package. */
    getTracer(name: string): TracerShape;
    /** Gives a context with a span. */
    setSpan(context: ContextShape, span: SpanShape): ContextShape;
    /** Gives a context with the span of another process. */
    setSpanContext(context: ContextShape, spanContext: SpanContextShape): ContextShape;
  };
  /** The fields that carry a trace from process to process. */
  readonly propagation: {
    /** The names of the fields. */
    fields(): string[];
    /** Reads the fields of a request. */
    extract(context: ContextShape, carrier: unknown, getter: GetterShape): ContextShape;
  };
}
