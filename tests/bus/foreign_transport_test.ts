/** Transports of users that break the interface: no call of theirs may end the process, or a reader. */

import { test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Bus, type BusTransport, memoryTransport, openBus } from "../../src/bus/mod.ts";
import { ManualClock, Scheduler } from "../../src/coroutine/mod.ts";

/** The faults of a watch, and of the listening to signals. */
const FAULTS: Readonly<Record<string, () => never>> = {
  "throws": () => {
    throw new Error("no watch");
  },
  "rejects": () => Promise.reject(new Error("no watch")) as never,
};

interface Stage {
  readonly bus: Bus;
  readonly errors: unknown[];
  /** Lets promises settle, and moves the clock, until a promise has settled. */
  until<T>(promise: Promise<T>): Promise<T>;
}

async function stage(change: (memory: BusTransport) => Partial<BusTransport>): Promise<Stage> {
  const clock = new ManualClock();
  const memory = memoryTransport({ clock });
  const transport: BusTransport = {
    name: "foreign",
    ...membersOf(memory),
    ...change(memory),
  };
  const errors: unknown[] = [];
  const bus = await openBus(transport, {
    scheduler: new Scheduler({ clock }),
    onError: (error) => void errors.push(error),
  });
  return {
    bus,
    errors,
    async until(promise) {
      let isSettled = false;
      promise.then(() => isSettled = true, () => isSettled = true);
      for (let round = 0; round < 100 && !isSettled; round++) {
        for (let turn = 0; turn < 10; turn++) {
          await Promise.resolve();
          clock.advance(0);
        }
        clock.advance(100);
      }
      assert(isSettled, "the promise has settled within 10 seconds");
      return await promise;
    },
  };
}

for (const [kind, fault] of Object.entries(FAULTS)) {
  test(`a watch that ${kind} twice is reported once, and the reader gets its message`, async () => {
    let calls = 0;
    const { bus, errors, until } = await stage((memory) => ({
      watch: (...given) => ++calls <= 2 ? fault() : memory.watch(...given),
    }));
    const subscription = await until(bus.run(bus.topic("news").subscribe()));
    const received = bus.run(subscription.receive());
    await until(bus.run(bus.topic("news").publish(1)));
    const item = await until(received);
    assertEquals(item.kind === "message" && item.value, 1);
    const taken = bus.run(bus.queue("jobs").take());
    await until(bus.run(bus.queue("jobs").put(2)));
    assertEquals((await until(taken)).value, 2);
    assertEquals(errors.map(String), ["Error: no watch"]);
    await bus.close();
  });

  test(`listening for signals that ${kind} once is reported, and begins anew`, async () => {
    let calls = 0;
    const { bus, errors, until } = await stage(({ signals }) => ({
      signals: {
        send: (...given) => signals?.send(...given) as Promise<number>,
        listen: (listener) => ++calls === 1 ? fault() : signals?.listen(listener) as () => void,
      },
    }));
    const woken = bus.run(bus.waitForSignal("go"));
    const sent = (async () => {
      while (await bus.run(bus.signal("go", 3)) === 0);
    })();
    await until(sent);
    assertEquals(await until(woken), 3);
    assertEquals(errors.map(String), ["Error: no watch"]);
    await bus.close();
  });
}

test("a watch that is given as a promise is ended with the bus", async () => {
  let ended = 0;
  const { bus, until } = await stage(() => ({
    watch: () => Promise.resolve(() => ended++) as never,
  }));
  await until(bus.run(bus.topic("news").subscribe()));
  await bus.close();
  await Promise.resolve();
  assertEquals(ended, 1);
});

test("the end of a watch that throws, and one that is no function, are reported", async () => {
  const ends: unknown[] = [FAULTS["throws"], 5];
  const { bus, errors, until } = await stage(() => ({ watch: () => ends.shift() as never }));
  for (const name of ["one", "other"]) {
    const subscription = await until(bus.run(bus.topic(name).subscribe()));
    subscription.close();
    await Promise.resolve();
  }
  assertEquals(errors.map(String), [
    "Error: no watch",
    "TypeError: The result of a watch is 5: expected a function",
  ]);
  await bus.close();
});

test("a number of a transport that is none is refused", async () => {
  for (const member of [{ pollMs: NaN }, { pollMs: 0 }, { maxTextBytes: "5" as never }]) {
    const [name = ""] = Object.keys(member);
    await assertRejects(() => stage(() => member), TypeError, `${name} of the transport is`);
  }
});

