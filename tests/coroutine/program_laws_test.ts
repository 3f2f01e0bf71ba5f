import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import {
  all,
  allSettled,
  Call,
  chunk,
  type Coroutine,
  Iterate,
  type Operation,
  PublishSubscribeQueue,
  Queue,
  race,
  type Scheduler,
  scope,
  Semaphore,
  Signal,
  Sleep,
  timeout,
  WaitForSignal,
} from "../../src/coroutine/mod.ts";
import { type Stage, stage } from "../support/scheduling.ts";
import { assertLaw } from "../support/shares.ts";

/** A random operation, simple or made of others. */
type Plan =
  | { readonly kind: "sleep" | "get" | "put" | "listen" | "signal" | "fetch" | "publish" | "pipe" }
  | { readonly kind: "fail" }
  | { readonly kind: "hold" | "call" | "timeout"; readonly inner: Plan }
  | { readonly kind: "race" | "all" | "settled" | "scope"; readonly parts: readonly Plan[] };

const { plan } = fc.letrec<{ plan: Plan }>((tie) => ({
  plan: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.record({
      kind: fc.constantFrom("sleep", "get", "put", "listen", "signal", "fetch", "publish", "pipe"),
    }),
    fc.record({ kind: fc.constant("fail") }),
    fc.record({ kind: fc.constantFrom("hold", "call", "timeout"), inner: tie("plan") }),
    fc.record({
      kind: fc.constantFrom("race", "all", "settled", "scope"),
      parts: fc.array(tie("plan"), { minLength: 1, maxLength: 3 }),
    }),
  ) as fc.Arbitrary<Plan>,
}));

const script = fc.record({
  programs: fc.array(fc.array(plan, { minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: 6,
  }),
  events: fc.array(
    fc.oneof(
      fc.record({ cancel: fc.nat(100) }),
      fc.record({ advance: fc.nat(30) }),
      fc.record({ step: fc.constant(true) }),
    ),
    { maxLength: 30 },
  ),
});

/** The state that the programs share, and the counts. */
class World {
  readonly stage: Stage = stage({ onError: () => {} });
  readonly queue: Queue<number> = new Queue(2);
  readonly semaphore: Semaphore = new Semaphore(1);
  readonly news: PublishSubscribeQueue<number> = new PublishSubscribeQueue({ capacity: 2 });
  readonly put: number[] = [];
  readonly got: number[] = [];
  entered = 0;
  left = 0;
  outcomes = 0;
  #serial = 0;

  get scheduler(): Scheduler {
    return this.stage.scheduler;
  }

  /** One wait: at most one of value and error arrives, and `finally` runs once. */
  *observed(plan: Plan): Coroutine<void> {
    this.entered++;
    let arrived = 0;
    try {
      yield* this.operation(plan);
      arrived++;
    } catch {
      arrived++;
    } finally {
      this.left++;
      this.outcomes = Math.max(this.outcomes, arrived);
    }
  }

  *program(plans: readonly Plan[]): Coroutine<void> {
    for (const plan of plans) yield* this.observed(plan);
  }

  operation(plan: Plan): Operation<unknown> {
    if ("parts" in plan) return this.#compound(plan.kind, plan.parts);
    switch (plan.kind) {
      case "sleep":
        return Sleep({ milliseconds: 5 });
      case "listen":
        return WaitForSignal("go", { timeout: { milliseconds: 10 } });
      case "signal":
        return Signal("go", 1, { recipients: 1, timeout: { milliseconds: 10 } });
      case "fail":
        return Call(this.#failing);
      case "hold":
        return this.semaphore.hold(() => this.observed(plan.inner));
      case "call":
        return Call(() => this.observed(plan.inner));
      case "timeout":
        return timeout(this.operation(plan.inner), { milliseconds: 7 });
      default:
        return this.#transfer(plan.kind);
    }
  }

  #transfer(kind: "get" | "put" | "fetch" | "publish" | "pipe"): Operation<unknown> {
    if (kind === "get") return Call(() => this.#get());
    if (kind === "put") return Call(() => this.#put());
    if (kind === "publish") return this.news.publish(++this.#serial);
    if (kind === "fetch") return Call(() => this.#fetch());
    return Call(() => this.#pipe());
  }

  #compound(kind: "race" | "all" | "settled" | "scope", parts: readonly Plan[]) {
    const operations = parts.map((part) => this.operation(part));
    if (kind === "race") return race(operations);
    if (kind === "all") return all(operations);
    if (kind === "settled") return allSettled(operations);
    return scope((children) => this.#scoped(children, parts));
  }

  *#scoped(children: Parameters<Parameters<typeof scope>[0]>[0], parts: readonly Plan[]) {
    for (const part of parts) children.add(() => this.observed(part));
    yield* children.join();
  }

  *#failing(): Coroutine<never> {
    yield* Sleep(0);
    throw new Error("planned");
  }

  *#get(): Coroutine<void> {
    this.got.push(yield* this.queue.get());
  }

  /** A value that arrives cannot be lost to a cancellation, so each item put is always counted. */
  *#put(): Coroutine<void> {
    const item = ++this.#serial;
    yield* this.queue.put(item);
    this.put.push(item);
  }

  *#fetch(): Coroutine<void> {
    yield* this.news.subscribe();
    const first = (yield* this.news.fetch())[0] as number;
    for (const next of yield* this.news.fetch()) assert(next > first);
  }

  *#pipe(): Coroutine<void> {
    const pipe = yield* Iterate(function* () {
      for (let n = 0;; n++) {
        yield* Sleep({ milliseconds: 1 });
        yield* chunk(n);
      }
    });
    for (let n = 0; n < 3; n++) assertEquals(yield* pipe, n);
  }

  assertNothingLeft(): void {
    assertEquals(this.left, this.entered, "every finally ran");
    assert(this.outcomes <= 1, "at most one outcome arrives");
    assertEquals([this.queue.waiting, this.semaphore.waiting, this.news.waiting], [0, 0, 0]);
    assertEquals([this.semaphore.available, this.news.subscribers], [1, 0]);
    while (!this.queue.empty) this.got.push(this.queue.getNowait());
    assertEquals(this.got.toSorted(byNumber), this.put.toSorted(byNumber), "no item is lost");
    this.stage.assertEmpty();
  }
}

function byNumber(one: number, other: number): number {
  return one - other;
}

test("law: random programs under random cancellation leave nothing behind and lose nothing", () => {
  assertLaw(
    fc.property(script, ({ programs, events }) => {
      const world = new World();
      const tasks = programs.map((plans) => world.scheduler.add(() => world.program(plans)));
      for (const event of events) {
        if ("cancel" in event) tasks[event.cancel % tasks.length]?.cancel();
        else if ("advance" in event) world.stage.run(event.advance);
        else world.scheduler.step();
      }
      void world.scheduler.shutdown();
      world.stage.run(1000);
      assert(tasks.every((task) => task.done));
      world.assertNothingLeft();
    }),
    1000,
  );
});
