/** A channel on a bus: the same events with the same ids in all processes. */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { test } from "node:test";
import { serve } from "../../mod.ts";
import { type BusTransport, memoryTransport, openBus } from "../../src/bus/mod.ts";
import { EventChannel, eventStream } from "../../src/sse/mod.ts";
import { testClient } from "../../src/testing/mod.ts";

const ALL = { history: { age: Infinity } };

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

const dataOf = (channel: EventChannel, id?: string) =>
  channel.eventsAfter(id).events.map(({ data }) => data);

test("an event has the same id in all processes, also in one that comes later", async () => {
  const transport = memoryTransport();
  await using here = await openBus(transport);
  await using there = await openBus(transport);
  const one = new EventChannel({ bus: here, name: "news", ...ALL });
  const other = new EventChannel({ bus: there, name: "news", ...ALL });
  assertEquals(one.publish("1"), undefined);
  one.publish({ data: "2", event: "headline" });
  await until(() => dataOf(one).length === 2 && dataOf(other).length === 2);
  assertEquals(other.eventsAfter(), one.eventsAfter());
  const [first] = one.eventsAfter().events;
  assertEquals(dataOf(other, first?.id), ["2"]);
  const late = new EventChannel({ bus: there, name: "news", history: { count: 1 } });
  await until(() => dataOf(late).length === 1);
  assertEquals(late.lastId, one.lastId);
  assertEquals(late.eventsAfter(first?.id).stale, false);
  assertEquals(late.eventsAfter("unknown").stale, true);
  other.publish("3");
  await until(() => [one, other, late].every((channel) => dataOf(channel).at(-1) === "3"));
  for (const channel of [one, other, late]) channel.close();
  assertThrows(() => one.publish("4"), TypeError, "closed");
  await until(() => here.stats().topics + there.stats().topics === 0);
});

test("a channel is ready when its history has come; one without a bus is ready at once", async () => {
  await using bus = await openBus(memoryTransport());
  await bus.run(bus.topic("news").publish({ data: "1" }));
  const channel = new EventChannel({ bus, name: "news", ...ALL });
  assertEquals(dataOf(channel), []);
  await bus.run(channel.ready());
  assertEquals(dataOf(channel), ["1"]);
  channel.close();
  const own = new EventChannel({ bus: undefined, name: "news" });
  await bus.run(own.ready());
  assert(own.publish("1") !== undefined);
});

test("a burst of events comes without a gap", async () => {
  const count = 5000;
  await using bus = await openBus(memoryTransport());
  const channel = new EventChannel({ bus, name: "news", history: { count, age: Infinity } });
  await bus.run(channel.ready());
  const begin = channel.lastId;
  for (let number = 1; number <= count; number++) {
    channel.publish(`${number}`);
    if (number % 500 === 0) await new Promise((resolve) => setTimeout(resolve));
  }
  await until(() => dataOf(channel).at(-1) === `${count}`);
  assertEquals(channel.eventsAfter(begin).stale, false);
  assertEquals(channel.eventsAfter(begin).events.length, count);
  channel.close();
});

test("a gap of the bus is a stale event of each client", async () => {
  const transport = memoryTransport({ maxLogs: 1 });
  await using bus = await openBus(transport);
  const channel = new EventChannel({ bus, name: "news", ...ALL });
  channel.publish("1");
  await until(() => dataOf(channel).length === 1);
  const { lastId } = channel;
  // Another log drops that of the channel, so it begins anew.
  await bus.run(bus.topic("another").publish(null));
  channel.publish("2");
  await until(() => dataOf(channel, lastId).includes("2"));
  assertEquals(channel.eventsAfter(lastId).stale, true);
  channel.close();
});

