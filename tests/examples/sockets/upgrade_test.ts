/** The example of an upgrade. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { reverse } from "../../../examples/sockets/upgrade.ts";
import { get, serving } from "../../support/serving.ts";

test("an upgraded connection gives lines back reversed, and ends after the client", async () => {
  const stage = await serving(reverse);
  const client = stage.ask(`${get("/", "Connection: Upgrade", "Upgrade: reverse")}abc\nde`);
  await stage.settle();
  client.send("f\n");
  await stage.settle();
  client.end();
  await stage.settle();
  assertStringIncludes(client.take(), "101 Switching Protocols");
  assertEquals(client.received().split("\r\n\r\n")[1], "cba\nfed\n");
  assertEquals(client.closed, true);
  await stage.finish();
});

test("a request without an upgrade is refused", async () => {
  const stage = await serving(reverse);
  const client = stage.ask(get("/"));
  await stage.settle();
  assertEquals(client.response().status, "400 Bad Request");
  await stage.finish();
});
