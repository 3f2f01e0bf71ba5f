/**
 * Keeps the messages that bring a connection apart from the other messages to a worker, for Deno.
 *
 * The trap: the kernel gives a reader messages together, up to and including the first one with a descriptor. Deno
 * takes the descriptor for that of the first message of a read. If this is another message, the connection is lost,
 * and Deno sends no message after it.
 *
 * So a message with a connection is sent only when the worker has heard all messages before it, and is thus read
 * alone. Messages that come meanwhile wait behind it, so that it is not held up for ever.
 *
 * `processes.ts` makes these.
 *
 * @module
 */

/** A message that waits. */
interface Waiting<Message, Stream> {
  readonly message: Message;
  readonly stream: Stream | undefined;
}

/** The direction to one worker. */
export class QuietLink<Message, Stream> {
  readonly #write: (message: Message, stream: Stream | undefined) => void;
  /** The number of messages without a connection that the worker has not heard. */
  #unheard = 0;
  #waiting: Waiting<Message, Stream>[] = [];

  /** @param write Sends a message. */
  constructor(write: (message: Message, stream: Stream | undefined) => void) {
    this.#write = write;
  }

  /** Sends a message, at once or later; the order stays. */
  send(message: Message, stream: Stream | undefined): void {
    this.#waiting.push({ message, stream });
    this.#flush();
  }

  /** The worker has heard this number of messages without a connection. */
  heard(count: number): void {
    this.#unheard -= count;
    this.#flush();
  }

  #flush(): void {
    for (let next; (next = this.#waiting[0]) !== undefined;) {
      const { message, stream } = next;
      if (stream !== undefined && this.#unheard > 0) return;
      this.#waiting.shift();
      if (stream === undefined) this.#unheard++;
      this.#write(message, stream);
    }
  }
}
