/** The function `timeout`. The `timeout` options of operations have `timed_operation_test.ts`. */

import { assertEquals, assertInstanceOf } from "@std/assert";
import { test } from "node:test";
import {
  Call,
  operation,
  OperationTimeout,
  race,
  type Resume,
  timeout,
  WaitForSignal,
} from "../../../src/coroutine/mod.ts";
import { stage } from "../../support/scheduling.ts";
import { later } from "./later.ts";

test("timeout aborts a late operation, and gives the value of one that is in time", () => {
  const { scheduler, run, assertEmpty } = stage();
  const log: string[] = [];
  const late = scheduler.add(function* () {
    yield* timeout(Call(later<string>, 2, "late", log), 1);
  });
  const early = scheduler.add(function* () {
    return yield* timeout(Call(later<string>, 0.5, "early", log), { seconds: 1 });
  });
  run(1000);
  assertInstanceOf(late.error, OperationTimeout);
  assertEquals(late.error.message, "Call(later) timed out");
  assertEquals([early.result, log], ["early", ["early ended", "late ended"]]);
  assertEmpty();
});

test("of two nested timeouts the shorter one counts", () => {
  const { scheduler, run, assertEmpty } = stage();
  const outer = scheduler.add(function* () {
    yield* timeout(WaitForSignal("never", { timeout: 5 }), 1);
  });
  const inner = scheduler.add(function* () {
    yield* timeout(timeout(WaitForSignal("never", { timeout: 1 }), 3), 5);
  });
  run(1000);
  assertInstanceOf(outer.error, OperationTimeout);
  assertInstanceOf(inner.error, OperationTimeout);
  assertEmpty();
});

test("a weak timeout restarts with the activity of the inner operations", () => {
  const { scheduler, run, assertEmpty } = stage();
  let progress: Resume<void> | undefined;
  const slow = operation<void>((resume) => void (progress = resume), "slow");
  const weak = scheduler.add(function* () {
    yield* timeout(race([slow, WaitForSignal("never")]), 1, { weakTimeout: true });
  });
  run(999);
  progress?.active();
  run(999);
  assertEquals(weak.done, false);
  run(1);
  assertInstanceOf(weak.error, OperationTimeout);
  assertEmpty();
});
