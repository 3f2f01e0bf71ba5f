/**
 * Topics: one message for many sockets, encoded once.
 *
 * Strategy: the frame of a message is made, and compressed, when the first subscriber needs it; the others share
 * its bytes. A subscriber whose context goes from message to message needs a frame of its own. The bytes
 * that a slow subscriber has not taken are bounded.
 *
 * With a bus, the topics of one name are one topic: `topic_link.ts` carries the messages to each process, and each
 * process encodes a message once.
 *
 * @module
 */

import { checkNames, type Operation, operation, optionError } from "../coroutine/mod.ts";
import { latin1Bytes } from "../socket/mod.ts";
import { type ServedBus, SharedTopic } from "../wsgi/mod.ts";
import type { Connection } from "./connection.ts";
import type { Frame } from "./frame_output.ts";
import { frameOf, type Message } from "./message.ts";
import { TopicLink } from "./topic_link.ts";
import { checkMessage, connectionOf, WebSocketConnection } from "./web_socket.ts";

/**
 * The policy for a subscriber that misses a message, because it has too many bytes that it has not taken, or
 * because the bus has lost messages:
 *
 * - `close`: its connection ends with 1013 (Try Again Later), so that it comes back and begins anew;
 * - `drop`: it does not get the message.
 */
export type SlowSubscriberPolicy = "close" | "drop";

/** Options of a {@linkcode Topic}. */
export interface TopicOptions {
  /** The policy for a subscriber that is too slow. Default: `close`. */
  readonly slow?: SlowSubscriberPolicy;
  /** A subscriber with more bytes than this that it has not taken is too slow. Default 1 MiB. */
  readonly maxBufferedBytes?: number;
  /**
   * Joins the topics of this `name` in all processes: the option `bus` of the server, or
   * `environ.cogen.servedBus`. `undefined`, as a server without a bus has it: a topic of this process alone.
   */
  readonly bus?: ServedBus | undefined;
  /** The name of the topic on the bus. */
  readonly name?: string;
}

/** Try Again Later (the registry of IANA). */
const TRY_AGAIN_LATER = 1013;

/**
 * Sends each message to all sockets that have subscribed.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import type { Environ, StartResponse } from "@x/cogen-wsgi";
 * import { testClient } from "@x/cogen-wsgi/testing";
 * import { acceptWebSocket, Topic } from "@x/cogen-wsgi/websocket";
 *
 * const room = new Topic();
 * function* chat(environ: Environ, _startResponse: StartResponse) {
 *   const socket = acceptWebSocket(environ);
 *   room.subscribe(socket);
 *   yield* socket.each((message) => room.publish(message));
 * }
 *
 * await using client = testClient(chat);
 * const [ann, bob] = [await client.webSocket("/"), await client.webSocket("/")];
 * ann.send("hello, all");
 * assertEquals([await ann.receive(), await bob.receive()], ["hello, all", "hello, all"]);
 * ```
 */
export class Topic {
  readonly #subscribers = new Set<Connection>();
  readonly #policy: SlowSubscriberPolicy;
  readonly #maxBufferedBytes: number;
  /** The other processes of the topic; `undefined` without a bus. */
  readonly #link: TopicLink | undefined;
  #isClosed = false;
  /** The number of messages that slow subscribers did not get. */
  dropped = 0;

