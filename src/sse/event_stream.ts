/**
 * The stream of events of one request.
 *
 * The stream is a generator that an app returns. It waits for one of three ends: an event, the time of a
 * heartbeat, and the beginning of a shutdown.
 *
 * Apps call this.
 *
 * @module
 */

import {
  checkNames,
  type Duration,
  type Operation,
  operation,
  optionError,
  race,
  toMilliseconds,
  until,
} from "../coroutine/mod.ts";
import {
  type Block,
  checkEnviron,
  type Cogen,
  type Environ,
  type HeaderList,
  isPromise,
  type StartResponse,
} from "../wsgi/mod.ts";
import { EventChannel } from "./event_channel.ts";
import { type EventFields, retryLine } from "./event_format.ts";
import type { Feed } from "./feed.ts";
import { lastEventId } from "./last_event_id.ts";
import { SourceFeed } from "./source_feed.ts";
import { EventSubscription } from "./subscription.ts";

/** The values that a source yields: an event, its data alone, or a wait. `""` and `undefined` are no event. */
export type SourceYield =
  | string
  | EventFields
  | Operation<unknown>
  | PromiseLike<unknown>
  | undefined;

/**
 * The origin of the events of a stream: a channel or a subscription, a generator of events, another iterable,
 * or an async one. `null` means that there is nothing more for this client: 204 tells it not to come back.
 */
export type EventStreamSource =
  | EventChannel
  | EventSubscription
  | Iterable<SourceYield, unknown, unknown>
  | AsyncIterable<SourceYield, unknown, unknown>
  | null;

/** The options of a stream of events. */
export interface EventStreamOptions {
  /** The time without an event after which a comment is sent. Default: 15 seconds; `Infinity` for never. */
  readonly heartbeat?: Duration;
  /**
   * The time after which a client comes back when its connection has ended. Each stream has a random time of
   * half to one and a half of it. Default: 3 seconds.
   */
  readonly retry?: Duration;
  /**
   * When the server shuts down, each client comes back at a random time within this duration, after `retry`.
   * Default: 5 seconds.
   */
  readonly spread?: Duration;
  /** More header fields. A field of the same name replaces the one of the stream. */
  readonly headers?: HeaderList;
}

const OPTIONS: readonly string[] = ["heartbeat", "retry", "spread", "headers"];

const HEADERS: HeaderList = [
  ["Content-Type", "text/event-stream"],
  ["Cache-Control", "no-store, no-transform"],
  ["X-Accel-Buffering", "no"],
];

/** A comment without text. */
const HEARTBEAT = ":\n\n";

/**
 * Answers a request with a stream of events.
 *
 * The stream ends when the source ends; the browser then comes back, until it gets a 204. When a shutdown of
 * the server begins, the stream sends the events that are ready, tells the client when to come back, and ends.
 * The `finally` of the source runs when the stream ends for any reason.
 *
 * A source waits with `yield* operation`, `yield operation` or `await environ.cogen.run(operation)`. It is a
 * coroutine of its own; so cogen's style, `yield environ.cogen.core...`, is not for sources.
 *
 * @param environ The environ of the request.
 * @param startResponse The `startResponse` of the request. The stream calls it.
 * @param source The events.
 * @param options The heartbeat, the times of coming back, more headers.
 * @returns The body: return it from the app, or `yield*` it in a generator.
 * @throws {TypeError} If an option or the source is of a wrong kind.
 * @throws {RangeError} If a time is negative, or `retry` or `spread` is endless, or `heartbeat` is 0.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { serve, Sleep } from "@x/cogen-wsgi";
 * import { eventStream } from "@x/cogen-wsgi/sse";
 *
 * function* countdown() {
 *   for (let left = 3; left > 0; left--) {
 *     yield { event: "left", data: String(left) };
 *     yield* Sleep(0.01);
 *   }
 * }
 *
 * await using server = await serve({
 *   bindAddr: ["127.0.0.1", 0],
 *   wsgiApp: (environ, startResponse) => eventStream(environ, startResponse, countdown()),
 * });
 * const text = await (await fetch(server.url)).text();
 * assertEquals(text.match(/data: \d/g), ["data: 3", "data: 2", "data: 1"]);
 * ```
 */
export function eventStream(
  environ: Environ,
  startResponse: StartResponse,
  source: EventStreamSource,
  options: EventStreamOptions = {},
): Generator<Block, void, unknown> {
  checkEnviron("eventStream", environ);
  options = checkNames("eventStream", options, OPTIONS);
  const { heartbeat = 15, retry = 3, spread = 5, headers = [] } = options;
  const times = {
    heartbeatMs: toMilliseconds(heartbeat, "heartbeat of eventStream"),
    retryMs: toMilliseconds(retry, "retry of eventStream"),
    spreadMs: toMilliseconds(spread, "spread of eventStream"),
  };
  checkTimes(times);
  const open = opening(environ, source);
  return stream(environ, startResponse, { open, times, headers: withDefaults(headers) });
}

