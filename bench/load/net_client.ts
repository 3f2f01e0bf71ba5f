/**
 * A client that keeps connections busy: each sends a batch, awaits as many status lines as that was
 * requests, and sends the next. No more is parsed: that the answers are right was checked before.
 * Their length tells nothing, as a server may frame equal bodies by length or in chunks.
 */

import { connect, type Socket } from "node:net";
import process from "node:process";

interface Job {
  readonly port: number;
  readonly connections: number;
  /** What is sent at once. */
  readonly batch: string;
  /** How many requests that is. */
  readonly depth: number;
  readonly seconds: number;
}

const job = JSON.parse(process.argv[2] ?? "") as Job;
const batch = Buffer.from(job.batch, "latin1");
const STATUS_LINE = "HTTP/1.1 2";
let answers = 0;
let ended = false;

function open(): Socket {
  const socket = connect({ port: job.port, host: "127.0.0.1", noDelay: true });
  let awaited = job.depth;
  let rest = "";
  socket.setEncoding("latin1");
  socket.on("connect", () => socket.write(batch));
  socket.on("data", (part: string) => {
    const text = rest + part;
    const count = text.split(STATUS_LINE).length - 1;
    rest = text.slice(1 - STATUS_LINE.length);
    answers += count;
    awaited -= count;
    if (awaited > 0) return;
    awaited = job.depth;
    socket.write(batch);
  });
  socket.on("close", () => {
    if (!ended) throw new Error("The server closed a connection");
  });
  return socket;
}

const begin = performance.now();
const sockets = Array.from({ length: job.connections }, open);
setTimeout(() => {
  ended = true;
  const seconds = (performance.now() - begin) / 1000;
  for (const socket of sockets) socket.destroy();
  if (answers === 0) throw new Error("Not one good answer came");
  console.log(JSON.stringify({ requests: answers, seconds }));
}, job.seconds * 1000);
