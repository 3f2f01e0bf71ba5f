/**
 * What an app may be doing when its client leaves, as a table.
 *
 * A wait is written once and performed in every style: as cogen has it (`yield events.Sleep(60)`),
 * typed (`yield* environ.cogen.wait(Sleep(60))`), and as an operation that is itself yielded.
 */

import {
  all,
  allSettled,
  Call,
  type CoroutineFunction,
  type Deadline,
  type Environ,
  Join,
  type Operation,
  PublishSubscribeQueue,
  Queue,
  race,
  type Scheduler,
  type Scope,
  scope,
  Semaphore,
  Signal,
  Sleep,
  type Task,
  timeout,
  type TimeoutOptions,
  until,
  WaitForSignal,
} from "../../mod.ts";
import { fromCallback, type SignalOptions } from "../../src/coroutine/mod.ts";

/** How an operation is written: it gives what the app yields. */
interface Words<R> {
  Sleep(deadline: Deadline): R;
  WaitForSignal(name: unknown, options?: TimeoutOptions): R;
  Signal(name: unknown, value?: unknown, options?: SignalOptions): R;
  Join(task: Task<unknown>): R;
  Call(fn: CoroutineFunction<[], unknown>): R;
  perform(operation: Operation<unknown>): R;
  race(operations: readonly Operation<unknown>[]): R;
  all(operations: readonly Operation<unknown>[]): R;
  allSettled(operations: readonly Operation<unknown>[]): R;
  timeout(operation: Operation<unknown>, deadline: Deadline): R;
  until(promise: PromiseLike<unknown>): R;
  scope(body: CoroutineFunction<[Scope], unknown>): R;
}

/** The operations themselves. */
const OPERATIONS: Words<Operation<unknown>> = {
  ...{ Sleep, WaitForSignal, Signal, Join, Call, race, all, allSettled, timeout, until, scope },
  perform: (operation) => operation,
};

/** What a test remembers of one request. */
export class Trace {
  /** How often its `finally` has run, and its `close()`. */
  finallies = 0;
  closes = 0;
  /** How many operations were begun, and how many were ended before they had a result. */
  begun = 0;
  ended = 0;
  /** How often `environ.cogen.signal` has aborted, and whether it had in `finally`. */
  aborts = 0;
  abortedInFinally = false;
  /** Whether the app is about to wait, or does what it does. */
  ready = false;
  /** How many blocks it has made. */
  blocks = 0;
  /** When `finally` ran. */
  at = NaN;

  /** A coroutine that sleeps, and knows whether it was ended. */
  readonly sleeper: CoroutineFunction<[], void> = () => this.#sleep();

  *#sleep(): Generator<Operation<void>, void, never> {
    this.begun++;
    try {
      yield Sleep(60);
    } finally {
      this.ended++;
    }
  }
}

/** What an operation is waited on, and what is looked at when it is over. */
export interface Wait {
  begin<R>(words: Words<R>): R;
  /** How many still wait, in whatever they wait on. */
  readonly waiting?: () => number;
  /** How many children it has begun. */
  readonly children?: number;
  /** Ends what is not the request's. */
  readonly dispose?: () => void;
}

export type WaitMaker = (trace: Trace, scheduler: Scheduler) => Wait;

/** Every operation that waits, begun so that it waits for ever. */
export const WAITS: Readonly<Record<string, WaitMaker>> = {
  "Sleep": () => ({ begin: (words) => words.Sleep(60) }),
  "WaitForSignal": () => ({ begin: (words) => words.WaitForSignal("never") }),
  "WaitForSignal with a timeout": () => ({
    begin: (words) => words.WaitForSignal("never", { timeout: 60 }),
  }),
  "Signal for recipients": () => ({
    begin: (words) => words.Signal("unheard", 1, { recipients: 2 }),
  }),
  "Join": (_trace, scheduler) => {
    const task = scheduler.add(function* () {
      yield* Sleep(60);
    });
    return { begin: (words) => words.Join(task), dispose: () => task.cancel() };
  },
  "Call": (trace) => ({ children: 1, begin: (words) => words.Call(trace.sleeper) }),
  "Queue.get": () => {
    const queue = new Queue();
    return { begin: (words) => words.perform(queue.get()), waiting: () => queue.waiting };
  },
  "Queue.put on a full queue": () => {
    const queue = new Queue<number>(1);
    queue.putNowait(1);
    return { begin: (words) => words.perform(queue.put(2)), waiting: () => queue.waiting };
  },
  "Queue.join": () => {
    const queue = new Queue<number>();
    queue.putNowait(1);
    return { begin: (words) => words.perform(queue.join()), waiting: () => queue.waiting };
  },
  "PublishSubscribeQueue.fetch": () => {
    const queue = new PublishSubscribeQueue<string>();
    const fetch = function* () {
      yield* queue.subscribe();
      return yield* queue.fetch();
    };
    return {
      begin: (words) => words.Call(fetch),
      waiting: () => queue.waiting + queue.subscribers,
    };
  },
  "Semaphore.acquire": () => {
    const semaphore = new Semaphore();
    semaphore.acquireNowait();
    return {
      begin: (words) => words.perform(semaphore.acquire()),
      waiting: () => semaphore.waiting,
    };
  },
  "Semaphore.hold": (trace) => {
    const semaphore = new Semaphore();
    return {
      children: 1,
      begin: (words) => words.perform(semaphore.hold(trace.sleeper)),
      waiting: () => 1 - semaphore.available,
    };
  },
  "race": (trace) => ({
    children: 1,
    begin: (words) => words.race([Sleep(60), WaitForSignal("never"), Call(trace.sleeper)]),
  }),
  "all": (trace) => ({
    children: 2,
    begin: (words) => words.all([Sleep(60), Call(trace.sleeper), Call(trace.sleeper)]),
  }),
  "allSettled": (trace) => ({
    children: 1,
    begin: (words) => words.allSettled([WaitForSignal("never"), Call(trace.sleeper)]),
  }),
  "timeout": (trace) => ({ children: 1, begin: (words) => words.timeout(Call(trace.sleeper), 60) }),
  "until(promise)": () => ({ begin: (words) => words.until(new Promise(() => {})) }),
  "fromCallback": (trace) => ({
    children: 1,
    begin: (words) =>
      words.perform(fromCallback(() => {
        trace.begun++;
        return () => void trace.ended++;
      })),
  }),
  "scope with children": (trace) => ({
    children: 2,
    begin: (words) =>
      words.scope(function* (children) {
        children.add(trace.sleeper);
        children.add(trace.sleeper);
        yield* children.join();
      }),
  }),
};

