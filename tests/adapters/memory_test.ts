import { test } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { memoryNetwork, type OpenHandler, socketPair } from "../../adapters/memory.ts";
import { ManualClock } from "../../src/coroutine/manual_clock.ts";

/** Makes a handler that logs each event, after its name. */
function logging(log: string[], name: string): OpenHandler {
  return () => ({
    onData: (bytes) => log.push(`${name} hears ${String.fromCharCode(...bytes)}`),
    onEnd: () => log.push(`${name} hears the end`),
    onDrain: () => log.push(`${name} has room`),
    onClose: (error) => log.push(`${name} is closed${error === undefined ? "" : " by a reset"}`),
  });
}

test("moves nothing until its clock does", () => {
  const clock = new ManualClock();
  const log: string[] = [];
  const [left] = socketPair(logging(log, "left"), logging(log, "right"), { clock });
  left.write("hello");
  left.endWrite();
  assertEquals(log, []);
  clock.advance(0);
  assertEquals(log, ["right hears hello", "right hears the end"]);
});

test("closes when both ends have ended", () => {
  const clock = new ManualClock();
  const log: string[] = [];
  const [left, right] = socketPair(logging(log, "left"), logging(log, "right"), { clock });
  left.endWrite();
  clock.advance(0);
  right.write("bye");
  right.endWrite();
  clock.advance(0);
  assertEquals(log, [
    "right hears the end",
    "left hears bye",
    "left hears the end",
    "right is closed",
    "left is closed",
  ]);
});

test("reports a destroy to the other end as a reset, and loses the bytes on their way back", () => {
  const clock = new ManualClock();
  const log: string[] = [];
  const [left, right] = socketPair(logging(log, "left"), logging(log, "right"), { clock });
  clock.advance(0);
  left.write("bye");
  right.write("lost");
  left.destroy();
  clock.advance(0);
  assertEquals(log, ["right hears bye", "left is closed", "right is closed by a reset"]);
});

test("asks a writer to wait at its window", () => {
  const clock = new ManualClock();
  const log: string[] = [];
  const options = { clock, window: 4 };
  const [left] = socketPair(logging(log, "left"), logging(log, "right"), options);
  assertEquals([left.write("abc"), left.write("d"), left.write("e")], [true, false, false]);
  clock.advance(0);
  assertEquals(log.filter((line) => line === "left has room").length, 1);
});

test("gives each client a port of its own, and both ends the same two addresses", async () => {
  const clock = new ManualClock();
  const network = memoryNetwork({ clock });
  const address = { host: "::1", port: 80 };
  const ends: string[] = [];
  const accept: OpenHandler = (socket) => {
    ends.push(JSON.stringify([socket.remote, socket.local]));
    return logging([], "server")(socket);
  };
  await network.adapter.listen(address, {}, accept);
  for (let client = 0; client < 2; client++) {
    const { local, remote } = network.connect(address, logging([], "client"));
    clock.advance(0);
    assertEquals(ends[client], JSON.stringify([local, remote]));
  }
  assertEquals(new Set(ends).size, 2);
});

test("refuses to connect without a listener, naming the address", () => {
  const network = memoryNetwork();
  const connect = () => network.connect({ host: "::1", port: 9 }, logging([], "client"));
  assertThrows(connect, Error, "[::1]:9");
});

test("dials the name of a listener, without a lookup", async () => {
  const network = memoryNetwork();
  const address = { host: "database", port: 5432 };
  const listener = await network.adapter.listen(address, {}, logging([], "server"));
  const remotes: unknown[] = [];
  await network.adapter.dial(address, (socket) => {
    remotes.push(socket.remote);
    socket.destroy();
    return logging([], "client")(socket);
  });
  assertEquals(remotes, [listener.address]);
  const elsewhere = { host: "elsewhere", port: 5432 };
  const dial = () => network.adapter.dial(elsewhere, logging([], "client"));
  const message = "Cannot connect to elsewhere:5432: the connection is refused (ECONNREFUSED)";
  assertEquals((await assertRejects(dial, Error)).message, message);
  assertThrows(() => network.connect(elsewhere, logging([], "client")), Error, message);
});

test("has no TLS, and refuses to serve in plain text instead", async () => {
  const { adapter } = memoryNetwork();
  const tls = { cert: "", key: "", handshakeTimeoutMs: 1 };
  const listen = () => adapter.listen({ host: "::1", port: 443 }, { tls }, logging([], "server"));
  await assertRejects(listen, Error, "Cannot listen on [::1]:443: a network in memory has no TLS");
});
