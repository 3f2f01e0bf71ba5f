/**
 * The part `slow`: clients that send or read one byte a second, and clients that send without an end. Many
 * of each kind attack one server at once, on a clock that only the run moves.
 *
 * A deadline or a limit answers each, within its time, and the memory of the attack is bounded.
 *
 * @module
 */

import { memoryNetwork } from "../../adapters/memory.ts";
import { ManualClock } from "../../src/coroutine/mod.ts";
import { WSGIServer } from "../../src/server/mod.ts";
import { decodeLatin1, type Socket } from "../../src/socket/mod.ts";
import type { WSGIApp } from "../../src/wsgi/mod.ts";
import { latin1Bytes } from "../support/serving.ts";
import { collect, heapBytes } from "./garbage.ts";
import type { Course, Part } from "./part.ts";

const ADDRESS = { host: "127.0.0.1", port: 80 };
/** The attackers of one kind. */
const CROWD = 200;
/**
 * The bound on the heap of one attacker, in bytes. Both ends are in this process, so that six stores of 64 KiB
 * count: the network in memory and the bytes read ahead, each in both directions, `maxPipelinedBytes`, and
 * the objects of small pieces.
 */
const MAX_BYTES_EACH = 6 * 64 * 1024 + 64 * 1024;
const LATEST_SECONDS = 200;

/** A kind of attacker. */
interface Attack {
  readonly name: string;
  /** The bytes at the beginning, and those that follow each second, without an end. */
  readonly first: string;
  readonly then: string;
  /** The bytes that the attacker reads. */
  readonly reads: "all" | "one byte a second" | "nothing";
  /** The status of the answer; 0 if the server cuts the connection without one, or after a part. */
  readonly status: number;
  /** The seconds of the clock after which the server has ended the connection at the latest. */
  readonly within: number;
}

