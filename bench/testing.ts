/**
 * Measures the test kit on the runtime that runs this file: requests a second of processor time, beside the
 * test clients of Hono and Fastify, which call the app without a parser, a connection or a clock.
 *
 *     node --import tsx bench/testing.ts
 *
 * @module
 */

import process from "node:process";
import { fastify } from "fastify";
import { Hono } from "hono";
import { testClient } from "../src/testing/mod.ts";
import { align } from "./report/table.ts";

const REQUESTS = 20_000;
const ROUNDS = 5;

const hono = new Hono().get("/", (context) => context.text("hello"));
const fast = fastify().get("/", () => "hello");
const client = testClient((_environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return ["hello"];
});

/** Sends one request, and gives the text of its response. */
const clients: Readonly<Record<string, () => Promise<string>>> = {
  "testClient": async () => (await client.get("/")).text,
  "Hono, app.request": async () => await (await hono.request("/")).text(),
  "Fastify, inject": async () => (await fast.inject("/")).payload,
};

async function measure(send: () => Promise<string>): Promise<number> {
  const start = process.cpuUsage();
  for (let request = 0; request < REQUESTS; request++) {
    if (await send() !== "hello") throw new Error("The answer is wrong");
  }
  const { user, system } = process.cpuUsage(start);
  return REQUESTS / (user + system) * 1e6;
}

const rates: Record<string, number[]> = {};
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, send] of Object.entries(clients)) {
    (rates[name] ??= []).push(await measure(send));
  }
}

const rows = Object.entries(rates).map(([name, values]) => {
  const [low = 0, middle = 0, high = 0] = [0, ROUNDS >> 1, ROUNDS - 1].map((at) =>
    values.toSorted((one, other) => one - other)[at] ?? 0
  );
  const show = (rate: number) => Math.round(rate).toLocaleString("en");
  return [name, show(middle), `${show(low)}-${show(high)}`];
});
console.log(align([["requests a second", "median", "range"], ...rows]));
await client.close();
