/**
 * The errors of apps in threads.
 *
 * @module
 */

/** The module of an app in a thread cannot be loaded, or exports no app. Requests are answered with 500. */
export class BlockingLoadError extends Error {
  /** `BlockingLoadError`. */
  override readonly name = "BlockingLoadError";
}

/** An app in a thread did not end before its deadline. The stack shows the place, where the runtime tells it. */
export class BlockingDeadline extends Error {
  /** `BlockingDeadline`. */
  override readonly name = "BlockingDeadline";
}

/** The thread of a request has ended, for example by `process.exit()` or by an uncaught error. */
export class BlockingThreadDied extends Error {
  /** `BlockingThreadDied`. */
  override readonly name = "BlockingThreadDied";
}
