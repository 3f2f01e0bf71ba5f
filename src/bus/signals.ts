/**
 * Signals: the coroutines of this process that wait, and the way of a signal to those of all processes.
 *
 * A broker that knows its listeners calls each of them, and gives the number of coroutines woken. Over any
 * other broker, the signals are a log that each process reads from its first wait on: a signal that comes while
 * the connection is down is read later. If the log may have lost some, all waits end with a {@linkcode BusGap}.
 *
 * `bus.ts` makes this.
 *
 * @module
 */

import {
  type Abort,
  Call,
  type Coroutine,
  type Operation,
  type Resume,
  TimedOperation,
  type TimeoutOptions,
} from "../coroutine/mod.ts";
import type { TopicItem } from "../wsgi/mod.ts";
import type { BusCore } from "./core.ts";
import type { Cursor } from "./cursor.ts";
import { BusClosed, BusGap, BusUnavailable } from "./errors.ts";
import { decodeMessage, encodeMessage } from "./message.ts";
import { openCursor } from "./topic.ts";
import { pause, pauseMs, within } from "./time.ts";
import type { SignalListener, SignalTransport } from "./transport.ts";
import { keepWatch } from "./watch.ts";

/** The log of signals. */
const LOG = "s:";

/** A worker that has not told its count after this time hangs: the number of the woken is not known. */
const MAX_COUNT_MS = 2000;

type Waiter = Resume<unknown>;

/** The signals of one bus. */
export class Signals {
  readonly #core: BusCore;
  readonly #waiters = new Map<string, Set<Waiter>>();
  /** Ends when this process reads signals; made by the first wait. */
  #listening: Promise<void> | undefined;
  #stop: () => void = () => {};
  #isClosed = false;
  /** The place up to which this process has read the log. */
  #read = 0;
  /** The signals of this process that it has not read yet. */
  readonly #unread = new Set<{ readonly offset: number; onRead(): void }>();

  constructor(core: BusCore) {
    this.#core = core;
    core.keep(this);
  }

