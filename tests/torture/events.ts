/**
 * The part `events`: clients of a channel that leave at any byte and come back, and a crowd with clients that do
 * not read. All of it happens on a virtual clock.
 *
 * A client that comes back gets each event once and in order, from the history and then live; or one `stale` event,
 * if and only if the history no longer reaches back to its place. A model counts the events by itself.
 *
 * @module
 */

import { memoryNetwork } from "../../adapters/memory.ts";
import { ManualClock, Sleep } from "../../src/coroutine/mod.ts";
import { WSGIServer } from "../../src/server/mod.ts";
import { decodeLatin1, type Socket } from "../../src/socket/mod.ts";
import { EventChannel, eventStream } from "../../src/sse/mod.ts";
import { EventParser } from "../../src/testing/event_parser.ts";
import { type TestClient, testClient } from "../../src/testing/mod.ts";
import type { Random } from "../fuzz/random.ts";
import { readEvents } from "../sse/event_reader.ts";
import { latin1Bytes } from "../support/serving.ts";
import { collect, heapBytes } from "./garbage.ts";
import type { Course, Part } from "./part.ts";

/** The events that the history keeps. */
const KEPT = 40;
/** The clients that come and go at the same time. */
const WALKERS = 16;

/** The account of {@linkcode leavingClients}. */
export interface LeavingTally {
  visits: number;
  events: number;
  stales: number;
  /** The channels that took the place of one before, as after a restart of the server. */
  restarts: number;
  /** The promises that were broken. */
  readonly broken: string[];
}

/** The publisher: a channel, and the number of its events. */
class Publisher {
  channel: EventChannel;
  published = 0;
  epoch = 0;

  constructor() {
    this.channel = this.#open();
  }

  publish(): void {
    this.channel.publish(String(++this.published));
  }

  /** Ends the channel, and begins another one, which knows no id of the former. */
  restart(): void {
    this.channel.close();
    this.published = 0;
    this.channel = this.#open();
  }

  /** The number of the oldest event of the history. */
  get first(): number {
    return Math.max(1, this.published - KEPT + 1);
  }

  #open(): EventChannel {
    const history = { count: KEPT, age: Infinity };
    return new EventChannel({ epoch: `e${++this.epoch}`, history });
  }
}

/** The place of a client: the epoch and the number of the last event that it has seen. */
interface Place {
  readonly epoch: number;
  readonly number: number;
}

function placeOf(id: string): Place {
  const [, epoch, number] = /^e(\d+)-(\d+)$/.exec(id) as RegExpExecArray;
  return { epoch: Number(epoch), number: Number(number) };
}

/**
 * Lets clients come, leave at random bytes, and come back.
 *
 * @param visits The number of connections.
 */
export async function leavingClients(random: Random, visits: number): Promise<LeavingTally> {
  const tally: LeavingTally = { visits: 0, events: 0, stales: 0, restarts: 0, broken: [] };
  const publisher = new Publisher();
  const client = testClient((environ, startResponse) =>
    eventStream(environ, startResponse, publisher.channel, { heartbeat: 10 })
  );
  let isRunning = true;
  const publishing = client.server.scheduler.add(function* publish() {
    while (isRunning) {
      yield* Sleep({ milliseconds: random.below(1000) });
      // Some events come together.
      for (let left = random.onceIn(5) ? random.below(12) : 1; left > 0; left--) {
        publisher.publish();
      }
    }
  });
  const perRestart = Math.ceil(visits / 4);
  const walk = async () => {
    let lastId: string | undefined;
    while (tally.visits < visits) {
      tally.visits++;
      if (tally.visits % perRestart === 0) {
        tally.restarts++;
        publisher.restart();
      }
      lastId = await visit(client, publisher, random, lastId, tally);
      const awayMs = random.onceIn(20) ? random.below(60_000) : random.below(3000);
      await client.advance(awayMs / 1000);
    }
  };
  await Promise.all(Array.from({ length: WALKERS }, walk));
  isRunning = false;
  await client.advance(1);
  if (!publishing.done || publisher.channel.subscribers > 0) tally.broken.push("a stream is left");
  await client.close();
  return tally;
}

