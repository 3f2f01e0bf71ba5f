/** The table of waits in app_run.ts, row by row: the run is driven by hand, as the scheduler would. */

import { assertEquals, assertStrictEquals } from "@std/assert";
import { test } from "node:test";
import { type Operation, operation } from "../../../src/coroutine/mod.ts";
import type { AppIterable, Environ } from "../../../src/wsgi/mod.ts";
import type { AppContext } from "../../../src/wsgi/running/app_context.ts";
import { runApp } from "../../../src/wsgi/running/app_run.ts";
import type { RequestCogen } from "../../../src/wsgi/running/request_cogen.ts";
import type { Response } from "../../../src/wsgi/running/response.ts";

const ROOM: Operation<void> = operation(() => {}, "room");
const PLANNED: Operation<void> = operation(() => {}, "planned");
const YIELDED: Operation<void> = operation(() => {}, "yielded");

/** A run of an app in a context that notes what happens to it. */
function running(app: (stage: Stage) => unknown) {
  const events: string[] = [];
  const note = (event: string) => void events.push(event);
  const stage: Stage = { note, full: false, nowMs: 0, operation: undefined };
  const cogen = {
    get operation() {
      return stage.operation;
    },
    set operation(planned) {
      stage.operation = planned;
    },
    take() {
      const { operation } = stage;
      stage.operation = undefined;
      return operation;
    },
    beginWait: () => undefined,
    unperformed: () => undefined,
    beginClosing: () => {},
    performNow: () => false,
    settle: (result: unknown) => note(`result ${result}`),
    fail: (error: unknown) => note(`exception ${error}`),
    close: () => {},
  };
  const response = {
    headOnly: false,
    committed: false,
    ended: false,
    startResponse: () => {},
    push(block: unknown) {
      if (block === "refused") throw "refusal";
      note(`block ${block}`);
    },
    pushLast: (block: unknown) => note(`last ${block}`),
    pushAll: (blocks: readonly unknown[]) => note(`blocks ${blocks}`),
    end: () => note("end"),
    replace: (status: string) => note(status),
  };
  const context: AppContext = {
    app: () => app(stage) as AppIterable,
    method: "GET",
    environ: {} as Environ,
    cogen: cogen as unknown as RequestCogen,
    response: response as unknown as Response,
    closeTimeoutMs: 1000,
    closings: new Set(),
    burstMs: 10,
    startedAt: 0,
    now: () => stage.nowMs,
    output: {
      size: 0,
      get full() {
        return stage.full;
      },
      allSent: true,
      flush() {},
      drained: () => ROOM,
    },
    appName: "app",
    isAborted: false,
    report: (error: unknown) => note(`report ${error}`),
    ended: () => note("ended"),
  };
  return { run: runApp(context), stage, take: () => events.splice(0) };
}

interface Stage {
  note(event: string): void;
  full: boolean;
  nowMs: number;
  operation: Operation<unknown> | undefined;
}

/** A generator that yields one value, and notes how it is resumed. */
function* yields(stage: Stage, value: unknown): Generator<unknown, void, unknown> {
  try {
    stage.note(`value ${yield value}`);
  } catch (error) {
    stage.note(`error ${error}`);
  }
}

interface Row {
  readonly wait: string;
  readonly app: (stage: Stage) => unknown;
  /** The value that the scheduler gets; left out where it is an operation of the run's own. */
  readonly yielded?: unknown;
  readonly value: unknown;
  readonly onValue: readonly string[];
  readonly onError: readonly string[];
}

const COMPLETE = ["end", "ended"];
const FAILED = ["report fault", "500 Internal Server Error", "ended"];

