/**
 * The transport of one process: logs and queues in its memory.
 *
 * It is for tests and for a server without other processes; the hub of a channel serves it to workers
 * (`channel_hub.ts`). All is bounded: a log keeps its newest messages, a queue refuses jobs, and the log that was
 * used least recently goes when there are too many.
 *
 * @module
 */

import { hostTime } from "../../../adapters/shared/host_clock.ts";
import { checkNames, type Clock, optionError } from "../../coroutine/mod.ts";
import type { BusPosition } from "../../wsgi/mod.ts";
import { checkCount } from "../checks.ts";
import { randomName } from "../settings.ts";
import type {
  Appended,
  Batch,
  BusTransport,
  LeasedJob,
  LogPage,
  PageLimits,
  Settlement,
  SignalTransport,
  TakeLimits,
} from "../transport.ts";
import { MemoryLog } from "./memory_log.ts";
import { MemoryQueue } from "./memory_queue.ts";
import { SignalListeners } from "./signal_listeners.ts";
import { Watchers } from "./watchers.ts";

/** The bounds of a memory transport. */
export interface MemoryTransportOptions {
  /** The largest number of messages of a log. Default: 10,000, as many as a bus lets wait for its broker. */
  readonly maxLogMessages?: number;
  /**
   * The largest sum of the messages of a log, in characters. Default: 16 Mi, as many as a bus lets wait. All logs
   * together have at most eight times as many; beyond it, the log that was used least recently goes.
   */
  readonly maxLogLength?: number;
  /** The largest number of logs with messages: topics, and dead letters of queues. Default: 10,000. */
  readonly maxLogs?: number;
  /**
   * The largest number of jobs of all queues. Default: 10,000. Their characters have the same bound as those of all
   * logs.
   */
  readonly maxJobs?: number;
  /** The clock of the leases, with `now()` in milliseconds. Default: the monotonic time of the runtime. */
  readonly clock?: Pick<Clock, "now">;
}

/**
 * The defaults of the bounds. A log has room for all messages that wait in an outbox, so that subscribers get a
 * burst of them without a gap.
 */
export const MEMORY_DEFAULTS = {
  maxLogMessages: 10_000,
  maxLogLength: 16_777_216,
  maxLogs: 10_000,
  maxJobs: 10_000,
} as const;

/**
 * Makes a transport in the memory of this process.
 *
 * @param options Its bounds.
 * @throws {TypeError} If an option is unknown or of a wrong kind.
 * @throws {RangeError} If a bound is no whole number from 1.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memoryTransport, openBus } from "@x/cogen-wsgi/bus";
 *
 * const bus = await openBus(memoryTransport());
 * const mail = bus.queue<string>("mail");
 * await bus.run(mail.put("hello"));
 * const job = await bus.run(mail.take());
 * assertEquals([job.value, job.delivery], ["hello", 1]);
 * assertEquals(await bus.run(job.acknowledge()), true);
 * await bus.close();
 * ```
 */
export function memoryTransport(options: MemoryTransportOptions = {}): BusTransport {
  options = checkNames("memoryTransport", options, [...Object.keys(MEMORY_DEFAULTS), "clock"]);
  const { clock = hostTime } = options;
  if (typeof clock?.now !== "function") throw optionError("clock", clock, "an object with now()");
  const bound = (name: keyof typeof MEMORY_DEFAULTS) =>
    checkCount(
      `${name} of memoryTransport`,
      options[name] === undefined ? MEMORY_DEFAULTS[name] : options[name],
    );
  return new MemoryTransport({
    maxLogMessages: bound("maxLogMessages"),
    maxLogLength: bound("maxLogLength"),
    maxLogs: bound("maxLogs"),
    maxJobs: bound("maxJobs"),
    clock,
  });
}

/** All logs together, and all jobs together, have at most as many characters as this number of full logs. */
const MAX_FULL_LOGS = 8;

class MemoryTransport implements BusTransport {
  readonly name = "memory";
  readonly signals: SignalTransport = new SignalListeners();
  readonly #options: Required<MemoryTransportOptions>;
  /** The logs; the one that was used least recently is the first. */
  readonly #logs = new Map<string, MemoryLog>();
  readonly #queues = new Map<string, MemoryQueue>();
  readonly #watchers = new Watchers();
  /** The number of characters of all logs. */
  #length = 0;
  /** The number of jobs of all queues, and of their characters. */
  #jobs = 0;
  #jobsLength = 0;

  constructor(options: Required<MemoryTransportOptions>) {
    this.#options = options;
  }

  append(name: string, { messages }: Batch): Promise<Appended> {
    const log = this.#log(name);
    this.#length -= log.length;
    const offsets = messages.map(({ text }) => log.append(text));
    this.#length += log.length;
    this.#dropLogs();
    this.#watchers.tell(name);
    return Promise.resolve({ epoch: log.epoch, offsets });
  }

  page(name: string, after: BusPosition | "start" | "end", limits: PageLimits): Promise<LogPage> {
    return Promise.resolve(this.#log(name).page(after, limits));
  }

  watch(name: string, onNews: () => void): () => void {
    return this.#watchers.add(name, onNews);
  }

  put(name: string, { messages }: Batch): Promise<number> {
    const { clock, maxJobs, maxLogLength } = this.#options;
    const queue = this.#queues.get(name) ?? new MemoryQueue(clock);
    let count = 0;
    for (const { text } of messages) {
      const length = this.#jobsLength + text.length;
      if (this.#jobs >= maxJobs || this.#jobs > 0 && length > MAX_FULL_LOGS * maxLogLength) break;
      queue.add(text);
      count++;
      this.#jobs++;
      this.#jobsLength = length;
    }
    if (count === 0) return Promise.resolve(0);
    this.#queues.set(name, queue);
    this.#watchers.tell(name);
    return Promise.resolve(count);
  }

  take(name: string, limits: TakeLimits): Promise<readonly LeasedJob[]> {
    return Promise.resolve(this.#queues.get(name)?.take(limits) ?? []);
  }

  settle(name: string, receipt: string, settlement: Settlement): Promise<boolean> {
    const queue = this.#queues.get(name);
    if (queue === undefined) return Promise.resolve(false);
    const { length } = queue;
    const isHeld = queue.settle(receipt, settlement);
    if (isHeld && settlement.kind === "done") {
      this.#jobs--;
      this.#jobsLength -= length - queue.length;
      if (queue.size === 0) this.#queues.delete(name);
    }
    if (isHeld && settlement.kind === "again") this.#watchers.tell(name);
    return Promise.resolve(isHeld);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #log(name: string): MemoryLog {
    const log = this.#logs.get(name) ?? new MemoryLog(randomName(), this.#options);
    this.#logs.delete(name);
    this.#logs.set(name, log);
    this.#dropLogs();
    return log;
  }

  /** Drops the logs beyond the bounds, the least recently used first. Subscriptions are told of a new epoch. */
  #dropLogs(): void {
    const { maxLogs, maxLogLength } = this.#options;
    for (const [name, { length }] of this.#logs) {
      const isTooMuch = this.#length > MAX_FULL_LOGS * maxLogLength;
      if (this.#logs.size <= maxLogs && !(isTooMuch && this.#logs.size > 1)) return;
      this.#logs.delete(name);
      this.#length -= length;
    }
  }
}
