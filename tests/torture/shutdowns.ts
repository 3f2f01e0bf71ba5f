/**
 * The part `shutdowns`: a thousand servers are shut down at random moments under load, each with a random
 * grace.
 *
 * Each request that an app has begun gets its whole answer; or the grace is over, and its `finally` has run.
 * No client takes a part of a response for the whole, old clients without a framing included. Nothing is
 * left behind, and the shutdown ends in its time.
 *
 * @module
 */

import { memoryNetwork } from "../../adapters/memory.ts";
import { ManualClock, Sleep } from "../../src/coroutine/mod.ts";
import { WSGIServer } from "../../src/server/mod.ts";
import { decodeLatin1, joinBytes, type Socket } from "../../src/socket/mod.ts";
import { EventChannel, eventStream } from "../../src/sse/mod.ts";
import { ResponseReader } from "../../src/testing/response_reader.ts";
import { handshakeFields } from "../../src/testing/web_socket.ts";
import { acceptWebSocket } from "../../src/websocket/mod.ts";
import type { AppYield, WSGIApp } from "../../src/wsgi/mod.ts";
import type { Random } from "../fuzz/random.ts";
import { latin1Bytes } from "../support/serving.ts";
import type { Course, Part } from "./part.ts";

const ADDRESS = { host: "127.0.0.1", port: 80 };
const ROUNDS = 1000;
const MAX_VISITORS = 12;
/** The last moment at which a shutdown begins, in milliseconds of the clock. */
const LATEST_MS = 1500;
const GRACES = [0, 0.05, 0.5, 5, 60];
const BODY = "b".repeat(3000);
/** The time between two checks of the server, by which an end past the grace may come early, in ms. */
const ROUGHLY_MS = 1;

type Kind = "get" | "post" | "stream" | "pipelined" | "old" | "leaves" | "events" | "socket";
const KINDS: readonly Kind[] = [
  ...["get", "post", "stream", "pipelined", "old", "leaves", "events", "socket"] as const,
];
/** The kinds whose clients wait for an answer that ends by itself. */
const ANSWERED: readonly Kind[] = ["get", "post", "stream", "pipelined", "old"];

/** One request, as its app sees it. */
interface Run {
  readonly kind: Kind;
  /** The time of its `finally`. */
  endedMs: number | undefined;
}

/** The sums of all rounds. */
interface Sums {
  begun: number;
  answered: number;
  cancelled: number;
  lingering: number;
}

/** A client that sends its requests at random moments, and reads all. */
class Visitor {
  readonly kind: Kind;
  readonly ids: string[] = [];
  readonly #pieces: Uint8Array[] = [];
  readonly #socket: Socket;
  #hasEnd = false;

  constructor(kind: Kind, connect: (visitor: Visitor) => Socket) {
    this.kind = kind;
    this.#socket = connect(this);
  }

