/** Channels: replay after the id of a client, the bounds of the history, and slow clients. */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  type ChannelEvent,
  EventChannel,
  type EventChannelOptions,
  eventStream,
  type SubscriptionOptions,
} from "../../src/sse/mod.ts";
import { type TestClient, testClient } from "../../src/testing/mod.ts";
import { withOtherTimeOfDay } from "../support/time_of_day.ts";
import { readEvents } from "./event_reader.ts";

function serving(channel: EventChannel, options: SubscriptionOptions = {}, window?: number) {
  return testClient(
    (environ, startResponse) =>
      eventStream(environ, startResponse, channel.subscribe(options), { heartbeat: 10 }),
    window === undefined ? {} : { window },
  );
}

/** Reads the events that a client gets at once, and its last id. */
async function reading(client: TestClient, lastId?: string) {
  const headers: Record<string, string> = lastId === undefined ? {} : { "Last-Event-ID": lastId };
  await using stream = await client.open("/", { headers });
  // The first heartbeat follows the events that are ready.
  await client.settle();
  await client.advance(10);
  await stream.disconnect();
  const { events, lastEventId } = readEvents((await stream.response()).text, lastId);
  return {
    data: events.map(({ event, data }) => event === "stale" ? event : data),
    last: lastEventId,
  };
}

function channelOf(count: number, options: EventChannelOptions = {}): EventChannel {
  const channel = new EventChannel({ epoch: "e", ...options });
  for (let number = 1; number <= count; number++) channel.publish(String(number));
  return channel;
}

test("a client goes on after its last event, and a new one with the next event", async () => {
  const channel = channelOf(5);
  await using client = serving(channel);
  assertEquals(await reading(client, "e-3"), { data: ["4", "5"], last: "e-5" });
  assertEquals(await reading(client, "e-5"), { data: [], last: "e-5" });
  assertEquals(await reading(client, "e-0"), { data: ["1", "2", "3", "4", "5"], last: "e-5" });
  // The id tells a client its place before the first event.
  assertEquals(await reading(client), { data: [], last: "e-5" });
  assertEquals(channel.subscribers, 0);
});

test("one stale event tells of missing events, and the kept ones follow", async () => {
  const channel = channelOf(9, { history: { count: 3 } });
  await using client = serving(channel);
  assertEquals(await reading(client, "e-6"), { data: ["7", "8", "9"], last: "e-9" });
  for (
    const lost of [
      "e-5",
      "e-0",
      "e-10",
      "e-09",
      "e-",
      "e-1e0",
      "other-7",
      "7",
      "\u00e9",
      "e-99999999999999999999",
    ]
  ) {
    assertEquals(
      await reading(client, lost),
      { data: ["stale", "7", "8", "9"], last: "e-9" },
      lost,
    );
  }
});

test("a client that leaves after the stale event gets no second one", async () => {
  const channel = channelOf(9, { history: { count: 3 } });
  await using client = serving(channel);
  await using stream = await client.open("/", { headers: { "Last-Event-ID": "old" } });
  const { lastEventId } = readEvents(await stream.until("event: stale\nid: e-6\ndata: \n\n"));
  await stream.disconnect();
  assertEquals(await reading(client, lastEventId), { data: ["7", "8", "9"], last: "e-9" });
});

test("a restart is a stale event, then the events since", async () => {
  const before = new EventChannel();
  const id = before.publish("old");
  const channel = new EventChannel();
  channel.publish("new");
  await using client = serving(channel);
  assertEquals((await reading(client, id)).data, ["stale", "new"]);
});

test("a client without an id gets the history that the subscription names", async () => {
  const channel = channelOf(5);
  for (
    const [history, data] of [[0, []], [2, ["4", "5"]], [Infinity, [
      "1",
      "2",
      "3",
      "4",
      "5",
    ]]] as const
  ) {
    await using client = serving(channel, { history });
    assertEquals((await reading(client)).data, [...data]);
  }
  await using client = serving(channel, { after: "e-3" });
  assertEquals((await reading(client)).data, ["4", "5"]);
  assertEquals((await reading(client, "e-4")).data, ["5"]);
  await using lost = serving(channel, { after: "x" });
  assertEquals((await reading(lost)).data, ["stale", "1", "2", "3", "4", "5"]);
});

test("a filter leaves events out, and the id goes on", async () => {
  const channel = channelOf(9, { history: { count: 3 } });
  await using client = serving(channel, { filter: ({ data }) => Number(data) % 2 === 1 });
  assertEquals(await reading(client, "e-7"), { data: ["9"], last: "e-9" });
  channel.publish("10");
  // A heartbeat tells the client that it has missed nothing.
  assertEquals(await reading(client, "e-9"), { data: [], last: "e-10" });
});

