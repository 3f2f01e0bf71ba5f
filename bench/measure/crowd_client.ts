/**
 * A client with thousands of connections, each of which sends one request. It prints `ready` when all are
 * answered or, if they wait for a signal, when the server reports that all wait. Then, at the line `go`, it
 * sends the signal, and prints the milliseconds until the last answer.
 *
 * @module
 */

import { connect, type Socket } from "node:net";
import process from "node:process";
import { AnswerReader } from "../workloads/answer_reader.ts";

export interface CrowdJob {
  readonly port: number;
  readonly request: string;
  readonly connections: number;
  /** The request for the number of waiting requests. It is missing if no request has to wait. */
  readonly countRequest?: string;
  readonly signalRequest?: string;
}

/**
 * The number of connections that are opened at a time. More might overflow the listen backlog,
 * which is 511 or 512 by default.
 */
const AT_A_TIME = 250;
/** The largest number of all retries together, for connections that the system refused. */
const MAX_RETRIES = 1000;

const job = JSON.parse(process.argv[2] ?? "") as CrowdJob;
const waits = job.countRequest !== undefined;
const sockets: Socket[] = [];
let answered = 0;
let lastAnswer = 0;
let retries = 0;
let allAnswered: () => void = () => {};

/** Opens a connection. Resolves when it is open and, unless its request waits, answered. */
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
    // A backlog that overflows resets connections that are established already. Their requests were
    // not read.
    socket.on("error", () => {});
    socket.on("close", (isBroken) => {
      if (!isBroken || ++retries > MAX_RETRIES) throw new Error("The server closed a connection");
      join().then(resolve, reject);
    });
    sockets.push(socket);
  });
}

/** Sends a request on a connection of its own; returns the body of the answer. */
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
