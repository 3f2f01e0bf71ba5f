/**
 * Tests of an app without a server: `node --import tsx --test examples/wait_signal_test.ts`,
 * `deno test examples/wait_signal_test.ts` or `bun test examples/wait_signal_test.ts`.
 *
 * Nothing real waits: the clock is virtual. No permission is needed on Deno.
 */

import { equal } from "node:assert/strict";
import { test } from "node:test";
import { testClient } from "../src/testing/mod.ts";
import { signalApp, waitApp } from "./wait_signal.ts";

const app = { "/": waitApp, "/signal": signalApp };

test("a signal wakes the request that waits", async () => {
  await using client = testClient(app);
  const waiting = client.get("/");
  equal((await client.get("/signal?hello")).text, "Woke 1\n");
  equal((await waiting).text, "I'm waiting for some signalSomeone signaled me: hello");
});

test("a request waits for one second", async () => {
  await using client = testClient(app);
  equal((await client.get("/")).text, "I'm waiting for some signalYour time is up !");
  equal(client.now, 1);
});

test("a client may leave at each byte of the response", async () => {
  await using client = testClient(app);
  const whole = await client.get("/");
  for (let received = 0; received <= whole.raw.length; received++) {
    await client.get("/", { fault: { received, then: "reset" } });
  }
});
