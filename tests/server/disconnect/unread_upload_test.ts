/**
 * A client leaves while it floods an app that does not read. The server notices a reset at once.
 * The kernel does not report a FIN behind unread bytes, so the server notices the FIN when the app
 * has read them.
 */

import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { Signal, type WSGIApp } from "../../../mod.ts";
import { ranMs } from "../../support/run_time.ts";
import {
  eventually,
  type RealServing,
  servingOverTcp,
  standstill,
  type TcpClient,
} from "../../support/tcp.ts";
import { NOTICED_WITHIN } from "./leaving.ts";
import { Trace } from "./states.ts";

const SIZE = 32_000_000;
const HEAD = `POST / HTTP/1.1\r\nHost: test\r\nContent-Length: ${SIZE}\r\n\r\n`;

/** Makes an app that waits for `go` without reading, and then reads all bytes. */
function holding(trace: Trace): WSGIApp {
  return function* (environ, startResponse) {
    environ.cogen.signal.addEventListener("abort", () => void trace.aborts++);
    startResponse("200 OK", []);
    try {
      yield "begun";
      yield environ.cogen.core.events.WaitForSignal("go");
      const input = environ["wsgi.input"];
      while ((yield* input.read(65_536)).length > 0) trace.blocks++;
    } finally {
      trace.finallies++;
      trace.at = ranMs();
    }
  };
}

/**
 * Floods until the server takes no more bytes. The flood goes on when the server takes bytes again.
 */
async function flood(serving: RealServing): Promise<TcpClient> {
  const client = await serving.open();
  client.send(HEAD);
  await client.has("begun");
  void client.flood(SIZE);
  const taken = await standstill("the upload to be held up", () => client.sent);
  assert(taken < SIZE, "the server took the whole upload");
  return client;
}

test("a client that resets behind a flood that the app does not read is noticed", async () => {
  const trace = new Trace();
  const serving = await servingOverTcp(holding(trace), { limits: { maxBodyBytes: SIZE } });
  const client = await flood(serving);
  const left = ranMs();
  client.leave("resets");
  await eventually("finally", () => trace.finallies > 0);
  const latency = trace.at - left;
  assert(latency <= NOTICED_WITHIN, `after ${latency} ms`);
  await serving.quiet();
  assertEquals([trace.finallies, trace.aborts], [1, 1]);
  await serving.finish();
});

test("a client that closes behind a flood is noticed when the app has read the flood", async () => {
  const trace = new Trace();
  const serving = await servingOverTcp(holding(trace), { limits: { maxBodyBytes: SIZE } });
  const client = await flood(serving);
  client.leave("closes");
  await client.until("closed", () => client.closed);
  serving.server.scheduler.add(function* () {
    yield* Signal("go");
  });
  await eventually("finally", () => trace.finallies > 0);
  assert(trace.blocks < SIZE / 65_536, "the app read bytes that were never sent");
  await serving.quiet();
  assertEquals([trace.finallies, trace.aborts], [1, 1]);
  await serving.finish();
});
