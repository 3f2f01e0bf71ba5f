/**
 * Every call that makes an operation tells of misspelt options, of options of a wrong kind, of wrong
 * arguments and of arguments too many. The error comes at the call, before any `yield`.
 */

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { test } from "node:test";
import * as coroutine from "../../src/coroutine/mod.ts";
import type { ByteSocket } from "../../src/coroutine/mod.ts";
import { stage } from "../support/scheduling.ts";

/** The functions as an untyped program calls them. */
type Untyped = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;
const call = coroutine as unknown as Untyped;
const methodsOf = (object: object) => object as Untyped;

const { Acceptor, Queue, PublishSubscribeQueue, Scheduler, Semaphore, Sleep } = coroutine;
const clock = new coroutine.ManualClock();
const turns = methodsOf(clock);
const scheduler = new Scheduler({ clock });
const task = scheduler.add(function* () {});
const queue = methodsOf(new Queue());
const news = methodsOf(new PublishSubscribeQueue());
const semaphore = methodsOf(new Semaphore());
const acceptor = new Acceptor();
const socket: ByteSocket = {
  write: () => true,
  endWrite() {},
  destroy() {},
  pauseReading() {},
  resumeReading() {},
};
const stream = acceptor.accept(socket);

/** Each call with options as its last argument, and the number of arguments before them. */
const WITH_OPTIONS: Readonly<Record<string, readonly [make: Make, before: number]>> = {
  "WaitForSignal": [(...rest) => call.WaitForSignal?.("a", ...rest), 1],
  "Signal": [(...rest) => call.Signal?.("a", 1, ...rest), 2],
  "Join": [(...rest) => call.Join?.(task, ...rest), 1],
  "Queue.put": [(...rest) => queue.put?.(1, ...rest), 1],
  "Queue.get": [(...rest) => queue.get?.(...rest), 0],
  "Queue.join": [(...rest) => queue.join?.(...rest), 0],
  "Semaphore.acquire": [(...rest) => semaphore.acquire?.(...rest), 0],
  "publish": [(...rest) => news.publish?.(1, ...rest), 1],
  "fetch": [(...rest) => news.fetch?.("key", ...rest), 1],
  "Accept": [(...rest) => call.Accept?.(acceptor, ...rest), 1],
  "Connect": [(...rest) => call.Connect?.(() => {}, ...rest), 1],
  "Recv": [(...rest) => call.Recv?.(stream, 5, ...rest), 2],
  "RecvAll": [(...rest) => call.RecvAll?.(stream, 5, ...rest), 2],
  "readline": [(...rest) => call.readline?.(stream, 5, ...rest), 2],
  "Send": [(...rest) => call.Send?.(stream, "a", ...rest), 2],
  "SendAll": [(...rest) => call.SendAll?.(stream, "a", ...rest), 2],
};
type Make = (...rest: readonly unknown[]) => unknown;

for (const [name, [make, before]] of Object.entries(WITH_OPTIONS)) {
  test(`${name} takes its options, and tells of wrong ones`, () => {
    for (
      const options of [[], [undefined], [{}], [{ timeout: 1, weakTimeout: true, priority: 0 }]]
    ) {
      make(...options);
    }
    make({ timeout: undefined, weakTimeout: undefined, priority: undefined });
    const misspelt = assertThrows(() => make({ timeot: 1 }), TypeError);
    assertStringIncludes(misspelt.message, `Unknown option of ${name} "timeot"`);
    assertStringIncludes(misspelt.message, 'did you mean "timeout"? Expected one of timeout');
    for (const wrong of [null, 5, "x", true, [5], new Map(), Promise.resolve(), () => 5]) {
      const error = assertThrows(() => make(wrong), TypeError);
      assertStringIncludes(error.message, `The last argument of ${name} is `);
      assertStringIncludes(error.message, "expected an object, such as { timeout: ... }");
    }
    assertThrows(() => make({ timeout: "5" }), TypeError, 'timeout is "5"');
    assertThrows(() => make({ timeout: null }), TypeError, "timeout is null");
    assertThrows(() => make({ timeout: -2 }), RangeError, "timeout is -2");
    assertThrows(() => make({ priority: 9 }), RangeError, "priority 9");
    if (name !== "Accept") {
      const weak = assertThrows(() => make({ weakTimeout: "yes" }), TypeError);
      assertStringIncludes(weak.message, `weakTimeout of ${name} is "yes": expected true or false`);
    }
    const surplus = assertThrows(() => make({}, { timeout: 5 }), TypeError);
    assertStringIncludes(surplus.message, `Argument ${before + 2} of ${name} is {"timeout":5}`);
  });
}

