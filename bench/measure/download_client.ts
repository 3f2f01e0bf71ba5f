/**
 * A client that downloads again and again, and counts bytes. It finishes the download that it has begun, so
 * that small and large answers are counted alike.
 *
 * @module
 */

import { connect } from "node:net";
import process from "node:process";
import { AnswerReader } from "../workloads/answer_reader.ts";

export interface DownloadJob {
  readonly port: number;
  readonly request: string;
  readonly connections: number;
  readonly seconds: number;
}

export interface DownloadFigures {
  readonly bytes: number;
  readonly seconds: number;
}

const job = JSON.parse(process.argv[2] ?? "") as DownloadJob;
let bytes = 0;

/** Downloads until the time is up. Resolves when the last download is complete. */
function download(end: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const reader = new AnswerReader({
      onBody: (part) => void (bytes += part.length),
      onEnd() {
        if (performance.now() < end) socket.write(job.request);
        else {
          socket.destroy();
          resolve();
        }
      },
    });
    const socket = connect({
      port: job.port,
      host: "127.0.0.1",
      noDelay: true,
      // All reads share one buffer, because an allocation for each read would cost more than the
      // read.
      onread: {
        buffer: new Uint8Array(524_288),
        callback(size, buffer) {
          reader.push(buffer.subarray(0, size));
          return true;
        },
      },
    }, () => socket.write(job.request));
    socket.on("error", reject);
    socket.on("end", () => reject(new Error("The server closed a connection")));
  });
}

const begin = performance.now();
const end = begin + job.seconds * 1000;
await Promise.all(Array.from({ length: job.connections }, () => download(end)));
const figures: DownloadFigures = { bytes, seconds: (performance.now() - begin) / 1000 };
console.log(JSON.stringify(figures));
