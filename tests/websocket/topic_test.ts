/** Topics: one encoding for all subscribers, the end of a subscription, and slow subscribers. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import * as zlib from "node:zlib";
import type { WSGIApp } from "../../mod.ts";
import { testClient } from "../../src/testing/mod.ts";
import {
  acceptWebSocket,
  permessageDeflate,
  Topic,
  type TopicOptions,
  type WebSocketOptions,
} from "../../src/websocket/mod.ts";
import { get, serving } from "../support/serving.ts";
import { HANDSHAKE } from "./raw_client.ts";

/** An app whose sockets are all in one room; each message goes to all of them. */
const chat = (room: Topic, options: WebSocketOptions = {}): WSGIApp =>
  function* (environ) {
    const socket = acceptWebSocket(environ, options);
    room.subscribe(socket);
    yield* socket.each((message) => {
      if (message === "leave") room.unsubscribe(socket);
      else room.publish(message);
    });
  };

test("each message goes to all subscribers, in order, until they leave", async () => {
  const room = new Topic();
  await using client = testClient(chat(room));
  const sockets = [await client.webSocket("/"), await client.webSocket("/")];
  const [ann, bob] = sockets as [typeof sockets[0], typeof sockets[0]];
  await client.settle();
  assertEquals(room.size, 2);
  ann?.send("one");
  ann?.send(new Uint8Array([2]));
  for (const socket of sockets) {
    assertEquals(await socket.receive(), "one");
    assertEquals(await socket.receive(), new Uint8Array([2]));
  }
  bob?.send("leave");
  await client.settle();
  assertEquals([room.size, room.publish("three")], [1, 1]);
  await ann?.close(1000);
  await client.settle();
  assertEquals([room.size, room.publish("four")], [0, 0]);
  await bob?.close(1000);
  assertEquals([await ann?.receive(), await bob?.receive()], ["three", undefined]);
});

test("a subscription ends with its connection, however that ends", async () => {
  const room = new Topic();
  await using client = testClient(chat(room));
  for (const how of ["fin", "reset"] as const) {
    const socket = await client.webSocket("/");
    await client.settle();
    assertEquals(room.size, 1);
    await socket.disconnect(how);
    await client.settle();
    assertEquals(room.size, 0);
  }
});

test("a message for a hundred subscribers is encoded and compressed once", async () => {
  const room = new Topic();
  let compressions = 0;
  const counting = {
    inflateRawSync: zlib.inflateRawSync,
    deflateRawSync: (bytes: Uint8Array, options: object) => {
      compressions++;
      return zlib.deflateRawSync(bytes, options);
    },
  };
  const compression = permessageDeflate(counting);
  compressions = 0;
  const stage = await serving(chat(room, { compression }));
  const lines = Object.entries(HANDSHAKE).filter(([name]) => name !== "Host")
    .map(([name, value]) => `${name}: ${value}`);
  const offer = "Sec-WebSocket-Extensions: permessage-deflate";
  const clients = Array.from(
    { length: 100 },
    (_, index) => stage.ask(get("/", ...lines, ...(index % 2 === 0 ? [offer] : []))),
  );
  await stage.settle();
  for (const client of clients) client.take();
  assertEquals([room.size, room.publish("x".repeat(1000))], [100, 100]);
  await stage.settle();
  const lengths = clients.map((client) => client.take().length);
  assertEquals(compressions, 1);
  assertEquals(lengths.filter((length) => length === 1004).length, 50);
  assertEquals(lengths.filter((length) => length < 50).length, 50);
  for (const client of clients) client.destroy();
  await stage.settle();
  assertEquals(room.size, 0);
  await stage.finish();
});

const POLICIES: readonly (readonly [TopicOptions["slow"], number])[] = [
  ["close", 1],
  ["drop", 2],
];

for (const [slow, size] of POLICIES) {
  test(`the bytes of a slow subscriber are bounded; its policy is ${slow}`, async () => {
    const room = new Topic({ ...(slow === undefined ? {} : { slow }), maxBufferedBytes: 100_000 });
    await using client = testClient(chat(room, { ping: { interval: Infinity } }));
    const fast = await client.webSocket("/");
    const lazy = await client.webSocket("/");
    await client.settle();
    lazy.stall();
    const block = "x".repeat(10_000);
    for (let count = 0; count < 32; count++) {
      room.publish(`${count} ${block}`);
      assertEquals((await fast.receive())?.length, block.length + String(count).length + 1);
    }
    assertEquals(room.size, size);
    assert(slow === "drop" ? room.dropped > 3 : room.dropped === 1, `${room.dropped}`);
    lazy.resume();
    let received = 0;
    if (slow === "close") {
      while (await lazy.receive() !== undefined) received++;
      assertEquals(lazy.end, { code: 1013, reason: "Too slow" });
    } else {
      await client.settle();
      room.publish("caught up");
      while (await lazy.receive() !== "caught up") received++;
      assertEquals(received, 32 - room.dropped);
    }
    assert(received > 5 && received < 32);
  });
}

test("a wrong option or message of a topic is named", () => {
  assertThrows(() => new Topic({ slow: "wait" } as never), TypeError, 'slow is "wait"');
  assertThrows(() => new Topic({ maxBufferedBytes: NaN }), TypeError, "maxBufferedBytes is NaN");
  assertThrows(() => new Topic({ max: 5 } as never), TypeError, '"max": expected one of');
  assertThrows(() => new Topic().publish(5 as never), TypeError, "The message is 5");
});
