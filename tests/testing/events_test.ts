/** The client's end of a stream of events: its reading, its end, and its coming back. */

import { assertEquals, assertRejects } from "@std/assert";
import { test } from "node:test";
import { Sleep, WaitForSignal } from "../../src/coroutine/mod.ts";
import { EventChannel, eventStream, lastEventId } from "../../src/sse/mod.ts";
import { EventParser } from "../../src/testing/event_parser.ts";
import {
  EventsRefused,
  StuckError,
  testClient,
  type TestEventsOptions,
} from "../../src/testing/mod.ts";
import type { WSGIApp } from "../../src/wsgi/mod.ts";

/** A stream, and what is read: the events as [event, data, id], and the rest. */
const STREAMS: readonly (readonly [
  string,
  readonly (readonly [string, string, string])[],
  { readonly last?: string; readonly retry?: number; readonly comments?: readonly string[] }?,
])[] = [
  ["data: a\n\ndata:b\n\ndata:  c\n\n", [["message", "a", ""], ["message", "b", ""], [
    "message",
    " c",
    "",
  ]]],
  ["data: a\ndata: b\r\ndata: c\rdata: d\r\r\n", [["message", "a\nb\nc\nd", ""]]],
  ["data: a\r\rdata: b\r\n\r\ndata: c\n\r", [
    ["message", "a", ""],
    ["message", "b", ""],
    ["message", "c", ""],
  ]],
  ["\uFEFFdata: a\n\n\uFEFFdata: b\n\n", [["message", "a", ""]]],
  ["\uFEFF\uFEFFdata: a\n\n", []],
  ["data\n\ndata:\n\ndata\ndata\n\n", [
    ["message", "", ""],
    ["message", "", ""],
    ["message", "\n", ""],
  ]],
  ["event: x\n\ndata: a\n\n", [["message", "a", ""]]],
  ["event: x\nevent: y\ndata: a\n\nevent:\ndata: b\n\n", [["y", "a", ""], ["message", "b", ""]]],
  ["id: 1\n\ndata: a\n\nid\ndata: b\n\n", [["message", "a", "1"], ["message", "b", ""]]],
  ["id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n", [["message", "a", "1"], ["message", "b", "1"]], {
    last: "1",
  }],
  ["id: 1\ndata: a\n\nid: 2\ndata: b\n", [["message", "a", "1"]], { last: "1" }],
  ["id: 1\n\nid: 2\n", [], { last: "1" }],
  ["data: a\n\ndata: b", [["message", "a", ""]]],
  ["retry: 10\nretry: 1x\nretry: -1\nretry: \u0661\nretry\n\n", [], { retry: 10 }],
  [": one\n:two\ndata: a\n:\n\n", [["message", "a", ""]], { comments: [" one", "two", ""] }],
  ["Data: a\n data: b\ndatas: c\nfoo\ndata: d:e\n\n", [["message", "d:e", ""]]],
  ["data: é€😀\0\n\n", [["message", "é€😀\0", ""]]],
];

test("a stream is read as the standard says, cut at any byte", () => {
  for (const [text, events, { last = "", retry, comments = [] } = {}] of STREAMS) {
    const bytes = new TextEncoder().encode(text);
    const read = (...pieces: Uint8Array[]) => {
      const parser = new EventParser();
      for (const piece of pieces) parser.push(piece);
      return [parser.events, parser.retryMs, parser.comments];
    };
    const expected = [events.map(([event, data, id]) => ({ event, data, id })), retry, comments];
    for (let cut = 0; cut <= bytes.length; cut++) {
      assertEquals(read(bytes.subarray(0, cut), bytes.subarray(cut)), expected, text);
    }
    assertEquals(read(...Array.from(bytes, (byte) => Uint8Array.of(byte))), expected, text);
    const parser = new EventParser();
    parser.push(bytes);
    if (last !== "") assertEquals(parser.lastEventId, last, text);
  }
  const parser = new EventParser("7");
  parser.push(Uint8Array.of(...new TextEncoder().encode("data: "), 0xff, 10, 10));
  assertEquals(parser.events, [{ event: "message", data: "\uFFFD", id: "7" }]);
});

test("an event that ends with CR is there before the next byte", () => {
  const parser = new EventParser();
  parser.push(new TextEncoder().encode("data: a\r\r"));
  assertEquals(parser.events.length, 1);
});

