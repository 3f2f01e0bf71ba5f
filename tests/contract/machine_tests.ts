/**
 * The tests of listening on a real machine: socket files, names, backlogs, and the log.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import { test } from "node:test";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { Address, Socket } from "../../src/socket/mod.ts";
import { Peer } from "../../src/testing/contract/peer.ts";
import { Recorder } from "../../src/testing/contract/recorder.ts";
import { peerOf } from "./client.ts";
import { LOOPBACK, SOON, type Subject } from "./runtime_subject.ts";
import { until } from "./waiting.ts";

/** Registers the tests of listening on a real machine. */
export function machineTests(subject: Subject): void {
  const { adapter, machine } = subject;
  const connect = (address: Address) => peerOf((open) => subject.options.connect(address, open));
  const accept = (socket: Socket) => new Recorder(socket);

  test(`${subject.name}: replaces the socket file that a crash left behind`, async () => {
    const path = subject.unixPath();
    await machine.crashAt(path);
    assertEquals(machine.exists(path), true, "the crash left a file");
    const seen: Socket[] = [];
    const listener = await adapter.listen({ path }, {}, (socket) => {
      seen.push(socket);
      return accept(socket);
    });
    const client = await connect(listener.address);
    await until("accept", () => seen.length > 0);
    assertEquals(seen[0]?.local, { family: "unix", path });
    seen[0]?.destroy();
    client.destroy();
    await listener.close();
    assertEquals(machine.exists(path), false, "the file is gone");
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
    skip: subject.machineGaps?.backlog ?? false,
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
    const client = await connect(listener.address);
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
      (await connect({ family, host: address, port })).destroy();
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
      const client = await connect({ family, host: peer, port });
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

/** Registers the test of the log for dialled connections, which have no option `log`. */
export function logTests({ name, adapter, options }: Subject): void {
  test(`${name}: the error of a dialled connection's handler is logged once`, async () => {
    const original = console.error;
    const lines: string[] = [];
    console.error = (line: string) => void lines.push(line);
    const peers: Peer[] = [];
    const listener = await options.listen(LOOPBACK, (socket) => {
      const peer = new Peer(socket);
      peers.push(peer);
      return peer;
    });
    try {
      assert(listener.address.family !== "unix");
      let recorder: Recorder | undefined;
      await adapter.dial(listener.address, (socket) => {
        recorder = new Recorder(socket);
        recorder.react = (event) => {
          if (event === "data") throw new TypeError("a bug in the handler");
        };
        return recorder;
      });
      await until("a peer", () => peers.length > 0);
      peers[0]?.write(new Uint8Array(10));
      await until("onClose", () => recorder?.has("close") === true);
    } finally {
      console.error = original;
      peers.forEach((peer) => peer.destroy());
      await listener.close();
    }
    assertEquals(lines.length, 1);
    assertStringIncludes(lines[0] ?? "", "a bug in the handler");
  });
}
