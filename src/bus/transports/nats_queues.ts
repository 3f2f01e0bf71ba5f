/**
 * Queues over NATS: one stream for all, and one consumer for each.
 *
 * Each job is asked for by a request of its own, which the server answers at once. The receipt of a job is the
 * subject at which the server takes its acknowledgement.
 *
 * `nats.ts` calls this.
 *
 * @module
 */

import type { Batch, LeasedJob, Settlement, TakeLimits } from "../transport.ts";
import {
  ANSWER_MS,
  encodeName,
  errorCode,
  type NatsConnectionLike,
  type NatsMessageLike,
} from "./nats_client.ts";
import type { NatsStreams } from "./nats_streams.ts";

/** The error code of the server: a bound of the stream is reached. */
const STORE_FAILED = 10077;

/** The largest number of jobs of a queue that are leased at the same time. */
const MAX_LEASED = 10_000;

const utf8 = new TextDecoder();

/** The queues of one transport. */
export class NatsQueues {
  readonly #connection: NatsConnectionLike;
  readonly #streams: NatsStreams;
  readonly #subjectOf: (queue: string) => string;
  /** The lease of each queue whose consumer is known. */
  readonly #consumers = new Map<string, number>();

  constructor(
    connection: NatsConnectionLike,
    streams: NatsStreams,
    subjectOf: (queue: string) => string,
  ) {
    this.#connection = connection;
    this.#streams = streams;
    this.#subjectOf = subjectOf;
  }

  async put(queue: string, { producer, messages }: Batch): Promise<number> {
    const { publisher } = await this.#streams.open();
    const subject = this.#subjectOf(queue);
    for (const [index, { sequence, text }] of messages.entries()) {
      const options = { msgID: `${producer}-${sequence}-${queue}`, timeout: ANSWER_MS };
      try {
        await this.#streams.watch(publisher.publish(subject, text, options));
      } catch (error) {
        if (errorCode(error) === STORE_FAILED) return index;
        throw error;
      }
    }
    return messages.length;
  }

  async take(queue: string, { maxCount, leaseMs }: TakeLimits): Promise<readonly LeasedJob[]> {
    const { queues } = await this.#streams.open();
    const consumer = encodeName(queue);
    await this.#addConsumer(queue, consumer, leaseMs);
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${queues}.${consumer}`;
    // A job comes with its own subject, so it needs an inbox of its own.
    const options = { timeout: ANSWER_MS, noMux: true };
    const asked = Array.from(
      { length: maxCount },
      () => this.#ask(subject, '{"batch":1,"no_wait":true}', options),
    );
    const answers = await Promise.allSettled(asked);
    const jobs = answers.flatMap((answer) =>
      answer.status === "fulfilled" ? jobOf(answer.value) : []
    );
    const failed = answers.find(({ status }) => status === "rejected");
    if (jobs.length > 0 || failed === undefined) return jobs;
    this.#consumers.delete(queue);
    throw (failed as PromiseRejectedResult).reason;
  }

  async settle(receipt: string, settlement: Settlement): Promise<boolean> {
    const payload = payloadOf(settlement);
    await this.#ask(receipt, payload, { timeout: ANSWER_MS });
    return true;
  }

  async #ask(
    subject: string,
    payload: string,
    options: { timeout: number },
  ): Promise<NatsMessageLike> {
    await this.#streams.open();
    return await this.#streams.watch(this.#connection.request(subject, payload, options));
  }

  async #addConsumer(queue: string, consumer: string, leaseMs: number): Promise<void> {
    if (this.#consumers.get(queue) === leaseMs) return;
    const { manager, queues } = await this.#streams.open();
    const config = {
      durable_name: consumer,
      filter_subject: this.#subjectOf(queue),
      ack_policy: "explicit",
      ack_wait: Math.ceil(leaseMs * 1e6),
      max_ack_pending: MAX_LEASED,
    };
    try {
      await this.#streams.watch(manager.consumers.add(queues, config as never));
    } catch (error) {
      if (errorCode(error) === 0) throw error;
      // The consumer has another lease.
      const lease = { ack_wait: config.ack_wait };
      await this.#streams.watch(manager.consumers.update(queues, consumer, lease as never));
    }
    if (this.#consumers.size >= 1000) this.#consumers.clear();
    this.#consumers.set(queue, leaseMs);
  }
}

function payloadOf(settlement: Settlement): string {
  if (settlement.kind === "done") return "+ACK";
  if (settlement.kind === "extend") return "+WPI";
  const delay = Math.ceil(settlement.delayMs * 1e6);
  return delay === 0 ? "-NAK" : `-NAK {"delay":${delay}}`;
}

/** The job in an answer; none if the answer is a status, such as "no messages". */
function jobOf({ reply, headers, data }: NatsMessageLike): LeasedJob[] {
  if (reply === undefined || reply === "" || (headers?.code ?? 0) >= 400) return [];
  // $JS.ACK.[domain.account.]stream.consumer.delivery.sequence.sequence.time.pending
  const parts = reply.split(".");
  const delivery = Number(parts[parts.length > 9 ? 6 : 4]);
  return [{ receipt: reply, delivery, text: utf8.decode(data) }];
}