/** What an app does after its first block. */
export type Body = (environ: Environ, trace: Trace) => Iterable<unknown, unknown, unknown>;

/** The styles in which a wait is written. */
export const STYLES: Readonly<Record<string, (wait: Wait) => Body>> = {
  cogen: (wait) =>
    function* (environ) {
      yield wait.begin(environ.cogen.core.events as Words<"">);
    },
  typed: (wait) =>
    function* (environ) {
      yield* environ.cogen.wait(wait.begin(OPERATIONS));
    },
  yielded: (wait) =>
    function* () {
      yield wait.begin(OPERATIONS);
    },
};

/** What else an app may be doing. */
export interface Doing {
  /** One for each style; those of async generators are called `async`. */
  readonly bodies: Readonly<Record<string, Body | AsyncBody>>;
  /** The request; by default a plain one. */
  readonly request?: string;
  /** Whether the app runs on and on. */
  readonly busy?: boolean;
  /** Whether it waits before its first block. */
  readonly silent?: boolean;
  /** Whether the client reads nothing. */
  readonly unread?: boolean;
}

export type AsyncBody = (environ: Environ, trace: Trace) => AsyncIterable<unknown>;

const UPLOAD = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\nthe beginning";
const CHUNKED = "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";

const reading: Doing["bodies"] = {
  cogen: function* (environ) {
    yield environ.cogen.input.read();
  },
  typed: function* (environ) {
    yield* environ["wsgi.input"].read();
  },
  line: function* (environ) {
    yield* environ["wsgi.input"].readline();
  },
  async: async function* (environ) {
    for await (const chunk of environ["wsgi.input"]) yield chunk.length < 0 ? "never" : "";
  },
};

/** Everything that is not one operation. */
export const DOINGS: Readonly<Record<string, Doing>> = {
  "it reads a body with a length": { request: UPLOAD, silent: true, bodies: reading },
  "it reads a chunked body": { request: CHUNKED, silent: true, bodies: reading },
  "it waits before its first block": {
    silent: true,
    bodies: {
      cogen: function* (environ) {
        yield environ.cogen.core.events.Sleep(60);
      },
      typed: function* (environ) {
        yield* environ.cogen.wait(Sleep(60));
      },
    },
  },
  "it awaits in an async generator": {
    bodies: {
      "async, run": async function* (environ) {
        await environ.cogen.run(Sleep(60));
        yield "never";
      },
      "async, yielded": async function* () {
        yield Sleep(60);
      },
      "async, by signal": async function* (environ) {
        const { signal } = environ.cogen;
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        yield "never";
      },
    },
  },
  "its client reads nothing and the window is full": {
    unread: true,
    bodies: {
      sync: function* (_environ, trace) {
        const block = new Uint8Array(65_536);
        for (;; trace.blocks++) yield block;
      },
      async: async function* (_environ, trace) {
        const block = new Uint8Array(65_536);
        for (;; trace.blocks++) yield block;
      },
    },
  },
  "it yields empty blocks on and on": {
    busy: true,
    bodies: {
      sync: function* (_environ, trace) {
        for (;; trace.blocks++) yield "";
      },
    },
  },
  "it yields blocks and empty ones in turn": {
    busy: true,
    bodies: {
      sync: function* (_environ, trace) {
        for (;; trace.blocks++) {
          yield "block";
          yield "";
        }
      },
    },
  },
  "it yields blocks and never waits": {
    busy: true,
    bodies: {
      sync: function* (_environ, trace) {
        for (;; trace.blocks++) yield "block";
      },
      async: async function* (_environ, trace) {
        for (;; trace.blocks++) yield "block";
      },
    },
  },
};
