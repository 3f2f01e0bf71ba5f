import { test } from "node:test";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type Bus,
  BusFull,
  type BusOptions,
  type BusTransport,
  BusUnavailable,
  memoryTransport,
  openBus,
} from "../../src/bus/mod.ts";
import { ManualClock, Scheduler } from "../../src/coroutine/mod.ts";

/** A bus over a broker that fails or hangs when the test says so. */
interface Stage {
  readonly bus: Bus;
  readonly clock: ManualClock;
  readonly errors: unknown[];
  /** The texts of each call of `append`, and the number of calls that hang. */
  readonly calls: string[][];
  mode: "works" | "fails" | "hangs";
  /** Lets the calls that hang reach the broker. */
  release(): void;
  /** Lets promises settle, and moves the clock. */
  pass(milliseconds?: number): Promise<void>;
}

async function stage(options: BusOptions = {}): Promise<Stage> {
  const clock = new ManualClock();
  const scheduler = new Scheduler({ clock });
  const broker = memoryTransport({ clock });
  const hanging: (() => void)[] = [];
  const errors: unknown[] = [];
  const transport: BusTransport = {
    name: "test",
    signals: broker.signals,
    page: (...given) => broker.page(...given),
    watch: (...given) => broker.watch(...given),
    put: (...given) => broker.put(...given),
    take: (...given) => broker.take(...given),
    settle: (...given) => broker.settle(...given),
    close: () => broker.close(),
    append: async (log, batch) => {
      result.calls.push(batch.messages.map(({ text }) => text));
      if (result.mode === "fails") throw new Error("connection refused");
      if (result.mode === "hangs") await new Promise<void>((resolve) => hanging.push(resolve));
      return broker.append(log, batch);
    },
  };
  const onError = (error: unknown) => void errors.push(error);
  const bus = await openBus(transport, { scheduler, onError, ...options });
  const result: Stage = {
    bus,
    clock,
    errors,
    calls: [],
    mode: "works",
    release: () => hanging.splice(0).forEach((resolve) => resolve()),
    pass: async (milliseconds = 0) => {
      for (let turn = 0; turn < 10; turn++) {
        await new Promise((resolve) => setImmediate(resolve));
        clock.advance(turn === 5 ? milliseconds : 0);
      }
    },
  };
  return result;
}

const message = (value: unknown) => JSON.stringify({ v: 1, j: value });

test("messages of one turn travel together", async () => {
  const its = await stage();
  const topic = its.bus.topic("a");
  const published = [its.bus.run(topic.publish(1)), its.bus.run(topic.publish(2))];
  await its.pass();
  assertEquals(its.calls, [[message(1), message(2)]]);
  assertEquals((await Promise.all(published)).map(({ offset }) => offset), [1, 2]);
});

test("a message is sent again after a pause, in its place", async () => {
  const its = await stage();
  const topic = its.bus.topic("a");
  its.mode = "fails";
  const published = [its.bus.run(topic.publish(1))];
  await its.pass();
  published.push(its.bus.run(topic.publish(2)));
  await its.pass();
  assertEquals(its.calls, [[message(1)]]);
  its.mode = "works";
  await its.pass(50);
  assertEquals(its.calls, [[message(1)], [message(1), message(2)]]);
  assertEquals((await Promise.all(published)).map(({ offset }) => offset), [1, 2]);
  assertEquals(its.clock.idle, true);
});

test("a broker that is out of reach for too long is an error with its cause", async () => {
  const its = await stage({ publishTimeout: 3 });
  its.mode = "fails";
  const refused = assertRejects(() => its.bus.run(its.bus.topic("a").publish(1)), BusUnavailable);
  its.bus.topic("a").publishNowait(2);
  for (let second = 0; second < 6; second++) await its.pass(1000);
  assertEquals(((await refused).cause as Error).message, "connection refused");
  assertEquals(its.errors.map((error) => (error as Error).name), ["BusUnavailable"]);
  assertEquals(its.bus.stats().pending, 0);
  assertEquals(its.clock.idle, true);
});

test("a broker that hangs has one call for each topic, however long it hangs", async () => {
  const its = await stage({ publishTimeout: 3 });
  its.mode = "hangs";
  const topic = its.bus.topic("a");
  for (let second = 0; second < 10; second++) {
    topic.publishNowait(second);
    await its.pass(1000);
  }
  assertEquals(its.calls.length, 1);
  its.mode = "works";
  its.release();
  await its.pass(5000);
  assertEquals(its.errors.length > 5, true);
  assertEquals(its.bus.stats().pending, 0);
  assertEquals(its.calls.flat().length, 10);
});

test("a full outbox refuses what cannot wait, and what can wait waits", async () => {
  const its = await stage({ maxPending: 2 });
  its.mode = "hangs";
  const topic = its.bus.topic<string>("a");
  topic.publishNowait("1");
  topic.publishNowait("2");
  assertThrows(() => topic.publishNowait("3"), BusFull, "2 messages wait for the bus over test");
  const third = its.bus.run(topic.publish("3"));
  await its.pass();
  assertEquals(its.bus.stats().pending, 2);
  its.mode = "works";
  its.release();
  await its.pass();
  assertEquals((await third).offset, 3);
});

