/**
 * The virtual time of a test: a clock, and the loop that moves it while the test waits.
 *
 * The loop runs all turns that are due, and then lets the runtime poll, so that promises and files of
 * the app go on. Only when nothing more happens does it move the clock to the next timer. An hour of
 * heartbeats therefore takes some milliseconds, and two runs of a test see the same times.
 *
 * `client.ts` and `exchange.ts` call this.
 *
 * @module
 */

import { memoryNetwork } from "../../adapters/memory.ts";
import type { ManualClock, Scheduler } from "../coroutine/mod.ts";
import { describeWaits } from "./waits.ts";

/** The turns of the runtime without any event after which all promises count as settled. */
const QUIET_TURNS = 2;
/**
 * The real time without any event after which a wait of the test fails, and after which the clock
 * jumps although an app, or the body of a request, waits for a promise of the runtime.
 */
const PATIENCE_MS = 1000;
/** The same limit for a wait of the test while an app waits for a promise of the runtime. */
const RUNTIME_PATIENCE_MS = 30_000;
/** The polls of the runtime within each limit: a process that was stopped for a time has polled too little. */
const PATIENT_POLLS = 400;
/**
 * The polls of the runtime in which apps may end that wait for it, at the end of a test: about a second. A count
 * gives a slow machine more time.
 */
const RUNTIME_POLLS = 1000;
/** The turns of the runtime after which its polls become slow, to spare the processor. */
const SLOW_AFTER_TURNS = 100;
/** The jumps of the clock between two polls of the runtime. */
const ROUNDS_PER_POLL = 1000;
/** The virtual time after which a wait of the test fails. */
const MAX_WAIT_MS = 24 * 3600 * 1000;
/** The remedy for a response that does not end. */
const ENDLESS = "client.open reads a response without an end";
/** The virtual turns between two polls of the runtime, for an app that never waits. */
const TURNS_PER_POLL = 1000;
/** The virtual time that so many turns take, so that an app that polls its clock goes on. */
const BUSY_MS = 1;

/** A wait of a test. */
interface Goal {
  /** Completes "The test waits for ...". */
  readonly name: string;
  /** When the wait began, on the virtual clock. */
  readonly sinceMs: number;
  reached(): boolean;
  resolve(): void;
  reject(error: Error): void;
}

/** The error of a wait that can never end. */
export class StuckError extends Error {
  /** `StuckError`. */
  override readonly name = "StuckError";
  /** Why the wait cannot end, and the waits of the app. */
  readonly reason: string;

  /**
   * Makes the error of a wait.
   *
   * @param message The whole message.
   * @param reason Its part about the app.
   */
  constructor(message: string, reason: string) {
    super(message);
    this.reason = reason;
  }
}

/** A clock, and the waits of a test that drive it. */
export class VirtualTime {
  readonly clock: ManualClock;
  readonly scheduler: Scheduler;
  readonly #jumps: boolean;
  readonly #host = memoryNetwork().adapter.clock;
  readonly #goals = new Set<Goal>();
  /** Whether {@linkcode #drive} runs. */
  #driving = false;
  /**
   * The calls of {@linkcode advance} and {@linkcode quiet} that have not ended; the clock does not jump meanwhile.
   */
  #holding = 0;
  /** The promises of {@linkcode during} that have not settled. */
  #pending = 0;
  /** The sources of {@linkcode steps} whose next step has not come, by their functions `isWanted`. */
  readonly #awaited = new Set<() => boolean>();
  /** Set while turns run, because an app may call the client of its own test. */
  #settling = false;

  /**
   * Makes the time of one test.
   *
   * @param clock The clock of the network and of the scheduler.
   * @param scheduler The scheduler of the server.
   * @param jumps Whether the clock jumps to the next timer when nothing else can happen.
   */
  constructor(clock: ManualClock, scheduler: Scheduler, jumps: boolean) {
    this.clock = clock;
    this.scheduler = scheduler;
    this.#jumps = jumps;
  }

  /**
   * Waits until a condition holds; time passes as the condition needs it.
   *
   * @param name Completes "The test waits for ...".
   * @param reached The condition.
   * @throws Rejects with a {@linkcode StuckError} if nothing can happen any more.
   */
  until(name: string, reached: () => boolean): Promise<void> {
    this.#settle();
    if (reached()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#goals.add({ name, sinceMs: this.clock.now(), reached, resolve, reject });
      if (!this.#driving) void this.#drive();
    });
  }

