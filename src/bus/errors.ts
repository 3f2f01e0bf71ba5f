/**
 * The errors of a bus.
 *
 * @module
 */

/** The broker has not confirmed a message in time. The message may still arrive. */
export class BusUnavailable extends Error {
  /** `BusUnavailable`. */
  override readonly name = "BusUnavailable";
}

/** Too much waits for the broker already, or a queue of the broker is full. */
export class BusFull extends Error {
  /** `BusFull`. */
  override readonly name = "BusFull";
}

/** The bus or the subscription is closed. */
export class BusClosed extends Error {
  /** `BusClosed`. */
  override readonly name = "BusClosed";
}

/** The broker may have lost signals while a coroutine waited for one. */
export class BusGap extends Error {
  /** `BusGap`. */
  override readonly name = "BusGap";
}
