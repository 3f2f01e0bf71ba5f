/** Hono and its middleware on the engine. */

import { assert, assertEquals } from "@std/assert";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { compress } from "hono/compress";
import { cors } from "hono/cors";
import { HTTPException } from "hono/http-exception";
import { etag } from "hono/etag";
import { logger } from "hono/logger";
import { stream, streamSSE } from "hono/streaming";
import { test } from "node:test";
import { serve } from "../../mod.ts";
import { fromFetch } from "../../src/fetch/mod.ts";
import { testClient } from "../../src/testing/mod.ts";

const lines: string[] = [];
const LONG = "long text ".repeat(500);

function makeApp() {
  const app = new Hono();
  app.use(logger((line: string) => void lines.push(line)));
  app.use("/cors", cors());
  app.use("/etag", etag());
  app.use("/compress", compress());
  app.use("/limit", bodyLimit({ maxSize: 10 }));
  app.get("/", (c) => c.text("hello"));
  app.get("/cors", (c) => c.text("shared"));
  app.get("/etag", (c) => c.text("tagged"));
  app.get("/compress", (c) => c.body(LONG, 200, { "Content-Type": "text/plain" }));
  app.post("/limit", async (c) => c.text(await c.req.text()));
  app.post("/json", async (c) => c.json({ got: await c.req.json() }, 201));
  app.get("/stream", (c) =>
    stream(c, async (out) => {
      await out.write("one,");
      await out.write("two");
    }));
  app.get("/events", (c) =>
    streamSSE(c, async (out) => {
      await out.writeSSE({ data: "first", id: "1" });
      await out.writeSSE({ data: "second", event: "e" });
    }));
  app.get("/late", (c) => {
    c.executionCtx.waitUntil(Promise.resolve());
    return c.text("later");
  });
  app.get("/fails", () => {
    throw new Error("a failing handler");
  });
  app.onError((error, c) => {
    return error instanceof HTTPException ? error.getResponse() : c.text(error.message, 500);
  });
  return app;
}

test("Hono's routes, helpers and middleware", async () => {
  await using client = testClient(fromFetch(makeApp()));
  assertEquals((await client.get("/")).text, "hello");
  assertEquals(lines.slice(0, 1), ["<-- GET /"]);
  const shared = await client.get("/cors", { headers: { Origin: "http://a" } });
  assertEquals(shared.headers.get("access-control-allow-origin"), "*");
  const tagged = await client.get("/etag");
  const tag = tagged.headers.get("etag") ?? "";
  assert(tag !== "" && tagged.text === "tagged");
  assertEquals((await client.get("/etag", { headers: { "If-None-Match": tag } })).status, 304);
  const json = await client.post("/json", { json: { a: 1 } });
  assertEquals([json.status, json.json()], [201, { got: { a: 1 } }]);
  const failed = await client.get("/fails");
  assertEquals([failed.status, failed.text], [500, "a failing handler"]);
  assertEquals((await client.get("/none")).status, 404);
  assertEquals((await client.get("/late")).text, "later");
});

test("Hono's compress sends gzip", async () => {
  await using client = testClient(fromFetch(makeApp()));
  const response = await client.get("/compress", { headers: { "Accept-Encoding": "gzip" } });
  assertEquals(response.headers.get("content-encoding"), "gzip");
  const unzipped = new Blob([response.bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  assertEquals(await new Response(unzipped).text(), LONG);
});

test("Hono's body limit", async () => {
  await using client = testClient(fromFetch(makeApp()));
  assertEquals((await client.post("/limit", { body: "short" })).text, "short");
  assertEquals((await client.post("/limit", { body: "x".repeat(11) })).status, 413);
  assertEquals((await client.post("/limit", { body: ["sh", "ort"] })).text, "short");
  assertEquals((await client.post("/limit", { body: ["x".repeat(11)] })).status, 413);
});

test("Hono's stream and events", async () => {
  await using client = testClient(fromFetch(makeApp()));
  const streamed = await client.get("/stream");
  assertEquals(streamed.text, "one,two");
  assertEquals(streamed.headers.get("transfer-encoding"), "chunked");
  const events = await client.get("/events");
  assertEquals(events.headers.get("content-type"), "text/event-stream");
  assertEquals(events.text, "data: first\nid: 1\n\nevent: e\ndata: second\n\n");
});

test("Hono answers on a real socket", async () => {
  await using server = await serve({ bindAddr: ["127.0.0.1", 0], wsgiApp: fromFetch(makeApp()) });
  const paths = ["", "stream", "events", "etag"];
  const texts = await Promise.all(paths.map(async (path) => {
    return await (await fetch(new URL(path, server.url))).text();
  }));
  assertEquals(texts.map((text) => text.length), [5, 7, 42, 6]);
  const posted = await fetch(new URL("json", server.url), { method: "POST", body: `{"a":1}` });
  assertEquals([posted.status, await posted.json()], [201, { got: { a: 1 } }]);
});