/** The times of a stream, in milliseconds. */
interface Times {
  readonly heartbeatMs: number;
  readonly retryMs: number;
  readonly spreadMs: number;
}

interface StreamSettings {
  /** Opens the feed; `undefined` if there is nothing more for the client. */
  readonly open: () => Feed | undefined;
  readonly times: Times;
  readonly headers: HeaderList;
}

function* stream(
  { cogen, REQUEST_METHOD }: Environ,
  startResponse: StartResponse,
  { open, times, headers }: StreamSettings,
): Generator<Block, void, unknown> {
  const feed = open();
  if (feed === undefined) {
    startResponse("204 No Content", headers.filter(([name]) => !/^content-type$/i.test(name)));
    return;
  }
  try {
    startResponse("200 OK", headers);
    if (REQUEST_METHOD === "HEAD") return;
    yield retryLine(times.retryMs * (0.5 + Math.random())) + (feed.place() ?? "\n");
    yield* pass(feed, cogen, times);
  } finally {
    const closing = feed.close();
    if (closing !== undefined) yield* cogen.wait(closing);
  }
}

/** Passes the events on, and fills the pauses between them. */
function* pass(feed: Feed, cogen: Cogen, times: Times): Generator<Block, void, unknown> {
  const { clock } = cogen.scheduler;
  let writtenAt = clock.now();
  const pause = operation<void>((resume) => {
    const pauseMs = writtenAt + times.heartbeatMs - clock.now();
    if (pauseMs <= 0) resume.value();
    else if (pauseMs < Infinity) resume.setDeadline(pauseMs, () => resume.value());
  }, "heartbeat");
  const news = race([feed.ready(), cogen.untilStopping(), pause]);
  for (;;) {
    yield* cogen.wait(news);
    const { isStopping } = cogen;
    let isIdle = true;
    for (let event; (event = feed.take()) !== undefined; isIdle = false) yield event;
    if (feed.ended) return;
    if (isStopping) {
      yield `${retryLine(times.retryMs + Math.random() * times.spreadMs)}\n`;
      return;
    }
    if (isIdle) {
      // Events that a filter leaves out end the wait, too. They do not put the heartbeat off.
      if (clock.now() - writtenAt < times.heartbeatMs) continue;
      yield feed.place() ?? HEARTBEAT;
    }
    writtenAt = clock.now();
  }
}

function checkTimes({ heartbeatMs, retryMs, spreadMs }: Times): void {
  if (heartbeatMs === 0) {
    throw new RangeError("heartbeat of eventStream is 0: expected more than 0");
  }
  const endless = retryMs === Infinity ? "retry" : spreadMs === Infinity ? "spread" : undefined;
  if (endless === undefined) return;
  throw new RangeError(`${endless} of eventStream is endless: expected a finite time`);
}

/** Checks a source, and gives the function that opens its feed. */
function opening(environ: Environ, source: EventStreamSource): () => Feed | undefined {
  if (source === null) return () => undefined;
  if (source instanceof EventChannel) return opening(environ, source.subscribe());
  if (source instanceof EventSubscription) return () => source.open(lastEventId(environ));
  if (typeof source === "function") {
    throw optionError("The source of eventStream", source, "its result: call the function");
  }
  const isIterable = typeof source === "object" &&
    (Symbol.iterator in source || Symbol.asyncIterator in source);
  if (!isIterable) {
    const expected = "a channel, a generator of events, another iterable, or null";
    throw optionError("The source of eventStream", source, expected);
  }
  // The promises of an array wait for their turn, and one that rejects before must not end the process.
  if (Array.isArray(source)) source.filter(isPromise).forEach((promise) => until(promise));
  const { cogen } = environ;
  return () => new SourceFeed(source, cogen.scheduler, (error) => cogen.report(error));
}

function withDefaults(headers: HeaderList): HeaderList {
  if (!Array.isArray(headers)) {
    throw optionError("headers of eventStream", headers, "an array of pairs");
  }
  const fault = headers.find((pair) => !Array.isArray(pair));
  if (fault !== undefined) throw optionError("A header of eventStream", fault, "[name, value]");
  const given = new Set(headers.map(([name]) => String(name).toLowerCase()));
  return [...HEADERS.filter(([name]) => !given.has(name.toLowerCase())), ...headers];
}
