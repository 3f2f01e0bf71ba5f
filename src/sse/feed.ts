/**
 * The contract between a stream and the origin of its events.
 *
 * `event_stream.ts` reads a feed; `source_feed.ts` and `subscription.ts` implement it.
 *
 * @module
 */

import type { Operation } from "../coroutine/mod.ts";
import type { Block } from "../wsgi/mod.ts";

/** The events of one stream, as the bytes or the text of the wire. */
export interface Feed {
  /** Whether no event will come after those that {@linkcode Feed.take} still gives. */
  readonly ended: boolean;
  /**
   * Takes the next event; `undefined` if none is ready.
   *
   * @throws The error of the origin, once.
   */
  take(): Block | undefined;
  /**
   * Waits until an event is ready or the feed has ended. A wait that is aborted loses no event, and the operation
   * can be performed again.
   */
  ready(): Operation<void>;
  /** The text that tells the client its place in the stream, if the last event has not told it. */
  place(): string | undefined;
  /** Ends the origin. The operation waits until its `finally` blocks have run; `undefined`: nothing waits. */
  close(): Operation<void> | undefined;
}
