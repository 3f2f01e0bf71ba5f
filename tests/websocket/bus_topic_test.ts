/** Topics on a bus: one topic in all processes. */

import { test } from "node:test";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type Bus,
  channelTransport,
  memoryTransport,
  openBus,
  serveChannel,
} from "../../src/bus/mod.ts";
import { type TestClient, testClient } from "../../src/testing/mod.ts";
import { acceptWebSocket, Topic, type TopicOptions } from "../../src/websocket/mod.ts";
import { until } from "../bus/contract.ts";
import { channelPair } from "../bus/channel_pair.ts";

/** A server of one process, with a room on the bus. */
class Host implements AsyncDisposable {
  readonly room: Topic;
  readonly client: TestClient;

  constructor(bus: Bus, options: TopicOptions = {}) {
    const room = this.room = new Topic({ ...options, bus, name: "room" });
    this.client = testClient(function* (environ) {
      const socket = acceptWebSocket(environ, { ping: { interval: Infinity } });
      room.subscribe(socket);
      yield* socket.each((message) => void room.publish(message));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.room.close();
    await this.client.close();
  }
}

const TRANSPORTS = {
  memory: () => {
    const hub = memoryTransport();
    return { connect: () => hub, stop: () => {} };
  },
  channel: () => {
    const hub = memoryTransport();
    const stops: (() => void)[] = [];
    const connect = () => {
      const [worker, supervisor] = channelPair();
      stops.push(serveChannel(hub, supervisor));
      return channelTransport(worker);
    };
    return { connect, stop: () => stops.forEach((stop) => stop()) };
  },
} as const;

for (const [name, transports] of Object.entries(TRANSPORTS)) {
  test(`the sockets of all processes get the same messages in one order, over ${name}`, async () => {
    const { connect, stop } = transports();
    await using here = await openBus(connect());
    await using there = await openBus(connect());
    await using one = new Host(here);
    await using other = new Host(there);
    const ann = await one.client.webSocket("/");
    const bob = await other.client.webSocket("/");
    // The subscription may not be open yet: these messages wait for it.
    ann.send("ann 1");
    ann.send(new Uint8Array([0, 255]));
    assertEquals(await ann.receive(), "ann 1");
    assertEquals(await ann.receive(), new Uint8Array([0, 255]));
    // Another process gets the messages from its own subscription on.
    bob.send("bob 1");
    while (await bob.receive() !== "bob 1");
    assertEquals(await ann.receive(), "bob 1");
    for (let count = 0; count < 20; count++) {
      ann.send(`ann ${count} é "<\u{1f600}`);
      bob.send(`bob ${count}`);
    }
    const heard: unknown[][] = [[], []];
    for (let count = 0; count < 40; count++) {
      heard[0]?.push(await ann.receive());
      heard[1]?.push(await bob.receive());
    }
    assertEquals(heard[0], heard[1]);
    assertEquals(heard[0]?.filter((text) => String(text).startsWith("bob")).length, 20);
    await Promise.all([ann.close(), bob.close()]);
    stop();
  });
}

for (const slow of ["close", "drop"] as const) {
  test(`a gap of the bus is a missed message of each subscriber; the policy is ${slow}`, async () => {
    await using bus = await openBus(memoryTransport({ maxLogs: 1 }));
    await using host = new Host(bus, { slow });
    const { client, room } = host;
    const socket = await client.webSocket("/");
    socket.send("1");
    assertEquals(await socket.receive(), "1");
    // Another log drops that of the topic, so it begins anew.
    await bus.run(bus.topic("another").publish(null));
    await bus.run(bus.topic("room").publish("2"));
    await until(() => room.dropped === 1);
    if (slow === "drop") {
      socket.send("3");
      while (await socket.receive() !== "3");
      await socket.close();
    } else {
      assertEquals(await socket.receive(), undefined);
      assertEquals(socket.end, { code: 1013, reason: "Messages were lost" });
    }
  });
}

test("a value of another program that is no message counts as missed", async () => {
  await using bus = await openBus(memoryTransport());
  await using host = new Host(bus, { slow: "drop" });
  const socket = await host.client.webSocket("/");
  socket.send("1");
  assertEquals(await socket.receive(), "1");
  await bus.run(bus.topic("room").publish({ no: "message" }));
  await until(() => host.room.dropped === 1);
  await socket.close();
});

test("send waits for the bus, so that no flood of a client makes a gap", async () => {
  const count = 15_000;
  // The log is much shorter than the flood.
  await using bus = await openBus(memoryTransport({ maxLogMessages: 500 }));
  const room = new Topic({ bus, name: "room" });
  await using client = testClient(function* (environ) {
    const socket = acceptWebSocket(environ, { ping: { interval: Infinity } });
    room.subscribe(socket);
    yield* socket.each((message) => room.send(message));
  });
  const socket = await client.webSocket("/");
  for (let at = 0; at < count; at++) socket.send(`${at}`);
  for (let at = 0; at < count; at++) assertEquals(await socket.receive(), `${at}`);
  await socket.close(1000);
  room.close();
});

test("send without a bus publishes at once, and its errors come at the wait", async () => {
  await using bus = await openBus(memoryTransport());
  const shared = new Topic({ bus, name: "room" });
  const large = shared.send("x".repeat(600_000));
  await assertRejects(() => bus.run(large), RangeError, "expected at most");
  await bus.run(shared.send("1"));
  shared.close();
  await assertRejects(() => bus.run(shared.send("2")), TypeError, "closed");
  const own = new Topic();
  await bus.run(own.send("1"));
  assertThrows(() => own.send(1 as unknown as string), TypeError, "message");
  own.close();
  await assertRejects(() => bus.run(own.send("2")), TypeError, "closed");
});

test("send fails if the bus is closed", async () => {
  const bus = await openBus(memoryTransport());
  await using other = await openBus(memoryTransport());
  const topic = new Topic({ bus, name: "room" });
  await bus.close();
  await assertRejects(() => other.run(topic.send("1")), Error, "closed");
});

test("a closed topic has no subscribers, and leaves the bus", async () => {
  await using bus = await openBus(memoryTransport());
  await using host = new Host(bus);
  const socket = await host.client.webSocket("/");
  socket.send("1");
  assertEquals([await socket.receive(), host.room.size], ["1", 1]);
  host.room.close();
  await until(() => bus.stats().topics === 0);
  assertEquals(host.room.size, 0);
  assertThrows(() => host.room.publish("2"), TypeError, "closed");
  await socket.close();
  const own = new Topic();
  own.close();
  assertThrows(() => own.publish("1"), TypeError, "closed");
});

test("the options of a bus are checked, and each message", async () => {
  await using bus = await openBus(memoryTransport());
  assertThrows(() => new Topic({ bus }), TypeError, "both options, bus and name");
  assertThrows(() => new Topic({ name: "a" }), TypeError, "both options, bus and name");
  const wrong = { bus: {} as typeof bus, name: "a" };
  assertThrows(() => new Topic(wrong), TypeError, "bus is {}");
  // A server without a bus: a topic of this process alone.
  assertEquals(new Topic({ bus: undefined, name: "a" }).publish("1"), 0);
  const topic = new Topic({ bus, name: "a" });
  const large = "x".repeat(600_000);
  assertThrows(() => topic.publish(large), RangeError, "expected at most");
  for (let count = 0; count < 1000; count++) assertEquals(topic.publish("1"), undefined);
  assertThrows(() => topic.publish("1"), Error, "1000 messages wait");
  await until(() => {
    try {
      return topic.publish("1") === undefined;
    } catch {
      return false;
    }
  });
  assertThrows(() => topic.publish(large), RangeError, "expected at most");
  topic.close();
});

test("a topic whose bus is closed says so, and its subscribers come back later", async () => {
  const bus = await openBus(memoryTransport());
  await using host = new Host(bus);
  const socket = await host.client.webSocket("/");
  socket.send("1");
  assertEquals(await socket.receive(), "1");
  await bus.close();
  assertEquals(await socket.receive(), undefined);
  assertEquals(socket.end, { code: 1013, reason: "Messages were lost" });
  assertThrows(() => host.room.publish("2"), TypeError, 'the topic "room" has ended: ');
});

test("a topic that is closed at once, and one whose bus is closed, end", async () => {
  const bus = await openBus(memoryTransport());
  new Topic({ bus, name: "a" }).close();
  await until(() => bus.stats().topics === 0);
  const topic = new Topic({ bus, name: "a" });
  topic.publish("1");
  await until(() => bus.stats().topics === 1);
  await bus.close();
  assert(topic.size === 0);
});
