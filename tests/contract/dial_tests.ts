/**
 * Dialling: the addresses of both ends, refusals, and aborts.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import { test } from "node:test";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { ListenAddress, Socket } from "../../src/socket/socket.ts";
import { ranMs } from "../support/run_time.ts";
import { connected, type DiallingSubject, LOOPBACK, SOON } from "./connection.ts";
import { Recorder } from "./recorder.ts";
import { pattern, settled, until } from "./waiting.ts";

const record = (socket: Socket) => new Recorder(socket);
const never = (): Recorder => {
  throw new Error("was opened");
};

/** Registers the tests of dialling that hold in memory, too. */
export function dialTests(subject: DiallingSubject): void {
  const { adapter } = subject;
  const dialled = { ...subject, dials: true };

  for (const [family, host] of [["IPv4", "127.0.0.1"], ["IPv6", "::1"]] as const) {
    test(`${subject.name}: reports both addresses of a dialled ${family} connection`, async () => {
      await connected(dialled, ({ socket, listener }) => {
        assertEquals(socket.remote, listener.address);
        assert(socket.local.family === family);
        assertEquals(socket.local.host, host);
        assert(socket.local.port > 0);
        assertEquals(socket.encrypted, false);
      }, { host, port: 0 });
    });
  }

  test(`${subject.name}: reports the path of a dialled Unix connection`, async () => {
    const path = subject.unixPath();
    await connected(dialled, async ({ client, socket, recorder }) => {
      assertEquals(socket.remote, { family: "unix", path });
      assertEquals(socket.local, { family: "unix", path: "" });
      socket.write("question");
      await until("the question", () => client.count === 8);
      client.write(pattern(10));
      await until("the answer", () => recorder.count === 10);
    }, { path });
  });

  test(`${subject.name}: dials its own listener, and both ends report the same addresses`, async () => {
    const accepted: Recorder[] = [];
    const listener = await adapter.listen(LOOPBACK, {}, (socket) => {
      const recorder = record(socket);
      accepted.push(recorder);
      return recorder;
    });
    const mine: Recorder[] = [];
    await adapter.dial(listener.address, (socket) => {
      const recorder = record(socket);
      mine.push(recorder);
      socket.write("ping");
      socket.endWrite();
      return recorder;
    });
    assertEquals(mine.length, 1, "open was called before dial resolved");
    await until("the end", () => accepted[0]?.has("end") === true);
    const [here, there] = [mine[0]!, accepted[0]!];
    assertEquals(there.count, 4);
    assertEquals(there.socket.remote, here.socket.local);
    assertEquals(there.socket.local, here.socket.remote);
    there.socket.write("pong");
    there.socket.endWrite();
    for (const recorder of [here, there]) {
      await until("onClose", () => recorder.has("close"));
      assertEquals([recorder.count, recorder.error], [4, undefined]);
    }
    await listener.close();
  });

  test(`${subject.name}: a port or path without a listener rejects, naming it`, async () => {
    for (const address of [LOOPBACK, { path: subject.unixPath() }]) {
      const peers = await subject.listen(address);
      await peers.close();
      await settled();
      const text = "path" in peers.address
        ? peers.address.path
        : `${peers.address.host}:${peers.address.port}`;
      const error = await assertRejects(() => adapter.dial(peers.address, never), Error);
      assertStringIncludes(error.message, `Cannot connect to ${text}: `);
      assert(error.cause !== undefined);
    }
  });

  test(`${subject.name}: refuses to dial an invalid address`, async () => {
    const wrong: [ListenAddress, string][] = [
      [{ host: "127.0.0.1", port: 0 }, "127.0.0.1:0: expected a port from 1 to 65535"],
      [{ host: "::1", port: 65_536 }, "[::1]:65536: expected a port from 1 to 65535"],
      [{ host: "", port: 80 }, ":80: expected a host"],
      [{ path: "" }, "expected a path"],
    ];
    for (const [address, message] of wrong) {
      await assertRejects(() => adapter.dial(address, never), Error, message);
    }
  });

  test(`${subject.name}: after an abort at once, open is not called and no connection is left`, async () => {
    const peers = await subject.listen(LOOPBACK);
    for (const turns of [0, 1, 2]) {
      const controller = new AbortController();
      const dialling = adapter.dial(peers.address, never, { signal: controller.signal });
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      controller.abort(new RangeError("enough"));
      await assertRejects(() => dialling, RangeError, "enough");
    }
    const aborted = AbortSignal.abort(new RangeError("before"));
    const dial = () => adapter.dial(peers.address, never, { signal: aborted });
    await assertRejects(dial, RangeError, "before");
    await settled();
    await until("the end of all", () => peers.clients.every((client) => client.ended), SOON);
    peers.clients.forEach((client) => client.destroy());
    await peers.close();
  });

  test(`${subject.name}: an abort after the open changes nothing`, async () => {
    const peers = await subject.listen(LOOPBACK);
    const controller = new AbortController();
    const recorders: Recorder[] = [];
    await adapter.dial(peers.address, (socket) => {
      recorders.push(record(socket));
      return recorders[0]!;
    }, { signal: controller.signal });
    controller.abort();
    const client = await peers.next();
    client.write(pattern(10));
    await until("data", () => recorders[0]?.count === 10);
    recorders[0]?.socket.destroy();
    client.destroy();
    await peers.close();
  });
}

/** Registers the tests of dialling names, and machines that do not answer. */
export function reachTests(subject: DiallingSubject): void {
  const { adapter, machine } = subject;
  if (machine === undefined) return;

  test(`${subject.name}: dials localhost on the one of its addresses that answers`, async () => {
    const addresses = new Set((await lookup("localhost", { all: true })).map((one) => one.address));
    for (const host of addresses) {
      const peers = await subject.listen({ host, port: 0 });
      assert(peers.address.family !== "unix");
      const recorders: Recorder[] = [];
      await adapter.dial({ host: "localhost", port: peers.address.port }, (socket) => {
        recorders.push(record(socket));
        return recorders[0]!;
      });
      assertEquals(recorders.map(({ socket }) => socket.remote), [peers.address]);
      const client = await peers.next();
      client.destroy();
      recorders[0]?.socket.destroy();
      await peers.close();
    }
  });

  test(`${subject.name}: a host that does not exist cannot be dialled`, async () => {
    const dial = () => adapter.dial({ host: "nowhere.invalid", port: 80 }, never);
    await assertRejects(dial, Error, "Cannot connect to nowhere.invalid:80: ");
  });

  test(`${subject.name}: rejects with the code of the system`, async () => {
    const peers = await subject.listen(LOOPBACK);
    await peers.close();
    await settled();
    await assertRejects(() => adapter.dial(peers.address, never), Error, "ECONNREFUSED");
  });

  test(`${subject.name}: an abort ends the wait for a machine that does not answer`, async () => {
    const silent = await machine.neverAccept();
    try {
      const address = { host: "127.0.0.1", port: silent.port };
      const signal = AbortSignal.timeout(100);
      const start = ranMs();
      const error = await assertRejects(() => adapter.dial(address, never, { signal }));
      assertEquals(error, signal.reason);
      assert(ranMs() - start < SOON + 100);
    } finally {
      silent.close();
    }
  });
}
