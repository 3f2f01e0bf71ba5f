import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { AddCoro, Sleep } from "../../../src/coroutine/mod.ts";
import { stage } from "../../support/scheduling.ts";

test("AddCoro gives the task of a coroutine that runs on after its parent has ended", () => {
  const { scheduler, run, assertEmpty } = stage();
  function* child(seconds: number, value: string) {
    yield* Sleep(seconds);
    return value;
  }
  const parent = scheduler.add(function* () {
    return yield* AddCoro(child, 1, "done");
  });
  run();
  assertEquals([parent.state, parent.result?.state], ["returned", "waiting"]);
  run(1000);
  assertEquals(parent.result?.result, "done");
  assertEmpty();
});

test("cancelling the parent does not cancel the added coroutine", () => {
  const { scheduler, run, assertEmpty } = stage();
  let finished = false;
  const parent = scheduler.add(function* () {
    yield* AddCoro(function* () {
      yield* Sleep(1);
      finished = true;
    });
    yield* Sleep(60);
  });
  run();
  parent.cancel();
  run(1000);
  assertEquals([parent.state, finished], ["cancelled", true]);
  assertEmpty();
});
