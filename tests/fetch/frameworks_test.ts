/** Frameworks of the web's `fetch` over real sockets: Hono with its own middleware, h3, itty-router. */

import { assert, assertEquals } from "@std/assert";
import { defineEventHandler, getRouterParam, H3, HTTPError, readBody } from "h3";
import { Hono } from "hono";
import { compress } from "hono/compress";
import { cors } from "hono/cors";
import { etag } from "hono/etag";
import { logger } from "hono/logger";
import { stream, streamSSE } from "hono/streaming";
import { AutoRouter } from "itty-router";
import { test } from "node:test";
import { serve } from "../../mod.ts";
import { type FetchHandler, type FetchObject, fromFetch } from "../../src/fetch/mod.ts";

const LONG = "long text ".repeat(500);
const EVENTS = "data: first\nid: 1\n\nevent: e\ndata: second\n\n";

/** The pieces of a body that a framework passes on. */
function pieces(): ReadableStream<Uint8Array> {
  const texts = ["one,", "two"];
  return new ReadableStream({
    pull(controller) {
      const text = texts.shift();
      if (text === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(text));
    },
  });
}

const logged: string[] = [];

function honoApp(): FetchObject {
  const app = new Hono();
  app.use(logger((line: string) => void logged.push(line)));
  app.use("/shared/*", cors());
  app.use("/after/*", async (c, next) => {
    await next();
    c.header("X-After", "1");
  });
  app.get("/after/text", (c) => c.text("after"));
  app.use("/etag", etag());
  app.use("/compress", compress());
  app.get("/", (c) => c.text("hello"));
  app.get("/shared/text", (c) => c.text("shared"));
  app.get("/users/:name", (c) => c.json({ name: c.req.param("name") }));
  app.post("/json", async (c) => c.json({ got: await c.req.json() }, 201));
  app.post("/upload", async (c) => {
    const form = await c.req.formData();
    return c.text(`${String(form.get("a"))} ${await (form.get("b") as File).text()}`);
  });
  app.get("/etag", (c) => c.text("tagged"));
  app.get("/compress", (c) => c.body(LONG, 200, { "Content-Type": "text/plain" }));
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
  app.get("/redirect", (c) => c.redirect("/"));
  app.get("/cookies", (c) => {
    c.header("Set-Cookie", "a=1", { append: true });
    c.header("Set-Cookie", "b=2", { append: true });
    return c.body(null, 204);
  });
  app.onError((error, c) => c.text(error.message, 500));
  app.get("/fails", () => {
    throw new Error("a failing handler");
  });
  return app as unknown as FetchObject;
}

function h3App(): FetchObject {
  const app = new H3();
  app.get("/", () => "hello");
  app.get("/users/:name", (event) => ({ name: getRouterParam(event, "name") }));
  app.post("/json", async (event) => {
    event.res.status = 201;
    return { got: await readBody(event) };
  });
  app.post("/upload", async (event) => {
    const form = await event.req.formData();
    return `${String(form.get("a"))} ${await (form.get("b") as File).text()}`;
  });
  app.get("/stream", () => pieces());
  app.get(
    "/cookies",
    defineEventHandler((event) => {
      event.res.headers.append("Set-Cookie", "a=1");
      event.res.headers.append("Set-Cookie", "b=2");
      event.res.status = 204;
      return "";
    }),
  );
  app.get("/fails", () => {
    throw new HTTPError({ status: 418, message: "a teapot" });
  });
  return app as unknown as FetchObject;
}

function ittyApp(): FetchObject {
  const router = AutoRouter();
  router
    .all("/", () => new Response("hello", { headers: { "Content-Type": "text/plain" } }))
    .get("/users/:name", ({ params }) => ({ name: params["name"] }))
    .post("/json", async (request) => Response.json({ got: await request.json() }, { status: 201 }))
    .post("/upload", async (request) => {
      const form = await request.formData();
      return new Response(`${String(form.get("a"))} ${await (form.get("b") as File).text()}`);
    })
    .get("/stream", () => new Response(pieces()))
    .get("/cookies", () => {
      const headers = new Headers([["Set-Cookie", "a=1"], ["Set-Cookie", "b=2"]]);
      return new Response(null, { status: 204, headers });
    })
    .get("/fails", () => {
      throw Object.assign(new Error("a teapot"), { status: 418 });
    });
  return router as unknown as FetchObject;
}

