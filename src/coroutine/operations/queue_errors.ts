/**
 * The errors of queues, for `Queue` and `PublishSubscribeQueue`.
 *
 * @module
 */

/** A queue has no room, and the caller did not ask to wait. */
export class Full extends Error {
  /** `Full`. */
  override readonly name = "Full";
}

/** A queue has no item, and the caller did not ask to wait. */
export class Empty extends Error {
  /** `Empty`. */
  override readonly name = "Empty";
}

/** A queue was closed: it accepts no more items, and all its items have been taken. */
export class QueueClosed extends Error {
  /** `QueueClosed`. */
  override readonly name = "QueueClosed";
}

/** The error for each wait that a closed queue ends. */
export function queueClosed(): QueueClosed {
  return new QueueClosed("The queue is closed");
}
