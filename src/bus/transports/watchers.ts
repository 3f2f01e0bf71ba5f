/**
 * The functions that a transport calls with news, by the name of the log or the queue.
 *
 * @module
 */

/** The watchers of one transport. */
export class Watchers {
  readonly #byName = new Map<string, Set<() => void>>();

  /** The names that are watched. */
  get names(): IterableIterator<string> {
    return this.#byName.keys();
  }

  /** Whether a name is watched. */
  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** Adds a watcher. The function that is returned removes it. */
  add(name: string, onNews: () => void): () => void {
    const watchers = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, watchers);
    // The same function may watch twice.
    const watcher = () => onNews();
    watchers.add(watcher);
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0 && this.#byName.get(name) === watchers) this.#byName.delete(name);
    };
  }

  /** Tells the watchers of one name. */
  tell(name: string): void {
    for (const watcher of [...this.#byName.get(name) ?? []]) watcher();
  }

  /** Tells all watchers. */
  tellAll(): void {
    for (const name of [...this.#byName.keys()]) this.tell(name);
  }
}
