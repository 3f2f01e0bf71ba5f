/**
 * The promises of the types: values need no annotation, and mistakes do not compile. The type
 * checker decides; the test only shows that the file was run.
 */

import { assert } from "@std/assert";
import { test } from "node:test";
import {
  AddCoro,
  all,
  allSettled,
  Call,
  chunk,
  type Coroutine,
  fromCallback,
  Iterate,
  Join,
  local,
  type PublishSubscribeQueue,
  type Queue,
  race,
  scope,
  type sentinel,
  Signal,
  Sleep,
  type Task,
  timeout,
  until,
  WaitForSignal,
} from "../../src/coroutine/mod.ts";

/** Whether two types are the same, not only assignable. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

function same<A, B>(_: Same<A, B>): void {}

function* double(n: number): Coroutine<number> {
  yield* Sleep(0);
  return n * 2;
}

function* values(queue: Queue<string>, news: PublishSubscribeQueue<Date>): Coroutine<void> {
  const called = yield* Call(double, 1);
  same<typeof called, number>(true);
  const task = yield* AddCoro(double, 1);
  same<typeof task, Task<number>>(true);
  const joined = yield* Join(task);
  same<typeof joined, number>(true);
  const item = yield* queue.get();
  same<typeof item, string>(true);
  const messages = yield* news.fetch();
  same<typeof messages, Date[]>(true);
  const count = yield* Signal("name");
  same<typeof count, number>(true);
  const unknown = yield* WaitForSignal("name");
  same<typeof unknown, unknown>(true);
  const settled = yield* until(Promise.resolve(true));
  same<typeof settled, boolean>(true);
  const answer = yield* fromCallback<bigint>((done) => done(null, 1n));
  same<typeof answer, bigint>(true);
}

function* combinations(queue: Queue<string>): Coroutine<void> {
  const first = yield* race([queue.get(), Call(double, 1)]);
  same<typeof first, string | number>(true);
  const both = yield* all([queue.get(), Call(double, 1)]);
  same<typeof both, [string, number]>(true);
  const [how] = yield* allSettled([queue.get()]);
  same<typeof how, PromiseSettledResult<string>>(true);
  const inTime = yield* timeout(queue.get(), 1);
  same<typeof inTime, string>(true);
  const scoped = yield* scope(function* (children) {
    return children.add(double, 1);
  });
  same<typeof scoped, Task<number>>(true);
  const pipe = yield* Iterate(function* () {
    yield* Sleep(1);
    yield* chunk("text");
  });
  const piece = yield* pipe;
  same<typeof piece, string | typeof sentinel>(true);
}

function* mistakes(queue: Queue<string>): Coroutine<void> {
  // @ts-expect-error: an item of another type
  queue.putNowait(1);
  // @ts-expect-error: an argument of another type
  yield* Call(double, "1");
  // @ts-expect-error: an argument too few
  yield* AddCoro(double);
  // @ts-expect-error: no such option
  yield* queue.get({ timeOut: 1 });
  // @ts-expect-error: a promise is no operation
  yield* race([Promise.resolve(1)]);
  // @ts-expect-error: a number is no task
  yield* Join(1);
  // @ts-expect-error: the local holds numbers
  local(0).value = "text";
}

test("values have their types, and mistakes do not compile", () => {
  assert([values, combinations, mistakes].every((fn) => typeof fn === "function"));
});