test("events that a filter leaves out write nothing, and do not put the heartbeat off", async () => {
  const channel = channelOf(1);
  const client = testClient(
    (environ, startResponse) =>
      eventStream(environ, startResponse, channel.subscribe({ filter: () => false }), {
        heartbeat: 10,
      }),
    { autojump: false },
  );
  const stream = await client.open("/");
  await client.settle();
  for (let second = 1; second <= 25; second++) {
    channel.publish("unwanted");
    await client.advance(1);
    await client.settle();
  }
  await stream.disconnect();
  const { text } = await stream.response();
  assertEquals(text.match(/id: .*/g), ["id: e-1", "id: e-11", "id: e-21"]);
  await client.close();
});

test("a filter may publish, also more than the history holds", async () => {
  const channel = channelOf(2, { history: { count: 2 } });
  let calls = 0;
  const filter = ({ data }: ChannelEvent) => {
    calls++;
    if (data !== "1") return true;
    for (let number = 3; number <= 60; number++) channel.publish(String(number));
    return false;
  };
  await using client = serving(channel, { filter, history: Infinity });
  assertEquals(await reading(client), { data: ["stale", "59", "60"], last: "e-60" });
  assertEquals(calls, 3);
});

test("an event is kept as it was published", () => {
  const channel = channelOf(0);
  const event = { data: "a" };
  channel.publish(event);
  event.data = "b";
  assertEquals(channel.eventsAfter().events, [{ data: "a", id: "e-1" }]);
});

test("the bounds of the history", async () => {
  let now = 0;
  const clock = { now: () => now };
  const counted = channelOf(2000);
  await using countedClient = serving(counted);
  assertEquals((await reading(countedClient, "e-0")).data.length, 1 + 1000);

  const sized = channelOf(100, { history: { bytes: 200 } });
  await using sizedClient = serving(sized);
  const { data } = await reading(sizedClient, "e-0");
  const wire = data.slice(1).map((text) => `id: e-${text}\ndata: ${text}\n\n`).join("");
  assert(wire.length <= 200 && wire.length > 150, `${wire.length}`);
  sized.publish("x".repeat(300));
  assertEquals((await reading(sizedClient, "e-0")).data, ["stale", "x".repeat(300)]);

  const aged = channelOf(2, { history: { age: 60 }, clock });
  now = 50_000;
  aged.publish("3");
  await using agedClient = serving(aged);
  assertEquals((await reading(agedClient, "e-0")).data, ["1", "2", "3"]);
  now = 70_000;
  assertEquals((await reading(agedClient, "e-0")).data, ["stale", "3"]);
});

test("a jump of the time of day makes no event older", async () => {
  const channel = channelOf(2);
  const texts = () => channel.eventsAfter().events.map(({ data }) => data);
  await withOtherTimeOfDay(365 * 24 * 3_600_000, () => assertEquals(texts(), ["1", "2"]));
});

test("a closed channel ends its streams after the last event, then answers 204", async () => {
  const channel = channelOf(3);
  await using client = serving(channel);
  await using stream = await client.open("/", { headers: { "Last-Event-ID": "e-1" } });
  await stream.until("data: 3\n\n");
  channel.publish("4");
  channel.close();
  const { text, complete } = await stream.response();
  assertEquals([readEvents(text).lastEventId, complete], ["e-4", true]);
  const late = await client.get("/", { headers: { "Last-Event-ID": "e-2" } });
  assertEquals([late.status, readEvents(late.text).lastEventId], [200, "e-4"]);
  const done = await client.get("/", { headers: { "Last-Event-ID": "e-4" } });
  assertEquals(done.status, 204);
  assertEquals((await client.head("/", { headers: { "Last-Event-ID": "e-4" } })).status, 204);
  assertThrows(() => channel.publish("5"), TypeError, "Cannot publish: the channel is closed");
});

test("a promise and an event without a field are not published", () => {
  const channel = new EventChannel();
  // Its rejection must not end the process.
  const forgotten = Promise.reject(new Error("a forgotten await"));
  assertThrows(() => channel.publish(forgotten as never), TypeError, "await the promise first");
  assertThrows(() => channel.publish({}), TypeError, "An event has no field");
  assertEquals(channel.eventsAfter().events, []);
});

/** Publishes more bytes than the server and the network keep for a client. */
async function publishMany(client: TestClient, channel: EventChannel): Promise<void> {
  for (let number = 1; number <= 40; number++) {
    channel.publish(`${number} ${PAYLOAD}`);
    await client.settle();
  }
}

const PAYLOAD = "x".repeat(4000);
const LAST = `data: 40 ${PAYLOAD}\n\n`;

