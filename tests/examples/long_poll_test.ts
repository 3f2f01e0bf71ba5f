/** The chat by long polling, with a clock that the test moves. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { chatRoom } from "../../examples/long_poll.ts";
import { get, post, type Serving, serving } from "../support/serving.ts";

async function body(stage: Serving, path: string): Promise<() => string | undefined> {
  const client = stage.ask(get(path));
  await stage.settle();
  return () => client.pieces.length === 0 ? undefined : client.response().body;
}

test("a request for messages waits for the next message", async () => {
  const stage = await serving(chatRoom());
  const one = await body(stage, "/messages?0");
  const other = await body(stage, "/messages?0");
  await stage.settle(10_000);
  assertEquals([one(), other()], [undefined, undefined]);
  stage.ask(post("/say", "hello"));
  await stage.settle();
  const heard = '{"messages":["hello"],"next":1}';
  assertEquals([one(), other()], [heard, heard]);
  await stage.finish();
});

test("a late request gets the earlier messages, and none twice", async () => {
  const stage = await serving(chatRoom());
  stage.ask(post("/say", "one"));
  stage.ask(post("/say", "two"));
  assertEquals((await body(stage, "/messages?0"))(), '{"messages":["one","two"],"next":2}');
  assertEquals((await body(stage, "/messages?1"))(), '{"messages":["two"],"next":2}');
  await stage.finish();
});

test("half a minute of silence is an empty answer", async () => {
  const stage = await serving(chatRoom());
  const silence = await body(stage, "/messages?0");
  await stage.settle(29_000);
  assertEquals(silence(), undefined);
  await stage.settle(2000);
  assertEquals(silence(), '{"messages":[],"next":0}');
  await stage.finish();
});

test("a shutdown answers the waiting requests at once", async () => {
  const stage = await serving(chatRoom());
  const waiting = await body(stage, "/messages?0");
  const shutdown = stage.server.shutdown({ grace: 3600 });
  await stage.settle();
  assertEquals(waiting(), '{"messages":[],"next":0}');
  await stage.until(shutdown);
  await stage.finish();
});
