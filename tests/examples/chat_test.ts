/** The chat by long polling and by Server-Sent Events. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { chat } from "../../examples/chat.ts";
import { chatSocket } from "../../examples/chat_socket.ts";
import { ChatRoom, chatRoom } from "../../examples/chat_room.ts";
import { memoryTransport, openBus } from "../../src/bus/mod.ts";
import { testClient } from "../../src/testing/mod.ts";

const message = (key: string, text = `text of ${key}`) => ({ json: { key, name: "Ann", text } });

test("a poll waits for the next message, and none comes twice", async () => {
  await using client = testClient({ wsgiApp: chat() });
  const { lastId } = (await client.get("/chat/poll")).json();
  const [one, other] = [1, 2].map(() => client.get(`/chat/poll?after=${lastId}`));
  await client.settle();
  assertEquals((await client.post("/chat/messages", message("1"))).status, 204);
  const heard = (await one)?.json();
  assertEquals((await other)?.json(), heard);
  assertEquals(heard.events.map(({ data }: { data: string }) => JSON.parse(data)), [
    message("1").json,
  ]);
  // The browser has lost the acknowledgement, and sends the message again.
  await client.post("/chat/messages", message("1"));
  await client.post("/chat/messages", message("2", "<b>&"));
  const next = (await client.get(`/chat/poll?after=${heard.lastId}`)).json();
  assertEquals(next.events.length, 1);
  assertEquals(JSON.parse(next.events[0].data).text, "<b>&");
});

test("half a minute of silence is an empty answer; a shutdown is one at once", async () => {
  await using client = testClient({ wsgiApp: chat() });
  const { lastId } = (await client.get("/chat/poll")).json();
  const silence = (await client.get(`/chat/poll?after=${lastId}`)).json();
  assertEquals([silence, client.now], [{ stale: false, events: [], lastId }, 25]);
  const waiting = client.get(`/chat/poll?after=${lastId}`);
  await client.settle();
  const shutdown = client.server.shutdown();
  assertEquals((await waiting).json().events, []);
  await client.close();
  await shutdown;
});

test("a stream has the history, and goes on", async () => {
  const room = new ChatRoom();
  await using client = testClient({ wsgiApp: chat(() => room) });
  await client.post("/chat/messages", message("1"));
  await using stream = await client.events("/chat/events");
  assertEquals(JSON.parse((await stream.next())?.data ?? "").text, "text of 1");
  await client.post("/chat/messages", message("2"));
  const second = await stream.next();
  assertEquals(JSON.parse(second?.data ?? "").text, "text of 2");
  assertEquals(second?.id, room.channel.lastId);
});

test("a socket has the history, takes messages, and refuses those that are none", async () => {
  const room = new ChatRoom();
  room.say(JSON.stringify(message("1").json));
  await using client = testClient({ wsgiApp: chatSocket(() => room) });
  const socket = await client.webSocket("/ws/chat");
  const received = async () => JSON.parse(await socket.receive() as string);
  const { events, lastId } = await received();
  assertEquals(JSON.parse(events[0].data), message("1").json);
  socket.send(JSON.stringify(message("2").json));
  const [own] = (await received()).events;
  assertEquals(JSON.parse(own.data), message("2").json);
  const other = await client.webSocket(`/ws/chat?after=${lastId}`);
  assertEquals(JSON.parse(await other.receive() as string).events, [own]);
  other.send("{");
  assertEquals(await other.receive(), undefined);
  assertEquals(other.end?.code, 1008);
  await socket.close(1000);
});

test("at a shutdown, no message is taken that only some pages would get", async () => {
  const room = new ChatRoom();
  const roomOf = () => room;
  const client = testClient({ wsgiApp: { ...chat(roomOf), ...chatSocket(roomOf) } });
  const socket = await client.webSocket("/ws/chat");
  const stream = await client.events("/chat/events");
  const text = JSON.stringify(message("late").json);
  let begin = () => {};
  const begun = new Promise<void>((resolve) => begin = resolve);
  const body = (async function* () {
    await begun;
    yield text;
  })();
  const post = client.post("/chat/messages", { body });
  await client.settle();
  const shutdown = client.server.shutdown();
  assertEquals(await stream.next(), undefined);
  socket.send(text);
  begin();
  assertEquals((await post).status, 503);
  assertEquals(await socket.receive(), undefined);
  assertEquals([socket.end?.code, room.channel.eventsAfter().events], [1001, []]);
  await client.close();
  await shutdown;
});

test("two processes on one bus are one room", async () => {
  const transport = memoryTransport();
  const roomOf = chatRoom();
  const wsgiApp = chat(roomOf);
  await using here = await openBus(transport);
  await using there = await openBus(transport);
  await using one = testClient({ wsgiApp, bus: here });
  await using other = testClient({ wsgiApp, bus: there });
  await one.post("/chat/messages", message("1"));
  await using stream = await other.events("/chat/events");
  assertEquals(JSON.parse((await stream.next())?.data ?? ""), message("1").json);
  const { events, lastId } = (await other.get("/chat/poll")).json();
  assertEquals(events.length, 1);
  // The same message, sent again to the other process, is no second one.
  await other.post("/chat/messages", message("1"));
  await one.post("/chat/messages", message("2"));
  const heard = await stream.next();
  assertEquals(JSON.parse(heard?.data ?? ""), message("2").json);
  // The virtual clock may end a poll before the bus has brought the message.
  let polled = [];
  while (polled.length === 0) {
    polled = (await other.get(`/chat/poll?after=${lastId}`)).json().events;
  }
  assertEquals(polled, [{ data: heard?.data, id: heard?.id }]);
});

test("a message that is none is refused", async () => {
  await using client = testClient({ wsgiApp: chat() });
  const wrong = [
    "",
    "{",
    "null",
    '{"key":"1","name":"x"}',
    JSON.stringify(message("1", "x".repeat(1001)).json),
  ];
  for (const body of wrong) {
    assertEquals((await client.post("/chat/messages", { body })).status, 400, body);
  }
});
