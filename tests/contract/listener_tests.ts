/**
 * The tests of addresses and listeners.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import { test } from "node:test";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { Socket } from "../../src/socket/socket.ts";
import { assertSameBytes, connected, LOOPBACK, MB, SOON, type Subject } from "./connection.ts";
import { Recorder } from "./recorder.ts";
import { pattern, until } from "./waiting.ts";

/** Registers the tests of addresses. */
export function addressTests(subject: Subject): void {
  for (const [family, host] of [["IPv4", "127.0.0.1"], ["IPv6", "::1"]] as const) {
    test(`${subject.name}: reports both addresses of an ${family} connection`, async () => {
      await connected(subject, ({ socket, listener }) => {
        assert(listener.address.family === family);
        assertEquals(listener.address.host, host);
        assert(listener.address.port > 0, "port 0 picks a port");
        assertEquals(socket.local, listener.address);
        assert(socket.remote.family === family);
        assertEquals(socket.remote.host, host);
        assert(socket.remote.port > 0);
        assertEquals(socket.encrypted, subject.listening.tls !== undefined);
      }, { host, port: 0 });
    });
  }

  // A Unix socket is not encrypted.
  if (subject.listening.tls !== undefined) return;
  test(`${subject.name}: reports the path of a Unix connection`, async () => {
    const path = subject.unixPath();
    await connected(subject, async ({ client, socket, listener }) => {
      assertEquals(listener.address, { family: "unix", path });
      assertEquals(socket.local, { family: "unix", path });
      assertEquals(socket.remote, { family: "unix", path: "" });
      const bytes = pattern(2 * MB);
      socket.write(bytes);
      socket.endWrite();
      await until("the end", () => client.ended);
      assertSameBytes(client.received, bytes);
    }, { path });
    assertEquals(subject.machine?.exists(path) ?? false, false, "the file is gone");
  });

  if (subject.machine === undefined) return;
  const anywhere = [
    ["0.0.0.0", "IPv4", "127.0.0.1"],
    ["::", "IPv4", "127.0.0.1"],
    ["::", "IPv6", "::1"],
  ] as const;
  for (const [host, family, peer] of anywhere) {
    test(`${subject.name}: a listener on ${host} is reached by ${family}, and reports it`, async () => {
      const seen: Socket[] = [];
      const listener = await subject.adapter.listen({ host, port: 0 }, {}, (socket) => {
        seen.push(socket);
        return new Recorder(socket);
      });
      assert(listener.address.family !== "unix");
      assertEquals(listener.address.host, host);
      const { port } = listener.address;
      const client = await subject.connect({ family, host: peer, port });
      await until("accept", () => seen.length > 0);
      assert(seen[0]?.remote.family === family);
      assertEquals(seen[0].remote.host, peer);
      assertEquals(seen[0].local, { family, host: peer, port });
      seen[0].destroy();
      client.destroy();
      await listener.close();
    });
  }
}

/** Registers the tests of listeners. */
export function listenerTests(subject: Subject): void {
  const { adapter } = subject;
  const accept = (socket: Socket) => new Recorder(socket);

  test(`${subject.name}: a port in use rejects, naming the address`, async () => {
    const first = await adapter.listen(LOOPBACK, {}, accept);
    assert(first.address.family === "IPv4");
    const { port } = first.address;
    const again = () => adapter.listen({ host: "127.0.0.1", port }, {}, accept);
    const error = await assertRejects(again, Error);
    assertStringIncludes(error.message, `127.0.0.1:${port}`);
    await first.close();
    await (await again()).close();
  });

  test(`${subject.name}: close stops accepting, and open connections stay`, async () => {
    await connected(subject, async ({ client, recorder, socket, listener }) => {
      await listener.close();
      await listener.close();
      await assertRejects(() => subject.connect(listener.address), Error);
      client.write(pattern(10));
      await until("a question", () => recorder.count === 10);
      socket.write("answer");
      await until("the answer", () => client.count === 6);
    });
  });

  test(`${subject.name}: takes a backlog, ref and unref`, async () => {
    const listener = await adapter.listen(LOOPBACK, { backlog: 7 }, accept);
    listener.unref();
    listener.ref();
    await listener.close();
    listener.unref();
  });

  test(`${subject.name}: a path in use rejects, naming it`, async () => {
    const path = subject.unixPath();
    await connected(subject, async ({ client, recorder }) => {
      const error = await assertRejects(() => adapter.listen({ path }, {}, accept), Error);
      assertStringIncludes(error.message, path);
      client.write(pattern(10));
      await until("the first listener's data", () => recorder.count === 10);
    }, { path });
  });
}