const ROWS: readonly Row[] = [
  {
    wait: "iterable",
    app: (stage) => Promise.resolve(yields(stage, YIELDED)),
    value: ["one"],
    onValue: ["blocks one", ...COMPLETE],
    onError: FAILED,
  },
  {
    wait: "yielded",
    app: (stage) => yields(stage, YIELDED),
    yielded: YIELDED,
    value: 5,
    onValue: ["value 5", ...COMPLETE],
    onError: ["error fault", ...COMPLETE],
  },
  {
    wait: "planned",
    app: (stage) => {
      stage.operation = PLANNED;
      return yields(stage, "");
    },
    yielded: PLANNED,
    value: 5,
    onValue: ["result 5", "value undefined", ...COMPLETE],
    onError: ["exception fault", "value undefined", ...COMPLETE],
  },
  {
    wait: "turn, of an empty block",
    app: (stage) => yields(stage, ""),
    yielded: undefined,
    value: 5,
    onValue: ["value undefined", ...COMPLETE],
    onError: FAILED,
  },
  {
    wait: "turn, after a burst",
    app: (stage) => {
      stage.nowMs = 10;
      return yields(stage, "one");
    },
    yielded: undefined,
    value: 5,
    onValue: ["value undefined", ...COMPLETE],
    onError: FAILED,
  },
  {
    wait: "turn, after a burst whose last block was refused",
    app: (stage) => {
      stage.nowMs = 10;
      return yields(stage, "refused");
    },
    yielded: undefined,
    value: 5,
    onValue: ["error refusal", ...COMPLETE],
    onError: FAILED,
  },
  {
    wait: "step",
    app: (stage) => ({
      [Symbol.asyncIterator]: () => {
        const iterator = yields(stage, "one");
        return { next: () => Promise.resolve(iterator.next()) };
      },
    }),
    value: { done: true, value: "last" },
    onValue: ["last last", ...COMPLETE],
    onError: FAILED,
  },
];

for (const { wait, app, value, onValue, onError, ...row } of ROWS) {
  test(`${wait}: a value resumes the app`, () => {
    const { run, take } = running(app);
    const step = run.next();
    assertEquals(step.done, false);
    if ("yielded" in row) assertStrictEquals(step.value, row.yielded);
    take();
    assertEquals(run.next(value).done, true);
    assertEquals(take(), onValue);
  });

  test(`${wait}: an error`, () => {
    const { run, take } = running(app);
    run.next();
    take();
    assertEquals(run.throw("fault").done, true);
    assertEquals(take(), onError);
  });
}

const KEPT: readonly (readonly [wait: string, failed: boolean, expected: string])[] = [
  ["yielded", false, "value 5"],
  ["yielded", true, "error fault"],
  ["planned", false, "value undefined"],
  ["planned", true, "value undefined"],
  ["turn, of an empty block", false, "value undefined"],
  ["turn, after a burst", false, "value undefined"],
  ["turn, after a burst whose last block was refused", false, "error refusal"],
];

for (const [wait, failed, expected] of KEPT) {
  test(`drained: after ${failed ? "an error" : "a value"} of ${wait}, the app goes on as kept`, () => {
    const { app } = ROWS.find((row) => row.wait === wait) as Row;
    const { run, stage, take } = running(app);
    run.next();
    take();
    stage.full = true;
    const step = failed ? run.throw("fault") : run.next(5);
    assertStrictEquals(step.value, ROOM);
    assertEquals(take().filter((event) => !/^(result|exception) /.test(event)), []);
    stage.full = false;
    assertEquals(run.next().done, true);
    assertEquals(take(), [expected, ...COMPLETE]);
  });
}

test("drained: an iterable that came in a promise begins when there is room", () => {
  const { run, stage, take } = running(() => Promise.resolve());
  run.next();
  stage.full = true;
  assertStrictEquals(run.next(yields(stage, "one")).value, ROOM);
  assertEquals(take(), []);
  stage.full = false;
  run.next();
  assertEquals(take(), ["block one", "value undefined", ...COMPLETE]);
});

test("drained: an error fails the app", () => {
  const { run, stage, take } = running((stage) => yields(stage, ""));
  run.next();
  stage.full = true;
  run.next();
  run.throw("fault");
  assertEquals(take(), FAILED);
});

for (const { wait, app } of ROWS) {
  test(`${wait}: cancelling closes the app, once`, () => {
    const { run, take } = running(app);
    run.next();
    take();
    assertEquals(run.return(undefined as never).done, true);
    assertEquals(take(), ["ended"]);
  });
}

test("a run that is cancelled before its first step does not call the app", () => {
  const { run, take } = running((stage) => stage.note("called"));
  assertEquals(run.return(undefined as never).done, true);
  assertEquals(take(), ["ended"]);
});
