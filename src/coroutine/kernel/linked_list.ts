/**
 * A first-in, first-out list, from which any item may leave in O(1).
 *
 *     first <-> node <-> node <-> last
 *
 * The list is doubly linked. A `Set` would do the same, but each time an item is taken from its
 * front, its iterator walks over the entries that were deleted before.
 *
 * `Waiters`, tasks with joiners, and the operations and subscriptions with lists call this.
 *
 * @module
 */

/** A place in a {@linkcode LinkedList}. */
export class ListNode<T> {
  readonly item: T;
  /** The list; `undefined` once the item has left. This and the links are the list's own. */
  list: LinkedList<T> | undefined;
  previous: ListNode<T> | undefined;
  next: ListNode<T> | undefined;

  constructor(item: T, list: LinkedList<T>) {
    this.item = item;
    this.list = list;
  }
}

/** A list of items in order of arrival. */
export class LinkedList<T> {
  #first: ListNode<T> | undefined;
  #last: ListNode<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The oldest item. */
  get first(): T | undefined {
    return this.#first?.item;
  }

  /** Adds an item at the end. Returns its place, for {@linkcode remove}. */
  add(item: T): ListNode<T> {
    const node = new ListNode(item, this);
    node.previous = this.#last;
    if (this.#last === undefined) this.#first = node;
    else this.#last.next = node;
    this.#last = node;
    this.#size++;
    return node;
  }

  /** Removes the item at a place. The call has no effect if the item has left already. */
  remove(node: ListNode<T>): void {
    if (node.list !== this) return;
    node.list = undefined;
    if (node.previous === undefined) this.#first = node.next;
    else node.previous.next = node.next;
    if (node.next === undefined) this.#last = node.previous;
    else node.next.previous = node.previous;
    node.previous = node.next = undefined;
    this.#size--;
  }

  /** Removes and returns the oldest item. */
  shift(): T | undefined {
    const node = this.#first;
    if (node === undefined) return undefined;
    this.remove(node);
    return node.item;
  }

  /**
   * Removes and yields, in order, as many items as the list has when the iteration begins. Items
   * that are added meanwhile stay, so an item that is added again at once does not prolong the
   * loop.
   */
  *drain(): Generator<T, void, unknown> {
    for (let left = this.#size; left > 0 && this.#size > 0; left--) yield this.shift() as T;
  }

  *[Symbol.iterator](): Generator<T, void, unknown> {
    for (let node = this.#first; node !== undefined; node = node.next) yield node.item;
  }
}
