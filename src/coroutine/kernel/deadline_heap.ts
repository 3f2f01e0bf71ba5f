/**
 * A binary heap of deadlines: the earliest in O(1), adding and removing any in O(log n).
 *
 * Each entry knows its own place, so that a wait that ends early takes its deadline with it.
 *
 * @module
 */

/** Something that happens at a time unless it is removed first. */
export interface Expiring {
  /** When, in the clock's milliseconds. */
  time: number;
  /** Decides between equal times. The heap's own. */
  order: number;
  /** Its place in the heap; -1 when it is in none. The heap's own. */
  place: number;
}

/** A heap of {@linkcode Expiring} entries, earliest first, equal times in the order they came in. */
export class DeadlineHeap<T extends Expiring> {
  readonly #entries: T[] = [];
  #added = 0;

  get size(): number {
    return this.#entries.length;
  }

  /** The earliest time, or `Infinity`. */
  get earliest(): number {
    return this.#entries[0]?.time ?? Infinity;
  }

  /** Puts in an entry that is in no heap. */
  add(entry: T): void {
    entry.order = ++this.#added;
    this.#entries.push(entry);
    this.#rise(entry, this.#entries.length - 1);
  }

  /** Takes out an entry; one that is in no heap is left alone. */
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

  /** Takes out the earliest entry if its time is not after `now`. */
  takeDue(now: number): T | undefined {
    const first = this.#entries[0];
    if (first === undefined || first.time > now) return undefined;
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
