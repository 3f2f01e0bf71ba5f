/**
 * The errors of `Queue` and `PublishSubscribeQueue`.
 *
 * @module
 */

/** A queue has no room, and the called method does not wait. */
export class Full extends Error {
  /** `Full`. */
  override readonly name = "Full";
}

/** A queue has no item, and the called method does not wait. */
export class Empty extends Error {
  /** `Empty`. */
  override readonly name = "Empty";
}

/** A queue is closed: no more items can be put in, or all its items have been taken. */
export class QueueClosed extends Error {
  /** `QueueClosed`. */
  override readonly name = "QueueClosed";
}

/** Makes the error for each wait that a closed queue ends. */
export function queueClosed(): QueueClosed {
  return new QueueClosed("The queue is closed");
}
