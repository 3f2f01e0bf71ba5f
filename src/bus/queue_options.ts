/**
 * The options of a queue, and their checks.
 *
 * @module
 */

import { checkNames, toMilliseconds } from "../coroutine/mod.ts";
import type { BusQueueOptions } from "../wsgi/mod.ts";
import { checkCount } from "./checks.ts";

/** The defaults: the lease in seconds, and a number of deliveries. */
export const QUEUE_DEFAULTS = { lease: 30, maxDeliveries: 5 } as const;

/** The options of a queue, after every check. */
export interface QueueSettings {
  readonly name: string;
  /** The name of the queue and of the log of its dead letters in the transport. */
  readonly queue: string;
  readonly dead: string;
  readonly leaseMs: number;
  readonly maxDeliveries: number;
}

/** @throws {TypeError} If an option is unknown or of a wrong kind. */
export function resolveQueueOptions(
  options: BusQueueOptions,
): Pick<QueueSettings, "leaseMs" | "maxDeliveries"> {
  options = checkNames("queue", options, Object.keys(QUEUE_DEFAULTS));
  const { lease = QUEUE_DEFAULTS.lease, maxDeliveries = QUEUE_DEFAULTS.maxDeliveries } = options;
  const leaseMs = toMilliseconds(lease, "lease of queue");
  if (leaseMs >= 1 && leaseMs < Infinity) {
    return { leaseMs, maxDeliveries: checkCount("maxDeliveries of queue", maxDeliveries) };
  }
  throw new RangeError(`lease of queue is ${leaseMs / 1000} seconds: expected 0.001 or more`);
}
