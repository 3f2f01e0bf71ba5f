/**
 * Backpressure: a slow reader and a paused handler stop the sender. The memory is bounded, and no byte is
 * lost.
 *
 * @module
 */

import { joinBytes, latin1Bytes } from "../../socket/mod.ts";
import type { Check } from "./check.ts";
import { expect, expectBytes, expectEqual, NotApplicable } from "./expectations.ts";
import { MB, pattern } from "./pattern.ts";
import { SOON } from "./patience.ts";
import { MORE_THAN_KERNELS_TAKE } from "./stage.ts";

/** The checks of a slow reader. */
export const BACKPRESSURE_CHECKS: readonly Check[] = [
  {
    name: "backpressure: 24 MB reach a slow reader at the reader's speed",
    promise: "dropsNothing",
    run: (stage) =>
      stage.connected(async (connection) => {
        const { peer, socket } = connection;
        let budget = MB;
        peer.onBytes = (bytes) => {
          budget -= bytes.length;
          if (budget > 0) return;
          budget = MB;
          peer.pause();
          stage.later(2, () => peer.resume());
        };
        const bytes = pattern(24 * MB);
        await stage.writePolitely(connection, bytes);
        socket.endWrite();
        await stage.until("the end at the peer", () => peer.ended);
        expectBytes("the peer", peer.received, bytes);
      }),
  },
  {
    name: "backpressure: endWrite loses nothing, also while the peer keeps sending",
    promise: "halfClose",
    run: (stage) =>
      stage.connected(async ({ peer, recorder, socket }) => {
        const bytes = pattern(12 * MB);
        const chatter = pattern(10_000);
        socket.write(bytes);
        socket.endWrite();
        await stage.until("the end at the peer", () => {
          if (!peer.ended) peer.write(chatter);
          return peer.ended;
        });
        expectBytes("the peer", peer.received, bytes);
        expectEqual("onClose before the end of the peer", recorder.has("close"), false);
      }),
  },
  {
    name: "backpressure: a reader that stalls stops the writer, until it reads on",
    promise: "backpressure",
    run: (stage) =>
      stage.connected(async (connection) => {
        const { peer, recorder } = connection;
        const written = await stage.stall(connection);
        expect(
          written < MORE_THAN_KERNELS_TAKE,
          "write returned true for 64 MB, though the peer does not read",
        );
        const before = recorder.heard.length;
        await stage.settled();
        expectEqual("the events while the peer does not read", recorder.heard.slice(before), []);
        peer.resume();
        await stage.until("onDrain after the peer reads on", () => recorder.heard.length > before);
        await stage.until("all bytes at the peer", () => peer.count >= written);
        expectEqual("the number of bytes at the peer", peer.count, written);
      }),
  },
  {
    name: "backpressure: onDrain comes after a write that returned false, and only then",
    promise: "drain",
    run: (stage) =>
      stage.connected(async ({ peer, recorder, socket }) => {
        let refusals = 0;
        for (let count = 1; count <= 5; count++) {
          for (const data of ["small", "", new Uint8Array(0)]) {
            if (!socket.write(data)) refusals++;
            await stage.until("onDrain after a write of little", () =>
              recorder.heard.length >= refusals);
          }
          await stage.until("the bytes at the peer", () =>
            peer.count === count * 5);
        }
        await stage.settled();
        const drains = Array.from({ length: refusals }, () => "drain");
        expectEqual("the events after small writes", recorder.heard, drains);
      }),
  },
  {
    name: "backpressure: written bytes may change once holdsBytes is false",
    promise: "holdsBytes",
    run: (stage) =>
      stage.connected(async ({ peer, socket }) => {
        if (socket.holdsBytes === undefined) throw new NotApplicable("no holdsBytes");
        const bytes = pattern(16 * MB);
        const sizes = [1_000, 3_000, 50_000, 256 * 1024, 700_000];
        const block = new Uint8Array(Math.max(...sizes));
        peer.onBytes = () => {
          peer.pause();
          stage.later(1, () => peer.resume());
        };
        for (let at = 0, count = 0; at < bytes.length; count++) {
          const part = bytes.subarray(at, at + (sizes[count % sizes.length] ?? 0));
          at += part.length;
          block.set(part);
          socket.write(block.subarray(0, part.length));
          await stage.until("holdsBytes being false", () => socket.holdsBytes === false);
          block.fill(0);
        }
        socket.endWrite();
        await stage.until("the end at the peer", () => peer.ended);
        expectBytes("the peer", peer.received, bytes);
      }),
  },
  {
    name: "backpressure: holdsBytes is true for bytes that a stalled reader does not take",
    promise: "holdsBytes",
    run: (stage) =>
      stage.connected(async (connection) => {
        const { socket } = connection;
        if (socket.holdsBytes === undefined) throw new NotApplicable("no holdsBytes");
        await stage.stall(connection);
        expectEqual("holdsBytes", socket.holdsBytes, true);
      }),
  },
  {
    name: "backpressure: bytes written after write returned false are kept",
    promise: "dropsNothing",
    run: (stage) =>
      stage.connected(async ({ peer, socket }) => {
        peer.pause();
        const parts: string[] = [];
        for (let part = 0; part < 2_000; part++) parts.push(`<${part}>`.padEnd(part * 7, "\xe9"));
        for (const part of parts) socket.write(part);
        const whole = joinBytes(parts.map(latin1Bytes));
        await stage.settled();
        peer.resume();
        await stage.until("all bytes at the peer", () => peer.count >= whole.length);
        expectBytes("the peer", peer.received, whole);
      }),
  },
];

