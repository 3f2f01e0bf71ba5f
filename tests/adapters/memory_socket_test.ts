/** The states of the output of one end in memory, on a clock that the test moves. */

import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type OpenHandler, socketPair } from "../../adapters/memory.ts";
import { ManualClock } from "../../src/coroutine/manual_clock.ts";
import type { Socket } from "../../src/socket/mod.ts";

/** Both ends of a connection, their clock, and the events of their handlers. */
interface Ends {
  readonly end: Socket;
  readonly peer: Socket;
  readonly clock: ManualClock;
  readonly log: string[];
}

function connect(): Ends {
  const clock = new ManualClock();
  const log: string[] = [];
  const logging = (name: string): OpenHandler => () => ({
    onData: (bytes) => void log.push(`${name} data ${bytes.length}`),
    onEnd: () => void log.push(`${name} end`),
    onDrain: () => void log.push(`${name} drain`),
    onClose: (error) => void log.push(`${name} ${error === undefined ? "close" : "reset"}`),
  });
  const [end, peer] = socketPair(logging("our"), logging("peer's"), { clock });
  clock.advance(0);
  return { end, peer, clock, log };
}

type Act = (ends: Ends) => void;

/** The calls that lead to each state from a new connection. */
const STATES: Readonly<Record<string, Act>> = {
  open: () => {},
  ending: ({ end }) => end.endWrite(),
  ended: ({ end, clock }) => {
    end.endWrite();
    clock.advance(0);
  },
  closed: ({ end, clock }) => {
    end.destroy();
    clock.advance(0);
  },
};

const EVENTS: Readonly<Record<string, Act>> = {
  write: ({ end }) => void end.write("yes"),
  endWrite: ({ end }) => end.endWrite(),
  "peer's endWrite": ({ peer }) => peer.endWrite(),
  destroy: ({ end }) => end.destroy(),
  "peer's destroy": ({ peer }) => peer.destroy(),
};

const BOTH_CLOSED = ["peer's close", "our close"];

/** The events that follow each call in each state; a missing entry means none. */
const TABLE: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  open: {
    write: ["peer's data 3"],
    endWrite: ["peer's end"],
    "peer's endWrite": ["our end"],
    destroy: ["our close", "peer's reset"],
    "peer's destroy": ["peer's close", "our reset"],
  },
  ending: {
    write: ["peer's end"],
    endWrite: ["peer's end"],
    "peer's endWrite": ["peer's end", "our end", ...BOTH_CLOSED],
    destroy: ["peer's end", "our close", "peer's reset"],
    "peer's destroy": ["peer's close", "our reset"],
  },
  ended: {
    "peer's endWrite": ["our end", ...BOTH_CLOSED],
    destroy: ["our close", "peer's reset"],
    "peer's destroy": ["peer's close", "our reset"],
  },
  closed: {},
};

for (const [state, enter] of Object.entries(STATES)) {
  for (const [event, act] of Object.entries(EVENTS)) {
    const expected = TABLE[state]?.[event] ?? [];
    test(`${state}: after "${event}" follows ${expected.join(", ") || "nothing"}`, () => {
      const ends = connect();
      enter(ends);
      ends.log.length = 0;
      act(ends);
      ends.clock.advance(0);
      assertEquals(ends.log, expected);
    });
  }
}
