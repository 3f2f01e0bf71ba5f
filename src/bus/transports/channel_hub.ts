/**
 * The hub: the end of a channel in the process that keeps the messages.
 *
 * `serve_workers.ts` of the command calls this for each worker.
 *
 * @module
 */

import type { BusTransport } from "../transport.ts";
import {
  type CallName,
  CALLS,
  checkChannel,
  type MessageChannel,
  receiveWire,
  type Wire,
} from "./channel_wire.ts";

/** The largest number of signals that a worker has not answered. */
const MAX_UNANSWERED = 1000;

/**
 * Serves a transport to the worker at the other end of a channel.
 *
 * @param transport The transport that all workers share, such as one `memoryTransport()`.
 * @param channel The channel to one worker.
 * @returns A function that ends the service, to be called when the worker has ended.
 * @throws {TypeError} If the channel is none.
 */
export function serveChannel(transport: BusTransport, channel: MessageChannel): () => void {
  checkChannel(channel);
  const hub = new Hub(transport, channel);
  return () => hub.close();
}

/** The supervisor's end of one channel. */
class Hub {
  readonly #transport: BusTransport;
  readonly #channel: MessageChannel;
  readonly #watches = new Map<string, () => void>();
  /** The signals that the worker has not answered. */
  readonly #signals = new Map<number, (count: number) => void>();
  readonly #stop: () => void;
  #stopListening: (() => void) | undefined;
  #id = 0;
  #isClosed = false;

  constructor(transport: BusTransport, channel: MessageChannel) {
    this.#transport = transport;
    this.#channel = channel;
    this.#stop = receiveWire(channel, (message) => this.#receive(message));
  }

  close(): void {
    this.#isClosed = true;
    this.#stop();
    this.#stopListening?.();
    for (const stop of this.#watches.values()) stop();
    for (const settle of this.#signals.values()) settle(0);
    this.#watches.clear();
    this.#signals.clear();
  }

  #send(message: Wire): void {
    if (this.#isClosed) return;
    try {
      this.#channel.send({ bus: 1, ...message });
    } catch {
      // The worker has ended, and its leases end by themselves.
      this.close();
    }
  }

  #receive(message: Wire): void {
    const { watch, unwatch, listen, woken, count = 0 } = message;
    if (watch !== undefined) this.#watch(watch);
    else if (unwatch !== undefined) this.#unwatch(unwatch);
    else if (listen !== undefined) this.#listen(listen);
    else if (woken !== undefined) this.#signals.get(woken)?.(count);
    else if (message.call !== undefined) void this.#answer(message);
  }

  async #answer({ id = 0, call, args = [] }: Wire): Promise<void> {
    try {
      this.#send({ id, result: await this.#perform(call as CallName, args) });
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      this.#send({ id, error: { name, message } });
    }
  }

  #perform(call: CallName, args: readonly never[]): unknown {
    if (!CALLS.includes(call)) throw new TypeError(`Unknown call ${String(call)}`);
    const { signals } = this.#transport;
    if (call !== "send") {
      return (this.#transport[call] as (...args: readonly never[]) => unknown)(...args);
    }
    if (signals === undefined) {
      throw new TypeError(`${this.#transport.name} has no signals to share: use memoryTransport()`);
    }
    return (signals.send as (...args: readonly never[]) => unknown)(...args);
  }

  #watch(name: string): void {
    this.#unwatch(name);
    this.#watches.set(name, this.#transport.watch(name, () => this.#send({ news: name })));
  }

  #unwatch(name: string): void {
    this.#watches.get(name)?.();
    this.#watches.delete(name);
  }

  #listen(isOn: boolean): void {
    this.#stopListening?.();
    this.#stopListening = undefined;
    if (isOn) {
      this.#stopListening = this.#transport.signals?.listen((...given) => this.#pass(...given));
    }
  }

  /** Passes a signal on to the worker, and gives the number of coroutines that it has woken. */
  #pass(name: string, text: string): Promise<number> {
    return new Promise((resolve) => {
      const signal = ++this.#id;
      this.#signals.set(signal, (count) => {
        this.#signals.delete(signal);
        resolve(count);
      });
      // A worker that hangs must not fill the memory of the supervisor.
      const [oldest] = this.#signals.values();
      if (this.#signals.size > MAX_UNANSWERED) oldest?.(0);
      this.#send({ signal, name, text });
    });
  }
}
