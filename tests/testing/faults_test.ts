/** Clients that leave or stall at each byte of a request and of a response. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { Sleep } from "../../src/coroutine/mod.ts";
import { type Ending, testClient } from "../../src/testing/mod.ts";
import type { Environ, StartResponse } from "../../src/wsgi/mod.ts";
import { heartbeats } from "./apps.ts";

const ENDINGS: readonly Ending[] = ["fin", "reset", "stall"];

/** Counts the apps that run now. */
function counting() {
  const counts = { running: 0, begun: 0 };
  function* app(environ: Environ, startResponse: StartResponse) {
    counts.running++;
    counts.begun++;
    try {
      const body = yield* environ["wsgi.input"].read();
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      yield "you sent ";
      yield* environ.cogen.wait(Sleep(1));
      yield body;
    } finally {
      counts.running--;
    }
  }
  return { app, counts };
}

for (const then of ENDINGS) {
  test(`${then} at each byte of a request`, async () => {
    const { app, counts } = counting();
    await using client = testClient(app);
    const whole = await client.post("/", { body: "hello" });
    for (let sent = 0; sent <= whole.sentBytes; sent++) {
      const response = await client.post("/", { body: "hello", fault: { sent, then } });
      assertEquals(counts.running, 0, `${then} at ${sent}`);
      assertEquals(response.sentBytes, sent);
      const status = [response.status, response.complete];
      if (then === "reset") assertEquals(status, [0, false]);
    }
    assertEquals(client.stats.activeRequests, 0);
  });

  test(`${then} at each byte of a response`, async () => {
    const { app, counts } = counting();
    await using client = testClient(app);
    const whole = await client.post("/", { body: "hello" });
    for (let received = 0; received <= whole.raw.length; received++) {
      const response = await client.post("/", { body: "hello", fault: { received, then } });
      assertEquals(counts.running, 0, `${then} at ${received}`);
      if (then !== "fin") assertEquals(response.text, whole.text.slice(0, response.text.length));
      if (then !== "fin") assertEquals(response.raw.length, received);
    }
    assertEquals(counts.begun, whole.raw.length + 2);
  });
}

test("a client that leaves a stream ends its app", async () => {
  for (const how of ["fin", "reset"] as const) {
    let ended = 0;
    await using client = testClient(function* (environ, startResponse) {
      startResponse("200 OK", []);
      try {
        for (;;) {
          yield "x";
          yield* environ.cogen.wait(Sleep(1));
        }
      } finally {
        ended++;
      }
    });
    const stream = await client.open("/");
    await stream.read(3);
    assertEquals(ended, 0);
    await stream.disconnect(how);
    // The server gives a client that has ended its side a short time for the response.
    if (how === "fin") await client.advance({ milliseconds: 50 });
    assertEquals(ended, 1);
  }
});

test("the window of a stalled client is bounded, and the client may go on", async () => {
  let made = 0;
  await using client = testClient(
    function* (_environ, startResponse) {
      startResponse("200 OK", []);
      for (; made < 1000; made++) yield "x".repeat(10_000);
    },
    { window: 4000 },
  );
  const stream = await client.open("/");
  stream.stall();
  await client.settle();
  const stalled = made;
  assertEquals(stalled < 1000, true);
  stream.resume();
  assertEquals((await stream.response()).bytes.length, 10_000_000);
});

test("a stalled stream is cut at the deadline for writes", async () => {
  const client = testClient(
    { wsgiApp: heartbeats(1e6, 1, "x".repeat(10_000)), timeouts: { write: 30 } },
    { window: 4000 },
  );
  const stream = await client.open("/");
  stream.stall();
  await client.advance(300);
  assertEquals(client.stats.activeRequests, 0);
  client.takeErrors();
  await client.close();
});
