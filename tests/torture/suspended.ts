/**
 * The part `suspended`: very many requests wait for one signal, are woken at once, and each gets its bytes.
 *
 * 100,000 connections of a network in memory, then 15,000 over TCP, with the clients in a process of their own.
 * Afterwards the server counts nothing.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { memoryNetwork } from "../../adapters/memory.ts";
import { serve, Signal, WaitForSignal, type WSGIApp, WSGIServer } from "../../mod.ts";
import { ManualClock, type Scheduler } from "../../src/coroutine/mod.ts";
import { decodeLatin1, type Socket } from "../../src/socket/mod.ts";
import { latin1Bytes } from "../support/serving.ts";
import { eventually } from "../support/tcp.ts";
import { Child } from "./child.ts";
import { collect, heapBytes } from "./garbage.ts";
import type { Course, Part } from "./part.ts";

const IN_MEMORY = 100_000;
const OVER_TCP = 15_000;
/** The descriptors of a process that are not for connections. */
export const OTHER_DESCRIPTORS = 500;
const ADDRESS = { host: "127.0.0.1", port: 80 };
/** The time in which all clients over TCP must have connected, or got their answers. */
const LIMIT_MS = 300_000;

/** The answer to the request for `path`. */
export function answerTo(path: string): string {
  return `woken ${path}`;
}

const app: WSGIApp = function* (environ, startResponse) {
  yield* environ.cogen.wait(WaitForSignal("go"));
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return answerTo(environ.PATH_INFO);
};

/** Wakes all requests. Resolves with their number. */
function wake(scheduler: Scheduler): Promise<number> {
  return new Promise((resolve) => {
    scheduler.add(function* waker() {
      resolve(yield* Signal("go"));
    });
  });
}

/** A client in memory, which keeps the bytes that it got. */
class Client {
  text = "";
  readonly socket: Socket;

  constructor(connect: (client: Client) => Socket) {
    this.socket = connect(this);
  }

  onData(bytes: Uint8Array): void {
    this.text += decodeLatin1(bytes, 0, bytes.length);
  }

  onEnd(): void {}
  onDrain(): void {}
  onClose(): void {}
}

async function suspendInMemory(course: Course): Promise<void> {
  const clock = new ManualClock();
  const network = memoryNetwork({ clock });
  const server = new WSGIServer({
    wsgiApp: app,
    bindAddr: [ADDRESS.host, ADDRESS.port],
    adapter: network.adapter,
    limits: { maxConnections: IN_MEMORY },
  });
  await server.listen();
  const clients = Array.from({ length: IN_MEMORY }, () => {
    return new Client((client) => network.connect(ADDRESS, () => client));
  });
  clock.advance(0);
  const hasCollected = await collect();
  const before = heapBytes();
  for (const [index, { socket }] of clients.entries()) {
    socket.write(latin1Bytes(`GET /${index} HTTP/1.1\r\nHost: test\r\n\r\n`));
  }
  clock.advance(0);
  await collect();
  const each = (heapBytes() - before) / IN_MEMORY;
  const { signals } = server.scheduler.stats();
  if (signals !== IN_MEMORY) course.broken(`${signals} of ${IN_MEMORY} requests wait in memory`);
  const woken = wake(server.scheduler);
  clock.advance(0);
  const right = clients.filter(({ text }, index) => isRight(text, `/${index}`)).length;
  if (right !== IN_MEMORY) course.broken(`${right} of ${IN_MEMORY} answers in memory are right`);
  course.figure(
    `${IN_MEMORY} requests in memory, ${await woken} woken by one signal, ${right} answered, ` +
      (hasCollected ? `${(each / 1024).toFixed(1)} KiB each while they wait` : "memory unknown"),
  );
  for (const { socket } of clients) socket.destroy();
  clock.advance(0);
  checkNothingLeft(server, course);
  const closing = server.close();
  clock.advance(1000);
  await closing;
}

/** Whether the text is the answer to the request for `path`, and nothing else. */
export function isRight(text: string, path: string): boolean {
  const [head = "", body] = text.split("\r\n\r\n");
  return head.startsWith("HTTP/1.1 200 OK\r\n") && body === answerTo(path);
}

async function suspendOverTcp(course: Course): Promise<void> {
  const count = Math.min(OVER_TCP, descriptorLimit() - OTHER_DESCRIPTORS);
  const server = await serve({
    wsgiApp: app,
    bindAddr: ["127.0.0.1", 0],
    limits: { maxConnections: count },
  });
  const clients = new Child(new URL("suspended_clients.ts", import.meta.url));
  try {
    const { port } = new URL(server.url);
    await clients.ask("connect", { port: Number(port), count });
    await eventually(
      "all requests wait",
      () => server.scheduler.stats().signals === count,
      LIMIT_MS,
    );
    const began = performance.now();
    const woken = await wake(server.scheduler);
    const { right, wrong } = await clients.ask<{ right: number; wrong: string[] }>("answers");
    const ms = performance.now() - began;
    for (const text of wrong) course.broken(`an answer over TCP: ${text}`);
    if (right !== count) {
      course.broken(`${right} of ${count} answers over TCP are right`);
    }
    course.figure(
      `${count} requests over TCP, ${woken} woken by one signal, ${right} answered; the last after ` +
        `${ms.toFixed(0)} ms`,
    );
  } finally {
    await clients.end();
  }
  await eventually("no connection", () => server.stats().connections === 0, LIMIT_MS);
  checkNothingLeft(server, course);
  await server.close();
}

function checkNothingLeft(server: WSGIServer, course: Course): void {
  const { connections, activeRequests, scheduler } = server.stats();
  const counts = { connections, activeRequests, ...scheduler };
  for (const [name, value] of Object.entries(counts)) {
    if (value !== 0) course.broken(`${name} is ${value} at the end`);
  }
}

/** The number of descriptors that a process of this system may have; Linux alone tells it. */
export function descriptorLimit(): number {
  try {
    const limits = readFileSync("/proc/self/limits", "utf8");
    return Number(/^Max open files +\d+ +(\d+)/m.exec(limits)?.[1] ?? Infinity);
  } catch {
    return 4096;
  }
}

/** Very many suspended requests. They take as long as they take. */
export const suspendedPart: Part = {
  name: "suspended",
  share: 0.5,
  async run(course: Course): Promise<void> {
    await suspendInMemory(course);
    await suspendOverTcp(course);
  },
};