/** Each call that takes no options, with valid arguments. */
const WITHOUT_OPTIONS: Readonly<Record<string, readonly [valid: Make, count: number]>> = {
  "Sleep": [(...rest) => call.Sleep?.(1, ...rest), 1],
  "race": [(...rest) => call.race?.([Sleep(1)], ...rest), 1],
  "all": [(...rest) => call.all?.([], ...rest), 1],
  "allSettled": [(...rest) => call.allSettled?.([], ...rest), 1],
  "until": [(...rest) => call.until?.(Promise.resolve(), ...rest), 1],
  "scope": [(...rest) => call.scope?.(function* () {}, ...rest), 1],
  "fromCallback": [(...rest) => call.fromCallback?.(() => {}, ...rest), 1],
  "aborted": [(...rest) => call.aborted?.(new AbortController().signal, ...rest), 1],
  "withPriority": [(...rest) => call.withPriority?.(Sleep(1), 0, ...rest), 2],
  "timeout": [(...rest) => call.timeout?.(Sleep(1), 1, { weakTimeout: true }, ...rest), 3],
  "subscribe": [(...rest) => news.subscribe?.("key", { from: 0 }, ...rest), 2],
  "unsubscribe": [(...rest) => news.unsubscribe?.("key", ...rest), 1],
};

for (const [name, [make, count]] of Object.entries(WITHOUT_OPTIONS)) {
  test(`${name} tells of an argument too many`, () => {
    make();
    const error = assertThrows(() => make({ timeout: 5 }), TypeError);
    const plural = count === 1 ? "1 argument" : `${count} arguments`;
    assertStringIncludes(error.message, `Argument ${count + 1} of ${name} is {"timeout":5}`);
    assertStringIncludes(error.message, `${name} takes ${plural}`);
    assertThrows(() => make(5), TypeError, `Argument ${count + 1} of ${name} is 5`);
    assertThrows(() => make(5, 5), TypeError);
  });
}

test("operations can be made by `map`, which passes an index and the array", () => {
  assertEquals([1, 2].map(Sleep).map(({ name }) => name), ["Sleep", "Sleep"]);
  assertEquals([Promise.resolve()].map(coroutine.until).length, 1);
});

test("a race with options says how to give it a limit of time", () => {
  const error = assertThrows(() => call.race?.([Sleep(1)], { timeout: 5 }), TypeError);
  assertStringIncludes(error.message, "Write timeout(race([...]), 5)");
});

