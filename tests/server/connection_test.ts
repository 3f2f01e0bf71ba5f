import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { get, serving } from "../support/serving.ts";

test("answers a request and keeps the connection", async () => {
  const stage = await serving(function* (environ, startResponse) {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    yield `you asked for ${environ.PATH_INFO}`;
  });
  const client = stage.ask(get("/a"));
  assertEquals(client.response().body, "you asked for /a");
  client.send(get("/b"));
  stage.run();
  assertEquals(client.responses().map(({ body }) => body), [
    "you asked for /a",
    "you asked for /b",
  ]);
  assertEquals(client.ended, false);
  await stage.finish();
});
