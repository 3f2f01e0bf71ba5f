/**
 * Dialling: the addresses of both ends, refusals, and aborts.
 *
 * @module
 */

import { formatAddress, type Socket } from "../../socket/mod.ts";
import type { Check } from "./check.ts";
import { expect, expectEqual, expectRejection } from "./expectations.ts";
import { pattern } from "./pattern.ts";
import { SOON } from "./patience.ts";
import { Recorder } from "./recorder.ts";
import { toDial } from "./stage.ts";

const never = (): Recorder => {
  throw new Error("open was called");
};

/** The least signal that an adapter gets: `Connect` makes such a signal, which is no `AbortSignal` of the web. */
class Signal {
  aborted = false;
  reason: unknown;
  readonly #listeners = new Set<() => void>();

  addEventListener(_type: "abort", listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    this.#listeners.delete(listener);
  }

  abort(reason: Error): void {
    this.aborted = true;
    this.reason = reason;
    for (const listener of [...this.#listeners]) listener();
  }
}

/** The checks of dialling. */
export const DIAL_CHECKS: readonly Check[] = [
  {
    name: "dialling: both ends of a connection to an own listener tell the same addresses",
    promise: "dial",
    run: async (stage) => {
      const accepted: Recorder[] = [];
      const listener = await stage.listen((socket) => {
        const recorder = new Recorder(socket);
        accepted.push(recorder);
        return recorder;
      });
      const dialled: Recorder[] = [];
      let opened = 0;
      await stage.dial(
        toDial(listener.address),
        (socket: Socket) => {
          const recorder = new Recorder(socket);
          dialled.push(recorder);
          socket.write("ping");
          socket.endWrite();
          return recorder;
        },
        undefined,
        () => opened = dialled.length,
      );
      expectEqual("the calls of open before dial resolved", opened, 1);
      await stage.until("the end at the listener", () => accepted[0]?.has("end") === true);
      const [here, there] = [dialled[0] as Recorder, accepted[0] as Recorder];
      expectEqual("the number of bytes at the listener", there.count, 4);
      expectEqual("the remote address", there.socket.remote, here.socket.local);
      expectEqual("the local address", there.socket.local, here.socket.remote);
      there.socket.write("pong");
      there.socket.endWrite();
      for (const recorder of [here, there]) {
        await stage.until("onClose after both ends", () => recorder.has("close"));
        expectEqual("the number of bytes", recorder.count, 4);
        expectEqual("the error of onClose", recorder.error?.message, undefined);
      }
      await stage.close(listener);
    },
  },
  {
    name: "dialling: an address without a listener rejects, naming it",
    promise: "cannotDial",
    run: async (stage) => {
      for (const asked of stage.subject.addresses) {
        const listener = await stage.listenAsPeer(asked);
        await listener.close();
        await stage.settled();
        const address = toDial(listener.address);
        const error = await expectRejection("dial()", () => stage.dial(address, never));
        expect(
          error.message.includes(formatAddress(address)),
          `the message does not name ${formatAddress(address)}: ${error.message}`,
        );
      }
    },
  },
  {
    name: "dialling: the error of a failed connection has a cause",
    promise: "dialCause",
    run: async (stage) => {
      const listener = await stage.listenAsPeer(stage.address);
      await listener.close();
      await stage.settled();
      const error = await expectRejection(
        "dial()",
        () => stage.dial(toDial(listener.address), never),
      );
      expect(error.cause !== undefined, `the error has no cause: ${error.message}`);
    },
  },
  {
    name: "dialling: after an abort, open is not called and no connection is left",
    promise: "abortedDial",
    run: async (stage) => {
      const listener = await stage.listenAsPeer(stage.address);
      const address = toDial(listener.address);
      const aborted = async (dialling: (signal: Signal) => Promise<void>) => {
        const signal = new Signal();
        const reason = new RangeError("enough");
        const error = await expectRejection("An aborted dial()", async () => {
          // The rejection may come before the check waits for it.
          const result = stage.dial(address, never, signal);
          result.catch(() => {});
          await dialling(signal);
          signal.abort(reason);
          await result;
        });
        expect(error === reason, `dial rejected with another reason: ${error.message}`);
      };
      for (const turns of [0, 1, 2]) {
        await aborted(async () => {
          for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        });
      }
      const before = new Signal();
      const reason = new RangeError("before");
      before.abort(reason);
      const error = await expectRejection(
        "dial() with an aborted signal",
        () => stage.dial(address, never, before),
      );
      expect(error === reason, `dial rejected with another reason: ${error.message}`);
      await stage.settled();
      const { peers } = listener;
      await stage.until("the end of all connections", () => peers.every((one) => one.ended), SOON);
      peers.forEach((peer) => peer.destroy());
      await listener.close();
    },
  },
  {
    name: "dialling: an abort after open changes nothing",
    promise: "lateAbort",
    run: async (stage) => {
      const listener = await stage.listenAsPeer(stage.address);
      const signal = new Signal();
      const recorders: Recorder[] = [];
      await stage.dial(toDial(listener.address), (socket) => {
        const recorder = new Recorder(socket);
        recorders.push(recorder);
        return recorder;
      }, signal);
      signal.abort(new RangeError("too late"));
      await stage.until("a connection at the peer", () => listener.peers.length > 0);
      const [peer] = listener.peers;
      peer?.write(pattern(10));
      await stage.until("the bytes at the handler", () => recorders[0]?.count === 10);
      recorders[0]?.socket.destroy();
      peer?.destroy();
      await listener.close();
    },
  },
];
