/**
 * Half-closing, closing and resetting, in every order.
 *
 * @module
 */

import type { Check } from "./check.ts";
import { expectBytes, expectEqual, NotApplicable } from "./expectations.ts";
import { MB, pattern } from "./pattern.ts";
import { SOON } from "./patience.ts";
import type { Heard } from "./recorder.ts";
import { type Connection, type Stage, writeUntilFull } from "./stage.ts";

/** The checks of closing one direction. */
export const HALF_CLOSE_CHECKS: readonly Check[] = [
  {
    name: "half-close: writing goes on after the end of the peer",
    promise: "end",
    run: (stage) =>
      stage.connected(async ({ peer, recorder, socket }) => {
        peer.write(pattern(10));
        peer.end();
        await stage.until("onEnd", () => recorder.has("end"));
        expectEqual("the events", recorder.heard, ["data", "end"]);
        await stage.settled();
        const bytes = pattern(3 * MB);
        socket.write(bytes);
        socket.endWrite();
        await stage.until("the end at the peer", () => peer.ended);
        expectBytes("the peer", peer.received, bytes);
        await stage.until("onClose after both ends", () => recorder.has("close"));
        expectEqual("the error of onClose", recorder.error?.message, undefined);
      }),
  },
  {
    name: "half-close: reading goes on after endWrite",
    promise: "halfClose",
    run: (stage) =>
      stage.connected(async ({ peer, recorder, socket }) => {
        socket.write("bye");
        socket.endWrite();
        socket.endWrite();
        await stage.until("the end at the peer", () => peer.ended);
        expectEqual("the number of bytes at the peer", peer.count, 3);
        const bytes = pattern(3 * MB);
        peer.write(bytes);
        peer.end();
        await stage.until("onClose after both ends", () => recorder.has("close"));
        expectBytes("the handler", recorder.received, bytes);
        expectEqual("onEnd", recorder.has("end"), true);
        expectEqual("the error of onClose", recorder.error?.message, undefined);
      }),
  },
  {
    name: "half-close: a large write that begins in onEnd arrives whole",
    promise: "end",
    run: (stage) =>
      stage.connected(async ({ peer, recorder, socket }) => {
        const bytes = pattern(10 * MB);
        recorder.react = (event) => {
          if (event !== "end") return;
          socket.write(bytes);
          socket.endWrite();
        };
        peer.end();
        await stage.until("the end at the peer", () => peer.ended);
        expectBytes("the peer", peer.received, bytes);
      }),
  },
  {
    name: "half-close: after endWrite, a pause loses no bytes of the peer",
    promise: "halfClose",
    run: (stage) =>
      stage.connected(async ({ peer, recorder, socket }) => {
        socket.endWrite();
        await stage.until("the end at the peer", () => peer.ended);
        socket.pauseReading();
        const bytes = pattern(MB);
        peer.write(bytes);
        peer.end();
        await stage.settled();
        expectEqual("the events while paused", recorder.heard, []);
        socket.resumeReading();
        await stage.until("onClose after both ends", () => recorder.has("close"));
        expectBytes("the handler", recorder.received, bytes);
        expectEqual("onEnd", recorder.has("end"), true);
      }),
  },
];

const ENDINGS: Readonly<Record<string, (connection: Connection, stage: Stage) => void>> = {
  "destroy": ({ socket }) => socket.destroy(),
  "two calls of destroy": ({ socket }) => {
    socket.destroy();
    socket.destroy();
  },
  "endWrite and destroy": ({ socket }) => {
    socket.write("bye");
    socket.endWrite();
    socket.destroy();
  },
  "reset": ({ socket }) => {
    socket.reset?.();
    socket.reset?.();
    socket.destroy();
  },
  "endWrite and reset": ({ socket }) => {
    socket.write("bye");
    socket.endWrite();
    socket.reset?.();
    socket.destroy();
  },
  "the ends of both sides": ({ socket, peer }) => {
    socket.endWrite();
    peer.end();
  },
  "a reset by the peer": ({ peer }) => peer.reset(),
  "a reset by the peer, after endWrite": ({ socket, peer }) => {
    socket.endWrite();
    peer.reset();
  },
  "a write to a peer that has left": ({ socket, peer, recorder }, stage) => {
    peer.reset();
    const write = () => {
      if (!recorder.has("close")) stage.later(1, write);
      socket.write("are you there?");
    };
    write();
  },
};

const MOMENTS = ["data", "end", "drain"] as const satisfies readonly Heard[];

