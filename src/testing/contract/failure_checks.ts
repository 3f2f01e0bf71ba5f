/**
 * A handler that throws loses its connection, and the process goes on.
 *
 * @module
 */

import type { Address } from "../../socket/mod.ts";
import type { Check } from "./check.ts";
import { expect, expectEqual } from "./expectations.ts";
import { pattern } from "./pattern.ts";
import type { Peer } from "./peer.ts";
import { type Heard, Recorder } from "./recorder.ts";
import { type Stage, writeUntilFull } from "./stage.ts";

/** The errors that the checks throw. An adapter that does not catch them lets them end the process. */
const BUG = "checkAdapter throws this error, which the adapter must log: a bug";

const MOMENTS = ["data", "end", "drain", "close"] as const satisfies readonly Heard[];

/** The checks of handlers that throw. */
export const FAILURE_CHECKS: readonly Check[] = MOMENTS.map((moment) => ({
  name: `failures: a handler that throws in ${moment} loses its connection`,
  promise: "failure",
  run: async (stage) => {
    await stage.connected(async ({ peer, recorder, socket }) => {
      recorder.react = (event) => {
        if (event === moment) throw new TypeError(`${BUG} in ${moment}`);
      };
      if (moment === "drain") writeUntilFull(socket);
      if (moment === "end") peer.end();
      else if (moment === "close") socket.destroy();
      else peer.write(pattern(500_000));
      await stage.until("onClose", () => recorder.has("close"));
      const after = recorder.heard.slice(recorder.heard.indexOf(moment));
      expectEqual(
        "the events after the error",
        after.slice(1),
        moment === "close" ? [] : ["close"],
      );
    });
    expectLog(stage, `${BUG} in ${moment}`, 1);
  },
}));

/** The checks of connections that are refused while they are accepted. */
export const REFUSAL_CHECKS: readonly Check[] = [
  {
    name: "failures: an accept that throws loses its connection",
    promise: "refusal",
    run: async (stage) => {
      const listener = await stage.listen(() => {
        throw new TypeError(`${BUG} in accept`);
      });
      for (let attempt = 0; attempt < 2; attempt++) await cutOff(stage, listener.address);
      await stage.close(listener);
      expectLog(stage, `${BUG} in accept`, 2);
    },
  },
  {
    name: "failures: an accept that destroys its socket refuses the connection",
    promise: "refusal",
    run: async (stage) => {
      const refused: Recorder[] = [];
      const listener = await stage.listen((socket) => {
        socket.destroy();
        const recorder = new Recorder(socket);
        refused.push(recorder);
        return recorder;
      });
      await cutOff(stage, listener.address);
      await stage.close(listener);
      await stage.until("onClose", () => refused[0]?.has("close") === true);
      await stage.settled();
      expectEqual("the events", refused[0]?.heard, ["close"]);
    },
  },
];

/** Connects, and waits until the connection is cut. With TLS, the connecting may already fail. */
async function cutOff(stage: Stage, address: Address): Promise<void> {
  let peer: Peer;
  try {
    peer = await stage.connect(address);
  } catch (error) {
    if (stage.subject.listening.tls === undefined) throw error;
    return;
  }
  await stage.until("the end at the refused peer", () => peer.ended);
  peer.destroy();
}

/**
 * Asks for entries in the log of the listener. The errors of a dialled connection go to the log of the
 * adapter, which a check cannot read.
 */
function expectLog(stage: Stage, text: string, count: number): void {
  if (stage.dials) return;
  expectEqual("the number of entries in the option log", stage.logged.length, count);
  for (const line of stage.logged) {
    expect(
      line.includes(text),
      `the entry in the option log is ${JSON.stringify(line)}, without the error`,
    );
  }
}
