/**
 * This program runs slow clients: half of them ask for 100 MB and read almost nothing, and half
 * send a request byte by byte. The program prints `ready` when all have begun, and goes on until it
 * is ended.
 *
 * @module
 */

import { connect } from "node:net";
import process from "node:process";

export interface SlowJob {
  readonly port: number;
  readonly readers: number;
  readonly senders: number;
  readonly downloadRequest: string;
  /** A head without an end. */
  readonly endlessHead: string;
}

/** The interval at which a slow sender sends a byte, and a slow reader reads. */
const INTERVAL_MILLISECONDS = 50;

const job = JSON.parse(process.argv[2] ?? "") as SlowJob;

/** Reads one piece at each interval. */
function read(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: job.port, host: "127.0.0.1" }, () => {
      socket.write(job.downloadRequest);
    });
    socket.once("data", () => resolve());
    socket.on("data", () => {
      socket.pause();
      setTimeout(() => socket.resume(), INTERVAL_MILLISECONDS);
    });
    socket.on("error", reject);
  });
}

function send(): Promise<void> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    const socket = connect({ port: job.port, host: "127.0.0.1", noDelay: true }, () => {
      setInterval(() => socket.write(job.endlessHead[sent++] ?? "x"), INTERVAL_MILLISECONDS);
      resolve();
    });
    socket.on("error", reject);
  });
}

await Promise.all([
  ...Array.from({ length: job.readers }, read),
  ...Array.from({ length: job.senders }, send),
]);
console.log("ready");
process.stdin.once("end", () => process.exit());
process.stdin.resume();
