/**
 * The part `topics`: a crowd of WebSockets that have subscribed to one `Topic`, with some that do not read and some
 * that read one byte a second, on a virtual clock.
 *
 * The policy of the topic holds for the slow ones, and the bytes that wait for one of them are bounded. The others
 * get each message once and in order. Once all have left, nothing is left.
 *
 * @module
 */

import { memoryNetwork } from "../../adapters/memory.ts";
import { ManualClock } from "../../src/coroutine/mod.ts";
import { WSGIServer } from "../../src/server/mod.ts";
import { decodeLatin1, type Socket } from "../../src/socket/mod.ts";
import { handshakeFields } from "../../src/testing/web_socket.ts";
import {
  acceptWebSocket,
  MessageReader,
  type SlowSubscriberPolicy,
  Topic,
} from "../../src/websocket/mod.ts";
import type { WSGIApp } from "../../src/wsgi/mod.ts";
import { latin1Bytes } from "../support/serving.ts";
import { collect, heapBytes } from "./garbage.ts";
import type { Course, Part } from "./part.ts";

const ADDRESS = { host: "127.0.0.1", port: 80 };
const WINDOW_BYTES = 16_384;
const MAX_BUFFERED_BYTES = 65_536;
const MESSAGE_BYTES = 2000;
/** The bytes from which on a socket takes no more. */
const SOCKET_BYTES = 65_536;
/**
 * The most that waits for one slow client: in the topic, in the socket, in the network and in the client itself,
 * and one message above each bound.
 */
const MAX_HELD_BYTES = MAX_BUFFERED_BYTES + SOCKET_BYTES + 2 * (WINDOW_BYTES + MESSAGE_BYTES);
/**
 * The time between two messages. All of them come before the deadline for a client to take the Close frame; Pings
 * would find the clients that do not read.
 */
const STEP_MS = 5;
const PINGS = { interval: 1000, timeout: 1000 };
const TRY_AGAIN_LATER = 1013;

type Pace = "fast" | "one byte a second" | "none";

/** A client, which checks its messages as they come. */
class Subscriber {
  last = 0;
  count = 0;
  bytes = 0;
  closeCode: number | undefined;
  fault: string | undefined;
  readonly pace: Pace;
  readonly socket: Socket;
  readonly #reader = new MessageReader({ from: "server" });
  #hasHead = false;
  /** The bytes of the last piece that a client of one byte a second has not read. */
  #unreadBytes = 0;

  constructor(pace: Pace, connect: (it: Subscriber) => Socket) {
    this.pace = pace;
    this.socket = connect(this);
    const fields = handshakeFields({}).map(([name, value]) => `${name}: ${value}`);
    const lines = ["GET / HTTP/1.1", "Host: test", ...fields, "", ""];
    this.socket.write(latin1Bytes(lines.join("\r\n")));
  }

  onData(bytes: Uint8Array): void {
    this.#reader.push(bytes.subarray(this.#hasHead ? 0 : this.#readHead(bytes)));
    this.bytes += bytes.length;
    for (let event = this.#reader.next(); event.type !== "need-data"; event = this.#reader.next()) {
      if (event.type === "text") this.#take(parseInt(event.data));
      else if (event.type === "close") this.closeCode = event.code;
      else this.fault ??= `an event ${event.type}`;
    }
    this.#reader.detach();
    if (this.pace !== "one byte a second") return;
    this.#unreadBytes = bytes.length;
    this.socket.pauseReading();
  }

  /** A second has passed. */
  readByte(): void {
    if (this.#unreadBytes > 0 && --this.#unreadBytes === 0) this.socket.resumeReading();
  }

  onEnd(): void {
    this.socket.endWrite();
  }

  onDrain(): void {}
  onClose(): void {}

  #take(number: number): void {
    const isNext = number > this.last && (this.pace !== "fast" || number === this.last + 1);
    if (!isNext) this.fault ??= `${number} follows ${this.last}`;
    this.last = number;
    this.count++;
  }

  /** Reads the head, which comes in one piece, and gives its length. */
  #readHead(bytes: Uint8Array): number {
    this.#hasHead = true;
    return decodeLatin1(bytes, 0, bytes.length).indexOf("\r\n\r\n") + 4;
  }
}

/** The sizes of a crowd. One in ten clients does not read, and another one reads a byte a second. */
export interface TopicSizes {
  readonly clients: number;
  readonly messages: number;
  readonly policy: SlowSubscriberPolicy;
}

/** The figures of {@linkcode slowSubscribers}. */
export interface TopicTally {
  /** The most bytes that one slow client got in the end, which had waited for it. */
  readonly heldBytes: number;
  /** The bytes of all messages for one client. */
  readonly sentBytes: number;
  readonly dropped: number;
  /** The growth of the heap for each slow client, in bytes; 0 if it was not measured. */
  readonly heapBytesEach: number;
  readonly broken: string[];
}

