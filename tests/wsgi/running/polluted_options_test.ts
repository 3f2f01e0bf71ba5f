/**
 * A library has added members to `Object.prototype`, and then objects are made: their options are those that the
 * caller has written. The objects are the same as in a clean process.
 */

import { assertEquals } from "@std/assert";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import * as zlib from "node:zlib";
import { memoryNetwork, socketPair } from "../../../adapters/memory.ts";
import { blocking } from "../../../src/blocking/mod.ts";
import { memoryTransport, natsTransport, openBus, redisTransport } from "../../../src/bus/mod.ts";
import {
  checkNames,
  ManualClock,
  PublishSubscribeQueue,
  Queue,
  Scheduler,
  Sleep,
  toMilliseconds,
} from "../../../src/coroutine/mod.ts";
import { toFetch } from "../../../src/fetch/mod.ts";
import {
  errorResponse,
  ProtocolError,
  RequestParser,
  ResponseWriter,
} from "../../../src/http/mod.ts";
import { compress } from "../../../src/middleware/compress/mod.ts";
import { accessLog, staticFiles } from "../../../src/middleware/mod.ts";
import { openTelemetry } from "../../../src/middleware/open_telemetry/mod.ts";
import { resolveProxyProtocol } from "../../../src/server/listening/proxy_option.ts";
import { resolveTls } from "../../../src/server/listening/tls_options.ts";
import { WSGIServer } from "../../../src/server/mod.ts";
import { completeLimits } from "../../../src/server/server_limits.ts";
import { changeTimeouts, resolveTimeouts } from "../../../src/server/timeouts.ts";
import { checkDial, checkListen, PipedSocket } from "../../../src/socket/mod.ts";
import { EventChannel, formatEvent } from "../../../src/sse/mod.ts";
import { metricsApp, statusApp } from "../../../src/status/mod.ts";
import { adapterChecks, testClient } from "../../../src/testing/mod.ts";
import {
  encodeFrame,
  MessageReader,
  permessageDeflate,
  Topic,
} from "../../../src/websocket/mod.ts";
import type { WSGIApp } from "../../../src/wsgi/mod.ts";
import { pollute, polluteAll } from "../../support/foreign_members.ts";

const app: WSGIApp = (_environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return ["hello"];
};

const eventStream: WSGIApp = (_environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/event-stream"]]);
  return ["data: 1\n\n"];
};

const PEM = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----";
const ADDRESS = { host: "127.0.0.1", port: 80 };
const NOTHING = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };
const PIPE = { send: () => true, end() {}, cut() {}, resume() {} };

function server(): WSGIServer {
  const { adapter } = memoryNetwork({ clock: new ManualClock() });
  return new WSGIServer({ wsgiApp: app, adapter });
}

/** Runs a coroutine to its end, and gives its result. */
function resultOf<T>(coroutine: () => Generator<unknown, T>): T | undefined {
  const clock = new ManualClock();
  const scheduler = new Scheduler({ clock });
  const task = scheduler.add(coroutine as never);
  clock.advance(60_000);
  return task.result as T | undefined;
}

