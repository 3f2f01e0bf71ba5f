/**
 * A first-in, first-out list of those who wait, from which anyone may leave in O(1).
 *
 * A doubly linked list, because a `Set` that is emptied from the front walks over its dead entries
 * again and again.
 *
 * @module
 */

/** One place in a {@linkcode WaitList}. */
export class WaitNode<T> {
  readonly item: T;
  /** The list's own. */
  list: WaitList<T> | undefined;
  previous: WaitNode<T> | undefined;
  next: WaitNode<T> | undefined;

  constructor(item: T, list: WaitList<T>) {
    this.item = item;
    this.list = list;
  }
}

/** A list of waiting items in order of arrival. */
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

  /** Puts an item at the end; its place is what {@linkcode remove} takes. */
  add(item: T): WaitNode<T> {
    const node = new WaitNode(item, this);
    node.previous = this.#last;
    if (this.#last === undefined) this.#first = node;
    else this.#last.next = node;
    this.#last = node;
    this.#size++;
    return node;
  }

  /** Takes out a place; one that has left already is left alone. */
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

  /** Takes out and gives the item that has waited longest. */
  shift(): T | undefined {
    const node = this.#first;
    if (node === undefined) return undefined;
    this.remove(node);
    return node.item;
  }

  /** Takes out all of them, in order. */
  *drain(): Generator<T, void, unknown> {
    for (let left = this.#size; left > 0 && this.#size > 0; left--) yield this.shift() as T;
  }

  *[Symbol.iterator](): Generator<T, void, unknown> {
    for (let node = this.#first; node !== undefined; node = node.next) yield node.item;
  }
}
