/** The site: its endpoints for machines, and the steps that its first page draws. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { counter } from "../../../examples/counter.ts";
import { crowd } from "../../../examples/crowd.ts";
import { events } from "../../../examples/events.ts";
import { Live } from "../../../examples/site/live.ts";
import { alone } from "../../../examples/site/pages.ts";
import { waitApp } from "../../../examples/wait_signal.ts";
import { eventStream } from "../../../src/sse/mod.ts";
import { testClient } from "../../../src/testing/mod.ts";

test("events: a stream, publishing, and the count of streams", async () => {
  await using client = testClient({ wsgiApp: events() });
  assertEquals((await client.get("/events/count")).text, "0\n");
  await using stream = await client.events("/events");
  assertEquals((await client.get("/events/count")).text, "1\n");
  const published = ["a%20b", "%E2%82%AC&event=price", "x&y=1", "", "a%0Ab&event=%20"];
  for (const query of published) assertEquals((await client.get(`/publish?${query}`)).status, 200);
  const read = [];
  for (const _ of published) read.push(await stream.next());
  assertEquals(read.map((each) => [each?.event, each?.data]), [
    ["message", "a b"],
    ["price", "€"],
    ["message", "x&y=1"],
    ["message", ""],
    [" ", "a\nb"],
  ]);
  for (const query of ["%", "%FF", "x&event=a%0Ab"]) {
    assertEquals((await client.get(`/publish?${query}`)).status, 400);
  }
});

test("the steps of requests and of generators are events", async () => {
  const live = new Live();
  await using client = testClient({
    wsgiApp: {
      "/live": (environ, startResponse) =>
        eventStream(environ, startResponse, live.channelOf(environ)),
      "/wait": live.watch(waitApp),
      ...crowd((name, environ) => live.begin(name, environ), () => [1, 2, 3]),
    },
  });
  await client.get("/wait");
  await using stream = await client.events("/live");
  await client.get("/wait");
  await client.settle();
  await client.advance(1);
  const kinds = async () => {
    const steps: string[][] = [];
    while (steps.at(-1)?.[1] !== "end") {
      steps.push(...JSON.parse((await stream.next())?.data ?? "").steps);
    }
    return steps.map((step) => [step[1], step[3]]);
  };
  assertEquals(await kinds(), [
    ["begin", "GET /wait"],
    ["block", undefined],
    ["wait", undefined],
    ["resume", undefined],
    ["block", undefined],
    ["end", undefined],
  ]);
  await using crowded = await client.open("/crowd");
  await crowded.until("10\n");
  await client.settle();
  await crowded.disconnect();
  await client.advance(1);
  const ended = await kinds();
  assertMatch(String(ended[0]), /begin,generator 1/);
  assert(ended.filter(([kind]) => kind === "end").length > 0);
});

test("an example that is served alone has its style sheet and its source", async () => {
  await using client = testClient({ wsgiApp: alone(counter) });
  const page = await client.get("/");
  assertMatch(page.text, /<h1>Counter<\/h1>\n<p>1 of 10\n/);
  for (const [, address = ""] of page.text.matchAll(/href="([^":]+)"/g)) {
    const { status, headers } = await client.get(new URL(address, "http://test/").pathname);
    assertEquals([address, status], [address, 200]);
    if (address === "style.css") {
      assertEquals(headers.get("content-type"), "text/css; charset=utf-8");
    }
  }
});

test("no example is longer than 60 lines", () => {
  const folder = new URL("../../../examples/", import.meta.url);
  const files = readdirSync(folder, { encoding: "utf8", recursive: true });
  const names = files.filter((name) => name.endsWith(".ts"));
  const long = names.filter((name) =>
    readFileSync(new URL(name, folder), "utf8").trimEnd().split("\n").length > 60
  );
  assertEquals([names.length > 20, long], [true, []]);
});