/** Makes objects, and gives what they hold as texts, numbers and arrays. */
const MAKERS: Readonly<Record<string, () => unknown>> = {
  Scheduler: () => {
    const { defaultTimeout } = new Scheduler({ clock: new ManualClock() });
    return defaultTimeout;
  },
  durations: () => [toMilliseconds({ minutes: 1 }), toMilliseconds({ seconds: 0.5 })],
  operations: () =>
    resultOf(function* () {
      const queue = new Queue<number>(1);
      yield* queue.put(1, { timeout: 1 });
      yield* Sleep({ seconds: 1 });
      return yield* queue.get({});
    }),
  PublishSubscribeQueue: () =>
    resultOf(function* () {
      const queue = new PublishSubscribeQueue<number>({ capacity: 2 });
      yield* queue.subscribe("reader", {});
      yield* queue.publish(1, {});
      return (yield* queue.fetch("reader", {})).join();
    }),
  "a server": () => {
    const { stopping } = server();
    return stopping;
  },
  limits: () => Object.entries(completeLimits({ maxConnections: 5 })).join(),
  timeouts: () => {
    const resolved = resolveTimeouts({ head: { seconds: 3 } });
    return [resolved, changeTimeouts(resolved, { body: 4 })].map((each) =>
      Object.entries(each).join()
    );
  },
  proxyProtocol: () => resolveProxyProtocol({ trust: ["loopback"] })?.version,
  tls: () => Object.entries(resolveTls({ cert: PEM, key: PEM })).join(),
  "tls by name": () => {
    const pair = { cert: PEM, key: PEM };
    return Object.keys(resolveTls({ ...pair, names: { "a.example": pair } }).names ?? {});
  },
  checkListen: () => Object.entries(checkListen(ADDRESS, { backlog: 5 }, () => NOTHING)).join(),
  checkDial: () => Object.entries(checkDial(ADDRESS, () => NOTHING, {})).join(),
  PipedSocket: () => {
    const { encrypted, local } = new PipedSocket(PIPE, {});
    return [encrypted, local.family];
  },
  socketPair: () => {
    const [left] = socketPair(() => NOTHING, () => NOTHING, { clock: new ManualClock() });
    return left.remote.family;
  },
  RequestParser: () => new RequestParser({ limits: { maxLineBytes: 100 } }).next().type,
  errorResponse: () => errorResponse(new ProtocolError(400, "no"), {}),
  ResponseWriter: () => {
    const context = {
      method: "GET",
      protocol: "HTTP/1.1",
      minorVersion: 1,
      keepAlive: true,
    } as const;
    const head = new ResponseWriter(context).head("200 OK", [], { date: "today" });
    return [head, new ResponseWriter(context).head("204 No Content", [])];
  },
  EventChannel: () => {
    const channel = new EventChannel({ history: { count: 5 }, epoch: "one" });
    channel.publish({ data: "a" });
    channel.subscribe({ history: 1 });
    return channel.lastId;
  },
  formatEvent: () => formatEvent({ data: "a", retry: { seconds: 1 } }),
  Topic: () => new Topic({ slow: "drop" }).size,
  permessageDeflate: () => {
    const { minBytes, level, parameters } = permessageDeflate(zlib, { level: 3 });
    return [minBytes, level, parameters.serverMaxWindowBits, parameters.clientNoContextTakeover];
  },
  MessageReader: () => new MessageReader({ from: "client" }).next().type,
  encodeFrame: () => [...encodeFrame("text", "hi", { isFinal: false })],
  memoryTransport: () => memoryTransport({ maxJobs: 5 }).name,
  redisTransport: () => {
    const client = { call: () => {}, duplicate: () => client, on: () => {}, disconnect: () => {} };
    return redisTransport(client as never, { prefix: "a" }).name;
  },
  natsTransport: () => {
    const jetstream = { jetstream: () => ({}), jetstreamManager: () => ({}) };
    const connection = { info: undefined, request() {}, subscribe: () => ({}), status: () => [] };
    return natsTransport(connection as never, jetstream as never, { prefix: "a" }).name;
  },
  blocking: () => {
    const threaded = blocking("file:///app.ts", { threads: 1 });
    return Object.entries(threaded.stats()).join();
  },
  middleware: () => {
    compress(app, { level: { gzip: 3 } });
    accessLog(app, () => {}, { format: "common" });
    staticFiles("/srv", { index: "a.html" });
    return "made";
  },
  openTelemetry: () => {
    const api = { trace: { getTracer() {} }, propagation: { extract() {} } };
    openTelemetry(app, { api: api as never });
    return "made";
  },
  toFetch: () => {
    toFetch(app, { limits: { maxBodyBytes: 5 } });
    return "made";
  },
  "metricsApp and statusApp": () => {
    metricsApp(server(), {});
    statusApp(server(), {});
    return "made";
  },
  adapterChecks: () => adapterChecks(memoryNetwork().adapter, {}).length,
  "a test client and its requests": async () => {
    const client = testClient(eventStream, { window: 1000 });
    const response = client.post("/", { json: { a: 1 } });
    const opened = client.open("/", {});
    const events = client.events("/", {});
    const raw = client.raw("GET / HTTP/1.0\r\n\r\n", {});
    const cut = client.get("/", { fault: { received: 5, then: "reset" } });
    const results = [
      (await response).status,
      (await opened).status,
      (await (await events).next())?.data,
      (await raw).text.slice(0, 12),
      (await cut).complete,
    ];
    await client.close();
    return results;
  },
  "a bus": async () => {
    const scheduler = new Scheduler({ clock: new ManualClock() });
    const bus = await openBus(memoryTransport(), { scheduler, maxPending: 5 });
    const { topics } = bus.stats();
    await bus.close();
    return topics;
  },
};

