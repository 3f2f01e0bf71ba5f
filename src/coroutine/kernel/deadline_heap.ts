/**
 * A binary heap of deadlines. The earliest deadline is read in O(1); any deadline is added or
 * removed in O(log n).
 *
 * Each entry holds its own place in the heap, so a wait that ends early removes its deadline.
 *
 * The kernel calls this.
 *
 * @module
 */

/** An entry of a {@linkcode DeadlineHeap}. */
export interface Expiring {
  /**
   * The time of the deadline, in the clock's milliseconds. It does not change while the entry is in
   * the heap.
   */
  time: number;
  /** The number of the addition, which decides between equal times. Only the heap sets it. */
  order: number;
  /** The index in the heap; -1 while the entry is in no heap. Only the heap sets it. */
  place: number;
}

/** A heap of {@linkcode Expiring} entries: earliest first, equal times in order of addition. */
export class DeadlineHeap<T extends Expiring> {
  readonly #entries: T[] = [];
  #added = 0;

  get size(): number {
    return this.#entries.length;
  }

  /** The earliest time; `Infinity` if the heap is empty. */
  get earliest(): number {
    return this.#entries.length > 0 ? (this.#entries[0] as T).time : Infinity;
  }

  /** Adds an entry that is in no heap. */
  add(entry: T): void {
    entry.order = ++this.#added;
    this.#entries.push(entry);
    this.#rise(entry, this.#entries.length - 1);
  }

  /** Removes an entry. The call has no effect if the entry is in no heap. */
  remove(entry: T): void {
    const place = entry.place;
    if (place < 0) return;
    entry.place = -1;
    const last = this.#entries.pop() as T;
    if (last === entry) return;
    const parent = this.#entries[(place - 1) >> 1];
    if (place > 0 && isBefore(last, parent as T)) this.#rise(last, place);
    else this.#sink(last, place);
  }

  /** Removes and returns the earliest entry, if its time is not after `now`. */
  takeDue(now: number): T | undefined {
    if (this.earliest > now || this.#entries.length === 0) return undefined;
    const first = this.#entries[0] as T;
    this.remove(first);
    return first;
  }

  #rise(entry: T, place: number): void {
    const entries = this.#entries;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = entries[above] as T;
      if (isBefore(parent, entry)) break;
      entries[place] = parent;
      parent.place = place;
      place = above;
    }
    entries[place] = entry;
    entry.place = place;
  }

  #sink(entry: T, place: number): void {
    const entries = this.#entries;
    const count = entries.length;
    for (let below = 2 * place + 1; below < count; below = 2 * place + 1) {
      if (below + 1 < count && isBefore(entries[below + 1] as T, entries[below] as T)) below++;
      const child = entries[below] as T;
      if (isBefore(entry, child)) break;
      entries[place] = child;
      child.place = place;
      place = below;
    }
    entries[place] = entry;
    entry.place = place;
  }
}

function isBefore(one: Expiring, other: Expiring): boolean {
  return one.time < other.time || (one.time === other.time && one.order < other.order);
}
