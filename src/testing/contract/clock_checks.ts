/**
 * Turns and timers, and the facts that an adapter tells. A program that is busy with turns still gets network
 * events.
 *
 * @module
 */

import { hostTime } from "../../../adapters/shared/host_clock.ts";
import { Scheduler, showValue } from "../../coroutine/mod.ts";
import type { Check } from "./check.ts";
import { expect, expectEqual, NotApplicable } from "./expectations.ts";
import { pattern } from "./pattern.ts";
import type { Stage } from "./stage.ts";

type Defer = (stage: Stage, turn: () => void) => void;

const WAYS: Readonly<Record<string, Defer>> = {
  "turns follow directly": ({ adapter }, turn) => adapter.clock.defer(turn),
  "turns follow by way of promises": ({ adapter }, turn) =>
    void Promise.resolve().then(() => adapter.clock.defer(turn)),
};

/** The checks of turns and timers. */
export const CLOCK_CHECKS: readonly Check[] = [
  ...Object.entries(WAYS).map(([way, defer]): Check => ({
    name: `clock: the network is polled while ${way}`,
    promise: "busyTurns",
    run: (stage) =>
      stage.connected(async ({ peer, recorder }) => {
        let turns = 0;
        let timerRan = false;
        const turn = () => {
          turns++;
          compute();
          if ((recorder.count === 0 || !timerRan) && turns < 500) defer(stage, turn);
        };
        stage.adapter.clock.setTimer(5, () => timerRan = true);
        peer.write(pattern(1));
        stage.adapter.clock.defer(turn);
        await stage.until("bytes and a timer", () => recorder.count > 0 && timerRan);
        expect(turns < 250, `bytes and a timer came after ${turns} turns of 2 ms`);
      }),
  })),
  {
    name: "clock: the network is polled while a coroutine awaits promises",
    promise: "busyTurns",
    run: (stage) =>
      stage.connected(async ({ peer, recorder }) => {
        const scheduler = new Scheduler({ clock: stage.adapter.clock });
        let rounds = 0;
        const task = scheduler.add(function* () {
          for (; recorder.count === 0 && rounds < 1_000_000; rounds++) yield Promise.resolve();
        });
        peer.write(pattern(1));
        await stage.until("bytes", () => task.done);
        expect(recorder.count > 0, `no bytes came in ${rounds} rounds`);
      }),
  },
  {
    name: "clock: turns are deferred, in order",
    promise: "defer",
    run: async (stage) => {
      const { clock } = stage.adapter;
      const heard: string[] = [];
      clock.defer(() => heard.push("first"));
      clock.defer(() => heard.push("second"));
      heard.push("now");
      await stage.until("the deferred turns", () => heard.length >= 3);
      await stage.settled();
      expectEqual("the turns", heard, ["now", "first", "second"]);
    },
  },
  {
    name: "clock: soon runs a turn once, in a microtask",
    promise: "soon",
    run: async (stage) => {
      const { clock } = stage.adapter;
      if (clock.soon === undefined) throw new NotApplicable("the clock has no soon");
      const heard: string[] = [];
      clock.soon(() => heard.push("soon"));
      heard.push("now");
      for (let microtask = 0; microtask < 10; microtask++) await Promise.resolve();
      expectEqual("the turns after ten microtasks", heard, ["now", "soon"]);
      await stage.settled();
      expectEqual("the turns", heard, ["now", "soon"]);
    },
  },
  {
    name: "clock: now tells milliseconds, and never goes back",
    promise: "now",
    run: async (stage) => {
      const { clock } = stage.adapter;
      // The machine may pause between two readings, so the wait is measured from outside and from inside.
      const [outerStart, start, innerStart] = [stage.now(), clock.now(), stage.now()];
      let last = start;
      for (let look = 0; look < 1000; look++) {
        const now = clock.now();
        expect(now >= last, `now() went back from ${last} to ${now}`);
        last = now;
      }
      await stage.settled();
      const inner = stage.now() - innerStart;
      const passed = clock.now() - start;
      const outer = stage.now() - outerStart;
      expect(
        passed > inner / 2 && passed < outer * 2,
        `now() told ${passed} ms for a wait of ${outer} ms`,
      );
    },
  },
  {
    name: "clock: a timer does not run before its time",
    promise: "delay",
    run: async (stage) => {
      const start = stage.now();
      let waited = -1;
      stage.adapter.clock.setTimer(40, () => waited = stage.now() - start);
      await stage.until("a timer of 40 ms", () => waited >= 0);
      // A timer of Node may be a millisecond early.
      expect(waited > 35, `a timer of 40 ms ran after ${waited} ms`);
    },
  },
  {
    name: "clock: timers of any delay run once, unless they are cancelled",
    promise: "timer",
    run: async (stage) => {
      const { clock } = stage.adapter;
      const heard: string[] = [];
      const start = clock.now();
      const cancel = clock.setTimer(1, () => heard.push("the cancelled timer"));
      const cancelLong = [2 ** 31, Infinity].map((delay) =>
        clock.setTimer(delay, () => heard.push(`the timer of ${delay} ms`))
      );
      let ranAtOnce = false;
      clock.setTimer(0, () => ranAtOnce = true);
      const cancelLate = clock.setTimer(5, () => heard.push("the timer"));
      heard.push("no timer yet");
      cancel();
      try {
        await stage.until("a timer of 5 ms", () => heard.includes("the timer"));
        await stage.until("a timer of 0 ms", () => ranAtOnce);
        cancelLate();
        await stage.settled();
      } finally {
        for (const cancelOne of cancelLong) cancelOne();
      }
      expectEqual("the timers", heard, ["no timer yet", "the timer"]);
      expect(clock.now() > start, "now() stood still during a timer of 5 ms");
      cancel();
    },
  },
];

