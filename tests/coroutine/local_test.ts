import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { AddCoro, Call, Join, local, Scheduler, Sleep } from "../../src/coroutine/mod.ts";
import { stage } from "../support/scheduling.ts";

test("coroutines that take turns do not see each other's locals", () => {
  const { scheduler, run, assertEmpty } = stage();
  const name = local("none");
  const seen: string[] = [];
  for (const own of ["a", "b", "c"]) {
    scheduler.add(function* () {
      name.value = own;
      yield* Sleep(1);
      seen.push(name.value);
    });
  }
  run(1000);
  assertEquals(seen, ["a", "b", "c"]);
  assertEmpty();
});

test("a child inherits the values that its parent has when it adds the child, and no later ones", () => {
  const { scheduler, run } = stage();
  const depth = local(0);
  const other = local<string | undefined>(undefined);
  const task = scheduler.add(function* () {
    depth.value = 1;
    other.value = undefined;
    const child = yield* AddCoro(function* () {
      const inherited = depth.value;
      yield* Sleep(1);
      depth.value = 10;
      return [inherited, depth.value, other.value];
    });
    depth.value = 2;
    return [yield* Join(child), depth.value];
  });
  run(1000);
  assertEquals(task.result, [[1, 10, undefined], 2]);
});

test("a call with yield* is the same coroutine, one with yield is a child", () => {
  const { scheduler, run } = stage();
  const value = local(0);
  function* set(to: number) {
    value.value = to;
  }
  const task = scheduler.add(function* () {
    yield* Call(set, 1);
    const same = value.value;
    yield Call(set, 2);
    return [same, value.value];
  });
  run();
  assertEquals(task.result, [1, 1]);
});

test("locals survive a nested scheduler", () => {
  const { scheduler, run } = stage();
  const value = local("initial");
  const task = scheduler.add(function* () {
    value.value = "outer";
    const inner = new Scheduler({ clock: scheduler.clock });
    const child = inner.add(function* () {
      return value.value;
    });
    inner.step();
    return [child.result, value.value];
  });
  run();
  assertEquals(task.result, ["initial", "outer"]);
});

test("outside of a coroutine a local has its initial value and cannot be set", () => {
  const value = local(1);
  assertEquals(value.value, 1);
  assertThrows(() => value.value = 2, TypeError, "no coroutine runs");
});
