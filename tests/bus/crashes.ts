/**
 * The tests of a broker that is killed, started again, or stopped, under traffic.
 *
 * `BROKER_KILLS=20` kills the broker 20 times, and tests more clients; the usual run does it three times.
 *
 * @module
 */

import process from "node:process";
import { test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { createScheduler } from "../../mod.ts";
import { type Bus, BusClosed, BusFull, type BusTransport, openBus } from "../../src/bus/mod.ts";
import type { BrokerProcess } from "./broker_process.ts";
import { until } from "./contract.ts";

/** Whether this is the longer run. */
export const isLongRun: boolean = process.env["BROKER_KILLS"] !== undefined;
const KILLS = Number(process.env["BROKER_KILLS"] ?? 3);

/** A broker to be killed, and a way to connect to it. */
export interface CrashingBroker {
  readonly process: BrokerProcess;
  connect(): Promise<{ readonly transport: BusTransport; end(): void }>;
}

interface Crashing {
  readonly broker: CrashingBroker;
  /** The errors that no wait has got. */
  readonly errors: unknown[];
  open(options?: { readonly maxPending?: number }): Promise<Bus>;
}

/** Tests a broker that keeps its data on a disk. */
export function crashTests(
  name: string,
  start: () => Promise<CrashingBroker>,
  skip: string | false,
): void {
  test(
    `${name}: no message is lost or doubled, and no job lost, in crashes`,
    { skip },
    () =>
      crashing(start, async ({ broker, open }) => {
        const [producer, consumer] = [await open(), await open()];
        const topic = producer.topic<number>("numbers");
        const queue = producer.queue<number>("jobs", { lease: 0.3 });
        const subscription = await consumer.run(consumer.topic<number>("numbers").subscribe());
        const received: unknown[] = [];
        const done = new Set<number>();
        const working = work(consumer, (job) => done.add(job));
        const sent = await underTraffic(broker, async (number) => {
          await Promise.all([producer.run(topic.publish(number)), producer.run(queue.put(number))]);
        }, async () => {
          const item = await consumer.run(subscription.receive());
          received.push(item.kind === "message" ? item.value : item);
          return received.length;
        });
        const wrong = received.findIndex((item, index) => item !== index);
        const near = JSON.stringify(received.slice(Math.max(0, wrong - 3), wrong + 5));
        assertEquals(wrong, -1, `at ${wrong} of ${sent}: ${near}`);
        assertEquals(received.length, sent);
        await until(() => done.size === sent);
        await consumer.close();
        await working;
      }),
  );

  test(
    `${name}: a wait for a signal outlives a crash`,
    { skip },
    () =>
      crashing(start, async ({ broker, open }) => {
        const [sender, waiter] = [await open(), await open()];
        const first = waiter.run(waiter.waitForSignal("first"));
        await until(async () => {
          await sender.run(sender.signal("first"));
          return waiter.stats().signalWaiters === 0;
        });
        await first;
        const second = waiter.run(waiter.waitForSignal("second"));
        await broker.process.kill();
        const sent = sender.run(sender.signal("second", "after the crash"));
        await broker.process.start();
        assertEquals(await second, "after the crash");
        assertEquals(await sent, undefined);
      }),
  );

  test(
    `${name}: a broker that hangs stalls nothing, and takes all when it goes on`,
    { skip },
    () =>
      crashing(start, async ({ broker, open, errors }) => {
        const [bus, reader] = [await open({ maxPending: 200 }), await open()];
        const topic = bus.topic<number>("hang");
        const subscription = await reader.run(reader.topic<number>("hang").subscribe());
        await bus.run(topic.publish(0));
        process.kill(broker.process.pid, "SIGSTOP");
        try {
          for (let number = 1; number <= 200; number++) topic.publishNowait(number);
          assertThrows(() => topic.publishNowait(201), BusFull);
          // Timers fire while the broker hangs.
          for (let turn = 0; turn < 5; turn++) {
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
          assertEquals(bus.stats().pending, 200);
        } finally {
          process.kill(broker.process.pid, "SIGCONT");
        }
        for (let number = 0; number <= 200; number++) {
          const item = await reader.run(subscription.receive());
          assertEquals(item.kind === "message" && item.value, number);
        }
        assertEquals(errors, []);
      }),
  );
}

/** Does all jobs until the bus is closed. */
async function work(bus: Bus, onDone: (job: number) => void): Promise<void> {
  const queue = bus.queue<number>("jobs", { lease: 0.3, maxDeliveries: 100 });
  try {
    for (;;) {
      const job = await bus.run(queue.take());
      await bus.run(job.acknowledge());
      onDone(job.value);
    }
  } catch (error) {
    if (!(error instanceof BusClosed)) throw error;
  }
}

/** Tests a broker that keeps its data in memory alone. */
export function forgettingTests(
  name: string,
  start: () => Promise<CrashingBroker>,
  skip: string | false,
): void {
  test(
    `${name}: a broker without a disk tells of each loss`,
    { skip },
    () =>
      crashing(start, async ({ broker, open }) => {
        const [publisher, subscriber] = [await open(), await open()];
        const topic = subscriber.topic<number>("numbers");
        const subscription = await subscriber.run(topic.subscribe());
        let next = 0;
        let gaps = 0;
        let isToldOfGap = false;
        await underTraffic(broker, async (number) => {
          await publisher.run(publisher.topic<number>("numbers").publish(number));
        }, async () => {
          const item = await subscriber.run(subscription.receive());
          if (item.kind === "gap") {
            gaps++;
            isToldOfGap = true;
            return next;
          }
          // After a gap, a message that the broker had not confirmed before the crash may come again.
          assert(item.value === next || isToldOfGap, `${item.value} in place of ${next}`);
          isToldOfGap = false;
          next = item.value + 1;
          return next;
        });
        assert(gaps >= 1 && gaps <= KILLS, `${gaps} gaps`);
      }),
  );
}

async function crashing(
  start: () => Promise<CrashingBroker>,
  body: (stage: Crashing) => Promise<void>,
): Promise<void> {
  const broker = await start();
  const scheduler = await createScheduler();
  const ends: (() => void | Promise<void>)[] = [];
  const errors: unknown[] = [];
  try {
    await body({
      broker,
      errors,
      open: async (options) => {
        const { transport, end } = await broker.connect();
        const onError = (error: unknown) => void errors.push(error);
        const bus = await openBus(transport, { scheduler, onError, ...options });
        ends.unshift(() => bus.close(), end);
        return bus;
      },
    });
  } finally {
    for (const end of ends) await end();
    await broker.process.stop();
  }
}

/**
 * Sends numbers while the broker is killed again and again, and reads until all of them have come.
 *
 * @param send Sends one number, and waits until the broker has it.
 * @param read Waits for an item; gives the count of numbers that have come.
 * @returns The count of numbers that were sent.
 */
async function underTraffic(
  { process: broker }: CrashingBroker,
  send: (number: number) => Promise<void>,
  read: () => Promise<number>,
): Promise<number> {
  let isOver = false;
  let sent = 0;
  /** The count of numbers after which the reader ends. */
  let expected = Infinity;
  const sending = (async () => {
    while (!isOver) await Promise.all(Array.from({ length: 5 }, () => send(sent++)));
  })();
  let come = 0;
  const reading = (async () => {
    while (come < expected) come = await read();
  })();
  const killing = (async () => {
    for (let kill = 0; kill < KILLS; kill++) {
      const [before, seen] = [sent, come];
      await until(() => sent >= before + 20 && come > seen);
      await broker.kill();
      await broker.start();
    }
    const before = sent;
    await until(() => sent >= before + 20);
    isOver = true;
  })();
  // An error of any of them ends the test.
  await Promise.race([Promise.all([sending, killing]), reading.then(() => sending)]);
  await sending;
  // The reader may wait already; one more number wakes it.
  expected = sent + 1;
  await send(sent++);
  await reading;
  return sent;
}