  ask(id: string): void {
    if (this.#hasEnd) return;
    this.ids.push(id);
    this.#socket.write(latin1Bytes(requestOf(this.kind, id)));
  }

  leave(): void {
    this.#socket.destroy();
  }

  onData(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
  }

  onEnd(): void {
    this.#hasEnd = true;
    this.#socket.endWrite();
  }

  onDrain(): void {}
  onClose(): void {}

  /** Reads the bytes: the ids that were answered in full. A wrong body is a complaint. */
  answers(): { readonly answered: string[]; readonly complaints: string[] } {
    const answered: string[] = [];
    let rest: Uint8Array = joinBytes(this.#pieces);
    // The times of a stream of events are random.
    for (const id of this.kind === "events" ? [] : this.ids) {
      const reader = new ResponseReader("GET");
      rest = rest.subarray(reader.push(rest));
      if (this.#hasEnd) reader.end();
      if (reader.head === undefined || reader.state !== "complete") break;
      if (reader.head.status === 503) continue;
      const bytes = joinBytes(reader.body);
      const text = decodeLatin1(bytes, 0, bytes.length);
      if (text !== bodyOf(this.kind, id)) {
        return { answered, complaints: [`${this.kind} ${id} took for whole: ${text}`] };
      }
      answered.push(id);
    }
    return { answered, complaints: [] };
  }
}

function requestOf(kind: Kind, id: string): string {
  const path = `/${kind}/${id}`;
  if (kind === "old") return `GET ${path} HTTP/1.0\r\n\r\n`;
  const fields = kind === "post" ? [`Content-Length: ${BODY.length}`] : [];
  if (kind === "socket") fields.push(...handshakeFields({}).map((field) => field.join(": ")));
  const head = [`${kind === "post" ? "POST" : "GET"} ${path} HTTP/1.1`, "Host: test", ...fields];
  return `${head.join("\r\n")}\r\n\r\n${kind === "post" ? BODY : ""}`;
}

function bodyOf(kind: Kind, id: string): string {
  const size = kind === "post" ? `${BODY.length} ` : "";
  const steps = kind === "stream" || kind === "old" || kind === "leaves" ? "0 1 2 3 4 " : "";
  return `${size}${steps}<${id}>`;
}

/** One server, its visitors and its shutdown. */
class Round {
  readonly #random: Random;
  readonly #clock = new ManualClock();
  readonly #runs = new Map<string, Run>();
  readonly #visitors: Visitor[] = [];
  readonly #log: string[] = [];
  readonly #news = new EventChannel({ epoch: "a" });

  constructor(random: Random) {
    this.#random = random;
  }

  async run(sums: Sums): Promise<string[]> {
    const log = (line: string) => void this.#log.push(line);
    const network = memoryNetwork({ clock: this.#clock, log, window: 512 });
    const server = new WSGIServer({
      wsgiApp: this.#app(),
      bindAddr: [ADDRESS.host, ADDRESS.port],
      adapter: network.adapter,
      log,
    });
    await server.listen();
    const count = 1 + this.#random.below(MAX_VISITORS);
    for (let number = 0; number < count; number++) {
      const kind = this.#random.pick(KINDS);
      this.#plan(number, new Visitor(kind, (it) => network.connect(ADDRESS, () => it)));
    }
    this.#clock.advance(this.#random.below(LATEST_MS));
    const beganMs = this.#clock.now();
    const grace = this.#random.pick(GRACES);
    let isOver = false;
    const shutdown = server.shutdown({ grace }).then(() => void (isOver = true));
    const limit = grace + 60;
    for (let step = 0; step < 40 * limit && !isOver; step++) {
      for (let turn = 0; turn < 6; turn++) await Promise.resolve();
      this.#clock.advance(25);
    }
    if (!isOver) return [`a shutdown with the grace ${grace} took more than ${limit} s`];
    await shutdown;
    this.#clock.advance(0);
    return this.#check(sums, beganMs + 1000 * grace, server);
  }

  /** Plans the requests of a visitor. */
  #plan(number: number, visitor: Visitor): void {
    this.#visitors.push(visitor);
    const isSingle = visitor.kind === "old" || visitor.kind === "events" ||
      visitor.kind === "socket";
    const count = isSingle ? 1 : 1 + this.#random.below(6);
    for (let index = 0, atMs = 0; index < count; index++) {
      atMs += visitor.kind === "pipelined" ? 0 : this.#random.below(LATEST_MS / 3);
      this.#clock.setTimer(atMs, () => visitor.ask(`${number}.${index}`));
    }
    if (visitor.kind === "leaves") {
      this.#clock.setTimer(this.#random.below(LATEST_MS), () => visitor.leave());
    }
  }

  #app(): WSGIApp {
    const runs = this.#runs;
    const { random, news, clock } = { random: this.#random, news: this.#news, clock: this.#clock };
    return function* (environ, startResponse): Generator<AppYield, string | undefined, unknown> {
      const [, kind, id] = environ.PATH_INFO.split("/") as [string, Kind, string];
      const run: Run = { kind, endedMs: undefined };
      runs.set(id, run);
      try {
        if (kind === "socket") {
          const socket = acceptWebSocket(environ);
          while ((yield* socket.receive()) !== undefined);
          return undefined;
        }
        if (kind === "events") {
          yield* eventStream(environ, startResponse, news);
          return undefined;
        }
        startResponse("200 OK", [["Content-Type", "text/plain"]]);
        if (kind === "post") yield `${(yield* environ["wsgi.input"].read()).length} `;
        else if (kind === "stream" || kind === "old" || kind === "leaves") {
          for (let step = 0; step < 5; step++) {
            yield `${step} `;
            yield* environ.cogen.wait(Sleep({ milliseconds: random.below(200) }));
          }
        } else yield* environ.cogen.wait(Sleep({ milliseconds: random.below(900) }));
        return `<${id}>`;
      } finally {
        run.endedMs = clock.now();
      }
    };
  }

  #check(sums: Sums, graceEndMs: number, server: WSGIServer): string[] {
    const complaints: string[] = [];
    const answered = new Set<string>();
    for (const visitor of this.#visitors) {
      const judged = visitor.answers();
      complaints.push(...judged.complaints);
      for (const id of judged.answered) answered.add(id);
    }
    for (const [id, { kind, endedMs }] of this.#runs) {
      sums.begun++;
      if (endedMs === undefined) complaints.push(`${kind} ${id} has had no finally`);
      else if (answered.has(id)) sums.answered++;
      else if (!ANSWERED.includes(kind)) sums.lingering++;
      else if (endedMs >= graceEndMs - ROUGHLY_MS) sums.cancelled++;
      else complaints.push(`${kind} ${id} was neither answered nor cancelled past the grace`);
    }
    const { connections, activeRequests } = server.stats();
    if (connections + activeRequests > 0) {
      complaints.push(`${connections} connections and ${activeRequests} requests are left`);
    }
    const left = Object.entries(server.scheduler.stats()).filter(([, count]) => count > 0);
    if (left.length > 0) complaints.push(`the scheduler has ${JSON.stringify(left)}`);
    complaints.push(...this.#log.map((line) => `the log has: ${line}`));
    return complaints;
  }
}

/** A thousand shutdowns at random moments. */
export const shutdownsPart: Part = {
  name: "shutdowns",
  share: 2,
  async run(course: Course): Promise<void> {
    const sums: Sums = { begun: 0, answered: 0, cancelled: 0, lingering: 0 };
    let rounds = 0;
    while (rounds < ROUNDS || !course.isOver()) {
      rounds++;
      for (const complaint of await new Round(course.random).run(sums)) {
        course.broken(`shutdown ${rounds}: ${complaint}`);
      }
    }
    course.figure(
      `${rounds} shutdowns; of ${sums.begun} begun requests, ${sums.answered} were answered in full, ` +
        `${sums.cancelled} were cancelled past the grace, ` +
        `${sums.lingering} were streams, WebSockets or requests of clients that left; all had their finally`,
    );
  },
};
