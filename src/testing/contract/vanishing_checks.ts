/**
 * The socket notices in every state of the connection that the peer has left.
 *
 * @module
 */

import type { Check } from "./check.ts";
import { expect, expectEqual } from "./expectations.ts";
import { MB, pattern } from "./pattern.ts";
import { SOON } from "./patience.ts";
import type { Peer } from "./peer.ts";
import type { Recorder } from "./recorder.ts";
import type { Connection, Stage } from "./stage.ts";

const WAYS: Readonly<Record<string, (peer: Peer) => void>> = {
  "dies": (peer) => peer.destroy(),
  "resets": (peer) => peer.reset(),
};

const STATES: Readonly<Record<string, (connection: Connection, stage: Stage) => Promise<void>>> = {
  "nothing happens": (_connection, stage) => stage.settled(),
  "reading is paused": async ({ peer, socket }, stage) => {
    socket.pauseReading();
    peer.write(pattern(1_000));
    await stage.settled();
  },
  "a write is stalled": async (connection, stage) => void await stage.stall(connection),
};

const hasGone = (recorder: Recorder) => recorder.has("end") || recorder.has("close");

/** The checks of peers that vanish. */
export const VANISHING_CHECKS: readonly Check[] = [
  ...Object.entries(WAYS).flatMap(([way, vanish]) =>
    Object.entries(STATES).map(([state, begin]): Check => ({
      name: `vanishing: a peer that ${way} is noticed while ${state}`,
      promise: "vanishing",
      run: (stage) =>
        stage.connected(async (connection) => {
          await begin(connection, stage);
          vanish(connection.peer);
          await stage.until("onEnd or onClose", () => hasGone(connection.recorder), SOON);
        }),
    }))
  ),
  {
    name: "vanishing: a reset is noticed behind a flood of unread bytes",
    promise: "vanishing",
    run: (stage) =>
      stage.connected(async ({ peer, recorder, socket }) => {
        socket.pauseReading();
        peer.write(pattern(32 * MB));
        await stage.settled();
        peer.reset();
        await stage.until("onClose", () => recorder.has("close"), SOON);
        expectEqual("the events", recorder.heard, ["close"]);
      }),
  },
  ...Object.entries(STATES).map(([state, begin]): Check => ({
    name: `vanishing: onClose has an error after a reset while ${state}`,
    promise: "resetError",
    run: (stage) =>
      stage.connected(async (connection) => {
        const { peer, recorder } = connection;
        await begin(connection, stage);
        peer.reset();
        await stage.until("onClose", () => recorder.has("close"));
        expect(recorder.error instanceof Error, "onClose had no error after a reset by the peer");
      }),
  })),
  {
    name: "vanishing: the end of the peer is noticed while a write is stalled",
    promise: "end",
    run: (stage) =>
      stage.connected(async (connection) => {
        const { peer, recorder } = connection;
        await stage.stall(connection);
        peer.end();
        await stage.until("onEnd", () => recorder.has("end"), SOON);
        expectEqual("onClose after an end of the peer alone", recorder.has("close"), false);
      }),
  },
  {
    name: "vanishing: destroy frees a connection with a stalled write",
    promise: "destroy",
    run: (stage) =>
      stage.connected(async (connection) => {
        await stage.stall(connection);
        connection.socket.destroy();
        await stage.until("onClose", () => connection.recorder.has("close"), SOON);
        expectEqual("the error of onClose", connection.recorder.error?.message, undefined);
      }),
  },
];