/** One connection that is cut. Gives the last id of the client. */
async function visit(
  client: TestClient,
  publisher: Publisher,
  random: Random,
  lastId: string | undefined,
  tally: LeavingTally,
): Promise<string | undefined> {
  const headers: Record<string, string> = lastId === undefined ? {} : { "Last-Event-ID": lastId };
  const received = random.below(random.onceIn(4) ? 3000 : 700);
  const then = random.onceIn(2) ? "reset" : "fin";
  const { epoch: epochBefore, first: firstBefore } = publisher;
  const { text } = await client.get("/", { headers, fault: { received, then } });
  const read = readEvents(text, lastId);
  const { epoch: epochAfter, first: firstAfter } = publisher;
  const fault = (what: string) =>
    tally.broken.push(`visit ${tally.visits}: ${what} after ${lastId}: ${text.slice(0, 2000)}`);
  let seen = lastId === undefined ? undefined : placeOf(lastId);
  for (const [index, { event, data, id }] of read.events.entries()) {
    const place = placeOf(id);
    const isStale = event === "stale";
    if (seen !== undefined && index === 0) {
      const isKnown = seen.epoch === place.epoch;
      const isLost = !isKnown || place.epoch === epochBefore && seen.number + 1 < firstBefore;
      const mayBeLost = !isKnown || place.epoch < epochAfter || seen.number + 1 < firstAfter;
      if (isStale ? !mayBeLost : isLost) fault(`${isStale ? "a" : "no"} stale event`);
    } else if (isStale) fault("a stale event for no reason");
    if (isStale) tally.stales++;
    else {
      tally.events++;
      if (data !== String(place.number)) fault("a wrong event");
      const isNext = seen === undefined ||
        seen.epoch === place.epoch && place.number === seen.number + 1;
      if (!isNext) fault(`${id} follows e${seen?.epoch}-${seen?.number}`);
    }
    seen = place;
  }
  return read.lastEventId || undefined;
}

/** The figures of {@linkcode stalledCrowd}. */
export interface CrowdTally {
  /** The bytes of all events for one client. */
  readonly sentBytes: number;
  /** The most bytes that waited for one stalled client. */
  readonly heldBytes: number;
  /** The growth of the heap while clients were stalled, in bytes; 0 if garbage cannot be collected. */
  readonly heapBytes: number;
  readonly broken: string[];
}

/** The bytes that the network keeps for a client. */
const WINDOW_BYTES = 16_384;
/** The most that waits for a stalled client: in the server, in the network, and the blocks at their marks. */
const MAX_HELD_BYTES = 65_536 + WINDOW_BYTES + 8192;
const ADDRESS = { host: "127.0.0.1", port: 80 };

/** A client of HTTP/1.0, whose stream has no chunks. It checks its events as they come. */
class Reader {
  /** The number of the last event; 0 before the first one. */
  last = 0;
  stales = 0;
  bytes = 0;
  /** The bytes before the stale event. */
  heldBytes = 0;
  fault: string | undefined;
  readonly socket: Socket;
  readonly #parser = new EventParser();
  #hasHead = false;

  constructor(connect: (it: Reader) => Socket) {
    this.socket = connect(this);
    this.socket.write(latin1Bytes("GET / HTTP/1.0\r\nHost: test\r\n\r\n"));
  }

  onData(bytes: Uint8Array): void {
    this.#parser.push(bytes.subarray(this.#hasHead ? 0 : this.#readHead(bytes)));
    for (const { event, data, id } of this.#parser.events.splice(0)) {
      const number = Number(id.slice(2));
      if (event === "stale") {
        this.stales++;
        this.heldBytes = this.bytes;
      } else {
        if (number !== this.last + 1) this.fault ??= `${number} follows ${this.last}`;
        if (parseInt(data) !== number) this.fault ??= `a wrong event ${number}`;
      }
      this.last = number;
    }
    this.bytes += bytes.length;
  }

  /** Reads the head, which comes in one piece, and gives its length. */
  #readHead(bytes: Uint8Array): number {
    this.#hasHead = true;
    return decodeLatin1(bytes, 0, bytes.length).indexOf("\r\n\r\n") + 4;
  }

  onEnd(): void {
    this.fault ??= "an end";
  }

  onDrain(): void {}

  onClose(): void {}
}

/**
 * Opens a crowd of streams, of which some stop reading, and publishes. The others get every event; the stalled ones
 * get one stale event when they read again, and the events after it.
 *
 * @param isHeapMeasured Whether the heap is measured, which takes a collection of garbage now and then.
 */
