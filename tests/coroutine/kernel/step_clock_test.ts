import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { ManualClock } from "../../../src/coroutine/mod.ts";
import { StepClock } from "../../../src/coroutine/kernel/step_clock.ts";

class CountingClock extends ManualClock {
  readings = 0;

  override now(): number {
    this.readings++;
    return super.now();
  }
}

function started(quantum = 1): { clock: CountingClock; steps: StepClock } {
  const clock = new CountingClock();
  const steps = new StepClock(clock, quantum);
  steps.look();
  return { clock, steps };
}

function shortSteps(steps: StepClock, count: number): void {
  for (let left = count; left > 0; left--) steps.stepped();
}

test("each step is timed at first", () => {
  const { clock, steps } = started();
  clock.advance(2);
  assertEquals(steps.stepped(), 2);
  clock.advance(0.05);
  assertEquals(Math.round(steps.stepped() * 100), 5);
});

test("after many short steps, the clock is read once for eight steps", () => {
  const { clock, steps } = started();
  shortSteps(steps, 64);
  const before = clock.readings;
  shortSteps(steps, 800);
  assertEquals(clock.readings - before, 100);
});

test("a long step among them is charged to no task, and then each step is timed again", () => {
  const { clock, steps } = started();
  shortSteps(steps, 64);
  clock.advance(3);
  shortSteps(steps, 7);
  assertEquals(steps.stepped(), 0);
  clock.advance(3);
  assertEquals(steps.stepped(), 3);
});

test("a turn that begins looks at the clock", () => {
  const { clock, steps } = started();
  shortSteps(steps, 64);
  clock.advance(5);
  assertEquals([steps.look(), steps.now], [5, 5]);
});

test("with a tiny quantum each step is always timed", () => {
  const { clock, steps } = started(0);
  shortSteps(steps, 200);
  clock.advance(0.01);
  steps.stepped();
  assertEquals(steps.now, 0.01);
});
