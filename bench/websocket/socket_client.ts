/**
 * A client with many WebSockets. It prints `ready` when all are open and the first answer of each is
 * right. At each line with a number of seconds it sends messages for that time, and prints `sent`, the
 * number of messages that have come from the server, and the seconds.
 *
 * The client only counts frames: the answers were checked before the timing. A compressed answer with context
 * takeover is shorter than the first one, so that a count of bytes would not do.
 *
 * @module
 */

import { connect, type Socket } from "node:net";
import process from "node:process";
import { inflateRawSync } from "node:zlib";
import type { SocketApp } from "./workloads.ts";

export interface SocketJob {
  readonly port: number;
  readonly app: SocketApp;
  readonly connections: number;
  readonly depth: number;
  readonly message: string;
  readonly deflate: boolean;
}

/** The number of connections that are opened at a time, for the sake of the listen backlog. */
const AT_A_TIME = 200;
/** The time in which a server registers its last connections. */
const REGISTERED_MILLISECONDS = 500;
/** The end of a compressed message, which its frame leaves out (RFC 7692 §7.2.1). */
const FLUSH = Buffer.from([0x00, 0x00, 0xff, 0xff]);
const KEY = [0x37, 0xfa, 0x21, 0x3d] as const;

const job = JSON.parse(process.argv[2] ?? "") as SocketJob;
const payload = Buffer.from(job.message);
const answer = Buffer.concat([Buffer.from([0x81, payload.length]), payload]);
const masked = payload.map((byte, index) => byte ^ KEY[index & 3]!);
const frame = Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, ...KEY]), masked]);
const batch = Buffer.concat(Array.from({ length: job.depth }, () => frame));

const HANDSHAKE = [
  "GET / HTTP/1.1",
  `Host: 127.0.0.1:${job.port}`,
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version: 13",
  ...(job.deflate ? ["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"] : []),
  "\r\n",
].join("\r\n");

/** One WebSocket. Its bytes go to `onBytes`. */
interface Connection {
  readonly socket: Socket;
  onBytes: (bytes: Buffer) => void;
}

const connections: Connection[] = [];

/** All reads share one buffer, because an allocation for each read would cost more than the read. */
const readBuffer = Buffer.alloc(65_536);

/** Opens a WebSocket. Resolves when the handshake is answered. */
function open(): Promise<void> {
  return new Promise((resolve, reject) => {
    const connection: Connection = {
      socket: connect({
        port: job.port,
        host: "127.0.0.1",
        noDelay: true,
        onread: {
          buffer: readBuffer,
          callback(size, buffer) {
            connection.onBytes((buffer as Buffer).subarray(0, size));
            return true;
          },
        },
      }, () => connection.socket.write(HANDSHAKE)),
      onBytes(bytes) {
        const head = bytes.toString("latin1");
        if (!/^HTTP\/1.1 101 .*\r\n\r\n$/s.test(head)) reject(new Error(`The answer is ${head}`));
        else resolve();
      },
    };
    connection.socket.on("error", reject);
    connection.socket.on("end", () => reject(new Error("The server closed a connection")));
    connections.push(connection);
  });
}

/** A frame of a server, decompressed if it is compressed. */
function inflated(frame: Buffer): Buffer {
  if (frame[0] !== 0xc1) return frame;
  const text = inflateRawSync(Buffer.concat([frame.subarray(2), FLUSH]), { finishFlush: 2 });
  return Buffer.concat([Buffer.from([0x81, text.length]), text]);
}

/** Resolves when a connection has got a message and it is the right answer. */
function answered(connection: Connection): Promise<void> {
  return new Promise((resolve, reject) => {
    let got = Buffer.alloc(0);
    connection.onBytes = (bytes) => {
      got = Buffer.concat([got, bytes]);
      if (got.length < 2 + (got[1] ?? 0)) return;
      if (inflated(got).equals(answer)) resolve();
      else reject(new Error(`The answer is ${got.toString("hex")}`));
    };
  });
}

/** Checks the answer to one message, on each connection that gets it. */
async function check(): Promise<void> {
  if (job.app === "broadcast") {
    const all = Promise.all(connections.map(answered));
    connections[0]?.socket.write(frame);
    await all;
    return;
  }
  for (let index = 0; index < connections.length; index += AT_A_TIME) {
    await Promise.all(
      connections.slice(index, index + AT_A_TIME).map((connection) => {
        const checked = answered(connection);
        connection.socket.write(frame);
        return checked;
      }),
    );
  }
}

/** Makes a function that counts the frames that end in the next bytes of a server. All of them are short. */
function frameCounter(): (bytes: Buffer) => number {
  /** The end of the current frame if its length is known, or else that of the last one. */
  let end = 0;
  let isLengthKnown = false;
  return (bytes) => {
    let count = 0;
    for (;;) {
      if (isLengthKnown) {
        if (end > bytes.length) break;
        count++;
      } else {
        const length = bytes[end + 1];
        if (length === undefined) break;
        end += 2 + length;
      }
      isLengthKnown = !isLengthKnown;
    }
    end -= bytes.length;
    return count;
  };
}

/** Keeps each connection busy: when a batch is answered, the next one is sent. */
function echo(onMessages: (count: number) => boolean): void {
  for (const connection of connections) {
    const countFrames = frameCounter();
    let missing = job.depth;
    connection.onBytes = (bytes) => {
      missing -= countFrames(bytes);
      if (missing > 0) return;
      missing = job.depth;
      if (onMessages(job.depth)) connection.socket.write(batch);
    };
    connection.socket.write(batch);
  }
}

/** Sends a message when the last one has come on all connections. */
function broadcast(onMessages: (count: number) => boolean): void {
  const [first] = connections as [Connection];
  const messages = job.depth * connections.length;
  let missing = messages;
  for (const connection of connections) {
    const countFrames = frameCounter();
    connection.onBytes = (bytes) => {
      missing -= countFrames(bytes);
      if (missing > 0) return;
      missing = messages;
      if (onMessages(messages)) first.socket.write(batch);
    };
  }
  first.socket.write(batch);
}

const LOADS = { echo, broadcast };

/** Sends messages for a time, and prints their number. */
function load(seconds: number): void {
  const begin = performance.now();
  const end = begin + seconds * 1000;
  let messages = 0;
  let waiting = job.app === "echo" ? connections.length : 1;
  LOADS[job.app]((count) => {
    messages += count;
    const now = performance.now();
    if (now < end) return true;
    if (--waiting === 0) console.log(`sent ${messages} ${(now - begin) / 1000}`);
    return false;
  });
}

for (let count = 0; count < job.connections; count += AT_A_TIME) {
  const size = Math.min(AT_A_TIME, job.connections - count);
  await Promise.all(Array.from({ length: size }, open));
}
// A server may add a connection to those of a broadcast a moment after it has answered the handshake.
await new Promise((resolve) => setTimeout(resolve, REGISTERED_MILLISECONDS));
await check();
console.log("ready");
process.stdin.on("data", (text) => load(Number(text)));
process.stdin.once("end", () => process.exit());