export async function stalledCrowd(
  sizes: { readonly clients: number; readonly stalled: number; readonly events: number },
  isHeapMeasured: boolean = false,
): Promise<CrowdTally> {
  const clock = new ManualClock();
  const network = memoryNetwork({ clock, window: WINDOW_BYTES });
  const channel = new EventChannel({ epoch: "e", history: { count: 10 } });
  const server = new WSGIServer({
    wsgiApp: (environ, startResponse) => eventStream(environ, startResponse, channel),
    bindAddr: [ADDRESS.host, ADDRESS.port],
    adapter: network.adapter,
    // Stalled clients would be cut after a minute; here they come back.
    timeouts: { write: Infinity },
  });
  await server.listen();
  const readers = Array.from(
    { length: sizes.clients },
    () => new Reader((it) => network.connect(ADDRESS, () => it)),
  );
  clock.advance(0);
  const every = Math.floor(sizes.clients / sizes.stalled);
  const isStalled = (index: number) => index % every === 0;
  readers.forEach(({ socket }, index) => isStalled(index) && socket.pauseReading());
  const payload = "x".repeat(2000);
  const before = isHeapMeasured && await collect() ? heapBytes() : 0;
  let most = 0;
  for (let number = 1; number <= sizes.events; number++) {
    channel.publish(`${number} ${payload}`);
    clock.advance(100);
    if (before === 0 || number % 100 !== 0) continue;
    await collect();
    most = Math.max(most, heapBytes() - before);
  }
  const sentBytes = Math.max(...readers.map(({ bytes }) => bytes));
  const { subscribers } = channel;
  for (const { socket } of readers) socket.resumeReading();
  clock.advance(1000);
  const broken: string[] = [];
  if (subscribers !== sizes.clients) broken.push(`${subscribers} streams of ${sizes.clients}`);
  for (const [index, { last, stales, fault, heldBytes }] of readers.entries()) {
    const expected = isStalled(index) ? 1 : 0;
    const isWhole = last === sizes.events && stales === expected;
    if (!isWhole) broken.push(`client ${index} is at ${last}, with ${stales} stale events`);
    if (fault !== undefined) broken.push(`client ${index}: ${fault}`);
    if (heldBytes > MAX_HELD_BYTES) broken.push(`client ${index}: ${heldBytes} bytes were held`);
  }
  for (const { socket } of readers) socket.destroy();
  clock.advance(1000);
  if (channel.subscribers > 0) broken.push("a stream is left");
  const closing = server.close();
  clock.advance(1000);
  await closing;
  const heldBytes = Math.max(...readers.map(({ heldBytes }) => heldBytes));
  return { sentBytes, heldBytes, heapBytes: most, broken };
}

const VISITS = 10_000;
const CROWD = { clients: 500, stalled: 50, events: 1000 };
/** The bound on the growth of the heap for one stalled client, in bytes. Both ends are in this process. */
const MAX_HEAP_EACH = 2 * MAX_HELD_BYTES;

/** Clients of a channel that leave and come back, and a crowd with clients that do not read. */
export const eventsPart: Part = {
  name: "events",
  share: 0.5,
  async run(course: Course): Promise<void> {
    const { visits, events, stales, restarts, broken } = await leavingClients(
      course.random,
      VISITS,
    );
    for (const promise of broken) course.broken(promise);
    const count = (figure: number) => figure.toLocaleString("en");
    course.figure(
      `${count(visits)} connections cut at a random byte: ${
        count(events)
      } events each once and in order, ` +
        `${count(stales)} stale events, ${restarts} restarts`,
    );
    const crowd = await stalledCrowd(CROWD, true);
    for (const promise of crowd.broken) course.broken(promise);
    const each = crowd.heapBytes / CROWD.stalled;
    if (each > MAX_HEAP_EACH) {
      course.broken(`the heap grew by ${each} bytes for each stalled client`);
    }
    const kib = (bytes: number) => `${(bytes / 1024).toFixed(0)} KiB`;
    course.figure(
      `${CROWD.clients} clients, of which ${CROWD.stalled} do not read, and ${
        kib(crowd.sentBytes)
      } of events ` +
        `for each: at most ${kib(crowd.heldBytes)} wait for one, and the heap grows by ${
          kib(each)
        } for each`,
    );
  },
};