/** Publishes to a crowd with slow clients, which read all in the end. */
export async function slowSubscribers(
  { clients, messages, policy }: TopicSizes,
  isHeapMeasured = false,
): Promise<TopicTally> {
  const clock = new ManualClock();
  const log: string[] = [];
  const network = memoryNetwork({
    clock,
    window: WINDOW_BYTES,
    log: (line) => void log.push(line),
  });
  const topic = new Topic({ slow: policy, maxBufferedBytes: MAX_BUFFERED_BYTES });
  let ended = 0;
  const wsgiApp: WSGIApp = function* (environ) {
    try {
      const socket = acceptWebSocket(environ, { ping: PINGS });
      topic.subscribe(socket);
      while ((yield* socket.receive()) !== undefined);
    } finally {
      ended++;
    }
  };
  const server = new WSGIServer({
    wsgiApp,
    bindAddr: [ADDRESS.host, ADDRESS.port],
    adapter: network.adapter,
    log: (line) => void log.push(line),
    timeouts: { close: 600 },
  });
  await server.listen();
  const crowd = Array.from({ length: clients }, (_, index) => {
    return new Subscriber(paceOf(index), (it) => network.connect(ADDRESS, () => it));
  });
  clock.advance(0);
  const slow = crowd.filter(({ pace }) => pace !== "fast");
  for (const { pace, socket } of crowd) if (pace === "none") socket.pauseReading();
  const before = isHeapMeasured && await collect() ? heapBytes() : undefined;
  const payload = "x".repeat(MESSAGE_BYTES);
  for (let number = 1; number <= messages; number++) {
    topic.publish(`${number} ${payload}`);
    // The frames leave in a microtask.
    await Promise.resolve();
    clock.advance(STEP_MS);
    if (number % (1000 / STEP_MS) === 0) { for (const client of slow) client.readByte(); }
  }
  if (before !== undefined) await collect();
  const heapBytesEach = before === undefined ? 0 : (heapBytes() - before) / slow.length;
  const { size } = topic;
  const sentBytes = Math.max(...crowd.map(({ bytes }) => bytes));
  const taken = slow.map(({ bytes }) => bytes);
  // From now on, all clients read.
  for (const client of slow) {
    Object.assign(client, { pace: "none" });
    client.socket.resumeReading();
  }
  clock.advance(1000);
  const heldBytes = Math.max(...slow.map(({ bytes }, index) => bytes - (taken[index] as number)));
  const broken = judgeCrowd(crowd, messages, policy);
  const expected = policy === "drop" ? clients : clients - slow.length;
  if (size !== expected) broken.push(`${size} subscribers, not ${expected}`);
  if (topic.dropped < slow.length) broken.push(`${topic.dropped} messages were dropped`);
  if (heldBytes > MAX_HELD_BYTES) broken.push(`${heldBytes} bytes waited for one client`);
  for (const { socket } of crowd) socket.destroy();
  clock.advance(1000);
  if (topic.size > 0) broken.push(`${topic.size} subscribers are left`);
  const { connections, activeRequests } = server.stats();
  if (connections + activeRequests > 0 || ended !== clients) {
    broken.push(`${ended} apps have ended`);
  }
  const closing = server.close();
  clock.advance(1000);
  await closing;
  if (!clock.idle) broken.push("a timer or a turn is left");
  broken.push(...log.map((line) => `the log has: ${line}`));
  return { heldBytes, sentBytes, dropped: topic.dropped, heapBytesEach, broken };
}

function paceOf(index: number): Pace {
  return index % 10 === 0 ? "none" : index % 10 === 1 ? "one byte a second" : "fast";
}

function judgeCrowd(
  crowd: readonly Subscriber[],
  messages: number,
  policy: SlowSubscriberPolicy,
): string[] {
  const broken: string[] = [];
  for (const [index, { last, count, closeCode, fault, pace }] of crowd.entries()) {
    const place = `client ${index}`;
    if (fault !== undefined) broken.push(`${place}: ${fault}`);
    const isWhole = last === messages && count === messages;
    if (pace === "fast" && !isWhole) broken.push(`${place} got ${count} messages up to ${last}`);
    if (pace !== "fast" && count >= messages) {
      broken.push(`${place} was slow, and got all messages`);
    }
    const expected = pace !== "fast" && policy === "close" ? TRY_AGAIN_LATER : undefined;
    if (closeCode !== expected) broken.push(`${place} got the close code ${closeCode}`);
  }
  return broken;
}

const CROWD = { clients: 500, messages: 1000 };
/**
 * The bound on the growth of the heap for one slow client, in bytes. Both ends are in this process, and Bun keeps
 * the arrays that it has freed for longer.
 */
const MAX_HEAP_EACH = 3 * MAX_HELD_BYTES;

/** Slow subscribers of a topic. */
export const topicsPart: Part = {
  name: "topics",
  share: 0.25,
  async run(course: Course): Promise<void> {
    for (const policy of ["drop", "close"] as const) {
      const tally = await slowSubscribers({ ...CROWD, policy }, true);
      for (const text of tally.broken) course.broken(`${policy}: ${text}`);
      if (tally.heapBytesEach > MAX_HEAP_EACH) {
        course.broken(
          `${policy}: the heap grew by ${tally.heapBytesEach} bytes for each slow client`,
        );
      }
      const kib = (bytes: number) => `${(bytes / 1024).toFixed(0)} KiB`;
      course.figure(
        `${CROWD.clients} clients, of which a fifth is slow, the policy "${policy}" and ${
          kib(tally.sentBytes)
        } for each: at most ${kib(tally.heldBytes)} wait for one, and the heap grows by ${
          kib(tally.heapBytesEach)
        } for each; ${tally.dropped} messages dropped`,
      );
    }
  },
};
