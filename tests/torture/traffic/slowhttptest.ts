/**
 * The part `slowhttptest`: the program of that name attacks a server in its four ways, and honest clients beside
 * it get their answers.
 *
 * The server ends each attacking connection by its deadlines, which are short here.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { skipWithout } from "../../tools/optional_tools.ts";
import { Child } from "../child.ts";
import type { Course, Part } from "../part.ts";
import { honestTimes, timeAt } from "./honest.ts";
import type { Figures } from "./traffic_server.ts";

const PROGRAM = "slowhttptest";
/** The deadlines of the server, in seconds. */
const TIMEOUTS = { head: 5, body: 5, write: 5, idle: 5 };
/** The longest time of one attack, in seconds. */
const ATTACK_SECONDS = 40;
/** The connections that are left when an attack has ended: those of honest requests, on their way out. */
const MAX_HONEST = 20;
/**
 * The bounds on the memory that an attack may add to the server, in bytes: for each connection, and for the
 * garbage of any traffic.
 */
const MAX_BYTES_EACH = 64 * 1024;
const MAX_GARBAGE_BYTES = 64 * 1024 * 1024;
const MB = 1024 * 1024;

/** A way of the program. */
interface Attack {
  readonly words: readonly string[];
  readonly path: string;
  readonly connections: number;
}

const ATTACKS: Readonly<Record<string, Attack>> = {
  "slow heads": { words: ["-H"], path: "/hello", connections: 1000 },
  "slow bodies": { words: ["-B", "-t", "POST", "-s", "100000"], path: "/echo", connections: 1000 },
  "many ranges": { words: ["-R"], path: "/hello", connections: 1000 },
  // The server first fills the buffers of the system, which takes megabytes for each connection.
  "slow readers": {
    words: ["-X", "-w", "100", "-y", "200", "-n", "1", "-z", "1", "-k", "3"],
    path: "/endless",
    connections: 50,
  },
};

/** Runs the program. Resolves with its last words. */
function attack(port: number, { words, path, connections }: Attack): Promise<string> {
  const size = ["-c", String(connections), "-r", "500", "-i", "2", "-x", "10", "-p", "3"];
  const url = ["-l", String(ATTACK_SECONDS), "-u", `http://127.0.0.1:${port}${path}`];
  const child = spawn(PROGRAM, [...words, ...size, ...url]);
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => text += piece);
  child.stderr.resume();
  return new Promise((resolve) => child.once("close", () => resolve(plain(text))));
}

/** The text without the colours of a terminal. */
function plain(text: string): string {
  // deno-lint-ignore no-control-regex -- the colours begin with ESC
  return text.replace(/\x1b\[[0-9;]*m/g, "").trim();
}

/** The connections of the server during an attack, as far as one look a second shows them. */
class Watch {
  rss = 0;
  most = 0;
  /** The time after which the server has ended all attacking connections, in seconds. */
  endedAfter: number | undefined;
  readonly #began = performance.now();

  look({ rss, connections }: Figures): void {
    this.rss = Math.max(this.rss, rss);
    this.most = Math.max(this.most, connections);
    const isOver = this.most > MAX_HONEST && connections <= MAX_HONEST;
    if (isOver) this.endedAfter ??= (performance.now() - this.#began) / 1000;
    else this.endedAfter = undefined;
  }
}

async function attackServer(course: Course, server: Child, port: number): Promise<void> {
  for (const [name, way] of Object.entries(ATTACKS)) {
    const before = await server.ask<Figures>("collect");
    const watch = new Watch();
    let isOver = false;
    const honest = honestTimes({ port }, () => isOver);
    const watching = setInterval(() => {
      void server.ask<Figures>("figures").then((figures) => watch.look(figures));
    }, 250);
    const said = await attack(port, way);
    clearInterval(watching);
    isOver = true;
    const times = await honest;
    const { rss, most } = watch;
    // A slow reader does not see that its connection is reset, so the server tells the end of those.
    const seenAfter = /Test ended on (\d+)th second\s+Exit status: No open connections left/.exec(
      said,
    );
    const endedAfter = seenAfter === null ? watch.endedAfter : Number(seenAfter[1]);
    if (!said.includes("service available:   YES")) course.broken(`${name}: ${said.slice(-200)}`);
    if (endedAfter === undefined) course.broken(`${name}: attacking connections stay open`);
    if (rss - before.rss > MAX_GARBAGE_BYTES + MAX_BYTES_EACH * way.connections) {
      course.broken(`${name}: the memory grew from ${before.rss} to ${rss} bytes`);
    }
    course.figure(
      `${name}: ${most} connections at most, all ended by the server after ${
        endedAfter?.toFixed(0)
      } s; ` +
        `${times.length} honest requests beside them, p50 ${timeAt(times, 0.5)} ms, p99 ${
          timeAt(times, 0.99)
        } ms; ` +
        `RSS ${(rss / MB).toFixed(0)} MiB at most`,
    );
  }
}

/** The attacks of another program than ours. */
export const slowhttptestPart: Part = {
  name: PROGRAM,
  share: 0.5,
  async run(course: Course): Promise<void> {
    const reason = skipWithout(PROGRAM, ["-h"]);
    if (reason !== false) return course.figure(`not run: ${reason}`);
    const server = new Child(new URL("traffic_server.ts", import.meta.url));
    try {
      const { port } = await server.ask<{ port: number }>("listen", {
        options: { timeouts: TIMEOUTS },
      });
      await attackServer(course, server, port);
      await server.ask("close");
    } finally {
      await server.end();
    }
  },
};