/** The checks of a paused handler. */
export const PAUSING_CHECKS: readonly Check[] = [
  {
    name: "pausing: nothing is delivered while paused, and everything after",
    promise: "pause",
    run: (stage) =>
      stage.connected(async ({ peer, recorder, socket }) => {
        socket.pauseReading();
        socket.pauseReading();
        const bytes = pattern(300_000);
        for (let at = 0; at < bytes.length; at += 1_000) {
          peer.write(bytes.subarray(at, at + 1_000));
        }
        await stage.settled();
        expectEqual("the events while paused", recorder.heard, []);
        socket.resumeReading();
        await stage.until("all bytes at the handler", () => recorder.count >= bytes.length);
        expectBytes("the handler", recorder.received, bytes);
      }),
  },
  {
    name: "pausing: a handler may pause and resume at each piece",
    promise: "pause",
    run: (stage) =>
      stage.connected(async ({ peer, recorder, socket }) => {
        let isPaused = false;
        let surprises = 0;
        recorder.react = (event) => {
          if (event !== "data") return;
          if (isPaused) surprises++;
          isPaused = true;
          socket.pauseReading();
          stage.later(0, () => {
            isPaused = false;
            socket.resumeReading();
          });
        };
        const bytes = pattern(MB);
        for (let at = 0; at < bytes.length; at += 5_000) {
          peer.write(bytes.subarray(at, at + 5_000));
        }
        await stage.until("all bytes at the handler", () => recorder.count >= bytes.length);
        expectBytes("the handler", recorder.received, bytes);
        expectEqual("the calls of onData while paused", surprises, 0);
      }),
  },
  {
    name: "pausing: the bytes before an end are delivered, though paused",
    promise: "pausedEnd",
    run: (stage) =>
      stage.connected(async ({ peer, recorder, socket }) => {
        socket.pauseReading();
        peer.write(pattern(20_000));
        peer.end();
        await stage.until("onEnd, though paused", () => recorder.has("end"), SOON);
        expectBytes("the handler", recorder.received, pattern(20_000));
        socket.write("still here");
        await stage.until("an answer after the end of the peer", () => peer.count === 10);
      }),
  },
  {
    name: "pausing: an end without bytes is told, though paused",
    promise: "pausedEnd",
    run: (stage) =>
      stage.connected(async ({ peer, recorder, socket }) => {
        socket.pauseReading();
        peer.end();
        await stage.until("onEnd, though paused", () => recorder.has("end"), SOON);
      }),
  },
  {
    name: "pausing: a peer that floods a paused socket must stop sending",
    promise: "readAhead",
    run: (stage) =>
      stage.connected(async ({ peer, recorder, socket }) => {
        socket.pauseReading();
        const bytes = pattern(32 * MB);
        peer.write(bytes);
        await stage.settled();
        await stage.settled();
        const { waiting } = peer;
        expect(
          waiting > 8 * MB,
          `of 32 MB to a paused socket, the peer has still only ${waiting} bytes`,
        );
        socket.resumeReading();
        await stage.until("all bytes at the handler", () => recorder.count >= bytes.length);
        expectBytes("the handler", recorder.received, bytes);
      }),
  },
];
