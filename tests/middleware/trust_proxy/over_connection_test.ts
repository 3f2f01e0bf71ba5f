/** `trustProxy` around apps that wait, and with the other middleware. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { Sleep } from "../../../src/coroutine/mod.ts";
import { accessLog, trustProxy } from "../../../src/middleware/mod.ts";
import { testClient } from "../../../src/testing/mod.ts";
import type { WSGIApp } from "../../../src/wsgi/mod.ts";

const HEADERS = { "X-Forwarded-For": "6.6.6.6, 192.0.2.7", "X-Forwarded-Proto": "https" };

const generator: WSGIApp = function* (environ, startResponse) {
  startResponse("200 OK", []);
  yield* environ.cogen.wait(Sleep(1));
  yield environ.REMOTE_ADDR;
};
const inOldStyle: WSGIApp = function* (environ, startResponse) {
  startResponse("200 OK", []);
  yield environ.cogen.core.events.Sleep(1);
  yield environ.REMOTE_ADDR;
};
const array: WSGIApp = (environ, startResponse) => {
  startResponse("200 OK", []);
  return [environ.REMOTE_ADDR];
};
const asynchronous: WSGIApp = async function* (environ, startResponse) {
  startResponse("200 OK", []);
  await environ.cogen.run(Sleep(1));
  yield environ.REMOTE_ADDR;
};

test("trustProxy keeps the waits of apps of every kind", async () => {
  for (const app of [generator, inOldStyle, array, asynchronous]) {
    await using client = testClient(trustProxy(app, { trust: 1 }));
    assertEquals((await client.get("/", { headers: HEADERS })).text, "192.0.2.7");
  }
});

test("the access log inside trustProxy has the client", async () => {
  const lines: string[] = [];
  const logged = accessLog(array, (line) => lines.push(line));
  await using client = testClient(trustProxy(logged, { trust: ["loopback"] }));
  await client.get("/", { headers: HEADERS });
  assertEquals(lines[0]?.split(" ")[0], "192.0.2.7");
});

test("two lines of a field are one list", async () => {
  await using client = testClient(trustProxy(array, { trust: 1 }));
  const lines = ["GET / HTTP/1.1", "Host: a", "X-Forwarded-For: 6.6.6.6"];
  const request = [...lines, "X-Forwarded-For: 192.0.2.7", "Connection: close", "", ""];
  const { text } = await client.raw(request.join("\r\n")) as unknown as { text: string };
  assertEquals(String(text).includes("192.0.2.7"), true, text);
});

test("a malformed field is answered with 400", async () => {
  await using client = testClient(trustProxy(array, { trust: 1 }));
  const response = await client.get("/", { headers: { "X-Forwarded-Proto": "gopher" } });
  assertEquals([response.status, response.text], [
    400,
    'Cannot read X-Forwarded-Proto: malformed value "gopher"\n',
  ]);
});
