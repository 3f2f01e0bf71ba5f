/**
 * Listeners, and the addresses of both ends of a connection.
 *
 * @module
 */

import {
  type Address,
  formatAddress,
  joinBytes,
  type ListenAddress,
  type Listener,
  type Socket,
} from "../../socket/mod.ts";
import type { Check } from "./check.ts";
import { expect, expectBytes, expectEqual, expectRejection } from "./expectations.ts";
import { MB, pattern } from "./pattern.ts";
import type { Peer } from "./peer.ts";
import { Recorder } from "./recorder.ts";
import { toDial } from "./stage.ts";

const record = (socket: Socket) => new Recorder(socket);

/**
 * Makes the check of the addresses of a connection.
 *
 * @param asked The address to listen on.
 * @returns The check, for accepted and dialled connections.
 */
export function addressCheck(asked: ListenAddress): Check {
  return {
    name: `addresses: both ends of a connection to ${formatAddress(asked)} are told`,
    promise: "remote",
    run: (stage) =>
      stage.connected(async ({ peer, socket, listener }) => {
        expectBound(asked, listener.address);
        const { server, client } = stage.dials
          ? { server: socket.remote, client: socket.local }
          : { server: socket.local, client: socket.remote };
        expectEqual("the server's end", server, listener.address);
        expectEqual("the family of the client's end", client.family, listener.address.family);
        const told = stage.dials ? peer.remote : peer.local;
        if (told !== undefined) expectEqual("the client's end", client, told);
        const isEncrypted = !stage.dials && stage.subject.listening.tls !== undefined;
        expectEqual("encrypted", socket.encrypted, isEncrypted);
        const bytes = pattern(2 * MB);
        socket.write(bytes);
        socket.endWrite();
        await stage.until("the end at the peer", () => peer.ended);
        expectBytes("the peer", peer.received, bytes);
      }, asked),
  };
}

function expectBound(asked: ListenAddress, bound: Address): void {
  if ("path" in asked) {
    return expectEqual("the address of the listener", bound, { family: "unix", path: asked.path });
  }
  expect(bound.family !== "unix", "the listener on a host tells a path");
  const family = asked.host.includes(":") ? "IPv6" : "IPv4";
  expectEqual("the address of the listener", [bound.family, bound.host], [family, asked.host]);
  expect(bound.port > 0, "the listener on port 0 tells no port");
}

/** The checks of listeners. */
export const LISTENER_CHECKS: readonly Check[] = [
  {
    name: "listening: an address in use rejects, naming it, and is free after close",
    promise: "cannotBind",
    run: async (stage) => {
      for (const asked of stage.subject.addresses) {
        const listeners: Listener[] = [await stage.listen(record, asked)];
        try {
          const address = toDial((listeners[0] as Listener).address);
          const error = await expectRejection("A second listen()", async () => {
            listeners.push(await stage.listen(record, address));
          });
          expect(
            error.message.includes(formatAddress(address)),
            `the message does not name ${formatAddress(address)}: ${error.message}`,
          );
          await stage.close(listeners[0] as Listener);
          listeners.push(await stage.listen(record, address));
        } finally {
          for (const listener of listeners) await stage.close(listener);
        }
      }
    },
  },
  {
    name: "listening: a certificate that cannot be used rejects, naming the address",
    promise: "cannotEncrypt",
    run: async (stage) => {
      const tls = { cert: "none", key: "none", handshakeTimeoutMs: 1000 };
      const error = await expectRejection("listen() with TLS", async () => {
        await stage.close(await stage.listen(record, stage.address, { tls }));
      });
      expect(
        error.message.includes(formatAddress(stage.address)),
        `the message does not name ${formatAddress(stage.address)}: ${error.message}`,
      );
    },
  },
  {
    name: "listening: close stops accepting, and open connections stay",
    promise: "closeListener",
    run: async (stage) => {
      const recorders: Recorder[] = [];
      const listener = await stage.listen((socket) => {
        const recorder = new Recorder(socket);
        recorders.push(recorder);
        return recorder;
      });
      const peer = await stage.connect(listener.address);
      await stage.until("a call of accept", () => recorders.length === 1);
      await stage.close(listener);
      await stage.settlement("the end of a second close()", () => listener.close());
      // A connection to a closed listener may fail, or be one that no code accepts.
      const late = stage.subject.connect(listener.address, (socket) => {
        stage.later(0, () => socket.destroy());
        return { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };
      });
      late.catch(() => {});
      peer.write(pattern(10));
      await stage.until("a question", () => recorders[0]?.count === 10);
      recorders[0]?.socket.write("answer");
      await stage.until("an answer", () => peer.count === 6);
      await stage.settled();
      for (const recorder of recorders) recorder.socket.destroy();
      peer.destroy();
      expectEqual("the number of accepted connections", recorders.length, 1);
    },
  },
  {
    name: "listening: connections do not hold each other up",
    promise: "accept",
    run: async (stage) => {
      const recorders: Recorder[] = [];
      const listener = await stage.listen((socket) => {
        const recorder = new Recorder(socket);
        recorders.push(recorder);
        recorder.socket.write("hello");
        // The last connection is paused before its first event.
        if (recorders.length === 4) recorder.socket.pauseReading();
        return recorder;
      });
      const peers: Peer[] = [];
      for (let count = 1; count <= 4; count++) {
        const peer = await stage.connect(listener.address);
        peers.push(peer);
        peer.write(pattern(10, count));
        await stage.until("a greeting of the connection", () => peer.count === 5);
      }
      const [open, stalled, ended, paused] = recorders as [Recorder, Recorder, Recorder, Recorder];
      const [client, slow] = peers as [Peer, Peer, Peer, Peer];
      await stage.stall({ socket: stalled.socket, recorder: stalled, peer: slow, listener });
      ended.socket.destroy();
      await stage.until("onClose of one connection", () => ended.has("close"));
      open.socket.write("answer");
      await stage.until("an answer on another one", () => client.count === 11);
      client.write(pattern(MB, 5));
      await stage.until("the bytes of another peer", () => open.count === 10 + MB);
      expectBytes("the handler", open.received, joinBytes([pattern(10, 1), pattern(MB, 5)]));
      expectEqual("the events of a connection that accept has paused", paused.heard, []);
      paused.socket.resumeReading();
      await stage.until("the bytes of its peer", () => paused.count === 10);
      expectBytes("its handler", paused.received, pattern(10, 4));
      for (const recorder of recorders) recorder.socket.destroy();
      for (const peer of peers) peer.destroy();
      await stage.close(listener);
      for (const recorder of recorders) {
        await stage.until("onClose", () => recorder.has("close"));
        recorder.expectOrder();
      }
    },
  },
  {
    name: "listening: backlog, ref and unref are taken at any time",
    promise: "ref",
    run: async (stage) => {
      const listener = await stage.listen(record, stage.address, { backlog: 7 });
      listener.unref();
      listener.ref();
      await stage.close(listener);
      listener.unref();
      listener.ref();
    },
  },
];
