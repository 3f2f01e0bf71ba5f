/**
 * Who runs next: the coroutine that has used least time so far (least attained service).
 *
 * Kept as a few first-in, first-out lists, one for each power of two of milliseconds used, so that
 * both adding and taking are O(1) however many are ready. One list more is for those whom a priority
 * puts before all others. Every eighth taken is the one that has
 * waited longest, whatever it has used: with n ready, none waits for more than 8 n others.
 *
 * @module
 */

/** What a {@linkcode ReadyQueue} holds: each entry links to the next, so nothing is allocated. */
export interface Ready {
  /** Time used so far, in milliseconds. */
  usedMs: number;
  /** The queue's own. */
  nextReady: Ready | undefined;
  /** When it came in, counted in arrivals. The queue's own. */
  arrival: number;
}

/** Level 0 is for those who go first; the others go by the time used. */
const LEVELS = 17;
const OLDEST_EVERY = 8;

/** Ready entries, least used first. */
export class ReadyQueue<T extends Ready> {
  readonly #heads: (T | undefined)[] = new Array<T | undefined>(LEVELS).fill(undefined);
  readonly #tails: (T | undefined)[] = new Array<T | undefined>(LEVELS).fill(undefined);
  /** Bit n is set while level n holds something. */
  #levels = 0;
  #size = 0;
  #arrivals = 0;
  #taken = 0;

  get size(): number {
    return this.#size;
  }

  /** How many have come in ever: those that come from now on have a greater `arrival`. */
  get arrivals(): number {
    return this.#arrivals;
  }

  /** Puts in an entry that is not in the queue; `first` is before all that are not. */
  add(entry: T, first: boolean = false): void {
    const level = first ? 0 : levelOf(entry.usedMs);
    entry.arrival = ++this.#arrivals;
    entry.nextReady = undefined;
    const tail = this.#tails[level];
    if (tail === undefined) {
      this.#heads[level] = entry;
      this.#levels |= 1 << level;
    } else tail.nextReady = entry;
    this.#tails[level] = entry;
    this.#size++;
  }

  /**
   * Takes the next entry among those that came in not after `arrivals`.
   *
   * @param arrivals What {@linkcode arrivals} was when the turn started.
   */
  take(arrivals: number): T | undefined {
    if (this.#size === 0) return undefined;
    const oldest = ++this.#taken % OLDEST_EVERY === 0;
    let chosen = -1;
    let arrival = arrivals + 1;
    for (let levels = this.#levels; levels !== 0; levels &= levels - 1) {
      const level = 31 - Math.clz32(levels & -levels);
      const head = this.#heads[level] as T;
      if (head.arrival >= arrival) continue;
      chosen = level;
      if (!oldest) break;
      arrival = head.arrival;
    }
    return chosen < 0 ? undefined : this.#shift(chosen);
  }

  #shift(level: number): T {
    const entry = this.#heads[level] as T;
    const next = entry.nextReady as T | undefined;
    this.#heads[level] = next;
    if (next === undefined) {
      this.#tails[level] = undefined;
      this.#levels &= ~(1 << level);
    }
    entry.nextReady = undefined;
    this.#size--;
    return entry;
  }
}

/** 1 below a millisecond, 2 below two, 3 below four, and so on. */
function levelOf(usedMs: number): number {
  return Math.min(LEVELS - 1, 33 - Math.clz32(Math.min(usedMs, 0x7fffffff)));
}
