/**
 * The newest messages of the logs that are watched, as the server repeats them after it has stored them.
 *
 * Each repeated message has its own number, and that of the message before it in the same log: so a page that
 * follows on a position is known to be whole, without a question to the server. The messages of a log are
 * bounded; whatever is not here is read from the stream.
 *
 * `nats.ts` calls this.
 *
 * @module
 */

import type { LogEntry, PageLimits } from "../transport.ts";

/** The bounds of the messages of one log. */
const MAX_ENTRIES = 200;
const MAX_LENGTH = 512 * 1024;

interface RepeatedEntry extends LogEntry {
  /** The offset of the entry before this one. */
  readonly after: number;
}

/** The repeated messages of one log. */
export class NatsTail {
  #entries: RepeatedEntry[] = [];
  #length = 0;

  /** Keeps a message. If one before it is missing, the earlier ones are forgotten. */
  add(entry: RepeatedEntry): void {
    if (entry.after !== this.#entries.at(-1)?.offset) this.clear();
    this.#entries.push(entry);
    this.#length += entry.text.length;
    while (this.#entries.length > MAX_ENTRIES || this.#length > MAX_LENGTH) {
      this.#length -= (this.#entries.shift() as RepeatedEntry).text.length;
    }
  }

  clear(): void {
    this.#entries = [];
    this.#length = 0;
  }

  /** The entries that follow on an offset; `undefined` if they are not known here. */
  after(offset: number, { maxCount, maxLength }: PageLimits): readonly LogEntry[] | undefined {
    const from = this.#entries.findIndex(({ after }) => after === offset);
    if (from < 0) return undefined;
    let length = 0;
    const whole = this.#entries.slice(from, from + maxCount);
    const end = whole.findIndex(({ text }, index) =>
      (length += text.length) > maxLength && index > 0
    );
    return end < 0 ? whole : whole.slice(0, end);
  }

  /** The offset of the latest entry. */
  get last(): number {
    return this.#entries.at(-1)?.offset ?? 0;
  }
}
