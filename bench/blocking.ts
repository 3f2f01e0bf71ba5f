/**
 * Measures synchronous apps in threads on the runtime that runs this file:
 *
 *     node --import tsx bench/blocking.ts
 *
 * - the time that a read adds which waits for the main thread;
 * - requests through a thread, beside the same work in Piscina (on Node) and in the main thread;
 * - the latency of another app while all threads compute.
 *
 * The clients are in the same process, so the figures compare ways of working, and are no limit of a server.
 *
 * @module
 */

import { connect, type Socket } from "node:net";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Mounts, serve, until, type WSGIApp } from "../mod.ts";
import { blocking } from "../src/blocking/mod.ts";
import { quantile } from "./judging/statistics.ts";
import { align } from "./report/table.ts";

const ROUNDS = 5;
const REQUESTS = 1500;
const CLIENTS = 8;
const READS = 4000;
const THREADS = 4;
const COMPUTES_MS = 250;
const HELLOS = 1500;
const APPS = new URL("./blocking/apps.ts", import.meta.url);

const threaded = (name: string) =>
  blocking(new URL(`#${name}`, APPS), { threads: THREADS, queue: 1000 });
const sizes = threaded("size");
const reading = threaded("reads");
const computing = threaded("computes");

/** Gives the app the pieces of two bytes, each of which is there when it is asked for. */
const pieces: WSGIApp = (environ, startResponse) => {
  async function* body() {
    for (let piece = 0; piece < READS; piece++) yield new Uint8Array(2);
  }
  environ["wsgi.input"] = body() as never;
  return reading(environ, startResponse);
};

const sizeOf = (run: (body: Uint8Array) => Promise<string>): WSGIApp =>
  function* (environ, startResponse) {
    const body = yield* environ.cogen.wait(environ["wsgi.input"].read());
    const text = yield* until(run(body));
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return text;
  };

const pool = await openPiscina();
const apps: Mounts = {
  "/thread": sizes,
  "/main": sizeOf((body) => Promise.resolve(String(body.length))),
  ...(pool === undefined ? {} : { "/piscina": sizeOf((body) => pool.run(body)) }),
  "/reads": pieces,
  "/computes": computing,
  "/hello": (_environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return ["hello"];
  },
};

interface Piscina {
  run(body: Uint8Array): Promise<string>;
  destroy(): Promise<void>;
}

/** Piscina with as many threads; it is for Node. */
async function openPiscina(): Promise<Piscina | undefined> {
  const { bun, deno } = process.versions as Record<string, string | undefined>;
  if (bun !== undefined || deno !== undefined) return undefined;
  const { Piscina } = await import("piscina");
  const filename = fileURLToPath(APPS);
  return new Piscina({ filename, minThreads: THREADS, maxThreads: THREADS });
}

/** A client with a connection, for one request after another. */
class Client {
  readonly #socket: Socket;
  #text = "";
  #settle: (body: string) => void = () => {};

  constructor(port: number) {
    this.#socket = connect(port, "127.0.0.1").setNoDelay(true).setEncoding("latin1");
    this.#socket.on("data", (text: string) => {
      this.#text += text;
      const end = this.#text.indexOf("\r\n\r\n") + 4;
      const length = Number(/content-length: (\d+)/i.exec(this.#text)?.[1]);
      if (end < 4 || this.#text.length < end + length) return;
      const body = this.#text.slice(end);
      this.#text = "";
      this.#settle(body);
    });
  }

  ask(path: string, body = ""): Promise<string> {
    return new Promise((resolve) => {
      this.#settle = resolve;
      const length = `Content-Length: ${body.length}`;
      this.#socket.write(`POST ${path} HTTP/1.1\r\nHost: a\r\n${length}\r\n\r\n${body}`);
    });
  }

  end(): void {
    this.#socket.destroy();
  }
}

const server = await serve({ wsgiApp: apps, bindAddr: ["127.0.0.1", 0] });
const port = Number(new URL(server.url).port);
const clients = Array.from({ length: CLIENTS }, () => new Client(port));
const [first] = clients as [Client, ...Client[]];

console.log(`A read that waits adds (${READS} reads of one byte, after as many)`);
await first.ask("/reads");
const added = JSON.parse(await first.ask("/reads")) as number[];
console.log(align([
  ["p50", "p90", "p99"],
  ["0.5", "0.9", "0.99"].map((share) => {
    return `${quantile(added, Number(share)).toFixed(1)} us`;
  }),
]));

for (const [name, body] of [["no body", ""], ["a body of 64 KiB", "x".repeat(65_536)]] as const) {
  console.log(`\nRequests with ${name}, ${CLIENTS} clients, ${THREADS} threads`);
  const ways = Object.keys(apps).filter((path) => /thread|main|piscina/.test(path));
  const figures = new Map(ways.map((path) => [path, [] as { cpu: number; rate: number }[]]));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const path of ways) {
      const figure = await load(path, body);
      // The first round starts the threads.
      if (round > 0) figures.get(path)?.push(figure);
    }
  }
  console.log(align([
    ["", "CPU us a request", "requests/s"],
    ...[...figures].map(([path, all]) => [
      path.slice(1),
      quantile(all.map(({ cpu }) => cpu), 0.5).toFixed(0),
      quantile(all.map(({ rate }) => rate), 0.5).toFixed(0),
    ]),
  ]));
}

console.log(`\nHello while ${THREADS} threads compute`);
const alone = await latencies();
const busy = { is: true };
const computed = clients.slice(1, 1 + THREADS).map(async (client) => {
  while (busy.is) await client.ask(`/computes?${COMPUTES_MS}`);
});
while (computing.stats().busy < THREADS) await new Promise((resolve) => setTimeout(resolve, 1));
const beside = await latencies();
busy.is = false;
await Promise.all(computed);
const row = (times: number[]) => [0.5, 0.99].map((share) => `${quantile(times, share).toFixed(2)}`);
console.log(align([
  ["", "p50 ms", "p99 ms"],
  ["alone", ...row(alone)],
  ["beside busy threads", ...row(beside)],
]));

for (const client of clients) client.end();
await server.close();
for (const app of [sizes, reading, computing]) await app.close();
await pool?.destroy();

async function load(path: string, body: string): Promise<{ cpu: number; rate: number }> {
  const cpu = process.cpuUsage();
  const began = performance.now();
  let left = REQUESTS;
  await Promise.all(clients.map(async (client) => {
    while (left-- > 0) {
      const answer = await client.ask(path, body);
      if (answer !== String(body.length)) throw new Error(`${path} answered ${answer}`);
    }
  }));
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - began) / 1000;
  return { cpu: (user + system) / REQUESTS, rate: REQUESTS / seconds };
}

/** The milliseconds of each of many greetings, one each millisecond. */
async function latencies(): Promise<number[]> {
  const times: number[] = [];
  for (let count = 0; count < HELLOS; count++) {
    const began = performance.now();
    await first.ask("/hello");
    times.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return times;
}
