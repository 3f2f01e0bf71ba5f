/**
 * A client of thousands of connections: each sends one request. Says `ready` when all are answered or,
 * where they have to wait for a signal, when the server says that all do wait; then, told `go`, sends
 * the signal and says how many milliseconds it took until the last one had its answer.
 */

import { connect, type Socket } from "node:net";
import process from "node:process";
import { AnswerReader } from "../workloads/answer_reader.ts";

export interface CrowdJob {
  readonly port: number;
  readonly request: string;
  readonly connections: number;
  /** Asks how many wait. Without it none has to. */
  readonly countRequest?: string;
  readonly signalRequest?: string;
}

/** More at a time might overflow the listen backlog, which is 511 or 512 by default. */
const AT_A_TIME = 250;
/** How often all that the system turned away may come again. */
const MAX_RETRIES = 1000;

const job = JSON.parse(process.argv[2] ?? "") as CrowdJob;
const waits = job.countRequest !== undefined;
const sockets: Socket[] = [];
let answered = 0;
let lastAnswer = 0;
let retries = 0;
let allAnswered: () => void = () => {};

/** Resolves when it is connected and, unless it has to wait, answered. */
function join(): Promise<void> {
  return new Promise((resolve, reject) => {
    const reader = new AnswerReader({
      onEnd() {
        answered++;
        lastAnswer = performance.now();
        resolve();
        if (answered === job.connections) allAnswered();
      },
    });
    const socket = connect({ port: job.port, host: "127.0.0.1", noDelay: true }, () => {
      socket.write(job.request);
      if (waits) resolve();
    });
    socket.on("data", (bytes: Uint8Array) => reader.push(bytes));
    // A backlog that overflows resets whom it had let in, and nobody has heard their request.
    socket.on("error", () => {});
    socket.on("close", (isBroken) => {
      if (!isBroken || ++retries > MAX_RETRIES) throw new Error("The server closed a connection");
      join().then(resolve, reject);
    });
    sockets.push(socket);
  });
}

/** Sends a request on a connection of its own; gives the body of the answer. */
function exchange(request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let body = "";
    const reader = new AnswerReader({
      onBody: (bytes) => void (body += new TextDecoder().decode(bytes)),
      onEnd() {
        socket.destroy();
        resolve(body);
      },
    });
    const socket = connect({ port: job.port, host: "127.0.0.1" }, () => socket.write(request));
    socket.on("data", (bytes: Uint8Array) => reader.push(bytes));
    socket.on("error", reject);
  });
}

for (let count = 0; count < job.connections; count += AT_A_TIME) {
  const size = Math.min(AT_A_TIME, job.connections - count);
  await Promise.all(Array.from({ length: size }, join));
}
if (job.countRequest !== undefined) {
  while (Number(await exchange(job.countRequest)) < job.connections) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
console.log("ready");

process.stdin.once("data", async () => {
  const everyone = new Promise<void>((resolve) => allAnswered = resolve);
  const begin = performance.now();
  await exchange(job.signalRequest ?? "");
  if (answered < job.connections) await everyone;
  console.log(`answered ${(lastAnswer - begin).toFixed(1)}`);
});
process.stdin.once("end", () => process.exit());
