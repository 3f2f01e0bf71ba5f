/**
 * The activities of an app during which its client may leave, as tables.
 *
 * Each wait is written once and performed in every style: in cogen's style (`yield
 * events.Sleep(60)`), typed (`yield* environ.cogen.wait(Sleep(60))`), and as a yielded operation.
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
} from "../../../mod.ts";
import { fromCallback, type SignalOptions } from "../../../src/coroutine/mod.ts";

/** The operations of one style. Each method returns the value that the app yields. */
interface EventMethods<R> {
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

/** The methods that return the operations. */
const OPERATIONS: EventMethods<Operation<unknown>> = {
  ...{ Sleep, WaitForSignal, Signal, Join, Call, race, all, allSettled, timeout, until, scope },
  perform: (operation) => operation,
};

/** The record of one request. */
export class Trace {
  /** The number of runs of its `finally`, and of calls of its `close()`. */
  finallies = 0;
  closes = 0;
  /** The number of operations that were begun, and of those that ended before they had a result. */
  begun = 0;
  ended = 0;
  /** The number of aborts of `environ.cogen.signal`, and whether it was aborted in `finally`. */
  aborts = 0;
  abortedInFinally = false;
  /** Whether the app has begun its activity. */
  ready = false;
  /** The number of blocks that the app has made. */
  blocks = 0;
  /** The time of `finally`. */
  at = NaN;

  /** A coroutine that sleeps, and counts its beginning and its end. */
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

/** One wait of an app, and the checks of its beginning and its end. */
export interface WaitCase {
  begin<R>(words: EventMethods<R>): R;
  /** Counts the coroutines that still wait in the object of the operation. */
  readonly waiting?: () => number;
  /** The number of children that the operation begins. */
  readonly children?: number;
  /** Ends the coroutines that do not belong to the request. */
  readonly dispose?: () => void;
}

export type WaitMaker = (trace: Trace, scheduler: Scheduler) => WaitCase;

/** Every operation that waits, with arguments for which it waits for ever. */
export const WAITS: Readonly<Record<string, WaitMaker>> = {
  "Sleep": () => ({ begin: (events) => events.Sleep(60) }),
  "WaitForSignal": () => ({ begin: (events) => events.WaitForSignal("never") }),
  "WaitForSignal with a timeout": () => ({
    begin: (events) => events.WaitForSignal("never", { timeout: 60 }),
  }),
  "Signal for recipients": () => ({
    begin: (events) => events.Signal("unheard", 1, { recipients: 2 }),
  }),
  "Join": (_trace, scheduler) => {
    const task = scheduler.add(function* () {
      yield* Sleep(60);
    });
    return { begin: (events) => events.Join(task), dispose: () => task.cancel() };
  },
  "Call": (trace) => ({ children: 1, begin: (events) => events.Call(trace.sleeper) }),
  "Queue.get": () => {
    const queue = new Queue();
    return { begin: (events) => events.perform(queue.get()), waiting: () => queue.waiting };
  },
  "Queue.put on a full queue": () => {
    const queue = new Queue<number>(1);
    queue.putNowait(1);
    return { begin: (events) => events.perform(queue.put(2)), waiting: () => queue.waiting };
  },
  "Queue.join": () => {
    const queue = new Queue<number>();
    queue.putNowait(1);
    return { begin: (events) => events.perform(queue.join()), waiting: () => queue.waiting };
  },
  "PublishSubscribeQueue.fetch": () => {
    const queue = new PublishSubscribeQueue<string>();
    const fetch = function* () {
      yield* queue.subscribe();
      return yield* queue.fetch();
    };
    return {
      begin: (events) => events.Call(fetch),
      waiting: () => queue.waiting + queue.subscribers,
    };
  },
  "Semaphore.acquire": () => {
    const semaphore = new Semaphore();
    semaphore.acquireNowait();
    return {
      begin: (events) => events.perform(semaphore.acquire()),
      waiting: () => semaphore.waiting,
    };
  },
  "Semaphore.hold": (trace) => {
    const semaphore = new Semaphore();
    return {
      children: 1,
      begin: (events) => events.perform(semaphore.hold(trace.sleeper)),
      waiting: () => 1 - semaphore.available,
    };
  },
  "race": (trace) => ({
    children: 1,
    begin: (events) => events.race([Sleep(60), WaitForSignal("never"), Call(trace.sleeper)]),
  }),
  "all": (trace) => ({
    children: 2,
    begin: (events) => events.all([Sleep(60), Call(trace.sleeper), Call(trace.sleeper)]),
  }),
  "allSettled": (trace) => ({
    children: 1,
    begin: (events) => events.allSettled([WaitForSignal("never"), Call(trace.sleeper)]),
  }),
  "timeout": (trace) => ({
    children: 1,
    begin: (events) => events.timeout(Call(trace.sleeper), 60),
  }),
  "until(promise)": () => ({ begin: (events) => events.until(new Promise(() => {})) }),
  "fromCallback": (trace) => ({
    children: 1,
    begin: (events) =>
      events.perform(fromCallback(() => {
        trace.begun++;
        return () => void trace.ended++;
      })),
  }),
  "scope with children": (trace) => ({
    children: 2,
    begin: (events) =>
      events.scope(function* (children) {
        children.add(trace.sleeper);
        children.add(trace.sleeper);
        yield* children.join();
      }),
  }),
};

/** The part of an app after its first block. */
export type Body = (environ: Environ, trace: Trace) => Iterable<unknown, unknown, unknown>;

/** The styles in which a wait is written. */
export const STYLES: Readonly<Record<string, (wait: WaitCase) => Body>> = {
  cogen: (wait) =>
    function* (environ) {
      yield wait.begin(environ.cogen.core.events as EventMethods<"">);
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

/** An activity of an app, and the behaviour of its client. */
export interface Activity {
  /**
   * The bodies of the app, one for each style. The names for async generators begin with `async`.
   */
  readonly bodies: Readonly<Record<string, Body | AsyncBody>>;
  /** The request. The default is a GET without a body. */
  readonly request?: string;
  /** Whether the app runs without an end. */
  readonly busy?: boolean;
  /** Whether the app waits before its first block. */
  readonly silent?: boolean;
  /** Whether the client reads nothing. */
  readonly unread?: boolean;
}

export type AsyncBody = (environ: Environ, trace: Trace) => AsyncIterable<unknown>;

const UPLOAD = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\nthe beginning";
const CHUNKED = "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";

const reading: Activity["bodies"] = {
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

/** Every activity that is more than the wait for one operation. */
export const ACTIVITIES: Readonly<Record<string, Activity>> = {
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
  "it yields empty blocks without an end": {
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
