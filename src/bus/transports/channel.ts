/**
 * The transport over a channel of messages to another process.
 *
 * The supervisor of the workers of one host has the hub (`channel_hub.ts`), with a transport of its own: the calls
 * of each worker travel to it as messages (`channel_wire.ts`), and their results back. A channel only has to carry
 * messages in order, as that of `child_process`, `cluster`, a `MessagePort` or a `Worker` does.
 *
 * @module
 */

import { BusClosed, BusFull } from "../errors.ts";
import type { BusTransport, SignalListener, SignalTransport } from "../transport.ts";
import {
  type CallName,
  checkChannel,
  type MessageChannel,
  receiveWire,
  type Wire,
} from "./channel_wire.ts";
import { SignalListeners } from "./signal_listeners.ts";
import { Watchers } from "./watchers.ts";

/**
 * Makes the transport of a worker.
 *
 * @param channel The channel to the process that has called {@linkcode serveChannel}.
 * @throws {TypeError} If the channel is none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { channelTransport, memoryTransport, openBus, serveChannel } from "@x/cogen-wsgi/bus";
 *
 * const { port1, port2 } = new MessageChannel();
 * const channel = (port: MessagePort) => ({
 *   send: (message: unknown) => port.postMessage(message),
 *   onMessage: (listener: (message: unknown) => void) =>
 *     void (port.onmessage = ({ data }) => listener(data)),
 * });
 * const stop = serveChannel(memoryTransport(), channel(port1)); // in the supervisor
 * const bus = await openBus(channelTransport(channel(port2))); // in the worker
 * const position = await bus.run(bus.topic("news").publish("It works"));
 * assertEquals(position.offset, 1);
 * await bus.close();
 * stop();
 * port1.close();
 * port2.close();
 * ```
 */
export function channelTransport(channel: MessageChannel): BusTransport {
  checkChannel(channel);
  return new ChannelTransport(channel);
}

interface PendingCall {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

class ChannelTransport implements BusTransport {
  readonly name = "channel";
  readonly signals: SignalTransport;
  readonly append: BusTransport["append"] = (...args) => this.#call("append", args);
  readonly page: BusTransport["page"] = (...args) => this.#call("page", args);
  readonly put: BusTransport["put"] = (...args) => this.#call("put", args);
  readonly take: BusTransport["take"] = (...args) => this.#call("take", args);
  readonly settle: BusTransport["settle"] = (...args) => this.#call("settle", args);
  readonly #channel: MessageChannel;
  readonly #calls = new Map<number, PendingCall>();
  readonly #watchers = new Watchers();
  readonly #listeners = new SignalListeners();
  readonly #stop: () => void;
  #id = 0;

  constructor(channel: MessageChannel) {
    this.#channel = channel;
    this.#stop = receiveWire(channel, (message) => this.#receive(message));
    this.signals = {
      send: (...args) => this.#call("send", args),
      listen: (listener) => this.#listen(listener),
    };
  }

  watch(name: string, onNews: () => void): () => void {
    const isFirst = !this.#watchers.has(name);
    const stop = this.#watchers.add(name, onNews);
    if (isFirst) this.#send({ watch: name });
    return () => {
      stop();
      if (!this.#watchers.has(name)) this.#send({ unwatch: name });
    };
  }

  close(): Promise<void> {
    this.#stop();
    for (const { reject } of this.#calls.values()) reject(new BusClosed("The channel is closed"));
    this.#calls.clear();
    return Promise.resolve();
  }

  #send(message: Wire): void {
    this.#channel.send({ bus: 1, ...message });
  }

  #call<T>(call: CallName, args: readonly unknown[]): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const id = ++this.#id;
      this.#calls.set(id, { resolve: resolve as PendingCall["resolve"], reject });
      try {
        this.#send({ id, call, args: args as readonly never[] });
      } catch (error) {
        this.#calls.delete(id);
        reject(error);
      }
    });
  }

  #listen(listener: SignalListener): () => void {
    const stop = this.#listeners.listen(listener);
    if (this.#listeners.size === 1) this.#send({ listen: true });
    return () => {
      stop();
      if (this.#listeners.size === 0) this.#send({ listen: false });
    };
  }

  #receive(message: Wire): void {
    if (message.news !== undefined) this.#watchers.tell(message.news);
    else if (message.signal !== undefined) void this.#wake(message);
    else if (message.id !== undefined) this.#settle(message.id, message);
  }

  #settle(id: number, { result, error }: Wire): void {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if (error === undefined) call?.resolve(result);
    else call?.reject(error.name === "BusFull" ? new BusFull(error.message) : errorOf(error));
  }

  async #wake({ signal, name = "", text = "" }: Wire): Promise<void> {
    const count = await this.#listeners.send(name, text);
    this.#send({ woken: signal as number, count });
  }
}

function errorOf({ name, message }: { readonly name: string; readonly message: string }): Error {
  return new Error(`${name} in the supervisor: ${message}`);
}
