/**
 * A log in memory: the newest messages, with numbers from 1.
 *
 * `memory.ts` makes these.
 *
 * @module
 */

import type { BusPosition } from "../../wsgi/mod.ts";
import type { LogEntry, LogPage, PageLimits } from "../transport.ts";

/** The bounds of a log. The latest message is always kept. */
export interface MemoryLogLimits {
  readonly maxLogMessages: number;
  readonly maxLogLength: number;
}

/** The messages of one log. */
export class MemoryLog {
  readonly epoch: string;
  readonly #limits: MemoryLogLimits;
  /** The kept messages are those from `#start` on; `#first` is the offset of the first of them. */
  #texts: string[] = [];
  #start = 0;
  #first = 1;
  #length = 0;

  constructor(epoch: string, limits: MemoryLogLimits) {
    this.epoch = epoch;
    this.#limits = limits;
  }

  /** The number of characters of the kept messages. */
  get length(): number {
    return this.#length;
  }

  /** Adds a message, and gives its offset. */
  append(text: string): number {
    this.#texts.push(text);
    this.#length += text.length;
    const { maxLogMessages, maxLogLength } = this.#limits;
    for (let kept = this.#kept; kept > 1; kept--) {
      if (kept <= maxLogMessages && this.#length <= maxLogLength) break;
      this.#length -= (this.#texts[this.#start] as string).length;
      this.#start++;
      this.#first++;
    }
    // The dropped messages are removed together, so that a message costs the same in a log of any length.
    if (this.#start > this.#texts.length / 2) {
      this.#texts = this.#texts.slice(this.#start);
      this.#start = 0;
    }
    return this.#last;
  }

  /** Reads a page; see `BusTransport.page`. */
  page(after: BusPosition | "start" | "end", { maxCount, maxLength }: PageLimits): LogPage {
    const { epoch } = this;
    const [first, last] = [this.#first, this.#last];
    const place = after === "start" ? first - 1 : after === "end" ? last : after.offset;
    const isOther = typeof after === "object" && after.epoch !== epoch;
    const isGap = isOther || place < first - 1 || place > last;
    const entries: LogEntry[] = [];
    let length = 0;
    for (let offset = Math.max(isOther ? 0 : place + 1, first); offset <= last; offset++) {
      const text = this.#texts[this.#start + offset - first] as string;
      length += text.length;
      if (entries.length > 0 && (entries.length >= maxCount || length > maxLength)) break;
      entries.push({ offset, text });
    }
    return { epoch, isGap, entries, last };
  }

  get #kept(): number {
    return this.#texts.length - this.#start;
  }

  get #last(): number {
    return this.#first + this.#kept - 1;
  }
}
