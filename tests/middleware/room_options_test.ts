/** Options and arguments of the rooms above the engine that are of a wrong kind: refused, with the value. */

import { assertRejects, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { memoryNetwork } from "../../adapters/memory.ts";
import { blocking } from "../../src/blocking/mod.ts";
import { connectBus, memoryTransport, openBus, redisTransport } from "../../src/bus/mod.ts";
import { basicAuth, delegate, passThrough, staticFiles } from "../../src/middleware/mod.ts";
import {
  contextOf,
  coroutineContextManager,
  inSpan,
} from "../../src/middleware/open_telemetry/mod.ts";
import { EventChannel, eventStream, lastEventId } from "../../src/sse/mod.ts";
import { formatMetrics, sumMetrics } from "../../src/status/mod.ts";
import { adapterChecks, type RequestOptions, testClient } from "../../src/testing/mod.ts";
import { acceptWebSocket, encodeFrame, MessageReader, Topic } from "../../src/websocket/mod.ts";
import type { WSGIApp } from "../../src/wsgi/mod.ts";

const app: WSGIApp = (_environ, startResponse) => {
  startResponse("204 No Content", []);
  return [];
};

const none = null as never;
const api = { trace: { getTracer() {} }, propagation: { extract() {} } } as never;
const map = new Map() as never;
const promise = () => Promise.reject(new Error("late")) as never;

async function withBus(use: (bus: Awaited<ReturnType<typeof openBus>>) => unknown): Promise<void> {
  const bus = await openBus(memoryTransport());
  try {
    await use(bus);
  } finally {
    await bus.close();
  }
}

/** Calls a method of an object that a test of a stream, a WebSocket or a stream of events has. */
async function onClient(
  kind: "open" | "webSocket" | "events",
  use: (object: Readonly<Record<string, (argument: unknown) => unknown>>) => unknown,
): Promise<void> {
  await using client = testClient(function* (environ, startResponse) {
    if (kind === "webSocket") yield* acceptWebSocket(environ).each(() => {});
    else yield* eventStream(environ, startResponse, ["news"]);
  });
  const object = await client[kind]("/");
  try {
    await use(object as never);
  } finally {
    await object.disconnect();
  }
}

async function request(options: unknown): Promise<void> {
  await using client = testClient(app);
  await client.get("/", options as RequestOptions);
}

/** The error of an app that calls a function. */
async function inApp(call: WSGIApp): Promise<never> {
  const errors: unknown[] = [];
  await using client = testClient({
    wsgiApp: call,
    onError: (error: unknown) => errors.push(error),
  });
  await client.webSocket("/").catch(() => {});
  client.takeErrors();
  throw errors[0];
}

const REFUSED: readonly [call: () => unknown, message: string][] = [
  [() => openBus(memoryTransport(), { scheduler: 5 as never }), "scheduler of openBus is 5"],
  [() => openBus(memoryTransport(), { scheduler: promise() }), "scheduler of openBus is a Promise"],
  [() => memoryTransport({ maxJobs: none }), "maxJobs of memoryTransport is null"],
  [() => redisTransport({} as never, { retention: none }), "retention of redisTransport is null"],
  [() => withBus((bus) => bus.queue("q", { lease: none })), "lease of queue is null"],
  [() => withBus((bus) => bus.topic("t").subscribe({ after: none })), "after of subscribe is null"],
  [() => connectBus("memory:", { load: none }), "load of connectBus is null"],
  [() => new Topic().subscribe({} as never), "The socket of a topic is {}"],
  [() => new Topic().unsubscribe(none), "The socket of a topic is null"],
  [() => new MessageReader(undefined as never), "from of MessageReader is undefined"],
  [() => new MessageReader({ from: "peer" as never }), "from of MessageReader is peer"],
  [() => new MessageReader({ from: "client", maxMessageBytes: "5" as never }), 'Reader is "5"'],
  [
    () => inApp((environ) => acceptWebSocket(environ, { ping: { interval: none } }) as never),
    "interval of ping is null",
  ],
  [
    () => inApp((environ, start) => eventStream(environ, start, [], { headers: [5 as never] })),
    "A header of eventStream is 5",
  ],
  [() => new EventChannel({ history: none }), "history of EventChannel is null"],
  [() => new EventChannel().publish(undefined as never), "The event is undefined: expected a text"],
  [() => new EventChannel().publish(none), "The event is null: expected a text, or fields such as"],
  [() => new EventChannel().eventsAfter(none), "The id of eventsAfter is null: expected the id of"],
  [() => new EventChannel().newsAfter(undefined as never), "The id of newsAfter is undefined"],
  [() => new EventChannel().newsAfter(promise()), "The id of newsAfter is a Promise"],
  [() => withBus((bus) => bus.run(undefined as never)), "The argument of run is undefined"],
  [() => withBus((bus) => bus.run("x" as never)), 'The argument of run is "x": expected an oper'],
  [() => withBus((bus) => bus.run(promise())), "run is a Promise: expected an operation, such as"],
  [() => formatMetrics(undefined as never), "The argument of formatMetrics is undefined"],
  [() => formatMetrics([5] as never), "The argument of formatMetrics is [5]: expected a snapshot"],
  [() => sumMetrics([[5]] as never), "The argument of sumMetrics is [[5]]: expected an array of"],
  [() => [...passThrough(none, undefined, {})], "run of passThrough is null: expected a function"],
  [() => [...passThrough(() => [], undefined, none)], "The stage of passThrough is null: expected"],
  [() => [...inSpan(none, "a", function* () {})], "api of inSpan is null: expected the module"],
  [() => [...inSpan(api, none, function* () {})], "name of inSpan is null: expected the name of"],
  [() => [...inSpan(api, "a", none)], "part of inSpan is null: expected a function"],
  [() => coroutineContextManager({} as never), "api of coroutineContextManager is {}: expected"],
  [
    () => onClient("webSocket", (socket) => socket.send?.(5)),
    "The message is 5: expected a string",
  ],
  [() => onClient("webSocket", (socket) => socket.write?.("x")), 'The bytes of write is "x"'],
  [() => onClient("webSocket", (socket) => socket.disconnect?.("FIN")), 'disconnect is "FIN"'],
  [() => onClient("open", (stream) => stream.disconnect?.(5)), "The argument of disconnect is 5"],
  [() => onClient("open", (stream) => stream.read?.("5")), 'The length of read is "5": expected a'],
  [
    () => onClient("open", (stream) => stream.read?.(-1)),
    "The length of read is -1: expected a num",
  ],
  [
    () => onClient("open", (stream) => stream.until?.(5)),
    "The text of until is 5: expected a string",
  ],
  [() => onClient("events", (events) => events.disconnect?.(none)), "disconnect is null: expected"],
  [
    () => encodeFrame("txt" as never, "x"),
    "type of encodeFrame is txt: expected one of continuation",
  ],
  [() => encodeFrame("toString" as never, "x"), "type of encodeFrame is toString: expected one of"],
  [
    () => encodeFrame("text", undefined as never),
    "The payload of encodeFrame is undefined: expected",
  ],
  [
    () => new MessageReader({ from: "client" }).push("x" as never),
    "The bytes of MessageReader are",
  ],
  [() => basicAuth(app, { users: map }), "users of basicAuth is a Map"],
  [() => basicAuth(app, { users: promise() }), "users of basicAuth is a Promise"],
  [() => staticFiles("/", { contentTypes: map }), "contentTypes of staticFiles is a Map"],
  [() => memoryNetwork({ files: 5 as never }), "files of memoryNetwork is 5"],
  [() => adapterChecks(memoryNetwork().adapter, { clock: none }), "clock of checkAdapter is null"],
  [() => adapterChecks(memoryNetwork().adapter, { listening: none }), "listening of checkAdapter"],
  [() => request({ headers: 5 }), "headers of a request is 5"],
  [() => request({ headers: promise() }), "headers of a request is a Promise"],
  [() => request({ headers: ["Accept: text/html"] }), 'A field of headers is "Accept: text/html"'],
  [() => request({ query: "a=b" }), 'query or form of a request is "a=b"'],
  [() => request({ form: map }), "query or form of a request is a Map"],
  [() => request({ json: () => 5 }), "json of a request is a function"],
  [() => acceptWebSocket(new Request("http://a/") as never), "environ of acceptWebSocket is a Req"],
  [() => eventStream({} as never, none, []), "The environ of eventStream is {}: expected the env"],
  [() => lastEventId(none), "The environ of lastEventId is null"],
  [() => contextOf(none), "The environ of contextOf is null"],
  [() => delegate(app, none, none), "The environ of delegate is null"],
  [() => testClient(app).webSocket("/", { protocols: "chat" as never }), 'webSocket is "chat"'],
];

test("an option of a room of a wrong kind is refused, with its value", async () => {
  for (const [call, message] of REFUSED) {
    const error = await assertRejects(async () => await call(), TypeError);
    assertStringIncludes(error.message, message);
  }
});

const ZEROS: readonly [call: () => unknown, name: string][] = [
  [() => openBus(memoryTransport(), { publishTimeout: 0 }), "publishTimeout of openBus"],
  [() => blocking("file:///app.ts", { deadline: { minutes: 0 } }), "deadline of blocking"],
  [
    () => inApp((environ) => acceptWebSocket(environ, { ping: { interval: 0 } }) as never),
    "interval of ping",
  ],
  [
    () => inApp((environ) => acceptWebSocket(environ, { ping: { timeout: 0 } }) as never),
    "timeout of ping",
  ],
];

test("a time of 0 that nothing could keep is refused", async () => {
  for (const [call, name] of ZEROS) {
    const error = await assertRejects(async () => await call(), RangeError);
    assertStringIncludes(error.message, `${name} is 0: expected more than 0`);
  }
});
