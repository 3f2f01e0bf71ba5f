/**
 * The part `greedy`: clients that send without an end, as fast as the server takes their bytes, and read all
 * answers.
 *
 * Honest clients beside them are answered, and the memory of the server is bounded. When the greedy clients have
 * left, the server counts nothing and has given their memory back. The latency of the honest clients is a figure
 * and no promise: it depends on the machine.
 *
 * @module
 */

import { CERT, KEY } from "../../support/tls_fixtures.ts";
import { Child } from "../child.ts";
import type { Course, Part } from "../part.ts";
import { COMPRESSED, GREEDY_KINDS } from "./greedy_kinds.ts";
import { honestTimes, timeAt } from "./honest.ts";
import { quietFigures } from "./quiet.ts";
import type { Place } from "./traffic_clients.ts";
import type { Figures } from "./traffic_server.ts";

/** The greedy clients of one kind, and the honest ones beside them. */
const GREEDY = 16;
const HONEST = 4;
/** The shortest time of one kind, in seconds. */
const MIN_SECONDS = 1;
/**
 * The bounds on the memory of the server, in bytes: the growth of the resident set beside one kind, most of it
 * garbage (Bun collects it late); and the growth of the heap that is left after a round of all kinds.
 */
const MAX_GROWTH_BYTES = 384 * 1024 * 1024;
const MAX_HEAP_LEFT_BYTES = 1024 * 1024;
const MB = 1024 * 1024;

/** The programs of an attack. */
interface Stage {
  readonly server: Child;
  readonly clients: Child;
  readonly place: Place;
}

/** Lets a crowd of one kind attack, beside honest clients. Resolves with the heap that is left, in bytes. */
async function attack(
  course: Course,
  stage: Stage,
  kind: string,
  seconds: number,
): Promise<number> {
  const { server, clients, place } = stage;
  const name = place.isEncrypted === true ? `${kind} over TLS` : kind;
  const before = await server.ask<Figures>("collect");
  await clients.ask("attack", { ...place, kind, count: GREEDY });
  const ends = performance.now() + 1000 * seconds;
  const isOver = () => performance.now() > ends;
  const honest = Array.from({ length: HONEST }, () => honestTimes(place, isOver));
  let rss = 0;
  while (!isOver()) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    rss = Math.max(rss, (await server.ask<Figures>("figures")).rss);
  }
  const times = (await Promise.all(honest)).flat().sort((one, other) => one - other);
  const { bytes, cut } = await clients.ask<{ bytes: number; cut: number }>("sent");
  await clients.ask("leave");
  const after = await quietFigures(server);
  if (cut > 0) course.broken(`${name}: the server has ended ${cut} connections`);
  if (rss - before.rss > MAX_GROWTH_BYTES) {
    course.broken(`${name}: the memory grew from ${before.rss} to ${rss} bytes`);
  }
  for (const line of after.log) course.broken(`${name}: the log has: ${line}`);
  course.figure(
    `${GREEDY} clients with ${name}, ${(bytes / MB / seconds).toFixed(1)} MiB a second: ` +
      `${times.length} honest requests of ${HONEST} clients, p50 ${timeAt(times, 0.5)} ms, ` +
      `p99 ${timeAt(times, 0.99)} ms; RSS ${(rss / MB).toFixed(0)} MiB at most, ` +
      `${((rss - before.rss) / MB).toFixed(0)} MiB more than before`,
  );
  return after.heap;
}

/** Lets each kind attack one server twice. */
async function attackServer(course: Course, isEncrypted: boolean, seconds: number): Promise<void> {
  const server = new Child(new URL("traffic_server.ts", import.meta.url));
  const clients = new Child(new URL("greedy_clients.ts", import.meta.url));
  try {
    const options = isEncrypted ? { tls: { cert: CERT, key: KEY } } : {};
    const { port } = await server.ask<{ port: number }>("listen", { options });
    const stage: Stage = { server, clients, place: { port, isEncrypted } };
    const kinds = Object.keys(GREEDY_KINDS).filter((kind) => !isEncrypted || kind !== COMPRESSED);
    // In the first round, programs are compiled.
    const heaps = [0, 0];
    for (const round of heaps.keys()) {
      for (const kind of kinds) heaps[round] = await attack(course, stage, kind, seconds);
    }
    const [first = 0, second = 0] = heaps;
    if (second - first > MAX_HEAP_LEFT_BYTES) {
      course.broken(`the heap had ${first} bytes after a round, and ${second} after the next one`);
    }
    course.figure(
      `the heap after a round of all kinds ${(first / MB).toFixed(2)} MiB, after the next one ` +
        `${(second / MB).toFixed(2)} MiB`,
    );
    await server.ask("close");
  } finally {
    await clients.end();
    await server.end();
  }
}

/** Greedy clients. */
export const greedyPart: Part = {
  name: "greedy",
  share: 1,
  async run(course: Course): Promise<void> {
    const attacks = 4 * Object.keys(GREEDY_KINDS).length;
    const seconds = Math.max(MIN_SECONDS, course.seconds / attacks);
    await attackServer(course, false, seconds);
    await attackServer(course, true, seconds);
  },
};