/** The routes that all frameworks of this file have. */
const APPS: readonly (readonly [name: string, app: () => FetchHandler | FetchObject])[] = [
  ["Hono", honoApp],
  ["h3", h3App],
  ["itty-router", ittyApp],
  ["a default export", () => ({ fetch: (...all) => honoApp().fetch(...all) })],
];

/** Serves an app, and gives the function that sends requests to it. */
async function served(app: FetchHandler | FetchObject) {
  const errors: unknown[] = [];
  const server = await serve({
    bindAddr: ["127.0.0.1", 0],
    wsgiApp: fromFetch(app),
    onError: (error) => void errors.push(error),
  });
  const ask = (path: string, init?: RequestInit) => fetch(new URL(path, server.url), init);
  return { ask, errors, [Symbol.asyncDispose]: () => server.shutdown() };
}

for (const [name, app] of APPS) {
  test(`${name} answers over a socket`, async () => {
    await using client = await served(app());
    const { ask } = client;
    const hello = await ask("/");
    assertEquals([hello.status, await hello.text()], [200, "hello"]);
    assertEquals(await (await ask("/users/ann")).json(), { name: "ann" });
    const headers = { "Content-Type": "application/json" };
    const posted = await ask("/json", { method: "POST", body: `{"a":1}`, headers });
    assertEquals([posted.status, await posted.json()], [201, { got: { a: 1 } }]);
    const form = new FormData();
    form.set("a", "text");
    form.set("b", new File(["content"], "b.txt"));
    assertEquals(
      await (await ask("/upload", { method: "POST", body: form })).text(),
      "text content",
    );
    const streamed = await ask("/stream");
    assertEquals(streamed.headers.get("content-length"), null);
    assertEquals(await streamed.text(), "one,two");
    const cookies = await ask("/cookies");
    assertEquals(cookies.status, 204);
    assertEquals(cookies.headers.getSetCookie(), ["a=1", "b=2"]);
    await cookies.text();
    const headOnly = await ask("/", { method: "HEAD" });
    assertEquals([headOnly.status, await headOnly.text()], [200, ""]);
    const missing = await ask("/none");
    assertEquals(missing.status, 404);
    await missing.text();
    const failed = await ask("/fails");
    assert(failed.status === 500 || failed.status === 418);
    assert((await failed.text()).includes(failed.status === 500 ? "failing" : "teapot"));
    assertEquals(client.errors, []);
  });
}

test("Hono's own middleware and helpers over a socket", async () => {
  await using client = await served(honoApp());
  const { ask } = client;
  logged.length = 0;
  const shared = await ask("/shared/text", { headers: { Origin: "http://a.example" } });
  const allowed = shared.headers.get("access-control-allow-origin");
  assertEquals([allowed, await shared.text()], ["*", "shared"]);
  assertEquals(logged[0], "<-- GET /shared/text");
  assert(logged[1]?.startsWith("--> GET /shared/text"));
  const hello = await ask("/");
  assertEquals([hello.headers.get("content-length"), await hello.text()], ["5", "hello"]);
  const after = await ask("/after/text");
  const fields = ["x-after", "content-length"].map((name) => after.headers.get(name));
  assertEquals([...fields, await after.text()], ["1", "5", "after"]);
  const preflight = await ask("/shared/text", {
    method: "OPTIONS",
    headers: { Origin: "http://a.example", "Access-Control-Request-Method": "POST" },
  });
  assertEquals(preflight.status, 204);
  assert(preflight.headers.get("access-control-allow-methods")?.includes("POST"));
  await preflight.text();
  const tagged = await ask("/etag");
  const tag = tagged.headers.get("etag") ?? "";
  assertEquals([tag.length > 2, await tagged.text()], [true, "tagged"]);
  const unchanged = await ask("/etag", { headers: { "If-None-Match": tag } });
  assertEquals([unchanged.status, await unchanged.text()], [304, ""]);
  const zipped = await ask("/compress", { headers: { "Accept-Encoding": "gzip" } });
  assertEquals([zipped.headers.get("content-encoding"), await zipped.text()], ["gzip", LONG]);
  const events = await ask("/events");
  assertEquals(events.headers.get("content-type"), "text/event-stream");
  assertEquals(await events.text(), EVENTS);
  const redirect = await ask("/redirect", { redirect: "manual" });
  assertEquals([redirect.status, redirect.headers.get("location")], [302, "/"]);
  await redirect.text();
  assertEquals(client.errors, []);
});
