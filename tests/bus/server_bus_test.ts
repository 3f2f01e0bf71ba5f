/** The option `bus`: apps have it as `environ.cogen.bus`, with operations that know the request. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { createScheduler, type Environ, type StartResponse } from "../../mod.ts";
import { memoryTransport, openBus } from "../../src/bus/mod.ts";
import { testClient } from "../../src/testing/mod.ts";

function* app(environ: Environ, startResponse: StartResponse) {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  const { bus } = environ.cogen;
  if (environ.PATH_INFO === "/signal") return String(yield* bus.signal("a", "now"));
  return yield* bus.waitForSignal<string>("a");
}

test("a request wakes another one by the bus of the server", async () => {
  const bus = await openBus(memoryTransport(), { scheduler: await createScheduler() });
  await using client = testClient({ wsgiApp: app, bus });
  const waiting = client.get("/");
  assertEquals((await client.get("/signal")).text, "1");
  assertEquals((await waiting).text, "now");
  await bus.close();
});

test("without a bus, reading it is an error that says what to write", async () => {
  await using client = testClient(app);
  assertEquals((await client.get("/")).status, 500);
  assertStringIncludes(String(client.takeErrors()[0]), "The server has no bus: write serve({ bus:");
});