  /**
   * Keeps the clock from jumping while the runtime works, for example while it reads a file.
   *
   * @param work The promise of the work.
   * @returns The result of the work.
   */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#pending++;
    try {
      return await work;
    } finally {
      this.#pending--;
    }
  }

  /**
   * Gives the steps of a source that the test has made, such as the body of a request. A step may wait for the
   * runtime, for example for a file, so the clock does not jump as soon as nothing happens.
   *
   * @param source The source.
   * @param isWanted Whether a step still has an effect; one that never comes then holds the clock no more.
   */
  async *steps<T>(
    source: AsyncIterable<T> | Iterable<T>,
    isWanted: () => boolean,
  ): AsyncGenerator<T, void, undefined> {
    this.#awaited.add(isWanted);
    try {
      for await (const step of source) {
        this.#awaited.delete(isWanted);
        yield step;
        this.#awaited.add(isWanted);
      }
    } finally {
      this.#awaited.delete(isWanted);
    }
  }

  /**
   * Moves the time forward. Each timer on the way runs at its time, and promises settle in between.
   *
   * @param milliseconds The distance.
   */
  async advance(milliseconds: number): Promise<void> {
    const { clock } = this;
    const end = clock.now() + milliseconds;
    this.#holding++;
    try {
      await this.quiet();
      for (let next = clock.nextTimer; next <= end; next = clock.nextTimer) {
        clock.moveTo(next);
        await this.quiet();
      }
      clock.moveTo(end);
    } finally {
      this.#holding--;
    }
  }

  /**
   * Waits for a promise of the server; time passes as it needs.
   *
   * @param promise The promise.
   */
  async ended(promise: Promise<void>): Promise<void> {
    let settled = false;
    const settle = () => void (settled = true);
    promise.then(settle, settle);
    await this.until("the end of the server", () => settled);
    await promise;
  }

  /** Runs all that can happen at this time of the clock, which does not jump meanwhile. */
  async quiet(): Promise<void> {
    this.#holding++;
    try {
      for (let turns = 0; turns < QUIET_TURNS || this.#pending > 0; turns++) {
        if (this.#settle() || this.#release()) turns = 0;
        await this.#poll(0);
      }
    } finally {
      this.#holding--;
    }
  }

  /**
   * Waits while apps wait for the runtime, for example for a thread, until a condition holds. The clock stands
   * still. Gives up after {@linkcode RUNTIME_POLLS}.
   *
   * @param reached The condition.
   */
  async runtimeEnds(reached: () => boolean): Promise<void> {
    this.#holding++;
    try {
      for (let polls = 0; polls < RUNTIME_POLLS && !reached() && this.#waitsForRuntime(); polls++) {
        await this.#poll(polls > SLOW_AFTER_TURNS ? 1 : 0);
        await this.quiet();
      }
    } finally {
      this.#holding--;
    }
  }

  /** Forgets the waits: no time passes for them any more, and they never end. */
  abandon(): void {
    this.#goals.clear();
  }

  /** Runs the turns that are due; returns whether there were any. */
  #settle(): boolean {
    if (this.#settling) return false;
    this.#settling = true;
    try {
      let turns = 0;
      while (turns < TURNS_PER_POLL && this.clock.turn()) turns++;
      if (turns === TURNS_PER_POLL && this.#jumps) this.clock.moveTo(this.clock.now() + BUSY_MS);
      return turns > 0;
    } finally {
      this.#settling = false;
    }
  }

  /** Ends the waits that have reached their goal; returns whether there were any. */
  #release(): boolean {
    let released = false;
    for (const goal of this.#goals) {
      if (!goal.reached()) continue;
      this.#goals.delete(goal);
      goal.resolve();
      released = true;
    }
    return released;
  }

  async #drive(): Promise<void> {
    this.#driving = true;
    /** The polls since the last event. The real time is read at the first one, and after enough of them. */
    let quietTurns = 0;
    let quietSinceMs = 0;
    // The code of the test goes on first: it may begin further requests.
    await this.#poll(0);
    for (let round = 1; this.#goals.size > 0; round++) {
      const active = this.#settle();
      const released = this.#release();
      quietTurns = active || released ? 0 : quietTurns + 1;
      if (quietTurns === 1) quietSinceMs = this.#host.now();
      const quietMs = quietTurns > PATIENT_POLLS ? this.#host.now() - quietSinceMs : 0;
      const waitsForRuntime = this.#waitsForRuntime();
      const mayJump = waitsForRuntime ? quietMs > PATIENCE_MS : !released;
      if (mayJump && this.#jump()) {
        quietTurns = 0;
        // A source that has given no step for so long may never give one.
        if (waitsForRuntime) this.#awaited.clear();
        // Nothing but the clock can go on, so the runtime need not poll each time.
        if (round % ROUNDS_PER_POLL > 0) continue;
      } else if (quietMs > (waitsForRuntime ? RUNTIME_PATIENCE_MS : PATIENCE_MS)) this.#giveUp();
      await this.#poll(quietTurns > SLOW_AFTER_TURNS ? 1 : 0);
    }
    this.#driving = false;
  }

  /** Moves the clock to the next timer; returns whether it may, and whether there is one. */
  #jump(): boolean {
    if (!this.#jumps || this.#holding > 0) return false;
    const next = this.clock.nextTimer;
    if (next === Infinity) return false;
    for (const goal of this.#goals) {
      if (next - goal.sinceMs <= MAX_WAIT_MS) continue;
      this.#goals.delete(goal);
      goal.reject(this.#stuck(goal, "24 hours of the clock have passed", ` (${ENDLESS})`));
    }
    this.clock.moveTo(next);
    return true;
  }

  /**
   * Whether an app, or a source of the test, waits for a promise that only the runtime can settle. An async
   * app waits for a promise as well, but its `run` is then a coroutine of the scheduler.
   */
  #waitsForRuntime(): boolean {
    if (this.#pending > 0) return true;
    for (const isWanted of this.#awaited) if (isWanted()) return true;
    let promises = 0;
    for (const task of this.scheduler.tasks()) {
      if (task.waitsFor === "until") promises++;
      else if (task.name === "run") promises--;
    }
    return promises > 0;
  }

  #giveUp(): void {
    for (const goal of this.#goals) {
      goal.reject(this.#stuck(goal, "nothing can happen any more"));
    }
    this.#goals.clear();
  }

  #stuck(goal: Goal, reason: string, remedy = ""): StuckError {
    const waits = describeWaits(this.scheduler);
    const end = waits === "" ? "" : `:\n${waits}`;
    const message = `The test waits for ${goal.name}, but ${reason}${remedy}${end}`;
    return new StuckError(message, reason + end);
  }

  #poll(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      if (milliseconds === 0) this.#host.defer(resolve);
      else this.#host.setTimer(milliseconds, resolve);
    });
  }
}