test("a client comes back to another process, and gets what it has missed", async () => {
  const transport = memoryTransport();
  const hosts = await Promise.all([0, 1].map(async () => {
    const bus = await openBus(transport);
    const channel = new EventChannel({ bus, name: "news", ...ALL });
    const server = await serve({
      bindAddr: ["127.0.0.1", 0],
      wsgiApp: (environ, startResponse) =>
        eventStream(environ, startResponse, channel.subscribe({ history: 10 })),
    });
    return { bus, channel, server };
  }));
  const [one, other] = hosts as [typeof hosts[number], typeof hosts[number]];
  one.channel.publish("1");
  one.channel.publish("2");
  const first = await readEvents(one.server.url, 1);
  const id = /id: (.*)\ndata: 1\n/.exec(first)?.[1];
  assert(id !== undefined, first);
  const rest = await readEvents(other.server.url, 1, id);
  assertEquals(rest.match(/data: .*/g), ["data: 2"]);
  for (const { bus, channel, server } of hosts) {
    channel.close();
    await server.close();
    await bus.close();
  }
});

test("a client that comes from a faster process waits for the slower one", async () => {
  const transport = memoryTransport();
  await using bus = await openBus(transport);
  const ahead = new EventChannel({ bus, name: "news", ...ALL });
  await bus.run(ahead.ready());
  ahead.publish("1");
  ahead.publish("2");
  await until(() => dataOf(ahead).length === 2);
  // The events of this transport stop after the first one.
  let isOpen = false;
  const held: BusTransport = {
    name: "slow",
    signals: undefined,
    append: transport.append.bind(transport),
    put: transport.put.bind(transport),
    take: transport.take.bind(transport),
    settle: transport.settle.bind(transport),
    watch: transport.watch.bind(transport),
    close: transport.close.bind(transport),
    page: async (log, after, limits) => {
      const page = await transport.page(log, after, limits);
      if (isOpen) return page;
      const entries = page.entries.filter(({ offset }) => offset < 2);
      return { ...page, entries, last: Math.min(page.last, 1) };
    },
  };
  await using slowBus = await openBus(held);
  const behind = new EventChannel({ bus: slowBus, name: "news", ...ALL });
  await slowBus.run(behind.ready());
  assertEquals(dataOf(behind), ["1"]);
  const seen = ahead.lastId;
  assertEquals(behind.eventsAfter(seen), { stale: false, events: [], lastId: seen });
  let isNews = false;
  const news = slowBus.run(behind.newsAfter(seen)).then(() => isNews = true);
  await using client = testClient((environ, startResponse) =>
    eventStream(environ, startResponse, behind)
  );
  await using stream = await client.events("/", { headers: { "Last-Event-ID": seen } });
  isOpen = true;
  ahead.publish("3");
  assertEquals((await stream.next())?.data, "3");
  await news;
  assertEquals([isNews, dataOf(behind, seen)], [true, ["3"]]);
  // An id of another epoch, or one before the history, is stale at once.
  assertEquals(behind.eventsAfter("other-9").stale, true);
  assertEquals(behind.eventsAfter("").stale, false);
  ahead.close();
  behind.close();
});

test("an id that the bus has not given yet is unknown after a moment", async () => {
  await using bus = await openBus(memoryTransport());
  const channel = new EventChannel({ bus, name: "news", ...ALL });
  await bus.run(channel.ready());
  channel.publish("1");
  await until(() => dataOf(channel).length === 1);
  const unknown = channel.lastId.replace(/\d+$/, "999");
  await using client = testClient((environ, startResponse) =>
    eventStream(environ, startResponse, channel, { heartbeat: Infinity })
  );
  const waiting = client.open("/", { headers: { "Last-Event-ID": unknown } });
  await bus.run(channel.newsAfter(unknown));
  assertEquals(channel.eventsAfter(unknown).stale, true);
  const stream = await waiting;
  const text = await stream.until("data: 1\n\n");
  assertMatch(text, /event: stale\n[^]*data: 1\n/);
  await stream.disconnect();
  channel.close();
});

test("an unknown id is stale at once, also if there is no event yet", async () => {
  await using bus = await openBus(memoryTransport());
  const shared = new EventChannel({ bus, name: "news", ...ALL });
  await bus.run(shared.ready());
  for (const channel of [new EventChannel(), shared]) {
    await using client = testClient((environ, startResponse) =>
      eventStream(environ, startResponse, channel)
    );
    const headers = { "Last-Event-ID": "other-5" };
    await using stream = await client.events("/", { headers });
    assertEquals((await stream.next())?.event, "stale");
    assertEquals(client.now, 0);
    channel.close();
  }
});