test("of many clients, those that do not read are told of their gap", async () => {
  const channel = channelOf(0, { history: { count: 5 } });
  await using client = serving(channel, {}, 1024);
  const streams = await Promise.all(Array.from({ length: 20 }, () => client.open("/")));
  for (const stream of streams) await stream.until("id: e-0\n\n");
  const stalled = streams.filter((_, at) => at % 10 === 0);
  for (const stream of stalled) stream.stall();
  await publishMany(client, channel);
  assertEquals(channel.subscribers, 20);
  for (const stream of stalled) stream.resume();
  for (const stream of streams) {
    const { events } = readEvents(await stream.until(LAST));
    const numbers = events.map(({ id }) => Number(id.slice(2)));
    const stale = events.findIndex(({ event }) => event === "stale");
    const first = stalled.includes(stream) ? events.slice(0, stale) : events;
    assertEquals(numbers.slice(0, first.length), first.map((_, at) => at + 1));
    // The stale event has the id of the event before the oldest one that is kept.
    if (stalled.includes(stream)) assertEquals(numbers.slice(stale), [35, 36, 37, 38, 39, 40]);
    else assertEquals(numbers.length, 40);
  }
});

test("a slow client is closed, if the subscription says so", async () => {
  const channel = channelOf(0, { history: { count: 5 } });
  await using client = serving(channel, { slow: "close" }, 1024);
  await using stream = await client.open("/");
  await stream.until("id: e-0\n\n");
  stream.stall();
  await publishMany(client, channel);
  stream.resume();
  const { text, complete } = await stream.response();
  const { events, lastEventId } = readEvents(text);
  assertEquals([complete, events.some(({ event }) => event === "stale")], [true, false]);
  assertEquals((await reading(client, lastEventId)).data[0], "stale");
  assertEquals(channel.subscribers, 0);
});

test("events for a client that reads no stream", async () => {
  const channel = channelOf(3, { history: { count: 2 } });
  const kept = [{ data: "2", id: "e-2" }, { data: "3", id: "e-3" }];
  assertEquals(channel.eventsAfter(), { stale: false, events: kept, lastId: "e-3" });
  assertEquals(channel.eventsAfter("e-2"), { stale: false, events: kept.slice(1), lastId: "e-3" });
  assertEquals(channel.eventsAfter("e-3"), { stale: false, events: [], lastId: "e-3" });
  for (const lost of ["e-0", "e-4", "other-1", ""]) {
    assertEquals(channel.eventsAfter(lost), { stale: true, events: kept, lastId: "e-3" }, lost);
  }

  await using client = testClient(function* ({ cogen, QUERY_STRING }, startResponse) {
    startResponse("200 OK", []);
    yield* cogen.wait(channel.newsAfter(QUERY_STRING));
    yield channel.lastId;
  });
  assertEquals((await client.get("/?e-2")).text, "e-3");
  assertEquals((await client.get("/?other-1")).text, "e-3");
  const waiting = client.get("/?e-3");
  await client.settle();
  channel.publish("4");
  assertEquals((await waiting).text, "e-4");
});

test("ids name the channel and count its events", () => {
  const channel = new EventChannel();
  assertMatch(channel.lastId, /^\w{8,}-0$/);
  assertEquals(channel.publish("x"), channel.lastId);
  assertMatch(channel.lastId, /-1$/);
  assertThrows(
    () => channel.publish({ id: "1", data: "x" } as ChannelEvent),
    TypeError,
    "gives the ids",
  );
  assertThrows(
    () => channel.publish({ data: 5 } as unknown as ChannelEvent),
    TypeError,
    "data of an event is 5",
  );
  assertMatch(channel.lastId, /-1$/);
});

test("wrong options", () => {
  const wrong: [unknown, string][] = [
    [{ historie: {} }, 'did you mean "history"?'],
    [{ history: { count: 0 } }, "history.count is 0: expected a whole number, 1 or more"],
    [{ history: { bytes: "1" } }, 'history.bytes is "1"'],
    [{ history: { age: -1 } }, "history.age is -1 seconds"],
    [{ history: { size: 1 } }, "Unknown option of history of EventChannel"],
    [{ epoch: "a-b" }, 'epoch is "a-b": expected 1 to 64'],
    [{ clock: 5 }, "clock is 5: expected an object with now()"],
    [5, "EventChannel is 5: expected an object"],
  ];
  for (const [options, message] of wrong) {
    assertThrows(() => new EventChannel(options as EventChannelOptions), Error, message);
  }
  const channel = new EventChannel();
  const subscriptions: [unknown, string][] = [
    [{ filter: 5 }, "filter of subscribe is 5"],
    [{ after: 5 }, "after of subscribe is 5"],
    [{ history: -1 }, "history of subscribe is -1"],
    [{ slow: "drop" }, 'slow of subscribe is "drop": expected "stale" or "close"'],
    [{ since: "x" }, "Unknown option of subscribe"],
  ];
  for (const [options, message] of subscriptions) {
    assertThrows(() => channel.subscribe(options as SubscriptionOptions), Error, message);
  }
});
