/** The workloads with bare `async` and `await`, without a library. */

import { type Contender, FAR_SECONDS, NAP_SECONDS } from "./contender.ts";

async function nothing(): Promise<void> {}

async function sleeper(seconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

/**
 * A queue that holds one item, for one producer and one consumer. With more of them it would need
 * lists of waiters.
 */
class Slot {
  #item: number | undefined;
  #wake: (() => void) | undefined;

  async put(item: number): Promise<void> {
    while (this.#item !== undefined) await this.#changed();
    this.#item = item;
    this.#wake?.();
  }

  async get(): Promise<number> {
    while (this.#item === undefined) await this.#changed();
    const item = this.#item;
    this.#item = undefined;
    this.#wake?.();
    return item;
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => this.#wake = resolve);
  }
}

export const promises: Contender = {
  name: "promises",
  spawnAndJoin(count) {
    return async () => {
      for (let left = count; left > 0; left--) {
        const task = nothing();
        await task;
      }
    };
  },
  sleepAndWake(count) {
    return async () => {
      await Promise.all(Array.from({ length: count }, () => sleeper(NAP_SECONDS)));
    };
  },
  handOver(count) {
    const slot = new Slot();
    const produce = async () => {
      for (let left = count; left > 0; left--) await slot.put(left);
    };
    const consume = async () => {
      for (let left = count; left > 0; left--) await slot.get();
    };
    return async () => void await Promise.all([produce(), consume()]);
  },
  signal(count) {
    let signal = () => {};
    const signalled = new Promise<void>((resolve) => signal = resolve);
    const waiter = async () => await signalled;
    const all = Array.from({ length: count }, waiter);
    return async () => {
      signal();
      await Promise.all(all);
    };
  },
  cancelSleepers(count) {
    const cancels: (() => void)[] = [];
    const cancellable = async () => {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, FAR_SECONDS * 1000);
        cancels.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    };
    const all = Array.from({ length: count }, cancellable);
    return async () => {
      for (const cancel of cancels) cancel();
      await Promise.all(all);
    };
  },
};
