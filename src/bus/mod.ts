/**
 * A bus: signals, topics and queues beyond one process, over a broker.
 *
 * - a signal wakes the coroutines that wait for it in all processes;
 * - a topic gives each subscriber each message once and in order, or tells it of a gap;
 * - a queue gives each job to one taker, at least once, until the taker acknowledges it.
 *
 * {@linkcode openBus} makes a bus of a transport. The transports are {@linkcode memoryTransport} for one process,
 * `channelTransport` for the workers of one host, and `redisTransport` and `natsTransport` for many hosts.
 *
 * @module
 */

export { type Bus, type BusStats, openBus } from "./bus.ts";
export { connectBus, type ConnectBusOptions } from "./connect.ts";
export type { BusOptions } from "./settings.ts";
export { BusClosed, BusFull, BusGap, BusUnavailable } from "./errors.ts";
export type {
  BusJobOf,
  BusKind,
  BusOf,
  BusOperations,
  BusPosition,
  BusQueueOf,
  BusQueueOptions,
  BusTopicOf,
  RequestBus,
  ServedBus,
  TopicGap,
  TopicHistory,
  TopicItem,
  TopicMessage,
  TopicSubscribeOptions,
  TopicSubscriptionOf,
} from "../wsgi/mod.ts";

// The transports
export type {
  Appended,
  Batch,
  BatchMessage,
  BusTransport,
  LeasedJob,
  LogEntry,
  LogPage,
  PageLimits,
  Settlement,
  SignalListener,
  SignalTransport,
  TakeLimits,
} from "./transport.ts";
export { memoryTransport, type MemoryTransportOptions } from "./transports/memory.ts";
export { channelTransport } from "./transports/channel.ts";
export { serveChannel } from "./transports/channel_hub.ts";
export type { MessageChannel } from "./transports/channel_wire.ts";
export { redisTransport, type RedisTransportOptions } from "./transports/redis.ts";
export type { IORedisLike, NodeRedisLike, RedisLike } from "./transports/redis_client.ts";
export { natsTransport, type NatsTransportOptions } from "./transports/nats.ts";
export type {
  JetStreamLike,
  JetStreamManagerLike,
  JetStreamPublisherLike,
  NatsConnectionLike,
  NatsHeadersLike,
  NatsMessageLike,
  StoredMessageLike,
} from "./transports/nats_client.ts";
