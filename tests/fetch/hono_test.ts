/** The parts of Hono that `frameworks_test.ts` does not have: the body limit, `executionCtx`, and its errors. */

import { assertEquals } from "@std/assert";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import { test } from "node:test";
import { fromFetch } from "../../src/fetch/mod.ts";
import { testClient } from "../../src/testing/mod.ts";

const done: string[] = [];

function makeApp() {
  const app = new Hono();
  app.use("/limit", bodyLimit({ maxSize: 10 }));
  app.post("/limit", async (c) => c.text(await c.req.text()));
  app.get("/late", (c) => {
    c.executionCtx.waitUntil(Promise.resolve().then(() => done.push("done")));
    return c.text("later");
  });
  app.get("/refused", () => {
    throw new HTTPException(403, { message: "not you" });
  });
  app.onError((error, c) => {
    return error instanceof HTTPException ? error.getResponse() : c.text(error.message, 500);
  });
  return app;
}

test("Hono's waitUntil and errors", async () => {
  await using client = testClient(fromFetch(makeApp()));
  assertEquals((await client.get("/late")).text, "later");
  await client.settle();
  assertEquals(done, ["done"]);
  const refused = await client.get("/refused");
  assertEquals([refused.status, refused.text], [403, "not you"]);
});

test("Hono's body limit", async () => {
  await using client = testClient(fromFetch(makeApp()));
  assertEquals((await client.post("/limit", { body: "short" })).text, "short");
  assertEquals((await client.post("/limit", { body: "x".repeat(11) })).status, 413);
  assertEquals((await client.post("/limit", { body: ["sh", "ort"] })).text, "short");
  assertEquals((await client.post("/limit", { body: ["x".repeat(11)] })).status, 413);
});
