/** The example of WebSockets, as the site mounts it. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { webSockets } from "../../examples/web_socket.ts";
import { memoryTransport, openBus } from "../../src/bus/mod.ts";
import { testClient, type TestWebSocket } from "../../src/testing/mod.ts";

test("the echo gives each message back, and agrees on its subprotocols", async () => {
  await using client = testClient({ wsgiApp: webSockets });
  const socket = await client.webSocket("/ws/echo", { protocols: ["chat", "echo.v1"] });
  assertEquals(socket.protocol, "echo.v1");
  for (const message of ["hello", "", new Uint8Array([0, 255]), "\u20ac".repeat(500_000)]) {
    socket.send(message);
    assertEquals(await socket.receive(), message);
  }
  assertEquals(await socket.close(4000), { code: 4000, reason: "" });
});

test("a message of the room goes to all its members", async () => {
  await using client = testClient({ wsgiApp: webSockets });
  const ann = await client.webSocket("/ws/broadcast");
  const bob = await client.webSocket("/ws/broadcast");
  ann.send("hello, all");
  assertEquals([await ann.receive(), await bob.receive()], ["hello, all", "hello, all"]);
  const largest = "x".repeat(1024 * 1024);
  bob.send(largest);
  assertEquals([await ann.receive(), await bob.receive()], [largest, largest]);
  await ann.close(1000);
  bob.send("alone");
  assertEquals(await bob.receive(), "alone");
  await bob.close(1000);
});

test("on a bus, the room refuses a message that is too large for it", async () => {
  await using bus = await openBus(memoryTransport());
  await using client = testClient({ wsgiApp: webSockets, bus });
  const ann = await client.webSocket("/ws/broadcast");
  const bob = await client.webSocket("/ws/broadcast");
  // The virtual clock of the client stands still while the test waits for the bus.
  const heard = await bus.run(bus.topic("broadcast").subscribe());
  const send = async (socket: TestWebSocket, message: string | Uint8Array) => {
    socket.send(message);
    await client.settle();
    await bus.run(heard.receive());
    await client.settle();
  };
  const large = new Uint8Array(300_000);
  await send(ann, large);
  assertEquals([await ann.receive(), await bob.receive()], [large, large]);
  ann.send("x".repeat(600_000));
  assertEquals(await ann.receive(), undefined);
  assertEquals(ann.end?.code, 1009);
  await send(bob, "alone");
  assertEquals(await bob.receive(), "alone");
  await bob.close(1000);
});
