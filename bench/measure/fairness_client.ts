/**
 * This program runs clients that stream from generators which compute, and one client that sends
 * tiny requests meanwhile. The latency of the tiny requests is the figure.
 *
 * @module
 */

import { connect, type Socket } from "node:net";
import process from "node:process";
import { AnswerReader } from "../workloads/answer_reader.ts";

export interface FairnessJob {
  readonly port: number;
  readonly streams: number;
  readonly streamRequest: string;
  readonly tinyRequest: string;
  readonly seconds: number;
}

/** The figures of fairness. Latencies are in milliseconds. */
export interface FairnessFigures {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** The number of answered tiny requests. */
  readonly answers: number;
  /** The number of complete streams per second. */
  readonly streamsPerSecond: number;
  readonly bytesPerSecond: number;
}

/** The time until all streams have begun. */
const WARM_UP_MILLISECONDS = 1_000;
/** The longest pause between tiny requests. It is random, so that it does not follow the steps. */
const LONGEST_PAUSE_MILLISECONDS = 5;

const job = JSON.parse(process.argv[2] ?? "") as FairnessJob;
let streams = 0;
let bytes = 0;

function open(reader: AnswerReader): Socket {
  const socket = connect({ port: job.port, host: "127.0.0.1", noDelay: true });
  socket.on("data", (part: Uint8Array) => reader.push(part));
  return socket;
}

/** Streams an answer again and again. */
function stream(): void {
  const socket = open(
    new AnswerReader({
      onBody: (part) => void (bytes += part.length),
      onEnd() {
        streams++;
        socket.write(job.streamRequest);
      },
    }),
  );
  socket.write(job.streamRequest);
}

let answered: () => void = () => {};
const tiny = open(new AnswerReader({ onEnd: () => answered() }));

/** Sends one tiny request; returns its latency. */
async function askTiny(): Promise<number> {
  const begin = performance.now();
  const done = new Promise<void>((resolve) => answered = resolve);
  tiny.write(job.tinyRequest);
  await done;
  return performance.now() - begin;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

for (let count = 0; count < job.streams; count++) stream();
await pause(WARM_UP_MILLISECONDS);
[streams, bytes] = [0, 0];
const latencies: number[] = [];
const begin = performance.now();
while (performance.now() - begin < job.seconds * 1000) {
  latencies.push(await askTiny());
  await pause(Math.random() * LONGEST_PAUSE_MILLISECONDS);
}
const seconds = (performance.now() - begin) / 1000;
latencies.sort((a, b) => a - b);
const at = (share: number) => latencies[Math.floor((latencies.length - 1) * share)] ?? NaN;
const figures: FairnessFigures = {
  p50: at(0.5),
  p99: at(0.99),
  max: at(1),
  answers: latencies.length,
  streamsPerSecond: streams / seconds,
  bytesPerSecond: bytes / seconds,
};
console.log(JSON.stringify(figures));
process.exit();
