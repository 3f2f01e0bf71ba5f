/**
 * Turns and timers. A program that is busy with turns still gets network events.
 *
 * @module
 */

import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Scheduler } from "../../src/coroutine/mod.ts";
import { connected, type Subject } from "./connection.ts";
import { pattern, until } from "./waiting.ts";

/** Registers the tests of the clock. */
export function clockTests(subject: Subject): void {
  const { clock } = subject.adapter;

  const ways: Record<string, (turn: () => void) => void> = {
    directly: (turn) => clock.defer(turn),
    "by way of promises": (turn) => void Promise.resolve().then(() => clock.defer(turn)),
  };
  for (const [way, next] of Object.entries(ways)) {
    test(`${subject.name}: the network is polled while turns follow ${way}`, async () => {
      await connected(subject, async ({ client, recorder }) => {
        let turns = 0;
        let timerTurn = 0;
        const turn = () => {
          turns++;
          const start = performance.now();
          while (performance.now() - start < 2);
          if ((recorder.count === 0 || timerTurn === 0) && turns < 500) next(turn);
        };
        clock.setTimer(5, () => timerTurn = turns);
        client.write(pattern(1));
        clock.defer(turn);
        await until("bytes and timer", () => recorder.count > 0 && timerTurn > 0);
        assert(turns < 250, `it took ${turns} turns`);
      });
    });
  }

  test(`${subject.name}: the network is polled while a coroutine awaits promises`, async () => {
    await connected(subject, async ({ client, recorder }) => {
      const scheduler = new Scheduler({ clock });
      let rounds = 0;
      const task = scheduler.add(function* () {
        for (; recorder.count === 0 && rounds < 1_000_000; rounds++) yield Promise.resolve();
      });
      client.write(pattern(1));
      await until("bytes", () => task.done);
      assert(recorder.count > 0, `no data in ${rounds} rounds`);
    });
  });

  test(`${subject.name}: defers to a later turn, in order, and can cancel a timer`, async () => {
    const heard: string[] = [];
    const cancel = clock.setTimer(1, () => heard.push("cancelled"));
    const cancelLong = [2 ** 31, Infinity].map((delay) =>
      clock.setTimer(delay, () => heard.push("early"))
    );
    clock.setTimer(5, () => heard.push("timer"));
    clock.defer(() => heard.push("first"));
    clock.defer(() => heard.push("second"));
    heard.push("now");
    cancel();
    await until("the timer and the turns", () => heard.length >= 4).finally(() => {
      for (const cancelOne of cancelLong) cancelOne();
    });
    // On a slow machine the timer may be due before the next turn.
    assertEquals(heard.filter((name) => name !== "timer"), ["now", "first", "second"]);
    assertEquals(heard.filter((name) => name === "timer").length, 1);
    assert(clock.now() <= clock.now());
  });
}
