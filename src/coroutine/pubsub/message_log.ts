/**
 * Numbered messages, and how many readers stand before each: what a publish/subscribe queue keeps.
 *
 * A message is stored once, however many will read it. Since each knows how many readers are yet to
 * come to it, whether it may go is known without looking at any of them.
 *
 * @module
 */

interface Entry<T> {
  readonly message: T;
  /** Those whose next message this is. */
  readers: number;
}

/** A log that grows at its end and shrinks at its beginning. Indexes are never used twice. */
export class MessageLog<T> {
  readonly #entries: Entry<T>[] = [];
  /** Where in the array the log begins; what is before has been dropped. */
  #start = 0;
  #first = 0;
  /** Those who have read everything. */
  #caughtUp = 0;

  get size(): number {
    return this.#entries.length - this.#start;
  }

  /** The index of the oldest message kept. */
  get first(): number {
    return this.#first;
  }

  /** The index that the next message gets. */
  get next(): number {
    return this.#first + this.size;
  }

  /** How many readers are yet to read the oldest message. */
  get readersOfFirst(): number {
    return this.#entries[this.#start]?.readers ?? 0;
  }

  /** Adds a message, and gives its index. */
  append(message: T): number {
    this.#entries.push({ message, readers: this.#caughtUp });
    this.#caughtUp = 0;
    return this.next - 1;
  }

  /** The messages from `from` on, at most `limit`. */
  read(from: number, limit: number): T[] {
    const begin = this.#start + from - this.#first;
    return this.#entries.slice(begin, begin + limit).map(({ message }) => message);
  }

  /** A reader comes to stand before the message at `index`. */
  enter(index: number): void {
    this.#count(index, 1);
  }

  /** A reader that stands before the message at `index` goes away. */
  leave(index: number): void {
    this.#count(index, -1);
  }

  /** Drops the oldest message. Those who have not read it move on, or are counted no more. */
  dropFirst(moveReaders: boolean): void {
    const readers = this.readersOfFirst;
    // Let go of the message at once; the array is cut when half of it is empty.
    this.#entries[this.#start++] = undefined as never;
    this.#first++;
    if (this.#start > 32 && this.#start * 2 > this.#entries.length) {
      this.#entries.splice(0, this.#start);
      this.#start = 0;
    }
    if (moveReaders) this.#count(this.#first, readers);
  }

  #count(index: number, readers: number): void {
    const entry = this.#entries[this.#start + index - this.#first];
    if (entry === undefined) this.#caughtUp += readers;
    else entry.readers += readers;
  }
}
