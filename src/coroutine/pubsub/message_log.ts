/**
 * The numbered messages of a publish/subscribe queue, and the number of cursors at each message.
 *
 * Each subscriber has a cursor at the message that it reads next. The log stores a message once,
 * for all subscribers, and counts the cursors at each message. So the log knows in O(1) whether the
 * oldest message has been read by all subscribers: no cursor stands at it.
 *
 * `Broadcast` calls this.
 *
 * @module
 */

interface Entry<T> {
  readonly message: T;
  /** The number of cursors at this message. */
  cursors: number;
}

/** A log that grows at its end and shrinks at its beginning. An index is never used twice. */
export class MessageLog<T> {
  readonly #entries: Entry<T>[] = [];
  /** The array index of the oldest message; the entries before it have been dropped. */
  #start = 0;
  /** The index of the oldest message in the log. */
  #first = 0;
  /** The number of cursors behind the last message: these subscribers have read all messages. */
  #cursorsAtEnd = 0;

  get size(): number {
    return this.#entries.length - this.#start;
  }

  /** The index of the oldest message in the log. */
  get first(): number {
    return this.#first;
  }

  /** The index of the next message to be appended. */
  get next(): number {
    return this.#first + this.size;
  }

  /** The number of cursors at the oldest message. */
  get cursorsAtFirst(): number {
    return this.size > 0 ? (this.#entries[this.#start] as Entry<T>).cursors : 0;
  }

  /** Adds a message, and returns its index. */
  append(message: T): number {
    this.#entries.push({ message, cursors: this.#cursorsAtEnd });
    this.#cursorsAtEnd = 0;
    return this.next - 1;
  }

  /** The messages from `from` on, at most `limit`. */
  read(from: number, limit: number): T[] {
    const begin = this.#start + from - this.#first;
    return this.#entries.slice(begin, begin + limit).map(({ message }) => message);
  }

  /** Adds a cursor at the message `index`. */
  addCursor(index: number): void {
    this.#count(index, 1);
  }

  /** Removes a cursor at the message `index`. */
  removeCursor(index: number): void {
    this.#count(index, -1);
  }

  /**
   * Drops the oldest message. The cursors at this message move to the next one, or are dropped,
   * too.
   */
  dropFirst(moveCursors: boolean): void {
    const cursors = this.cursorsAtFirst;
    // The message is freed at once; the array is cut when half of it is empty, so a drop costs O(1).
    this.#entries[this.#start++] = undefined as never;
    this.#first++;
    if (this.#start > 32 && this.#start * 2 > this.#entries.length) {
      this.#entries.splice(0, this.#start);
      this.#start = 0;
    }
    if (moveCursors) this.#count(this.#first, cursors);
  }

  #count(index: number, cursors: number): void {
    if (index >= this.next) this.#cursorsAtEnd += cursors;
    else (this.#entries[this.#start + index - this.#first] as Entry<T>).cursors += cursors;
  }
}
