/** The timers of the host, on a fake host. */

import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { hostClock } from "../../adapters/shared/host_clock.ts";
import { startTimer } from "../../adapters/shared/timer.ts";

const MAX_DELAY_MS = 2 ** 31 - 1;

/** A timer that the fake host holds. */
interface Pending {
  readonly delayMs: number;
  readonly fire: () => void;
}

/** The timers that are pending on the fake host. */
class FakeHost {
  readonly timers: Map<number, Pending> = new Map<number, Pending>();
  #nextId = 1;

  readonly setTimeout = (fire: () => void, delayMs: number): number => {
    this.timers.set(this.#nextId, { fire, delayMs });
    return this.#nextId++;
  };

  readonly clearTimeout = (id: number): void => void this.timers.delete(id);

  get delaysMs(): number[] {
    return [...this.timers.values()].map(({ delayMs }) => delayMs);
  }

  /** Lets the only timer fire. */
  fire(): void {
    const [[id, { fire }]] = [...this.timers] as [[number, Pending]];
    this.timers.delete(id);
    fire();
  }
}

/** Runs `act` while a fake host has the place of the runtime's timers. */
function withFakeHost(act: (host: FakeHost) => void): void {
  const host = new FakeHost();
  const { setTimeout, clearTimeout } = globalThis;
  Object.assign(globalThis, { setTimeout: host.setTimeout, clearTimeout: host.clearTimeout });
  try {
    act(host);
  } finally {
    Object.assign(globalThis, { setTimeout, clearTimeout });
  }
}

for (const delayMs of [0, 0.5, 1000, MAX_DELAY_MS]) {
  test(`a delay of ${delayMs} ms goes to the host as it is`, () => {
    withFakeHost((host) => {
      let fired = 0;
      startTimer(delayMs, () => fired++);
      assertEquals([host.delaysMs, fired], [[delayMs], 0]);
      host.fire();
      assertEquals([host.delaysMs, fired], [[], 1]);
    });
  });
}

test("a delay that the host cannot keep is waited for in several timers, and never ends early", () => {
  withFakeHost((host) => {
    let fired = 0;
    startTimer(2 * MAX_DELAY_MS + 5, () => fired++);
    for (const delayMs of [MAX_DELAY_MS, MAX_DELAY_MS, 5]) {
      assertEquals([host.delaysMs, fired], [[delayMs], 0]);
      host.fire();
    }
    assertEquals([host.delaysMs, fired], [[], 1]);
  });
});

test("an infinite delay starts no timer", () => {
  withFakeHost((host) => {
    const cancel = startTimer(Infinity, () => {});
    assertEquals(host.delaysMs, []);
    cancel();
  });
});

for (const firings of [0, 1, 2]) {
  test(`a long timer can be cancelled after ${firings} of its parts`, () => {
    withFakeHost((host) => {
      const cancel = startTimer(2 * MAX_DELAY_MS + 5, () => {});
      for (let firing = 0; firing < firings; firing++) host.fire();
      assertEquals(host.timers.size, 1);
      cancel();
      assertEquals(host.timers.size, 0);
    });
  });
}

test("the clock of every runtime takes any delay", () => {
  withFakeHost((host) => {
    const clock = hostClock(() => {});
    clock.setTimer(Infinity, () => {});
    clock.setTimer(10, () => {})();
    clock.setTimer(MAX_DELAY_MS + 1, () => {});
    assertEquals(host.delaysMs, [MAX_DELAY_MS]);
  });
});
