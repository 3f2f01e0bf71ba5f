/**
 * A list whose members know their places in it, so that any member may leave in O(1).
 *
 * The last member takes the place of one that leaves, so the list has no order.
 *
 * A `Set` would do the same, but it keeps members in memory that have left. A `Set` that grows replaces its table,
 * and V8 links the old table to the new one. An old table in V8's old generation stays until the next full
 * collection, together with the tables after it and the members that they had. With a `Set`, half of all closed
 * connections stayed in memory until then, and a connection for each request took a tenth more CPU
 * (`npm run bench -- --workload churn`).
 *
 * The connections of a server, and the requests that want to hear of its shutdown, are in such lists.
 *
 * @module
 */

/** A member of a {@linkcode Roster}. */
export interface RosterMember {
  /** The place in the list; `undefined` outside of it. The list sets it. */
  place: number | undefined;
}

/** A list of members. A member is in one list at a time. */
export class Roster<T extends RosterMember> {
  readonly #members: T[] = [];

  /** The number of members. */
  get size(): number {
    return this.#members.length;
  }

  /** Adds a member, which must be in no list. */
  add(member: T): void {
    member.place = this.#members.length;
    this.#members.push(member);
  }

  /** Removes a member. Returns whether it was in the list. */
  delete(member: T): boolean {
    const { place } = member;
    if (place === undefined) return false;
    member.place = undefined;
    const last = this.#members.pop() as T;
    if (last === member) return true;
    this.#members[place] = last;
    last.place = place;
    return true;
  }

  /** Copies the members, since they may leave while the copy is used. */
  members(): T[] {
    return [...this.#members];
  }
}
