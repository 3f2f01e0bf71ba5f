/**
 * Callbacks of middleware and rooms that give a promise or another wrong kind: an error, and the process goes on.
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import * as api from "@opentelemetry/api";
import { test } from "node:test";
import { openTelemetry } from "../../src/middleware/open_telemetry/mod.ts";
import { accessLog, requestId } from "../../src/middleware/mod.ts";
import { EventChannel, eventStream } from "../../src/sse/mod.ts";
import { metricsApp } from "../../src/status/mod.ts";
import { testClient } from "../../src/testing/mod.ts";
import { acceptWebSocket } from "../../src/websocket/mod.ts";
import type { WSGIApp } from "../../src/wsgi/mod.ts";
import { PLAIN } from "./answering.ts";

const app: WSGIApp = (_environ, startResponse) => {
  startResponse("200 OK", PLAIN);
  return ["x"];
};

const rejecting = () => Promise.reject(new Error("late"));
const failing = rejecting as never;
const channel = new EventChannel();
const news = (filter: unknown): WSGIApp => (environ, startResponse) => {
  const subscription = channel.subscribe({ filter: filter as () => boolean, history: 1 });
  return eventStream(environ, startResponse, subscription);
};
const server = { stats: () => ({}), onResponse: () => () => {} } as never;

/** A handler for the rejection must be there at once: the runner fails a test with an unhandled one. */
const CALLBACKS: readonly [name: string, app: WSGIApp, message: string][] = [
  ["format", accessLog(app, () => {}, { format: failing }), "of accessLog is a Promise"],
  ["make", requestId(app, { make: failing }), "that make of requestId gave is a Promise"],
  ["route", openTelemetry(app, { api, route: failing }), "result of route is a Promise"],
  ["filter", news(failing), "The result of filter is a Promise: expected true or false"],
  [
    "source",
    (...args) => eventStream(...args, rejecting() as never),
    "The source of eventStream is a Promis",
  ],
  ["others", metricsApp(server, { others: (() => 5) as never }), "The result of others is 5"],
  [
    "each",
    (environ) => acceptWebSocket(environ).each(5 as never) as never,
    "The argument of each is 5",
  ],
];

for (const [name, wrapped, message] of CALLBACKS) {
  test(`a wrong result of a callback is told: ${name}`, async () => {
    channel.publish("secret");
    await using client = testClient(wrapped);
    const headers = { Origin: "http://localhost", Authorization: `Basic ${btoa("ann:x")}` };
    const answered = name === "each"
      ? client.webSocket("/", { headers })
      : client.get("/", { headers });
    const text = await answered.then(
      (response) => "text" in response ? response.text : "",
      () => "",
    );
    assertEquals(text.includes("secret"), false);
    await client.settle();
    const errors = client.takeErrors();
    assertEquals(errors.length, 1);
    assertStringIncludes(String(errors[0]), message);
  });
}
