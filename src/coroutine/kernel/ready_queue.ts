/**
 * The queue of ready tasks: the task with the least time used comes first (least attained service).
 *
 * The queue is a set of first-in, first-out lists, one for each power of two of milliseconds used,
 * so adding and taking are O(1), however many tasks are ready. Two more lists hold the tasks that a
 * priority puts first: performers of operations, then the others. Every eighth task that is taken
 * is the oldest, without regard to the time that it has used. So with n tasks ready, no task waits
 * for more than 8 n others.
 *
 * The kernel calls this.
 *
 * @module
 */

/**
 * An entry of a {@linkcode ReadyQueue}. Entries link to each other, so the queue allocates nothing.
 */
export interface Ready {
  /** The time used so far. */
  usedMs: number;
  /** The next entry of the same list. Only the queue sets it. */
  nextReady: Ready | undefined;
  /** The entry's number in order of arrival. Only the queue sets it. */
  arrival: number;
}

/**
 * The number of levels. Levels 0 and 1 hold the entries that go first. The others hold entries by
 * time used; level 17 is for 16 s and more.
 */
const LEVELS = 18;
/**
 * Every eighth entry that is taken is the oldest. That is often enough for fairness, and costs
 * little.
 */
const OLDEST_EVERY = 8;

/**
 * The place of a new entry: by the time that it has used, or before all such entries. The performer
 * of an operation goes before the others that go first, also if they were added earlier.
 */
export type Place = "by time used" | "performer" | "others";

/** Ready entries, those with the least time used first. */
export class ReadyQueue<T extends Ready> {
  readonly #heads: (T | undefined)[] = new Array<T | undefined>(LEVELS).fill(undefined);
  readonly #tails: (T | undefined)[] = new Array<T | undefined>(LEVELS).fill(undefined);
  /** Bit n is set while level n holds an entry. */
  #levels = 0;
  #size = 0;
  #arrivals = 0;
  #taken = 0;

  get size(): number {
    return this.#size;
  }

  /**
   * The number of entries that were ever added. Entries that are added from now on have a greater
   * `arrival`.
   */
  get arrivals(): number {
    return this.#arrivals;
  }

  /** Adds an entry that is not in the queue. */
  add(entry: T, place: Place = "by time used"): void {
    const level = place === "by time used" ? levelOf(entry.usedMs) : place === "performer" ? 0 : 1;
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
   * Takes the next entry among the first `arrivals` that were ever added.
   *
   * @param arrivals The value of {@linkcode arrivals} when the turn started.
   * @returns The entry, removed; `undefined` if there is none.
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

/**
 * Level 2 is for less than 1 ms, level 3 for less than 2 ms, level 4 for less than 4 ms, and so on.
 */
function levelOf(usedMs: number): number {
  return Math.min(LEVELS - 1, 34 - Math.clz32(Math.min(usedMs, 0x7fffffff)));
}