const WRONG: readonly (readonly [make: () => unknown, message: string])[] = [
  [() => call.Sleep?.("1"), 'The time to sleep is "1"'],
  [() => call.Join?.(function* () {}()), "Cannot join a Generator: expected a task"],
  [() => call.Join?.(), "Cannot join undefined: expected a task"],
  [() => call.Call?.(), "Cannot call undefined: expected a function"],
  [() => call.Call?.("x"), 'Cannot call "x": expected a function'],
  [() => scheduler.add(Promise.resolve() as never), "Cannot add a Promise: expected a generator"],
  [() => call.traceTasks?.(), "The argument of traceTasks is undefined: expected a scheduler"],
  [() => call.WaitForSignal?.(), "The name of WaitForSignal is undefined: expected the name of a"],
  [() => call.WaitForSignal?.(undefined, { timeout: 5 }), "The name of WaitForSignal is undefined"],
  [() => call.WaitForSignal?.({ timeout: 5 }), 'as in WaitForSignal("news", options)'],
  [() => call.Signal?.(), "The name of Signal is undefined: expected the name of a signal"],
  [() => call.Signal?.(undefined, 1), "The name of Signal is undefined"],
  [() => call.Signal?.({ recipients: 2 }), 'as in Signal("news", value, options)'],
  [() => news.position?.(), "The key of position is undefined: expected the key of a subscription"],
  [() => turns.advance?.(), "The distance of advance is undefined: expected a number of milli"],
  [() => turns.advance?.("5"), 'The distance of advance is "5": expected a number of milliseconds'],
  [() => turns.moveTo?.(NaN), "The time of moveTo is NaN: expected a number of milliseconds"],
  [() => turns.setTimer?.(5), "The turn of setTimer is undefined: expected a function"],
  [() => turns.setTimer?.("5", () => {}), 'The delay of setTimer is "5": expected a number'],
  [() => turns.defer?.(5), "The turn of defer is 5: expected a function"],
  [() => call.Signal?.("a", 1, { recipient: 2 }), 'did you mean "recipients"?'],
  [() => call.Recv?.(stream, { timeout: 5 }), 'Cannot read {"timeout":5} bytes'],
  [() => call.Recv?.({}, 5), "The socket is {}: expected a stream, as Accept and Connect give it"],
  [() => call.RecvAll?.(stream, "5"), 'Cannot read "5" bytes'],
  [() => call.RecvAll?.(stream, undefined), "Cannot read undefined bytes"],
  [() => call.RecvAll?.(stream, -1), "Cannot read -1 bytes"],
  [() => call.readline?.(stream, { timeout: 5 }), 'Cannot read a line of {"timeout":5} bytes'],
  [() => call.readlines?.(stream, 0), "Cannot read a line of 0 bytes"],
  [() => call.readlines?.(stream, 5, { timeot: 5 }), 'Unknown option of readline "timeot"'],
  [() => call.Send?.(stream, 5), "The bytes of Send is 5: expected a Uint8Array"],
  [() => call.SendAll?.(stream, ["a"]), 'The bytes of SendAll is ["a"]'],
  [() => call.timeout?.(Sleep(1), 5, { weak: true }), 'Unknown option of timeout "weak"'],
  [() => call.timeout?.(Sleep(1), 5, { weakTimeout: 1 }), "weakTimeout of timeout is 1"],
  [() => call.timeout?.(Sleep(1)), "timeout is undefined"],
  [() => call.withPriority?.(5, 0), "An argument of withPriority is 5"],
  [() => call.scope?.(5), "The body of scope is 5: expected a generator function"],
  [() => call.fromCallback?.("x"), 'The argument of fromCallback is "x"'],
  [() => call.operation?.(5), "The argument of operation is 5"],
  [() => call.aborted?.(new AbortController()), "write controller.signal"],
  [() => call.aborted?.(5), "The argument of aborted is 5: expected an AbortSignal"],
  [() => call.cancelOn?.(task, {}), "The signal of cancelOn is {}"],
  [() => call.signalOf?.(task, 5), "The controller of signalOf is 5"],
  [() => semaphore.hold?.(5), "The coroutine of Semaphore.hold is 5"],
  [() => queue.values?.(), "The argument of values is undefined: expected a scheduler"],
  [() => news.values?.({}), "The argument of values is {}: expected a scheduler"],
  [() => news.values?.(scheduler, { frm: 1 }), 'did you mean "from"?'],
  [() => news.subscribe?.({ from: 3 }), 'write subscribe(undefined, {"from":3})'],
  [() => news.fetch?.({ timeout: 3 }), 'write fetch(undefined, {"timeout":3})'],
  [() => news.fetch?.("key", { limits: 3 }), 'did you mean "limit"?'],
  [
    () => new PublishSubscribeQueue({ slowConsumer: "drop" } as never),
    'slowConsumer is "drop": expected one of "wait", "drop-oldest"',
  ],
  [() => new PublishSubscribeQueue({ lease: null } as never), "lease is null"],
  [() => new PublishSubscribeQueue({ capacity: null } as never), "Cannot keep null messages"],
  [() => new Scheduler("x" as never), 'options of the scheduler is "x": expected an object'],
  [() => new Scheduler(undefined as never), "options of the scheduler is undefined"],
];

for (const [make, message] of WRONG) {
  test(`a wrong call is told: ${message}`, () => {
    const error = assertThrows(make, Error);
    assertEquals(error instanceof TypeError || error instanceof RangeError, true, error.stack);
    assertStringIncludes(error.message, message);
  });
}

test("a message that is no index is refused at the yield of the subscription", () => {
  const { scheduler, errors, run } = stage();
  scheduler.add(function* () {
    yield* new PublishSubscribeQueue().subscribe("key", { from: "3" as never });
  });
  run();
  assertStringIncludes(String(errors[0]), 'Cannot begin at "3": expected the index of a message');
});

test("options that an app has added to Object.prototype are none", () => {
  const { scheduler, run, assertEmpty } = stage();
  const polluted = Object.prototype as { timeout?: unknown; colour?: unknown };
  let values: readonly unknown[] = [];
  try {
    polluted.timeout = "never";
    polluted.colour = "blue";
    const items = new Queue<number>();
    const waiter = scheduler.add(function* () {
      return [yield* items.get(), yield* items.get({}), yield* items.get({ priority: 0 })];
    });
    run();
    for (const item of [1, 2, 3]) {
      items.putNowait(item);
      run();
    }
    values = waiter.result ?? [];
    assertThrows(
      () => items.get({ colour: 1 } as never),
      TypeError,
      'option of Queue.get "colour"',
    );
  } finally {
    delete polluted.timeout;
    delete polluted.colour;
  }
  assertEquals(values, [1, 2, 3]);
  assertEmpty();
});