test("no event is missing after the place before the oldest one", async () => {
  const transport = memoryTransport();
  await using here = await openBus(transport);
  await using there = await openBus(transport);
  const early = new EventChannel({ bus: here, name: "news", ...ALL });
  await here.run(early.ready());
  // A client of this process knows the place before the first event.
  const place = early.lastId;
  early.publish("1");
  await until(() => dataOf(early).length === 1);
  const late = new EventChannel({ bus: there, name: "news", ...ALL });
  await there.run(late.ready());
  const missed = late.eventsAfter(place);
  assertEquals([missed.stale, missed.events.map(({ data }) => data)], [false, ["1"]]);
  early.close();
  late.close();
});

test("a channel whose bus is closed says so, and its streams end", async () => {
  const bus = await openBus(memoryTransport());
  const channel = new EventChannel({ bus, name: "news", ...ALL });
  await bus.run(channel.ready());
  await using client = testClient((environ, startResponse) =>
    eventStream(environ, startResponse, channel)
  );
  const stream = await client.events("/");
  await bus.close();
  assertEquals(await stream.next(), undefined);
  assertThrows(() => channel.publish("1"), TypeError, 'the topic "news" has ended: ');
  channel.close();
  assertThrows(() => channel.publish("1"), TypeError, 'the topic "news" has ended: ');
});

test("a client of a channel whose bus is closed comes back, keeps its place, and goes on elsewhere", async () => {
  const transport = memoryTransport();
  const [bus, otherBus] = [await openBus(transport), await openBus(transport)];
  const channel = new EventChannel({ bus, name: "news", ...ALL });
  const other = new EventChannel({ bus: otherBus, name: "news", ...ALL });
  const unread = await openBus(transport);
  const early = new EventChannel({ bus: unread, name: "news", ...ALL });
  await unread.close();
  channel.publish("1");
  await until(() => dataOf(channel).length === 1 && dataOf(other).length === 1);
  const seen = channel.lastId;
  await bus.close();
  other.publish("2");
  await until(() => dataOf(other).length === 2);
  const ahead = other.lastId;
  await using client = testClient((environ, startResponse) => {
    const name = environ.PATH_INFO.slice(1);
    return eventStream(environ, startResponse, name === "early" ? early : channel);
  });
  // A browser gives up after any other status than 200, also after a 503.
  for (const path of ["/", "/early"]) {
    for (const id of [undefined, seen, ahead]) {
      const headers = id === undefined ? {} : { "Last-Event-ID": id };
      const { status, text } = await client.get(path, { headers });
      assertEquals(status, 200);
      assert(/^retry: \d+\n(?:id: \S+\n)?\n$/.test(text), text);
    }
  }
  assertEquals(channel.eventsAfter(ahead), { stale: false, events: [], lastId: ahead });
  await otherBus.run(channel.newsAfter(ahead));
  await otherBus.run(early.newsAfter(seen));
  assertEquals(dataOf(other, seen), ["2"]);
  other.close();
  await otherBus.close();
});

test("the options of a bus are checked", async () => {
  await using bus = await openBus(memoryTransport());
  assertThrows(() => new EventChannel({ bus }), TypeError, "both options, bus and name");
  assertThrows(() => new EventChannel({ name: "a" }), TypeError, "both options, bus and name");
  assertThrows(() => new EventChannel({ bus, name: "a", epoch: "e" }), TypeError, "epoch");
  const wrong = { bus: {} as typeof bus, name: "a" };
  assertThrows(() => new EventChannel(wrong), TypeError, "bus is {}");
});

/** Reads a stream until it has a number of events with data. */
async function readEvents(url: string, count: number, lastId = ""): Promise<string> {
  const headers: Record<string, string> = lastId === "" ? {} : { "Last-Event-ID": lastId };
  const controller = new AbortController();
  const { body } = await fetch(url, { headers, signal: controller.signal });
  let text = "";
  for await (const chunk of body as ReadableStream<Uint8Array>) {
    text += new TextDecoder().decode(chunk);
    if ((text.match(/data: .*\n\n/g)?.length ?? 0) >= count) break;
  }
  controller.abort();
  return text;
}