const POST = "POST /read HTTP/1.1\r\nHost: test\r\n";
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`;
const GET = "GET /small HTTP/1.1\r\nHost: test\r\n\r\n";
const MUCH = "x".repeat(8192);

/** The kinds. The times are those of the default deadlines, and two seconds for the checks. */
const ATTACKS: readonly Attack[] = [
  {
    name: "a head, one byte a second",
    first: "GET / HTTP/1.1\r\nX: ",
    then: "x",
    reads: "all",
    status: 408,
    within: 43,
  },
  {
    name: "a body, one byte a second",
    first: `${POST}Content-Length: 99999\r\n\r\n`,
    then: "x",
    reads: "all",
    status: 408,
    within: 75,
  },
  {
    name: "a chunk line, one byte a second",
    first: `${CHUNKED}1;a=`,
    then: "x",
    reads: "all",
    status: 408,
    within: 75,
  },
  {
    name: "chunks of one byte a second",
    first: CHUNKED,
    then: "1\r\nx\r\n",
    reads: "all",
    status: 408,
    within: 75,
  },
  {
    name: "trailers, one byte a second",
    first: `${CHUNKED}0\r\nX: `,
    then: "x",
    reads: "all",
    status: 408,
    within: 75,
  },
  { name: "nothing at all", first: "", then: "", reads: "all", status: 0, within: 90 },
  {
    name: "a head without an end",
    first: "GET / HTTP/1.1\r\n",
    then: `X: ${MUCH}\r\n`,
    reads: "all",
    status: 431,
    within: 43,
  },
  {
    name: "a request line without an end",
    first: "GET /",
    then: MUCH,
    reads: "all",
    status: 414,
    within: 43,
  },
  {
    name: "a chunk line without an end",
    first: `${CHUNKED}1;a=`,
    then: MUCH,
    reads: "all",
    status: 413,
    within: 75,
  },
  {
    name: "trailers without an end",
    first: `${CHUNKED}0\r\n`,
    then: `X: ${MUCH}\r\n`,
    reads: "all",
    status: 431,
    within: 75,
  },
  {
    name: "empty lines without an end",
    first: "",
    then: "\r\n".repeat(4096),
    reads: "all",
    status: 400,
    within: 43,
  },
  {
    name: "a pipeline without an end, unread",
    first: GET,
    then: GET.repeat(200),
    reads: "nothing",
    status: 0,
    within: 190,
  },
  {
    name: "a large response, unread",
    first: "GET /large HTTP/1.1\r\nHost: test\r\n\r\n",
    then: "",
    reads: "nothing",
    status: 0,
    within: 75,
  },
  {
    name: "a large response, read by one byte a second",
    first: "GET /large HTTP/1.1\r\nHost: test\r\n\r\n",
    then: "",
    reads: "one byte a second",
    status: 0,
    within: 75,
  },
  {
    name: "pipelined requests without an end, read by one byte a second",
    first: GET,
    then: GET.repeat(200),
    reads: "one byte a second",
    status: 0,
    within: 190,
  },
  {
    name: "a small response, read by one byte a second",
    first: GET,
    then: "",
    reads: "one byte a second",
    status: 200,
    within: 90,
  },
];

/** One attacking client. */
class Attacker {
  endedMs: number | undefined;
  #text = "";
  #isFull = false;
  /** The bytes of the last piece that a slow reader has not read; it takes the next piece only afterwards. */
  #unreadBytes = 0;
  readonly #attack: Attack;
  readonly #socket: Socket;
  readonly #clock: ManualClock;

  constructor(attack: Attack, clock: ManualClock, connect: (it: Attacker) => Socket) {
    this.#attack = attack;
    this.#clock = clock;
    this.#socket = connect(this);
    if (attack.reads === "nothing") this.#socket.pauseReading();
    this.#send(attack.first);
  }

  get status(): number {
    return Number(/^HTTP\/1\.1 (\d+)/.exec(this.#text)?.[1] ?? 0);
  }

  drip(): void {
    if (this.endedMs !== undefined) return;
    if (this.#unreadBytes > 0 && --this.#unreadBytes === 0) this.#socket.resumeReading();
    this.#send(this.#attack.then);
  }

  onData(bytes: Uint8Array): void {
    if (this.#text.length < 100) this.#text += decodeLatin1(bytes, 0, bytes.length);
    if (this.#attack.reads !== "one byte a second") return;
    this.#unreadBytes += bytes.length;
    this.#socket.pauseReading();
  }

  onEnd(): void {
    this.endedMs ??= this.#clock.now();
    this.#socket.endWrite();
  }

  onDrain(): void {
    this.#isFull = false;
  }

  onClose(): void {
    this.endedMs ??= this.#clock.now();
  }

  #send(text: string): void {
    if (this.#isFull || text === "") return;
    this.#isFull = !this.#socket.write(latin1Bytes(text));
  }
}

const app: WSGIApp = function* (environ, startResponse) {
  const body = environ.PATH_INFO === "/read" ? yield* environ["wsgi.input"].read() : undefined;
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  if (environ.PATH_INFO === "/large") { for (;;) yield new Uint8Array(16_384); }
  else yield body ?? "small";
};

/** Lets a crowd of one kind attack. Returns the largest heap of one attacker, in bytes. */
async function attackWith(
  attack: Attack,
  course: Course,
): Promise<{ bytes: number; lastMs: number }> {
  const clock = new ManualClock();
  const log: string[] = [];
  const network = memoryNetwork({ clock, log: (line) => void log.push(line) });
  const server = new WSGIServer({
    wsgiApp: app,
    bindAddr: [ADDRESS.host, ADDRESS.port],
    adapter: network.adapter,
    log: (line) => void log.push(line),
  });
  await server.listen();
  const before = await collect() ? heapBytes() : 0;
  const crowd = Array.from({ length: CROWD }, () => {
    return new Attacker(attack, clock, (it) => network.connect(ADDRESS, () => it));
  });
  let most = 0;
  for (let second = 0; second < LATEST_SECONDS; second++) {
    clock.advance(1000);
    if (second % 20 === 5 && await collect()) most = Math.max(most, heapBytes() - before);
    if (crowd.every(({ endedMs }) => endedMs !== undefined)) break;
    for (const attacker of crowd) attacker.drip();
  }
  const lastMs = Math.max(...crowd.map(({ endedMs }) => endedMs ?? Infinity));
  if (lastMs > 1000 * attack.within) {
    course.broken(`${attack.name}: an end after ${lastMs / 1000} s, not ${attack.within} s`);
  }
  const statuses = new Set(crowd.map(({ status }) => status));
  const isAnswered = attack.reads === "all" || attack.status > 0;
  if (isAnswered && (statuses.size !== 1 || !statuses.has(attack.status))) {
    course.broken(`${attack.name}: ${[...statuses]} instead of ${attack.status}`);
  }
  clock.advance(100_000);
  const { connections, activeRequests } = server.stats();
  if (connections + activeRequests > 0 || !clock.idle) {
    course.broken(`${attack.name}: something is left`);
  }
  if (most / CROWD > MAX_BYTES_EACH) course.broken(`${attack.name}: ${most / CROWD} bytes each`);
  const closing = server.close();
  clock.advance(1000);
  await closing;
  return { bytes: most / CROWD, lastMs };
}

/** Slow and greedy clients. */
export const slowPart: Part = {
  name: "slow",
  share: 1,
  async run(course: Course): Promise<void> {
    for (const attack of ATTACKS) {
      const { bytes, lastMs } = await attackWith(attack, course);
      const answer = attack.status === 0 ? "cut" : String(attack.status);
      course.figure(
        `${CROWD} clients with ${attack.name}: ${answer} after ${
          (lastMs / 1000).toFixed(0)
        } s of the clock, ` +
          `at most ${(bytes / 1024).toFixed(0)} KiB each`,
      );
    }
  },
};
