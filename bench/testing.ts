/**
 * Measures the test kit on the runtime that runs this file, by the processor time of the process:
 *
 * - requests a second, beside the test clients of Hono and Fastify, which call the app without a parser, a
 *   connection or a clock;
 * - one hour of the virtual clock, with heartbeats, long polls and time-outs.
 *
 *     node --import tsx bench/testing.ts
 *
 * @module
 */

import process from "node:process";
import { fastify } from "fastify";
import { Hono } from "hono";
import { OperationTimeout, WaitForSignal } from "../src/coroutine/mod.ts";
import { EventChannel, eventStream } from "../src/sse/mod.ts";
import { testClient } from "../src/testing/mod.ts";
import type { WSGIApp } from "../src/wsgi/mod.ts";
import { spreadOf } from "./judging/statistics.ts";
import { align } from "./report/table.ts";

const REQUESTS = 20_000;
const ROUNDS = 7;
const HOUR_SECONDS = 3600;

const hello: WSGIApp = (_environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return ["hello"];
};

/** A long poll without news. */
const poll: WSGIApp = function* (environ, startResponse) {
  try {
    yield* environ.cogen.wait(WaitForSignal("news", { timeout: 30 }));
  } catch (error) {
    if (!(error instanceof OperationTimeout)) throw error;
    startResponse("204 No Content", []);
  }
};

const channel = new EventChannel();
const events: WSGIApp = (environ, startResponse) => eventStream(environ, startResponse, channel);

const hono = new Hono().get("/", (context) => context.text("hello"));
const fast = fastify().get("/", () => "hello");
const client = testClient(hello);

/** Sends one request, and gives the text of its response. */
const clients: Readonly<Record<string, () => Promise<string>>> = {
  "testClient": async () => (await client.get("/")).text,
  "Hono, app.request": async () => await (await hono.request("/")).text(),
  "Fastify, inject": async () => (await fast.inject("/")).payload,
};

/** Gives the processor time of some work in milliseconds. */
async function cpuMs(work: () => Promise<void>): Promise<number> {
  const start = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

async function rateOf(send: () => Promise<string>): Promise<number> {
  const spentMs = await cpuMs(async () => {
    for (let request = 0; request < REQUESTS; request++) {
      if (await send() !== "hello") throw new Error("The answer is wrong");
    }
  });
  return REQUESTS / spentMs * 1000;
}

/** One hour: a stream of events with its heartbeats, long polls that time out, and clients that send no more. */
async function hour(): Promise<void> {
  const hourly = testClient({ "/poll": poll, "/events": events });
  const stream = await hourly.open("/events");
  for (let polls = 0; hourly.now < HOUR_SECONDS; polls++) {
    if ((await hourly.get("/poll")).status !== 204) throw new Error("The poll has no time-out");
    if (polls % 10 > 0) continue;
    const { text } = await hourly.raw("GET / HTTP/1.1\r\nHo");
    if (!text.startsWith("HTTP/1.1 408 ")) throw new Error("The head has no time-out");
  }
  await stream.disconnect();
  const heartbeats = (await stream.read()).length;
  if (heartbeats < 500) throw new Error("The stream has no heartbeats");
  await hourly.close();
}

// The hour comes first: Fastify in the same process makes the rest of the process slower on Node 20.
const hours: number[] = [];
for (let round = 0; round < ROUNDS; round++) hours.push(await cpuMs(hour));

const rates: Record<string, number[]> = {};
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, send] of Object.entries(clients)) {
    (rates[name] ??= []).push(await rateOf(send));
  }
}
await client.close();

function row(name: string, values: readonly number[]): string[] {
  const { median, min, max } = spreadOf(values);
  const show = (value: number) => Math.round(value).toLocaleString("en");
  return [name, show(median), `${show(min)}-${show(max)}`];
}

console.log(align([
  ["requests a second", "median", "range"],
  ...Object.entries(rates).map(([name, values]) => row(name, values)),
]));
console.log(align([["", "CPU ms", "range"], row("one hour of the clock", hours)]));