/** Makes all objects, one after the other. A promise holds each result, or the error. */
function makeAll(): Map<string, Promise<unknown>> {
  const results = Object.entries(MAKERS).map(([name, make]) => {
    const result = new Promise((resolve) => resolve(make()));
    result.catch(() => {}); // the test of this maker tells of the error
    return [name, result] as const;
  });
  return new Map(results);
}

/** The values of the foreign members. */
const VALUES = ["foreign", true, 7] as const;

/**
 * Calls a function in a polluted process. The pollution ends before a test waits for a result, because the loader
 * of Node loads other tests meanwhile.
 */
function polluted<T>(value: unknown, make: () => T): T {
  const restore = polluteAll(value);
  try {
    return make();
  } finally {
    restore();
  }
}

/** Makes all objects in a clean process and in polluted ones. A pollution may take a second, so one is for all. */
function makeEverywhere(): Map<string, Map<string, Promise<unknown>>> {
  const results = new Map([["nothing", makeAll()]]);
  for (const value of VALUES) results.set(String(value), polluted(value, makeAll));
  return results;
}

let made: ReturnType<typeof makeEverywhere> | undefined;

for (const name of Object.keys(MAKERS)) {
  test(`foreign members of all objects are no options: ${name}`, async () => {
    made ??= makeEverywhere();
    const clean = await made.get("nothing")?.get(name);
    for (const [value, results] of made) assertEquals(await results.get(name), clean, value);
  });
}

test("foreign members of all objects are no options of a queue of a bus", async () => {
  const scheduler = new Scheduler({ clock: new ManualClock() });
  const bus = await openBus(memoryTransport(), { scheduler });
  for (const value of VALUES) {
    const { name } = polluted(value, () => bus.queue(`jobs-${value}`, { maxDeliveries: 2 }));
    assertEquals(name, `jobs-${value}`);
  }
  await bus.close();
});

test("one foreign member changes no other option", () => {
  for (const member of ["history", "slow"]) {
    const restore = pollute(member, "foreign");
    try {
      assertEquals(new EventChannel({ epoch: "one" }).lastId, "one-0");
      assertEquals(new Topic().size, 0);
      assertEquals(Object.keys(checkNames("a", { one: 1 }, ["one", "two", member])), ["one"]);
    } finally {
      restore();
    }
  }
});

test("each caller of a check of options reads the options that the check gives", () => {
  const root = new URL("../../../", import.meta.url);
  const folders = ["src/", "adapters/"].map((folder) => new URL(folder, root));
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => new URL(name.replaceAll("\\", "/"), folder))
  );
  const check = /^ +(checkNames|checkOptionNames|checkedOptions|checkServingOptions)\(/m;
  const careless = [...files, new URL("mod.ts", root)]
    .filter((file) => check.test(readFileSync(file, "utf8").replace(/^ \*.*$/gm, "")))
    .map((file) => file.pathname.slice(root.pathname.length));
  assertEquals(careless, []);
});
