/**
 * The contract of a bus: the same tests for each transport.
 *
 * Two buses share one broker. Each test uses names of its own, so that one broker serves all of them.
 *
 * @module
 */

import { after, before, test } from "node:test";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type Bus, BusClosed, type BusTransport, openBus } from "../../src/bus/mod.ts";
import { Call, createScheduler, OperationTimeout, race, Sleep } from "../../mod.ts";
import type { Scheduler } from "../../src/coroutine/mod.ts";
import type { TopicItem, TopicSubscriptionOf } from "../../src/wsgi/mod.ts";

/** A broker for the tests. A log keeps about {@linkcode LOG_SIZE} messages in it. */
export interface Broker {
  /** Makes a transport of another process. */
  connect(): Promise<BusTransport> | BusTransport;
  /** Ends the broker. */
  stop(): Promise<void> | void;
}

export const LOG_SIZE = 50;

type Subscription<T> = TopicSubscriptionOf<T, "plain">;

/** Runs the contract. `skip` is the reason to leave the tests out. */
export function busContract(
  name: string,
  start: () => Promise<Broker> | Broker,
  skip: string | false = false,
): void {
  let broker: Broker;
  let scheduler: Scheduler;
  let here: Bus;
  let there: Bus;
  let serial = 0;
  const unique = (what: string) => `${what} ${name} ${++serial}`;
  const check = (title: string, body: () => Promise<void>) =>
    test(`${name}: ${title}`, { skip }, body);

  before(async () => {
    if (skip !== false) return;
    broker = await start();
    scheduler = await createScheduler();
    here = await openBus(await broker.connect(), { scheduler });
    there = await openBus(await broker.connect(), { scheduler });
  });
  after(async () => {
    if (skip !== false) return;
    await here.close();
    await there.close();
    await broker.stop();
    assertEquals(scheduler.stats(), { tasks: 0, ready: 0, deadlines: 0, signals: 0 });
  });

  check("all subscribers get all messages once, in the same order", async () => {
    const topic = unique("order");
    const subscriptions = [
      await here.run(here.topic<string>(topic).subscribe()),
      await there.run(there.topic<string>(topic).subscribe()),
      await there.run(there.topic<string>(topic).subscribe()),
    ];
    const texts = (from: string) => Array.from({ length: 20 }, (_, index) => `${from} ${index}`);
    await Promise.all([
      ...texts("here").map((text) => here.run(here.topic<string>(topic).publish(text))),
      ...texts("there").map((text) => there.run(there.topic<string>(topic).publish(text))),
    ]);
    const received = await Promise.all(subscriptions.map((one) => receive(here, one, 40)));
    assertEquals(received[1], received[0]);
    assertEquals(received[2], received[0]);
    for (const from of ["here", "there"]) {
      assertEquals(received[0]?.filter((text) => text.startsWith(`${from} `)), texts(from));
    }
    for (const subscription of subscriptions) subscription.close();
    assertEquals(there.stats().topics, 0);
  });

  check("values are JSON or bytes, and each subscriber has a copy", async () => {
    const topic = unique("values");
    const values = [null, 0, "ü€𝄞", { a: [1, { b: false }] }, Uint8Array.of(), allBytes()];
    const subscriptions = [
      await there.run(there.topic(topic).subscribe()),
      await there.run(there.topic(topic).subscribe()),
    ] as const;
    for (const value of values) await here.run(here.topic(topic).publish(value));
    const [one, other] = [
      await receive(there, subscriptions[0], values.length),
      await receive(there, subscriptions[1], values.length),
    ];
    assertEquals(one, values);
    assertEquals(other, values);
    assert(one[3] !== other[3]);
    for (const subscription of subscriptions) subscription.close();
  });

  check("names of any text are different topics", async () => {
    const names = ["a.b", "a b", "a*", "a>", "日本", "a_b", "A.b", "/", ":"];
    const subscriptions = await Promise.all(
      names.map((name) => there.run(there.topic<string>(name).subscribe())),
    );
    for (const name of names) await here.run(here.topic<string>(name).publish(name));
    for (const [index, subscription] of subscriptions.entries()) {
      assertEquals(await receive(there, subscription, 1), [names[index]]);
      subscription.close();
    }
  });

  check("a subscription goes on after the position of a message", async () => {
    const topic = here.topic<number>(unique("position"));
    const positions = [];
    for (let number = 0; number < 5; number++) {
      positions.push(await here.run(topic.publish(number)));
    }
    const again = there.topic<number>(topic.name);
    const options = [{ after: positions[2] }, { after: "start" }, { after: "end" }, {}] as const;
    const expected = [[3, 4, 5], [0, 1, 2, 3, 4, 5], [5], [5]];
    const subscriptions = await Promise.all(
      options.map((given) => there.run(again.subscribe(given as { after: "start" }))),
    );
    assertEquals(subscriptions[3]?.position, positions[4]);
    assertEquals(await here.run(topic.publish(5)), await lastPosition(there, subscriptions[3]));
    subscriptions[3]?.close();
    for (const [index, subscription] of subscriptions.slice(0, 3).entries()) {
      const numbers = expected[index] as number[];
      assertEquals(await receive(there, subscription, numbers.length), numbers);
      subscription.close();
    }
  });

  check("a slow subscriber gets the messages that the log still has, after one gap", async () => {
    const topic = unique("slow");
    const subscription = await there.run(there.topic<number>(topic).subscribe());
    const count = 3 * LOG_SIZE;
    const publish = async (from: number, to: number) => {
      const numbers = Array.from({ length: to - from }, (_, index) => from + index);
      await Promise.all(
        numbers.map((number) => here.run(here.topic<number>(topic).publish(number))),
      );
    };
    await publish(0, 1);
    assertEquals(await receive(there, subscription, 1), [0]);
    // The subscription of another process: its tail has nothing, so the log alone can serve it.
    const { position } = subscription;
    subscription.close();
    await publish(1, count);
    const late = await there.run(there.topic<number>(topic).subscribe({ after: position }));
    const gap = await there.run(late.receive());
    assertEquals([gap.kind, gap.kind === "gap" && gap.reason], ["gap", "lost"]);
    const [first] = await receive(there, late, 1) as [number];
    assert(first > 1, `${first}`);
    const rest = await receive(there, late, count - 1 - first);
    assertEquals(rest, Array.from({ length: rest.length }, (_, index) => first + 1 + index));
    late.close();
  });

  check("a subscription of an earlier epoch is told so, and gets all messages", async () => {
    const topic = here.topic<string>(unique("epoch"));
    const { offset } = await here.run(topic.publish("one"));
    const after = { epoch: "another", offset: offset + 100 };
    const subscription = await here.run(topic.subscribe({ after }));
    const gap = await here.run(subscription.receive());
    assertEquals(gap.kind === "gap" && gap.reason, "epoch");
    assertEquals(await receive(here, subscription, 1), ["one"]);
    subscription.close();
  });

  check("a receive that is aborted loses no message", async () => {
    const topic = here.topic<number>(unique("abort"));
    const subscription = await here.run(topic.subscribe());
    const received: number[] = [];
    const reader = here.run(Call(function* () {
      while (received.length < 10) {
        const item = yield* race([subscription.receive(), Sleep(0.001)]);
        if (typeof item === "object" && item.kind === "message") received.push(item.value);
      }
    }));
    for (let number = 0; number < 10; number++) await here.run(topic.publish(number));
    await reader;
    assertEquals(received, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    subscription.close();
  });

  check("publishNowait keeps the order", async () => {
    const topic = here.topic<number>(unique("nowait"));
    const subscription = await there.run(there.topic<number>(topic.name).subscribe());
    for (let number = 0; number < 10; number++) topic.publishNowait(number);
    assertEquals(await receive(there, subscription, 10), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    subscription.close();
  });

  check("a signal wakes the waiters of all buses, once", async () => {
    const signal = unique("signal");
    // These waits have their place when a first signal has come.
    const ready = unique("ready");
    const first = [here.run(here.waitForSignal(ready)), there.run(there.waitForSignal(ready))];
    await until(async () => {
      await here.run(here.signal(ready));
      return await isSettled(first[0]) && await isSettled(first[1]);
    });
    const waits = [
      here.run(here.waitForSignal<{ n: number }>(signal)),
      there.run(there.waitForSignal<{ n: number }>(signal)),
      there.run(there.waitForSignal<{ n: number }>(signal)),
    ];
    await until(() => here.stats().signalWaiters + there.stats().signalWaiters === 3);
    const woken = await here.run(here.signal(signal, { n: 1 }));
    assert(woken === 3 || woken === undefined, `${woken}`);
    assertEquals(await Promise.all(waits), [{ n: 1 }, { n: 1 }, { n: 1 }]);
    const error = await assertRejects(
      () => here.run(here.waitForSignal(signal, { timeout: 0.02 })),
      OperationTimeout,
    );
    assertEquals(error.operation.name, `waitForSignal(${JSON.stringify(signal)})`);
    assertEquals(here.stats().signalWaiters, 0);
  });

  check("each job goes to one taker", async () => {
    const queue = unique("jobs");
    const done: number[] = [];
    const work = async (bus: Bus) => {
      for (let count = 0; count < 10; count++) {
        const job = await bus.run(bus.queue<number>(queue).take());
        assertEquals(job.delivery, 1);
        assertEquals(await bus.run(job.acknowledge()), true);
        done.push(job.value);
      }
    };
    const workers = [work(here), work(there)];
    for (let number = 0; number < 20; number++) await here.run(here.queue(queue).put(number));
    await Promise.all(workers);
    assertEquals(done.sort((one, other) => one - other), Array.from({ length: 20 }, (_, n) => n));
  });

  check("a job whose lease ends is delivered again", async () => {
    const options = { lease: 0.1 };
    const queue = unique("lease");
    await here.run(here.queue<string>(queue, options).put("work"));
    const first = await here.run(here.queue<string>(queue, options).take());
    const second = await there.run(there.queue<string>(queue, options).take());
    assertEquals([first.delivery, second.delivery, second.value], [1, 2, "work"]);
    assertEquals(await there.run(second.extend()), true);
    assertEquals(await there.run(second.acknowledge()), true);
  });

  check(
    "a job that is released with a delay longer than its lease waits for it, and holds up no other",
    async () => {
      const queue = here.queue<string>(unique("delay"), { lease: 0.05 });
      await here.run(queue.put("later"));
      const first = await here.run(queue.take());
      const released = performance.now();
      assertEquals(await here.run(first.release(0.4)), true);
      await here.run(queue.put("now"));
      const job = await here.run(queue.take());
      assertEquals([job.value, await here.run(job.acknowledge())], ["now", true]);
      const again = await here.run(queue.take());
      assertEquals([again.value, again.delivery], ["later", 2]);
      assert(performance.now() - released > 380);
      assertEquals(await here.run(again.acknowledge()), true);
    },
  );

  check("a job that is released too often is a dead letter", async () => {
    const options = { lease: 30, maxDeliveries: 2 };
    const queue = here.queue<string>(unique("dead"), options);
    const dead = await here.run(queue.deadLetters.subscribe({ after: "start" }));
    await here.run(queue.put("bad"));
    for (let delivery = 1; delivery <= 2; delivery++) {
      const job = await here.run(queue.take());
      assertEquals(job.delivery, delivery);
      assertEquals(await here.run(job.release()), true);
    }
    const next = here.run(queue.take());
    assertEquals(await receive(here, dead, 1), ["bad"]);
    await here.run(queue.put("good"));
    const job = await next;
    assertEquals([job.value, job.delivery], ["good", 1]);
    assertEquals(await here.run(job.acknowledge()), true);
    dead.close();
  });

  check("a take that is aborted loses no job", async () => {
    const queue = here.queue<number>(unique("take"));
    const taken: number[] = [];
    const taker = here.run(Call(function* () {
      while (taken.length < 10) {
        const job = yield* race([queue.take(), Sleep(0.002)]);
        if (typeof job !== "object") continue;
        yield* job.acknowledge();
        taken.push(job.value);
      }
    }));
    for (let number = 0; number < 10; number++) await here.run(queue.put(number));
    await taker;
    assertEquals(taken.sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  check("a value that JSON would change, and one that is too large, are errors", async () => {
    const small = await openBus(await broker.connect(), { scheduler, maxMessageBytes: 100 });
    const topic = small.topic(unique("sizes"));
    assertThrows(() => topic.publish(undefined), TypeError, "The message is undefined");
    assertThrows(() => topic.publish({ a: NaN }), TypeError, '"a" of the message is NaN');
    assertThrows(() => topic.publish("x".repeat(100)), RangeError, "expected at most 100");
    for (const lost of [[undefined], /a/, new ArrayBuffer(1), Buffer.from("a"), new Error("a")]) {
      assertThrows(() => topic.publish({ a: lost }), TypeError, "expected a JSON value");
    }
    // Its rejection must not end the process.
    const forgotten = Promise.reject(new Error("a forgotten await"));
    assertThrows(() => topic.publish({ a: forgotten }), TypeError, "await the promise first");
    assertThrows(() => small.topic(""), TypeError, "The name of the topic");
    assertThrows(() => small.queue("é".repeat(41)), TypeError, "The name of the queue");
    await small.close();
  });

  check("the end of a bus ends all waits", async () => {
    const bus = await openBus(await broker.connect(), { scheduler });
    const name = unique("close");
    const subscription = await bus.run(bus.topic(name).subscribe());
    const waits = [
      bus.run(subscription.receive()),
      bus.run(bus.waitForSignal(name)),
      bus.run(bus.queue(name).take()),
    ];
    await until(() => bus.stats().signalWaiters === 1);
    const ends = waits.map((wait) => assertRejects(() => wait, BusClosed));
    await bus.close();
    await Promise.all(ends);
    await assertRejects(() => bus.run(bus.topic(name).publish(1)), BusClosed);
    await assertRejects(() => bus.run(bus.topic(name).subscribe()), BusClosed);
  });
}

async function receive<T>(bus: Bus, subscription: Subscription<T>, count: number): Promise<T[]> {
  const values: T[] = [];
  while (values.length < count) {
    const item: TopicItem<T> = await bus.run(subscription.receive());
    assert(item.kind === "message", JSON.stringify(item));
    values.push(item.value);
  }
  return values;
}

async function lastPosition<T>(bus: Bus, subscription: Subscription<T> | undefined) {
  assert(subscription !== undefined);
  await bus.run(subscription.receive());
  return subscription.position;
}

/** Waits for a condition, again and again. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!await condition()) await new Promise((resolve) => setTimeout(resolve, 3));
}

async function isSettled(promise: Promise<unknown> | undefined): Promise<boolean> {
  const pending = Symbol();
  return await Promise.race([promise, Promise.resolve(pending)]) !== pending;
}

function allBytes(): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => byte);
}