  /**
   * Makes a topic without subscribers.
   *
   * @param options The policy and the bound for slow subscribers; the bus.
   * @throws {TypeError} For an option that is unknown or of the wrong kind.
   */
  constructor(options: TopicOptions = {}) {
    options = checkNames("Topic", options, ["slow", "maxBufferedBytes", "bus", "name"]);
    const { slow = "close", maxBufferedBytes = 1024 * 1024 } = options;
    if (slow !== "close" && slow !== "drop") throw optionError("slow", slow, '"close" or "drop"');
    if (typeof maxBufferedBytes !== "number" || !(maxBufferedBytes >= 0)) {
      throw optionError("maxBufferedBytes", maxBufferedBytes, "a number from 0");
    }
    this.#policy = slow;
    this.#maxBufferedBytes = maxBufferedBytes;
    const shared = SharedTopic.of<Message>("A Topic", options);
    if (shared === undefined) return;
    this.#link = new TopicLink(shared, {
      deliver: (message) => void this.#deliver(message),
      miss: () => this.#miss(),
      ended: () => this.#end(),
    });
  }

  /** The number of subscribers in this process. */
  get size(): number {
    return this.#subscribers.size;
  }

  /**
   * Subscribes a socket. The subscription ends with the connection.
   *
   * @param socket A socket. A second call for the same one changes nothing.
   * @throws {TypeError} If the argument is no socket of `acceptWebSocket`.
   */
  subscribe(socket: WebSocketConnection): void {
    checkSocket(socket);
    const connection = connectionOf(socket);
    if (!connection.isOpen || this.#isClosed) return;
    this.#subscribers.add(connection);
    (connection.topics ??= new Set()).add(this.#subscribers);
  }

  /**
   * Ends a subscription.
   *
   * @param socket A socket.
   * @returns Whether it was subscribed.
   * @throws {TypeError} If the argument is no socket of `acceptWebSocket`.
   */
  unsubscribe(socket: WebSocketConnection): boolean {
    checkSocket(socket);
    const connection = connectionOf(socket);
    connection.topics?.delete(this.#subscribers);
    return this.#subscribers.delete(connection);
  }

  /**
   * Sends a message to all subscribers, without waiting.
   *
   * @param message A string is a text message, a `Uint8Array` a binary one.
   * @returns The number of subscribers that it was sent to. On a bus, `undefined`: the message is sent when it
   *   comes back from the bus.
   * @throws {TypeError} If the message is neither, or the topic is closed.
   * @throws {RangeError} If the message is too large for the bus.
   * @throws {Error} If too many messages wait for the bus: `BusFull`, or another before the bus has answered once.
   */
  publish(message: string | Uint8Array): number | undefined {
    checkMessage(message);
    if (this.#isClosed) {
      throw this.#link?.failure ?? new TypeError("Cannot publish: the topic is closed");
    }
    if (this.#link === undefined) return this.#deliver(message as Message);
    this.#link.publish(message as Message);
    return undefined;
  }

  /**
   * Sends a message to all subscribers, and waits until the bus has it. So an app that passes the messages of a
   * client on cannot outrun the bus and the other processes. Without a bus, there is no wait.
   *
   * @param message A string is a text message, a `Uint8Array` a binary one. The bytes must not change before the
   *   end of the wait.
   * @returns An operation without a value.
   * @throws {TypeError} If the message is neither; at the `yield`, if the topic is closed.
   * @throws {RangeError} At the `yield`, if the message is too large for the bus.
   */
  send(message: string | Uint8Array): Operation<void> {
    checkMessage(message);
    const link = this.#link;
    if (link !== undefined && !this.#isClosed) return link.send(message as Message);
    return operation((resume) => {
      this.publish(message);
      resume.value();
    }, "send");
  }

  /** Ends all subscriptions, and leaves the bus. The connections stay open. */
  close(): void {
    this.#isClosed = true;
    this.#link?.close();
    for (const { topics } of this.#subscribers) topics?.delete(this.#subscribers);
    this.#subscribers.clear();
  }

  /** The bus is closed or refuses the subscription: no message would come any more. */
  #end(): void {
    this.#miss();
    this.close();
  }

  #deliver(message: Message): number {
    const frames = new SharedFrames(message);
    let count = 0;
    for (const connection of this.#subscribers) {
      if (connection.output.size > this.#maxBufferedBytes) {
        this.#drop(connection, "Too slow");
      } else {
        connection.output.write(frames.for(connection));
        count++;
      }
    }
    return count;
  }

  /** The bus has lost messages, for all subscribers of this process. */
  #miss(): void {
    for (const connection of this.#subscribers) this.#drop(connection, "Messages were lost");
  }

  #drop(connection: Connection, reason: string): void {
    this.dropped++;
    if (this.#policy === "close") connection.close(TRY_AGAIN_LATER, reason);
  }
}

function checkSocket(socket: unknown): void {
  if (socket instanceof WebSocketConnection) return;
  throw optionError("The socket of a topic", socket, "a socket that acceptWebSocket has made");
}

/** Gives the bytes of a frame, once for all sockets: each socket would encode a string by itself. */
function bytesOf(frame: Frame): Uint8Array {
  return typeof frame === "string" ? latin1Bytes(frame) : frame;
}

/** The frames of one message: one for all connections with the same compression. */
class SharedFrames {
  readonly #message: Message;
  readonly #frames = new Map<number, Uint8Array>();

  constructor(message: Message) {
    this.#message = message;
  }

  for({ output: { deflate } }: Connection): Uint8Array {
    const key = deflate === undefined ? 0 : deflate.sharedKey;
    const known = key === undefined ? undefined : this.#frames.get(key);
    if (known !== undefined) return known;
    const frame = bytesOf(frameOf(this.#message, deflate));
    if (key !== undefined) this.#frames.set(key, frame);
    return frame;
  }
}