/** The checks of the members that need no connection. */
export const FACT_CHECKS: readonly Check[] = [
  {
    name: "facts: hostName tells the name of the machine",
    promise: "hostName",
    run: ({ adapter }) => {
      const name: unknown = adapter.hostName();
      expect(
        typeof name === "string" && name !== "",
        `hostName() returned ${showValue(name)}, which is no name`,
      );
    },
  },
  {
    name: "facts: equals compares any range of bytes",
    promise: "equals",
    run: ({ adapter }) => {
      if (adapter.equals === undefined) throw new NotApplicable("the adapter has no equals");
      const other = Uint8Array.from({ length: 1000 }, (_, at) => at * 7);
      const one = new Uint8Array(3000).subarray(500);
      one.set(other, 300);
      const expectAnswer = (length: number, expected: boolean) =>
        expectEqual(
          `equals of ${length} bytes`,
          adapter.equals?.(one, 300, other, length),
          expected,
        );
      for (const length of [0, 1, 65, 999, 1000]) expectAnswer(length, true);
      for (const at of [0, 64, 999]) {
        const byte = one[300 + at] as number;
        one[300 + at] = byte ^ 1;
        expectAnswer(1000, false);
        expectAnswer(at, true);
        one[300 + at] = byte;
      }
    },
  },
  {
    name: "facts: latin1 decodes bytes of any length, from any offset",
    promise: "latin1",
    run: ({ adapter }) => {
      for (const length of [0, 1, 100, 70_000]) {
        const bytes = pattern(length + 7).subarray(3);
        const text = adapter.latin1(bytes, 2, 2 + length);
        expectEqual("the length of the text", text.length, length);
        const wrong = bytes.subarray(2, 2 + length).findIndex((b, at) => b !== text.charCodeAt(at));
        expect(wrong < 0, `the character at ${wrong} of ${length} is not its byte`);
      }
      const text = adapter.latin1(new Uint8Array([0x80, 0x9f, 0xff]), 0, 3);
      expect(
        text === "\x80\x9f\xff",
        "bytes from 0x80 to 0x9F are not the characters of their number",
      );
    },
  },
];

/** Keeps the processor busy for about two milliseconds. */
function compute(): void {
  const start = hostTime.now();
  while (hostTime.now() - start < 2);
}
