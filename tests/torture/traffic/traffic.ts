/**
 * The part `traffic`: clients of every kind keep a server busy for minutes, and its memory stays flat.
 *
 * The server has a process of its own. After the first part of the time, and at the end, all clients leave, and the
 * heap after a collection is compared. Between, the resident set is noted each second.
 *
 * @module
 */

import { Random } from "../../fuzz/random.ts";
import { Child } from "../child.ts";
import type { Course, Part } from "../part.ts";
import { quietFigures } from "./quiet.ts";
import { CLIENT_KINDS } from "./traffic_clients.ts";
import type { Figures } from "./traffic_server.ts";

/** The clients of each kind. */
const CLIENTS = 8;
/** The part of the time after which the memory is compared: before, programs are still compiled. */
const WARM_UP = 0.3;
/** The growth of the heap that is allowed: a share of it, and bytes for the noise of small heaps. */
const MAX_GROWTH = 0.05;
const NOISE_BYTES = 512 * 1024;
const MB = 1024 * 1024;

/** The account of one stretch of traffic. */
interface Stretch {
  exchanges: number;
  /** The resident set in bytes, about once a second, with the time of each figure in seconds. */
  readonly rss: [seconds: number, bytes: number][];
}

/** Lets all clients work for a time. Resolves when they have left. */
async function keepBusy(
  course: Course,
  server: Child,
  port: number,
  seconds: number,
): Promise<Stretch> {
  const ends = performance.now() + 1000 * seconds;
  const isOver = () => performance.now() > ends;
  const stretch: Stretch = { exchanges: 0, rss: [] };
  const clients = Object.entries(CLIENT_KINDS).flatMap(([kind, run]) =>
    Array.from({ length: CLIENTS }, (_, index) => {
      const random = new Random(course.seed + course.random.below(2 ** 30) + index);
      const done = () => void stretch.exchanges++;
      const wrong = (text: string) => course.broken(`${kind}: ${text}`);
      return run({ port, random, isOver, done, wrong }).catch((error) => wrong(String(error)));
    })
  );
  while (!isOver()) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const { rss, log } = await server.ask<Figures>("figures");
    stretch.rss.push([performance.now() / 1000, rss]);
    for (const line of log) course.broken(`the log has: ${line}`);
  }
  await Promise.all(clients);
  return stretch;
}

/** The slope of the line through the figures, in bytes a minute. */
function slopePerMinute(figures: Stretch["rss"]): number {
  const mean = (of: 0 | 1) => figures.reduce((sum, figure) => sum + figure[of], 0) / figures.length;
  const [middle, level] = [mean(0), mean(1)];
  let product = 0;
  let square = 0;
  for (const [seconds, bytes] of figures) {
    product += (seconds - middle) * (bytes - level);
    square += (seconds - middle) ** 2;
  }
  return square === 0 ? 0 : 60 * product / square;
}

/** Minutes of mixed traffic. */
export const trafficPart: Part = {
  name: "traffic",
  share: 21,
  async run(course: Course): Promise<void> {
    const server = new Child(new URL("traffic_server.ts", import.meta.url));
    try {
      const { port } = await server.ask<{ port: number }>("listen");
      await keepBusy(course, server, port, course.seconds * WARM_UP);
      const before = await quietFigures(server);
      const { exchanges, rss } = await keepBusy(
        course,
        server,
        port,
        course.seconds * (1 - WARM_UP),
      );
      const after = await quietFigures(server);
      const growth = after.heap / before.heap - 1;
      if (after.heap > before.heap * (1 + MAX_GROWTH) + NOISE_BYTES) {
        course.broken(`the heap grew from ${before.heap} to ${after.heap} bytes`);
      }
      course.figure(
        `${Object.keys(CLIENT_KINDS).length * CLIENTS} clients, ${exchanges} exchanges in ${
          (course.seconds * (1 - WARM_UP)).toFixed(0)
        } s; ` +
          `${after.served} requests in all; RSS ${
            (Math.max(...rss.map(([, bytes]) => bytes)) / MB).toFixed(0)
          } MiB at most, ` +
          `${
            (slopePerMinute(rss) / MB).toFixed(2)
          } MiB more each minute; heap after a collection ` +
          `${(before.heap / MB).toFixed(2)} MiB, then ${(after.heap / MB).toFixed(2)} MiB ` +
          `(${(100 * growth).toFixed(1)} %)`,
      );
      await server.ask("close");
    } finally {
      await server.end();
    }
  },
};
