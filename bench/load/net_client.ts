/**
 * A client that keeps connections busy. Each connection sends a batch, awaits an answer for each of
 * its requests, and sends the next batch. If the server closes the connection, the client opens a
 * new one. The answers were checked before the timing.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import process from "node:process";
import { AnswerReader } from "../workloads/answer_reader.ts";
import { isClosing } from "../workloads/requests.ts";
import type { LoadFigures } from "./load_generator.ts";

export interface NetJob {
  readonly port: number;
  readonly connections: number;
  /** The path of the file with the batch. */
  readonly file: string;
  /** The number of requests in the batch. */
  readonly depth: number;
  readonly seconds: number;
  /** Whether a failed connection is opened again. */
  readonly mayFail: boolean;
}

const job = JSON.parse(process.argv[2] ?? "") as NetJob;
const batch = readFileSync(job.file);
const closing = isClosing(batch.toString("latin1"));
/** The microseconds from the sending of a batch to the end of an answer. */
const latencies: number[] = [];
const sockets = new Set<Socket>();
let ended = false;

function open(): void {
  const begin = performance.now();
  let sent = begin;
  let awaited = job.depth;
  const socket = connect({ port: job.port, host: "127.0.0.1", noDelay: true });
  sockets.add(socket);
  const reader = new AnswerReader({
    onEnd() {
      latencies.push((performance.now() - sent) * 1000);
      if (--awaited > 0) return;
      awaited = job.depth;
      sent = performance.now();
      if (!closing) socket.write(batch);
    },
  });
  socket.on("connect", () => socket.write(batch));
  socket.on("data", (bytes: Uint8Array) => reader.push(bytes));
  socket.on("end", () => reader.end());
  socket.on("error", (error) => {
    if (!job.mayFail) throw error;
  });
  socket.on("close", () => {
    sockets.delete(socket);
    if (ended) return;
    if (!closing && !job.mayFail) throw new Error("The server closed a connection");
    open();
  });
}

function figures(seconds: number): LoadFigures {
  const sorted = Float64Array.from(latencies).sort();
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
  return { requests: sorted.length, seconds, p50: at(0.5), p99: at(0.99), p999: at(0.999) };
}

const begin = performance.now();
for (let count = 0; count < job.connections; count++) open();
setTimeout(() => {
  ended = true;
  const seconds = (performance.now() - begin) / 1000;
  for (const socket of sockets) socket.destroy();
  console.log(JSON.stringify(figures(seconds)));
}, job.seconds * 1000);