test("a wait for room ends with its timeout, and counts for that of a message that gets room", async () => {
  const its = await stage({ maxPending: 2, publishTimeout: 3 });
  its.mode = "hangs";
  const topic = its.bus.topic<string>("a");
  topic.publishNowait("1");
  await its.pass();
  topic.publishNowait("2");
  await its.pass(2000);
  const third = its.bus.run(topic.publish("3"));
  const fourth = assertRejects(() => its.bus.run(topic.publish("4")), BusUnavailable);
  third.catch(() => {});
  await its.pass(1500);
  // The first call ends, and the second one hangs: of the waiting messages, one gets room.
  its.release();
  await its.pass(1000);
  assertEquals(its.bus.stats().pending, 2);
  await its.pass(1000);
  await assertRejects(() => third, BusUnavailable, "test has not confirmed a message within 3 s");
  assertEquals(
    (await fourth).message,
    "test has not made room within 3 s: the message was not sent",
  );
  its.mode = "works";
  its.release();
  await its.pass(5000);
  assertEquals(its.bus.stats().pending, 0);
  assertEquals(its.clock.idle, true);
});

test("messages that wait get room in their order, and keep to the bound of bytes", async () => {
  const size = message("x".repeat(10)).length;
  const its = await stage({ maxPendingBytes: 3 * size });
  its.mode = "hangs";
  const topic = its.bus.topic<string>("a");
  const publish = (length: number) => its.bus.run(topic.publish("x".repeat(length)));
  const first = publish(10);
  await its.pass();
  // One more has room; a long one does not, nor does the short one behind it.
  const others = [publish(10), publish(10 + size), publish(10)];
  await its.pass();
  assertEquals(its.bus.stats().pending, 2);
  its.release();
  await its.pass();
  assertEquals((await first).offset, 1);
  assertEquals(its.bus.stats().pending, 2);
  its.mode = "works";
  its.release();
  await its.pass();
  assertEquals((await Promise.all(others)).map(({ offset }) => offset), [2, 3, 4]);
});

test("a message behind one that has left the wait for room gets room", async () => {
  const its = await stage({ maxPendingBytes: 100 });
  its.mode = "hangs";
  const topic = its.bus.topic<string>("a");
  topic.publishNowait("x");
  const task = new Scheduler({ clock: its.clock }).add(function* () {
    yield* topic.publish("x".repeat(100));
  });
  await its.pass();
  const last = its.bus.run(topic.publish("y"));
  await its.pass();
  assertEquals(its.bus.stats().pending, 1);
  task.cancel();
  await its.pass();
  assertEquals(its.bus.stats().pending, 2);
  its.mode = "works";
  its.release();
  await its.pass();
  assertEquals((await last).offset, 2);
});

test("a message whose coroutine is cancelled before it is sent is not sent", async () => {
  const its = await stage();
  its.mode = "hangs";
  const topic = its.bus.topic<string>("a");
  topic.publishNowait("1");
  await its.pass();
  const scheduler = new Scheduler({ clock: its.clock });
  const task = scheduler.add(function* () {
    yield* topic.publish("2");
  });
  await its.pass();
  assertEquals(its.bus.stats().pending, 2);
  task.cancel();
  await its.pass();
  its.mode = "works";
  its.release();
  await its.pass();
  assertEquals(its.calls, [[message("1")]]);
});

test("the options are checked", async () => {
  const wrong = { maxPnding: 1 } as BusOptions;
  await assertRejects(() => openBus(memoryTransport(), wrong), TypeError, "maxPending");
  await assertRejects(
    () => openBus(memoryTransport(), { maxPending: 0 }),
    RangeError,
    "maxPending",
  );
  const nothing = {} as BusTransport;
  const error = await assertRejects(() => openBus(nothing), TypeError, "memoryTransport()");
  assert(error.message.startsWith("transport is {}"));
});

test("an onError that throws or rejects costs one line of the log", async () => {
  for (
    const onError of [
      () => {
        throw new Error("planned");
      },
      () => Promise.reject(new Error("planned")),
    ]
  ) {
    const lines: string[] = [];
    const clock = Object.assign(new ManualClock(), { log: (line: string) => lines.push(line) });
    const broker = memoryTransport({ clock });
    const append = () => Promise.reject(new Error("away"));
    const transport = Object.assign(Object.create(broker) as typeof broker, { append });
    const bus = await openBus(transport, {
      scheduler: new Scheduler({ clock }),
      onError,
      publishTimeout: 1,
    });
    bus.topic("a").publishNowait(1);
    for (let turn = 0; turn < 10; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(1000);
    }
    assertEquals(lines, ["onError of the bus: Error: planned"]);
    await bus.close();
  }
});
