/**
 * The transport over a channel of messages to another process, and the hub at its other end.
 *
 * The supervisor of the workers of one host has the hub, with a transport of its own: the calls of each worker
 * travel to it as messages, and their results back. A channel only has to carry messages in order, as that of
 * `child_process`, `cluster`, a `MessagePort` or a `Worker` does.
 *
 * | message from the worker | its answer or effect |
 * |---|---|
 * | `{ bus: 1, id, call, args }` | `{ bus: 1, id, result }` or `{ bus: 1, id, error }` |
 * | `{ bus: 1, watch: name }`, `{ bus: 1, unwatch: name }` | `{ bus: 1, news: name }` after each change |
 * | `{ bus: 1, listen: true }` | `{ bus: 1, signal: id, name, text }`, answered by `{ bus: 1, woken: id, count }` |
 *
 * Other messages of the same channel are left alone.
 *
 * @module
 */

import { optionError } from "../../coroutine/mod.ts";
import type { BusTransport, SignalListener, SignalTransport } from "../transport.ts";
import { BusClosed, BusFull } from "../errors.ts";
import { Watchers } from "./watchers.ts";

/** A channel of messages to another process or thread. */
export interface MessageChannel {
  /** Sends a message: an object of JSON values. */
  send(message: unknown): void;
  /**
   * Calls a listener with each message of the other end.
   *
   * @returns A function that removes the listener.
   */
  onMessage(listener: (message: unknown) => void): (() => void) | void;
}

type CallName = "append" | "page" | "put" | "take" | "settle" | "send";

const CALLS: readonly string[] = ["append", "page", "put", "take", "settle", "send"];

/** The largest number of signals that a worker has not answered. */
const MAX_UNANSWERED = 1000;

/** Any message of the protocol. */
interface Wire {
  readonly bus?: 1;
  readonly id?: number;
  readonly call?: CallName;
  readonly args?: readonly never[];
  readonly result?: unknown;
  readonly error?: { readonly name: string; readonly message: string };
  readonly watch?: string;
  readonly unwatch?: string;
  readonly news?: string;
  readonly listen?: boolean;
  readonly signal?: number;
  readonly name?: string;
  readonly text?: string;
  readonly woken?: number;
  readonly count?: number;
}

function checkChannel(channel: MessageChannel): void {
  if (typeof channel?.send === "function" && typeof channel.onMessage === "function") return;
  throw optionError("channel", channel, "an object with send(message) and onMessage(listener)");
}

/** Calls `listener` with the messages of the protocol alone. */
function receiveWire(channel: MessageChannel, listener: (message: Wire) => void): () => void {
  let isOpen = true;
  const stop = channel.onMessage((message) => {
    if (isOpen && (message as Wire | null)?.bus === 1) listener(message as Wire);
  });
  return () => {
    isOpen = false;
    stop?.();
  };
}

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
  readonly #listeners = new Set<SignalListener>();
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
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#send({ listen: true });
    return () => {
      this.#listeners.delete(listener);
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
    const counts = await Promise.all([...this.#listeners].map((listener) => listener(name, text)));
    const count = counts.reduce((sum, one) => sum + one, 0);
    this.#send({ woken: signal as number, count });
  }
}

function errorOf({ name, message }: { readonly name: string; readonly message: string }): Error {
  return new Error(`${name} in the supervisor: ${message}`);
}

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