/** The checks of closing. */
export const CLOSING_CHECKS: readonly Check[] = [
  ...Object.entries(ENDINGS).map(([ending, act]): Check => ({
    name: `closing: onClose comes once after ${ending}`,
    promise: "close",
    run: (stage) =>
      stage.connected(async (connection) => {
        // A peer may still have bytes of its handshake to send, and then ends before its reset.
        if (stage.subject.listening.tls !== undefined) await stage.settled();
        act(connection, stage);
        await stage.until("onClose", () => connection.recorder.has("close"));
      }),
  })),
  ...MOMENTS.map((moment): Check => ({
    name: `closing: no event but onClose after a destroy in ${moment}`,
    promise: "destroy",
    run: (stage) =>
      stage.connected(async ({ peer, recorder, socket }) => {
        recorder.react = (event) => {
          if (event !== moment) return;
          // An adapter that tells the same event for each call would be asked again and again.
          recorder.react = () => {};
          socket.destroy();
        };
        if (moment === "drain") writeUntilFull(socket);
        peer.write(pattern(500_000));
        if (moment === "end") peer.end();
        await stage.until("onClose", () => recorder.has("close"));
        await stage.settled();
        const after = recorder.heard.slice(recorder.heard.indexOf(moment));
        expectEqual(`the events from ${moment} on`, after, [moment, "close"]);
        expectEqual("the error of onClose", recorder.error?.message, undefined);
      }),
  })),
  {
    name: "closing: no event but onClose after a destroy while paused",
    promise: "destroy",
    run: (stage) =>
      stage.connected(async ({ peer, recorder, socket }) => {
        socket.pauseReading();
        peer.write(pattern(10));
        await stage.settled();
        socket.destroy();
        await stage.until("onClose", () => recorder.has("close"));
        await stage.settled();
        expectEqual("the events", recorder.heard, ["close"]);
        expectEqual("the error of onClose", recorder.error?.message, undefined);
      }),
  },
  {
    name: "closing: no event comes inside a call of a method",
    promise: "noReentry",
    run: (stage) =>
      stage.connected(async ({ peer, recorder, socket }) => {
        socket.pauseReading();
        peer.write(pattern(10));
        await stage.settled();
        socket.resumeReading();
        expectEqual("the events inside resumeReading", recorder.heard, []);
        await stage.until("onData", () => recorder.has("data"));
        socket.destroy();
        expectEqual("the events inside destroy", recorder.heard, ["data"]);
      }),
  },
  {
    name: "closing: every call after onClose is without an effect",
    promise: "afterClose",
    run: (stage) =>
      stage.connected(async ({ recorder, socket }) => {
        const { remote, local } = socket;
        socket.destroy();
        await stage.until("onClose", () => recorder.has("close"));
        expectEqual("the addresses", [socket.remote, socket.local], [remote, local]);
        expectEqual("the result of write", socket.write("late"), true);
        expectEqual("the result of write", socket.write(pattern(MB)), true);
        socket.endWrite();
        socket.pauseReading();
        socket.resumeReading();
        socket.destroy();
        socket.reset?.();
      }),
  },
  {
    name: "closing: bytes that are written after endWrite are dropped",
    promise: "afterTheEnd",
    run: (stage) =>
      stage.connected(async ({ peer, socket }) => {
        socket.write("all");
        socket.endWrite();
        expectEqual("the result of write", socket.write("more"), true);
        await stage.until("the end at the peer", () => peer.ended);
        expectEqual("the number of bytes at the peer", peer.count, 3);
      }),
  },
];

/** The checks of resets. */
export const RESET_CHECKS: readonly Check[] = [
  {
    name: "reset: it is an error to the peer",
    promise: "reset",
    run: (stage) =>
      stage.connected(async ({ peer, recorder, socket }) => {
        socket.write("some");
        await stage.until("the bytes at the peer", () => peer.count === 4);
        if (socket.reset === undefined) throw new NotApplicable("the adapter has no reset");
        socket.reset();
        await stage.until("an error at the peer", () => peer.failed);
        await stage.until("onClose", () => recorder.has("close"));
        expectEqual("onEnd", recorder.has("end"), false);
        expectEqual("the error of onClose", recorder.error?.message, undefined);
      }),
  },
  {
    // The peer may see an end instead of a reset: libuv does so for a reset behind unread bytes.
    name: "reset: it frees a connection with a stalled write",
    promise: "reset",
    run: (stage) =>
      stage.connected(async (connection) => {
        const { socket, recorder } = connection;
        if (socket.reset === undefined) throw new NotApplicable("the adapter has no reset");
        await stage.stall(connection);
        socket.reset();
        await stage.until("onClose", () => recorder.has("close"), SOON);
      }),
  },
];
