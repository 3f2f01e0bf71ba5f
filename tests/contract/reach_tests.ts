/**
 * Dialling on a real machine: names, addresses that do not answer, and invalid ones.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import { test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { ListenAddress, Socket } from "../../src/socket/mod.ts";
import { Peer } from "../../src/testing/contract/peer.ts";
import { Recorder } from "../../src/testing/contract/recorder.ts";
import { ranMs } from "../support/run_time.ts";
import { LOOPBACK, SOON, type Subject } from "./runtime_subject.ts";
import { settled, until } from "./waiting.ts";

const record = (socket: Socket) => new Recorder(socket);
const never = (): Recorder => {
  throw new Error("was opened");
};

/** Registers the tests of dialling names, and machines that do not answer. */
export function reachTests(subject: Subject): void {
  const { adapter, machine } = subject;
  const listen = async (asked: ListenAddress) => {
    const peers: Peer[] = [];
    const listener = await subject.options.listen(asked, (socket) => {
      const peer = new Peer(socket);
      peers.push(peer);
      return peer;
    });
    assert(listener.address.family !== "unix");
    return { address: listener.address, close: listener.close, peers };
  };

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

  test(`${subject.name}: dials localhost on the one of its addresses that answers`, async () => {
    const addresses = new Set((await lookup("localhost", { all: true })).map((one) => one.address));
    for (const host of addresses) {
      const listener = await listen({ host, port: 0 });
      const recorders: Recorder[] = [];
      await adapter.dial({ host: "localhost", port: listener.address.port }, (socket) => {
        recorders.push(record(socket));
        return recorders[0]!;
      });
      assertEquals(recorders.map(({ socket }) => socket.remote), [listener.address]);
      await until("a peer", () => listener.peers.length > 0);
      listener.peers[0]?.destroy();
      recorders[0]?.socket.destroy();
      await listener.close();
    }
  });

  test(`${subject.name}: a host that does not exist cannot be dialled`, async () => {
    const dial = () => adapter.dial({ host: "nowhere.invalid", port: 80 }, never);
    await assertRejects(dial, Error, "Cannot connect to nowhere.invalid:80: ");
  });

  test(`${subject.name}: rejects with the code of the system`, async () => {
    const listener = await listen(LOOPBACK);
    await listener.close();
    await settled();
    await assertRejects(() => adapter.dial(listener.address, never), Error, "ECONNREFUSED");
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