/** Answers of a broker that are none. */
const GARBAGE: readonly unknown[] = [
  ...[null, undefined, 5, "OK", [], [null], {}, NaN, -1, [{}], () => {}, new Map()],
  { epoch: "a", offsets: [] },
  { epoch: "a", offsets: [NaN] },
  { epoch: 5, offsets: [1] },
  { epoch: "a", entries: [null], last: 1 },
  { epoch: "a", entries: [{ offset: "1", text: "" }], last: 1 },
  { epoch: "a", entries: [{ offset: 2, text: "" }, { offset: 2, text: "" }], last: 3 },
  { epoch: "a", entries: [], last: undefined },
  [{ receipt: "a", delivery: 1.5, text: "" }],
  [{ receipt: "a", delivery: 1, text: null }],
];

for (const call of ["append", "page", "put", "take"] as const) {
  test(`an answer to ${call} that is garbage is an error, and the call is made again`, async () => {
    for (const garbage of GARBAGE) await passGarbage(call, [garbage, garbage]);
  });
}

/** Sends a message and a job over a bus whose first answers to a call are garbage. */
async function passGarbage(call: "append" | "page" | "put" | "take", answers: unknown[]) {
  const { bus, errors, until } = await stage((memory) => ({
    [call]: (...given: never[]) =>
      answers.length > 0
        ? Promise.resolve(answers.shift())
        : (memory[call] as (...given: never[]) => unknown)(...given),
  }));
  const topic = bus.topic<string>("topic");
  assertEquals((await until(bus.run(topic.publish("message")))).offset > 0, true);
  const subscription = await until(bus.run(topic.subscribe({ after: "start" })));
  const item = await until(bus.run(subscription.receive()));
  assertEquals(item.kind === "message" && item.value, "message");
  await until(bus.run(bus.queue("queue").put("job")));
  const job = await until(bus.run(bus.queue("queue").take()));
  assertEquals([job.value, await until(bus.run(job.acknowledge()))], ["job", true]);
  assertEquals(answers, []);
  for (const error of errors) {
    assert(String(error).includes(`foreign has answered ${call} with `), String(error));
  }
  await bus.close();
}

test("an error without a text ends no loop of the bus", async () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const lines: string[] = [];
  const clock = Object.assign(new ManualClock(), {
    log(line: string) {
      lines.push(line);
      throw new Error("no log");
    },
  });
  const memory = memoryTransport({ clock });
  const bus = await openBus(
    { ...membersOf(memory), name: "foreign", take: () => Promise.reject(proxy) },
    { scheduler: new Scheduler({ clock }), publishTimeout: 1 },
  );
  const taken = bus.run(bus.queue("jobs").take());
  for (let turn = 0; turn < 20; turn++) {
    await Promise.resolve();
    clock.advance(0);
  }
  assertEquals(lines, ["bus over foreign: an error without text"]);
  await bus.close();
  clock.advance(0);
  await assertRejects(() => taken, Error, "closed");
});

test("an answer that comes while the process is paused is in time", async () => {
  const clock = new ManualClock();
  const memory = memoryTransport({ clock });
  let answer: (() => void) | undefined;
  const bus = await openBus(
    {
      ...membersOf(memory),
      name: "foreign",
      append: async (...given) => {
        const offset = await memory.append(...given);
        await new Promise<void>((resolve) => answer = resolve);
        return offset;
      },
    },
    { scheduler: new Scheduler({ clock }), publishTimeout: 1 },
  );
  const letSettle = async () => {
    for (let turn = 0; turn < 20; turn++) {
      await Promise.resolve();
      clock.advance(0);
    }
  };
  const published = bus.run(bus.topic("news").publish("late"));
  await letSettle();
  clock.moveTo(60_000);
  clock.turn(); // the loop calls its timers before it reads
  answer?.();
  await letSettle();
  await published;
  await bus.close();
});

/** The methods of a transport, which are those of a class, as members of an object. */
function membersOf(transport: BusTransport): Omit<BusTransport, "name"> {
  return {
    append: (...given) => transport.append(...given),
    page: (...given) => transport.page(...given),
    put: (...given) => transport.put(...given),
    take: (...given) => transport.take(...given),
    settle: (...given) => transport.settle(...given),
    watch: (...given) => transport.watch(...given),
    close: () => transport.close(),
  };
}