  /** The number of coroutines that wait. */
  get size(): number {
    let size = 0;
    for (const waiters of this.#waiters.values()) size += waiters.size;
    return size;
  }

  send(name: string, value: unknown): Operation<number | undefined> {
    const { maxMessageBytes, transport } = this.#core.settings;
    const { signals } = transport;
    const label = `signal(${JSON.stringify(name)})`;
    const text = encodeMessage(value, maxMessageBytes);
    if (signals === undefined) {
      return this.#sendThroughLog(name, text, label);
    }
    return this.#core.call(
      label,
      () => within(this.#core.settings.clock, MAX_COUNT_MS, signals.send(name, text)),
    );
  }

  wait(name: string, options: TimeoutOptions | undefined): Operation<unknown> {
    return new WaitForBusSignal(name, options, (resume) => this.#add(name, resume));
  }

  close(): void {
    this.#isClosed = true;
    this.#stop();
    this.#failAll(new BusClosed("The bus is closed"));
    for (const { onRead } of this.#unread) onRead();
  }

  #add(name: string, resume: Waiter): (() => void) | void {
    if (this.#isClosed) return resume.error(new BusClosed("The bus is closed"));
    const waiters = this.#waiters.get(name) ?? new Set();
    this.#waiters.set(name, waiters.add(resume));
    void (this.#listening ??= this.#listen());
    return () => {
      waiters.delete(resume);
      if (waiters.size === 0 && this.#waiters.get(name) === waiters) this.#waiters.delete(name);
    };
  }

  /** Wakes the waiters of a name. */
  #wake(name: string, value: () => unknown): number {
    const waiters = this.#waiters.get(name) ?? [];
    this.#waiters.delete(name);
    let woken = 0;
    for (const waiter of waiters) {
      if (waiter.settled) continue;
      waiter.value(value());
      woken++;
    }
    return woken;
  }

  /** Wakes the waiters of a name, unless the signal has a schema that is not known. */
  #wakeBy(name: string, text: string): number {
    if (decodeMessage(text) === undefined) return 0;
    // Each waiter gets a value of its own.
    return this.#wake(name, () => decodeMessage(text)?.value);
  }

  #failAll(error: Error): void {
    const all = [...this.#waiters.values()];
    this.#waiters.clear();
    for (const waiters of all) for (const waiter of waiters) waiter.error(error);
  }

  async #listen(): Promise<void> {
    const { signals } = this.#core.settings.transport;
    if (signals !== undefined) this.#listenTo(signals);
    else await this.#openLog();
  }

  #listenTo(signals: SignalTransport): void {
    const listener: SignalListener = (name, text) => this.#wakeBy(name, text);
    this.#stop = keepWatch(this.#core.settings, () => signals.listen(listener), () => {});
  }

  #sendThroughLog(name: string, text: string, label: string): Operation<undefined> {
    const message = encodeMessage([name, text], this.#core.settings.maxMessageBytes);
    return Call(() => this.#sendAndRead(message, label));
  }

  *#sendAndRead(message: string, label: string): Coroutine<undefined> {
    const core = this.#core;
    const listening = this.#listening;
    // The waits of this process must have their place in the log before the signal.
    if (listening !== undefined) yield* core.call(label, () => listening);
    const { offset } = yield* core.outbox.send({ kind: "log", name: LOG }, message, label);
    try {
      yield* core.call(label, () => this.#untilRead(offset));
    } catch (error) {
      // The broker has the signal.
      if (!(error instanceof BusUnavailable)) throw error;
    }
    return undefined;
  }

  /** Waits until this process has read its own signal, so that a later wait is not woken by it. */
  async #untilRead(offset: number): Promise<void> {
    if (this.#listening === undefined || this.#isClosed || this.#read >= offset) return;
    await new Promise<void>((onRead) => this.#unread.add({ offset, onRead }));
  }

  async #openLog(): Promise<void> {
    for (let failures = 1; !this.#isClosed; failures++) {
      try {
        const cursor = await openCursor(this.#core, LOG, "end");
        const stop = () => cursor.close();
        this.#stop = stop;
        return void this.#readLog(cursor);
      } catch (error) {
        if (failures === 1) this.#core.settings.report(error);
        await pause(this.#core.settings.clock, pauseMs(failures));
      }
    }
  }

  async #readLog(cursor: Cursor): Promise<void> {
    while (!this.#isClosed) {
      const item = await nextItem(cursor);
      if (item === undefined) return;
      if (item.kind === "message") this.#wakeAs(item.value);
      else if (item.reason !== "unreadable") {
        const loss = item.reason === "epoch" ? "begun a new log" : "lost a part of its log";
        this.#failAll(new BusGap(`Signals may have been lost: the broker has ${loss}`));
      }
      this.#tellRead(item);
    }
  }

  #tellRead({ kind, offset }: TopicItem<unknown>): void {
    this.#read = offset;
    for (const unread of this.#unread) {
      // After a gap, a signal of this process may be among those that are lost.
      if (unread.offset > offset && kind === "message") continue;
      this.#unread.delete(unread);
      unread.onRead();
    }
  }

  #wakeAs(message: unknown): void {
    if (!Array.isArray(message)) return;
    const [name, text] = message as [string, string];
    this.#wakeBy(name, text);
  }
}

/** Reads the next item; `undefined` after the end of the cursor. */
function nextItem(cursor: Cursor): Promise<TopicItem<unknown> | undefined> {
  return new Promise((resolve) => {
    cursor.take({ settled: false, value: resolve, error: () => resolve(undefined) });
  });
}

class WaitForBusSignal extends TimedOperation<unknown> {
  readonly name: string;
  readonly #add: (resume: Resume<unknown>) => Abort | void;

  constructor(
    signal: string,
    options: TimeoutOptions | undefined,
    add: (resume: Resume<unknown>) => Abort | void,
  ) {
    super(options, "waitForSignal");
    this.name = `waitForSignal(${JSON.stringify(signal)})`;
    this.#add = add;
  }

  protected begin(resume: Resume<unknown>): Abort | void {
    return this.#add(resume);
  }
}