test("events come one by one on the clock of the test, and the last is undefined", async () => {
  await using client = testClient((environ, startResponse) =>
    eventStream(
      environ,
      startResponse,
      function* () {
        for (let left = 3; left > 0; left--) {
          yield { data: String(left), id: `n${left}` };
          yield* Sleep(60);
        }
      }(),
      { heartbeat: 25, retry: 2 },
    )
  );
  const events = await client.events("/");
  assertEquals(events.headers.get("Content-Type"), "text/event-stream");
  assertEquals([await events.next(), client.now], [{ event: "message", data: "3", id: "n3" }, 0]);
  assertEquals([(await events.next())?.data, client.now], ["2", 60]);
  assertEquals([events.comments.length, events.lastEventId], [2, "n2"]);
  assertEquals((events.retryMs ?? 0) >= 1000, true);
  const rest = [];
  for await (const { data } of events) rest.push(data);
  assertEquals([rest, await events.next(), events.ended], [["1"], undefined, true]);
});

test("a loop that reads after the end of a stream is an error, until the client connects again", async () => {
  await using client = testClient((environ, startResponse) =>
    eventStream(environ, startResponse, ["a"])
  );
  const events = await client.events("/");
  for (let round = 0; round < 2; round++) {
    const read = [await events.next(), await events.next()];
    assertEquals(read.map((event) => event?.data), ["a", undefined]);
    for await (const event of events) throw new Error(`An event after the end: ${event.data}`);
    await assertRejects(() => events.next(), TypeError, "next() has given undefined: end the loop");
    await events.connect();
  }
});

test("a client that comes back sends its last id, and gets what it has missed", async () => {
  const channel = new EventChannel({ epoch: "e" });
  const ids: (string | undefined)[] = [];
  await using client = testClient((environ, startResponse) => {
    ids.push(lastEventId(environ));
    assertEquals(environ["HTTP_ACCEPT"], "text/event-stream");
    assertEquals([environ.QUERY_STRING, environ["HTTP_X_A"]], ["q=1", "b"]);
    return eventStream(environ, startResponse, channel);
  }, { cookies: true });
  const events = await client.events("/", { query: { q: 1 }, headers: { "X-A": "b" } });
  channel.publish("1");
  assertEquals((await events.next())?.data, "1");
  await events.disconnect();
  await client.settle();
  assertEquals([channel.subscribers, events.ended], [0, true]);
  channel.publish("2");
  await events.connect();
  assertEquals(await events.next(), { event: "message", data: "2", id: "e-2" });
  // A stream that still runs is ended first.
  await events.connect();
  await client.settle();
  assertEquals(channel.subscribers, 1);
  channel.close();
  assertEquals(await events.next(), undefined);
  const refused = await assertRejects(() => events.connect(), EventsRefused, "204");
  assertEquals(refused.response.status, 204);
  assertEquals(ids, [undefined, "e-1", "e-2", "e-2"]);
});

test("an event that was cut in the middle is dropped, and an id in it does not count", async () => {
  const visits: (string | undefined)[] = [];
  await using client = testClient((environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/event-stream;charset=utf-8"]]);
    visits.push(lastEventId(environ));
    return [visits.length === 1 ? "id: ü\ndata: a\n\nid: 2\ndata: b\n" : "data: c\n\n"];
  });
  const events = await client.events("/", { lastEventId: "é" });
  assertEquals([await events.next(), await events.next()], [
    { event: "message", data: "a", id: "ü" },
    undefined,
  ]);
  await events.connect();
  assertEquals(await events.next(), { event: "message", data: "c", id: "ü" });
  assertEquals(visits, ["é", "ü"]);
});

test("an answer that is no stream of events is refused, also without an end", async () => {
  const app: WSGIApp = function* (environ, startResponse) {
    const isLost = environ.PATH_INFO === "/lost";
    startResponse(isLost ? "404 Not Found" : "200 OK", [["Content-Type", "text/plain"]]);
    yield "no such stream\n";
    if (!isLost) yield* environ.cogen.wait(WaitForSignal("never"));
  };
  await using client = testClient(app);
  await assertRejects(() => client.events("/lost"), EventsRefused, "404 no such stream");
  await assertRejects(
    () => client.events("/"),
    EventsRefused,
    "The server sent no stream of events: 200 its Content-Type is text/plain",
  );
});

test("a wait for an event that cannot come names the wait of the app", async () => {
  await using client = testClient((environ, startResponse) =>
    eventStream(
      environ,
      startResponse,
      function* () {
        yield "first";
        yield* WaitForSignal("never");
      }(),
      { heartbeat: Infinity },
    )
  );
  await using events = await client.events("/");
  await events.next();
  await assertRejects(() => events.next(), StuckError, 'WaitForSignal("never")');
});

test("wrong options of events", async () => {
  await using client = testClient((environ, startResponse) =>
    eventStream(environ, startResponse, ["x"])
  );
  const wrong: [unknown, string][] = [
    [{ lastId: "1" }, 'did you mean "lastEventId"?'],
    [{ lastEventId: 1 }, "lastEventId of events is 1: expected a string"],
  ];
  for (const [options, message] of wrong) {
    await assertRejects(() => client.events("/", options as TestEventsOptions), Error, message);
  }
});
