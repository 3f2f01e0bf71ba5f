/** The example of WebSockets, as the site mounts it. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { webSockets } from "../../examples/web_socket.ts";
import { testClient } from "../../src/testing/mod.ts";

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
  await ann.close(1000);
  bob.send("alone");
  assertEquals(await bob.receive(), "alone");
  await bob.close(1000);
});
