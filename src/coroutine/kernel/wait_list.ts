/**
 * A first-in, first-out list, from which any item may leave in O(1).
 *
 *     first <-> node <-> node <-> last
 *
 * The list is doubly linked. A `Set` would do the same, but each time an item is taken from its
 * front, its iterator walks over the entries that were deleted before.
 *
 * Called by `Waiters`, by tasks for their joiners, and by the operations that keep lists.
 *
 * @module
 */

/** A place in a {@linkcode WaitList}. */
export class WaitNode<T> {
  readonly item: T;
  /** The list; `undefined` once the item has left. This and the links are the list's own. */
  list: WaitList<T> | undefined;
  previous: WaitNode<T> | undefined;
  next: WaitNode<T> | undefined;

  constructor(item: T, list: WaitList<T>) {
    this.item = item;
    this.list = list;
  }
}

/** A list of items in order of arrival. */
export class WaitList<T> {
  #first: WaitNode<T> | undefined;
  #last: WaitNode<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The item that has waited longest. */
  get first(): T | undefined {
    return this.#first?.item;
  }

  /** Adds an item at the end. Returns its place, for {@linkcode remove}. */
  add(item: T): WaitNode<T> {
    const node = new WaitNode(item, this);
    node.previous = this.#last;
    if (this.#last === undefined) this.#first = node;
    else this.#last.next = node;
    this.#last = node;
    this.#size++;
    return node;
  }

  /** Removes the item at a place; a place that has left already is left alone. */
  remove(node: WaitNode<T>): void {
    if (node.list !== this) return;
    node.list = undefined;
    if (node.previous === undefined) this.#first = node.next;
    else node.previous.next = node.next;
    if (node.next === undefined) this.#last = node.previous;
    else node.next.previous = node.previous;
    node.previous = node.next = undefined;
    this.#size--;
  }

  /** Removes and returns the item that has waited longest. */
  shift(): T | undefined {
    const node = this.#first;
    if (node === undefined) return undefined;
    this.remove(node);
    return node.item;
  }

  /**
   * Removes and yields, in order, as many items as the list has when the iteration begins. Items
   * added meanwhile stay, so a waiter that comes back at once does not prolong the loop.
   */
  *drain(): Generator<T, void, unknown> {
    for (let left = this.#size; left > 0 && this.#size > 0; left--) yield this.shift() as T;
  }

  *[Symbol.iterator](): Generator<T, void, unknown> {
    for (let node = this.#first; node !== undefined; node = node.next) yield node.item;
  }
}
