import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { operation, Sleep, type Task, type TaskState } from "../../../src/coroutine/mod.ts";
import { type Stage, stage } from "../../support/scheduling.ts";

/** A task in one state of the table, before its cancellation. */
interface Row {
  readonly state: TaskState;
  /** Adds a task that notes its steps, and brings it into the state. */
  reach(theatre: Stage, notes: string[]): Task<unknown>;
  /** The state right after `cancel()`. */
  readonly after: TaskState;
  /** The notes of all steps, in the end. */
  readonly notes: readonly string[];
  /** The state in the end. */
  readonly end: TaskState;
}

/** A coroutine that waits for `first`, then for a second. */
function* steps(notes: string[], first: () => unknown): Generator<unknown, string, unknown> {
  try {
    notes.push("begin");
    notes.push(`got ${yield first()}`);
    yield* Sleep(1);
    notes.push("slept");
    return "result";
  } catch (error) {
    notes.push(`caught ${error}`);
    yield* Sleep(1);
    return "recovered";
  } finally {
    notes.push("finally");
    yield* Sleep(1);
    notes.push("cleaned");
  }
}

/** Adds a coroutine with a first wait that does not end by itself, and runs its first step. */
function waiting({ scheduler }: Stage, notes: string[], then?: (task: Task<unknown>) => unknown) {
  const task: Task<unknown> = scheduler.add(steps, notes, () => {
    const never = operation<string>(() => () => void notes.push("aborted"), "never");
    return then?.(task) ?? never;
  });
  scheduler.step();
  return task;
}

const unwound = ["finally", "cleaned"];

const TABLE: Readonly<Record<string, Row>> = {
  "paused: not started": {
    state: "ready",
    reach: ({ scheduler }, notes) => scheduler.add(steps, notes, () => ""),
    after: "ready",
    notes: [],
    end: "cancelled",
  },
  "paused: after a bare yield": {
    state: "ready",
    reach({ scheduler }, notes) {
      const task = scheduler.add(steps, notes, () => "");
      scheduler.step();
      return task;
    },
    after: "ready",
    notes: ["begin", ...unwound],
    end: "cancelled",
  },
  "next: a value is on its way": {
    state: "ready",
    reach: (theatre, notes) =>
      waiting(theatre, notes, () => operation((resume) => resume.value("value"))),
    after: "ready",
    notes: ["begin", "got value", ...unwound],
    end: "cancelled",
  },
  "throw: an error is on its way": {
    state: "ready",
    reach: (theatre, notes) =>
      waiting(theatre, notes, () => operation((resume) => resume.error("error"))),
    after: "ready",
    notes: ["begin", "caught error", ...unwound],
    end: "cancelled",
  },
  "return: cancelled already": {
    state: "ready",
    reach(theatre, notes) {
      const task = waiting(theatre, notes);
      task.cancel();
      return task;
    },
    after: "ready",
    notes: ["begin", "aborted", ...unwound],
    end: "cancelled",
  },
  "running: by itself": {
    state: "ready",
    reach: (theatre, notes) =>
      waiting(theatre, notes, (task) => {
        notes.push(task.state);
        task.cancel();
        notes.push(task.state);
      }),
    after: "ready",
    notes: ["begin", "running", "running", ...unwound],
    end: "cancelled",
  },
  "waiting": {
    state: "waiting",
    reach: (theatre, notes) => waiting(theatre, notes),
    after: "ready",
    notes: ["begin", "aborted", ...unwound],
    end: "cancelled",
  },
  "waiting in a finally block while unwinding": {
    state: "waiting",
    reach(theatre, notes) {
      const task = waiting(theatre, notes);
      task.cancel();
      theatre.scheduler.step();
      return task;
    },
    after: "waiting",
    notes: ["begin", "aborted", ...unwound],
    end: "cancelled",
  },
  "returned": {
    state: "returned",
    reach(theatre, notes) {
      const task = theatre.scheduler.add(steps, notes, () => "");
      theatre.run(2000);
      return task;
    },
    after: "returned",
    notes: ["begin", "got undefined", "slept", ...unwound],
    end: "returned",
  },
  "failed": {
    state: "failed",
    reach(theatre) {
      const task = theatre.scheduler.add(function* () {
        throw new Error("failed");
      });
      theatre.run();
      return task;
    },
    after: "failed",
    notes: [],
    end: "failed",
  },
  "cancelled": {
    state: "cancelled",
    reach(theatre, notes) {
      const task = waiting(theatre, notes);
      task.cancel();
      theatre.run(1000);
      return task;
    },
    after: "cancelled",
    notes: ["begin", "aborted", ...unwound],
    end: "cancelled",
  },
};

for (const [name, { state, reach, after, notes, end }] of Object.entries(TABLE)) {
  test(`cancel, in the state ${name}`, () => {
    const theatre = stage();
    const seen: string[] = [];
    const task = reach(theatre, seen);
    assertEquals(task.state, state);
    task.cancel();
    assertEquals(task.state, after);
    task.cancel();
    theatre.run(3000);
    assertEquals([task.state, seen], [end, notes]);
    assertEquals(task.waitsFor, undefined);
    theatre.assertEmpty();
  });
}

test("a promise that a cancelled task yields before it ends is no unhandled rejection", async () => {
  const theatre = stage();
  const task = theatre.scheduler.add(function* () {
    task.cancel();
    yield Promise.reject(new Error("refused"));
  });
  theatre.run();
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(task.state, "cancelled");
  theatre.assertEmpty();
});
