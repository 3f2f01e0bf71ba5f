/** The middleware example: a visitor is counted out, although the app's `finally` waits. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { shoutingApp, upperCase, visitors } from "../../examples/middleware.ts";
import { get, type Serving, serving } from "../support/serving.ts";

async function visit(stage: Serving): Promise<string> {
  const client = stage.ask(get("/"));
  await stage.settle();
  const { body } = client.response();
  client.destroy();
  await stage.settle(100);
  return body;
}

test("upperCase lets the finally of its app end after a client has left", async () => {
  const stage = await serving(upperCase(visitors()));
  assertEquals(await visit(stage), "VISITORS NOW: 1\n");
  assertEquals(await visit(stage), "VISITORS NOW: 1\n");
  await stage.finish();
});

test("the example shouts to its end, and adds a header", async () => {
  const stage = await serving(shoutingApp);
  const client = stage.ask(get("/"));
  await stage.settle(3000);
  await stage.settle(100);
  const { headers, body, complete } = client.response();
  assertEquals([body, complete], ["VISITORS NOW: 1\nGOODBYE\n", true]);
  assertEquals(headers["x-middleware"], "upper-case");
  await stage.finish();
});
