/** `environ.cogen.bus`: the operations of a bus that know their request. */

import { test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import {
  type Environ,
  lazyStartResponse,
  race,
  serve,
  type StartResponse,
  type WSGIApp,
} from "../../mod.ts";
import { memoryTransport, openBus } from "../../src/bus/mod.ts";
import { until } from "./contract.ts";

const PLAIN: [string, string][] = [["Content-Type", "text/plain"]];

const bindAddr: [string, number] = ["127.0.0.1", 0];

/** The forms of a wait for one signal. */
const APPS: Readonly<Record<string, WSGIApp>> = {
  "yield*": function* ({ cogen }: Environ, startResponse: StartResponse) {
    startResponse("200 OK", PLAIN);
    return yield* cogen.bus.waitForSignal<string>("go");
  },
  "yield": function* ({ cogen }: Environ, startResponse: StartResponse) {
    startResponse("200 OK", PLAIN);
    return String(yield cogen.bus.waitForSignal("go"));
  },
  "race": function* ({ cogen }: Environ, startResponse: StartResponse) {
    startResponse("200 OK", PLAIN);
    const value = yield* cogen.wait(
      race([cogen.bus.waitForSignal("go"), cogen.bus.waitForSignal("never")]),
    );
    return String(value);
  },
  "await": async ({ cogen }: Environ, startResponse: StartResponse) => {
    startResponse("200 OK", PLAIN);
    return [await cogen.run(cogen.bus.waitForSignal<string>("go"))];
  },
};

for (const [form, app] of Object.entries(APPS)) {
  test(`a request waits for a signal of another process by ${form}`, async () => {
    const transport = memoryTransport();
    await using bus = await openBus(transport);
    await using other = await openBus(transport);
    await using server = await serve({ wsgiApp: lazyStartResponse(app), bus, bindAddr });
    const answer = fetch(server.url);
    await until(() => bus.stats().signalWaiters > 0);
    assertEquals(await other.run(other.signal("go", "now")), 1);
    assertEquals(await (await answer).text(), "now");
  });
}

test("a client that leaves ends its waits", async () => {
  await using bus = await openBus(memoryTransport());
  const wsgiApp = APPS["yield*"] as WSGIApp;
  await using server = await serve({ wsgiApp, bus, bindAddr });
  const controller = new AbortController();
  const left = assertRejects(() => fetch(server.url, { signal: controller.signal }));
  await until(() => bus.stats().signalWaiters === 1);
  controller.abort();
  await left;
  await until(() => bus.stats().signalWaiters === 0);
});

test("an app gives the bus of the server to an object that outlives the request", async () => {
  await using bus = await openBus(memoryTransport());
  const wsgiApp: WSGIApp = ({ cogen }, startResponse) => {
    startResponse("200 OK", PLAIN);
    return [String(cogen.servedBus === bus)];
  };
  const found = [];
  for (const options of [{ bus }, {}]) {
    await using server = await serve({ wsgiApp, bindAddr, ...options });
    found.push(await (await fetch(server.url)).text());
  }
  assertEquals(found, ["true", "false"]);
});
