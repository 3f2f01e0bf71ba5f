/**
 * The newest messages of one log, read once for all subscriptions of this process.
 *
 * The entries in the tail follow one another in the log. A subscription that is behind them reads the log by
 * itself (`cursor.ts`), so a slow one costs no memory. When a page does not follow on the last one, the
 * tail begins anew with the next generation, and each subscription of an earlier generation asks the log
 * whether it has lost messages.
 *
 * `core.ts` makes tails, and `cursor.ts` reads them.
 *
 * @module
 */

import type { BusPosition } from "../wsgi/mod.ts";
import { type BusSettings, MAX_BATCH_BYTES } from "./settings.ts";
import { pauseMs, Wakeup } from "./time.ts";
import type { LogEntry, LogPage, PageLimits } from "./transport.ts";
import { keepWatch } from "./watch.ts";

/** The bounds of one page. */
const PAGE_LIMITS: PageLimits = { maxCount: 100, maxLength: MAX_BATCH_BYTES };
/** The bounds of the entries that a tail keeps. The latest entry is always kept. */
const MAX_ENTRIES = 1000;
const MAX_LENGTH = 1024 * 1024;

/** The tail of one log. It reads as long as it has subscriptions. */
export class Tail {
  /** Grows whenever entries may be missing in the tail. */
  generation = 1;
  readonly #settings: BusSettings;
  readonly #log: string;
  readonly #wakeup: Wakeup;
  #entries: LogEntry[] = [];
  #length = 0;
  /** The place of the last entry that was read. */
  #position: BusPosition = { epoch: "", offset: 0 };
  /** The offset after which all entries up to the position are in the tail. */
  #after = 0;
  readonly #waiting = new Set<() => void>();
  #stopWatch: (() => void) | undefined;
  #users = 0;
  #isRunning = false;
  readonly #onUnused: () => void;

  /** @param onUnused Called when the last subscription has ended. */
  constructor(settings: BusSettings, log: string, onUnused: () => void) {
    this.#settings = settings;
    this.#log = log;
    this.#wakeup = new Wakeup(settings.clock);
    this.#onUnused = onUnused;
  }

  /** The epoch of the entries. */
  get epoch(): string {
    return this.#position.epoch;
  }

  /** The number of subscriptions. */
  get users(): number {
    return this.#users;
  }

  /** Adds a subscription. The watch begins before the first page is read, so that no news is missed. */
  enter(): void {
    this.#users++;
    const news = () => this.#wakeup.wake();
    this.#stopWatch ??= keepWatch(
      this.#settings,
      () => this.#settings.transport.watch(this.#log, news),
      news,
    );
  }

  /** Removes a subscription. */
  leave(): void {
    if (--this.#users > 0) return;
    this.#stopWatch?.();
    this.#stopWatch = undefined;
    this.#wakeup.wake();
    this.#onUnused();
  }

  /** Tells the tail the place of a new subscription: the tail begins there, unless it runs already. */
  begin(position: BusPosition): void {
    if (this.#isRunning) return this.#wakeup.wake();
    this.#isRunning = true;
    this.#restart(position);
    void this.#run();
  }

  /** Whether the tail has all entries after an offset of its epoch. */
  covers(offset: number): boolean {
    return offset >= this.#after;
  }

  /** The first entry after an offset; `undefined` if there is none yet. */
  next(offset: number): LogEntry | undefined {
    const entries = this.#entries;
    let [low, high] = [0, entries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((entries[middle] as LogEntry).offset <= offset) low = middle + 1;
      else high = middle;
    }
    return entries[low];
  }

  /** Calls `wake` once, after the next change. The function that is returned removes it. */
  onChange(wake: () => void): () => void {
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }

  /** Reads a page of the log, for a subscription that is not at the tail. */
  read(after: BusPosition | "start" | "end"): Promise<LogPage> {
    return this.#settings.transport.page(this.#log, after, PAGE_LIMITS);
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (this.#users > 0) {
      try {
        const isMore = await this.#readPage();
        failures = 0;
        if (!isMore) await this.#wakeup.wait();
      } catch (error) {
        if (failures++ === 0) this.#settings.report(error);
        await this.#wakeup.wait(pauseMs(failures));
      }
    }
    this.#isRunning = false;
  }

  /** Reads the next page; gives whether more entries may follow. */
  async #readPage(): Promise<boolean> {
    const page = await this.read(this.#position);
    const last = page.entries.at(-1);
    if (page.isGap) {
      const offset = page.entries[0]?.offset ?? page.last;
      this.generation++;
      this.#restart({ epoch: page.epoch, offset });
    }
    for (const entry of page.entries) this.#add(entry);
    if (last !== undefined) this.#position = { epoch: page.epoch, offset: last.offset };
    if (last !== undefined || page.isGap) this.#wake();
    return last !== undefined && last.offset < page.last;
  }

  #restart(position: BusPosition): void {
    this.#entries = [];
    this.#length = 0;
    this.#position = position;
    this.#after = position.offset;
  }

  #add(entry: LogEntry): void {
    this.#entries.push(entry);
    this.#length += entry.text.length;
    while (this.#entries.length > 1) {
      if (this.#entries.length <= MAX_ENTRIES && this.#length <= MAX_LENGTH) break;
      const dropped = this.#entries.shift() as LogEntry;
      this.#length -= dropped.text.length;
      this.#after = dropped.offset;
    }
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}