/** Registers the tests of listening on a real machine. */
export function machineTests(subject: Subject): void {
  const { adapter, machine } = subject;
  if (machine === undefined) return;
  const accept = (socket: Socket) => new Recorder(socket);

  test(`${subject.name}: replaces the socket file that a crash left behind`, async () => {
    const path = subject.unixPath();
    await machine.crashAt(path);
    assertEquals(machine.exists(path), true, "the crash left a file");
    await connected(subject, ({ socket }) => {
      assertEquals(socket.local, { family: "unix", path });
    }, { path });
    assertEquals(machine.exists(path), false);
  });

  test(`${subject.name}: leaves a regular file alone`, async () => {
    const path = subject.unixPath();
    machine.writeFile(path);
    const error = await assertRejects(() => adapter.listen({ path }, {}, accept), Error);
    assertStringIncludes(error.message, path);
    assertEquals(machine.exists(path), true);
    machine.removeFile(path);
  });

  test(`${subject.name}: the backlog is how many clients wait to be accepted`, {
    skip: subject.gaps?.backlog ?? false,
  }, async () => {
    for (const [backlog, fewest, most] of [[4, 4, 20], [64, 30, 30]] as const) {
      const listener = await adapter.listen(LOOPBACK, { backlog }, accept);
      assert(listener.address.family !== "unix");
      const connected = machine.connectUnaccepted(listener.address.port, 30);
      await listener.close();
      assert(connected >= fewest && connected <= most, `${backlog}: ${connected} of 30 connected`);
    }
  });

  test(`${subject.name}: clients that reset before they are accepted delay no other client`, async () => {
    const listener = await adapter.listen(LOOPBACK, { backlog: 200 }, (socket) => {
      socket.write("hello");
      return new Recorder(socket);
    });
    assert(listener.address.family !== "unix");
    machine.resetUnaccepted(listener.address.port, 100);
    const client = await subject.connect(listener.address);
    // A pause of 50 ms for each of these clients would take longer.
    await until("the honest client's data", () => client.count === 5, SOON);
    client.destroy();
    await listener.close();
  });

  test(`${subject.name}: listens on every address of localhost, and reports the first`, async () => {
    const found = await lookup("localhost", { all: true });
    const listener = await adapter.listen({ host: "localhost", port: 0 }, {}, accept);
    assert(listener.address.family !== "unix");
    const { host, port } = listener.address;
    assert(found.some(({ address }) => address === host), host);
    for (const { address } of found) {
      const family = address.includes(":") ? "IPv6" : "IPv4";
      (await subject.connect({ family, host: address, port })).destroy();
    }
    await listener.close();
  });

  test(`${subject.name}: a host that does not exist rejects`, async () => {
    const address = { host: "nowhere.invalid", port: 0 };
    const error = await assertRejects(() => adapter.listen(address, {}, accept), Error);
    assertStringIncludes(error.message, "nowhere.invalid:0");
  });

  test(`${subject.name}: an address that this machine does not have rejects`, async () => {
    const address = { host: "203.0.113.7", port: 80 };
    const error = await assertRejects(() => adapter.listen(address, {}, accept), Error);
    assertStringIncludes(error.message, "203.0.113.7:80");
  });
}
