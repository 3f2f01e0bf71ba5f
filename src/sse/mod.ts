/**
 * Server-Sent Events: streams of events to browsers, with history, replay and heartbeats.
 *
 * The format is that of the WHATWG HTML standard, section 9.2. An app returns the result of
 * {@linkcode eventStream}; an {@linkcode EventChannel} sends the same events to many clients.
 *
 * @module
 */

export {
  type ChannelEvent,
  EventChannel,
  type EventChannelOptions,
  type HistoryLimits,
  type MissedEvents,
} from "./event_channel.ts";
export { type EventFields, formatEvent } from "./event_format.ts";
export {
  eventStream,
  type EventStreamOptions,
  type EventStreamSource,
  type SourceYield,
} from "./event_stream.ts";
export { lastEventId } from "./last_event_id.ts";
export {
  EventSubscription,
  type SlowClientPolicy,
  type SubscriptionOptions,
} from "./subscription.ts";
