import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import {
  type Operation,
  OperationTimeout,
  PublishSubscribeQueue,
  Queue,
  Semaphore,
  Signal,
  type Task,
  WaitForSignal,
} from "../../src/coroutine/mod.ts";
import { stage } from "../support/scheduling.ts";
import { type Standing, WaitingModel } from "./waiting_model.ts";
import { assertLaw } from "../support/shares.ts";

const CAPACITY = 2;
const PERMITS = 2;
const KEYS = ["a", "b"] as const;

const timeout = fc.integer({ min: 1, max: 20 });
const command = fc.oneof(
  fc.record({ kind: fc.constant("get" as const), timeout }),
  fc.record({ kind: fc.constant("put" as const), timeout }),
  fc.record({ kind: fc.constant("acquire" as const), timeout }),
  fc.record({ kind: fc.constant("release" as const) }),
  fc.record({ kind: fc.constant("listen" as const), timeout }),
  fc.record({ kind: fc.constant("signal" as const), timeout, recipients: fc.nat(3) }),
  fc.record({ kind: fc.constant("fetch" as const), timeout, key: fc.constantFrom(...KEYS) }),
  fc.record({ kind: fc.constant("publish" as const), timeout }),
  fc.record({ kind: fc.constant("cancel" as const), which: fc.nat(1000) }),
  fc.record({ kind: fc.constant("advance" as const), milliseconds: fc.nat(15) }),
);

type Command = typeof command extends fc.Arbitrary<infer C> ? C : never;

/**
 * The waiting operations of this package. Each operation has a coroutine of its own that waits for
 * it.
 */
function makeReal() {
  const theatre = stage();
  const queue = new Queue<number>(CAPACITY);
  const semaphore = new Semaphore(PERMITS);
  const news = new PublishSubscribeQueue<number>({ capacity: CAPACITY });
  const tasks: Task<unknown>[] = [];
  theatre.scheduler.add(function* () {
    for (const key of KEYS) yield* news.subscribe(key);
  });
  theatre.run();
  const wait = (operation: Operation<unknown>) => {
    tasks.push(theatre.scheduler.add(function* () {
      return yield* operation;
    }));
  };
  return { ...theatre, queue, semaphore, news, tasks, wait };
}

type Real = ReturnType<typeof makeReal>;

function standingOf(task: Task<unknown>): Standing {
  if (task.state === "returned") return { state: "value", value: task.result };
  if (task.state === "cancelled") return { state: "cancelled" };
  if (task.state !== "failed") return { state: "waiting" };
  return { state: task.error instanceof OperationTimeout ? "timeout" : "refused" };
}

function perform(command: Command, serial: number, real: Real, model: WaitingModel): void {
  const options = { timeout: { milliseconds: "timeout" in command ? command.timeout : 0 } };
  const begin = () => model.begin(options.timeout.milliseconds);
  switch (command.kind) {
    case "get":
      real.wait(real.queue.get(options));
      return model.get(begin());
    case "put":
      real.wait(real.queue.put(serial, options));
      return model.put(begin(), serial);
    case "acquire":
      real.wait(real.semaphore.acquire(options));
      return model.acquire(begin());
    case "release":
      if (real.semaphore.available < PERMITS) {
        real.semaphore.release();
        model.release();
      }
      return;
    case "listen":
      real.wait(WaitForSignal("law", options));
      return model.listen(begin());
    case "signal":
      real.wait(Signal("law", serial, { ...options, recipients: command.recipients }));
      return model.signal(begin(), serial, command.recipients);
    case "fetch":
      real.wait(real.news.fetch(command.key, options));
      return model.fetch(begin(), command.key);
    case "publish":
      real.wait(real.news.publish(serial, options));
      return model.publish(begin(), serial);
    case "cancel":
      if (real.tasks.length === 0) return;
      real.tasks[command.which % real.tasks.length]?.cancel();
      model.waits[command.which % real.tasks.length]?.end("cancelled");
      return model.settle();
    case "advance":
      real.run(command.milliseconds);
      return model.advance(command.milliseconds);
  }
}

test("law: waiting operations behave as the plain model, with any cancellations", () => {
  assertLaw(
    fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
      const real = makeReal();
      const model = new WaitingModel(CAPACITY, PERMITS, KEYS);
      for (const [serial, command] of commands.entries()) {
        perform(command, serial, real, model);
        real.run();
        assertEquals(real.tasks.map(standingOf), model.waits.map(({ standing }) => standing));
      }
      for (const task of real.tasks) task.cancel();
      real.run();
      assertEquals([real.queue.waiting, real.semaphore.waiting, real.news.waiting], [0, 0, 0]);
      real.assertEmpty();
    }),
    1000,
  );
});
