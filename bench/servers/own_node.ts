/** Node's own server: `node:http`. */

import { once } from "node:events";
import { createReadStream } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createGzip } from "node:zlib";
import {
  BIG_BYTES,
  BLOCK_BYTES,
  BYTES,
  computeStep,
  DOWNLOAD_BLOCKS,
  DOWNLOAD_PATH,
  downloadBlock,
  HELLO,
  JSON_TYPE,
  LOG_BLOCK,
  LOG_BLOCKS,
  POLL_PATHS,
  RECORDS,
  STEPS,
  STEPS_PATH,
  STREAM_BLOCKS,
  TEXT,
} from "../workloads/content.ts";
import { announce, askedApp, askedFile, counter } from "./control.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

function hello(_request: IncomingMessage, response: ServerResponse): void {
  counter.served++;
  response.setHeader("Content-Type", TEXT);
  response.end(HELLO.body);
}

function stream(_request: IncomingMessage, response: ServerResponse): void {
  response.setHeader("Content-Type", TEXT);
  response.write(STREAM_BLOCKS[0]);
  response.write(STREAM_BLOCKS[1]);
  response.write(STREAM_BLOCKS[2]);
  response.end();
}

function echo(request: IncomingMessage, response: ServerResponse): void {
  const pieces: Buffer[] = [];
  request.on("data", (piece: Buffer) => pieces.push(piece));
  request.on("end", () => {
    const value: unknown = JSON.parse(Buffer.concat(pieces).toString());
    response.setHeader("Content-Type", JSON_TYPE);
    response.end(JSON.stringify(value));
  });
}

function upload(request: IncomingMessage, response: ServerResponse): void {
  let size = 0;
  request.on("data", (piece: Buffer) => size += piece.length);
  request.on("end", () => {
    response.setHeader("Content-Type", TEXT);
    response.end(String(size));
  });
}

const block = downloadBlock();

function download(blocks: number): Handler {
  return async (_request, response) => {
    response.setHeader("Content-Type", BYTES);
    response.setHeader("Content-Length", blocks * BLOCK_BYTES);
    for (let count = 0; count < blocks; count++) {
      if (!response.write(block)) await once(response, "drain");
    }
    response.end();
  };
}

function file(_request: IncomingMessage, response: ServerResponse): void {
  response.setHeader("Content-Type", BYTES);
  response.setHeader("Content-Length", BIG_BYTES);
  createReadStream(askedFile()).pipe(response);
}

function gzip4k(_request: IncomingMessage, response: ServerResponse): void {
  response.setHeader("Content-Type", JSON_TYPE);
  response.setHeader("Content-Encoding", "gzip");
  const packer = createGzip();
  packer.pipe(response);
  packer.end(RECORDS);
}

async function gzip256k(_request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader("Content-Type", TEXT);
  response.setHeader("Content-Encoding", "gzip");
  const packer = createGzip();
  packer.pipe(response);
  for (let count = 0; count < LOG_BLOCKS; count++) {
    if (!packer.write(LOG_BLOCK)) await once(packer, "drain");
  }
  packer.end();
}

let waiters: (() => void)[] = [];

async function poll(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = HELLO.body;
  if (request.url === POLL_PATHS.poll) {
    await new Promise<void>((resolve) => waiters.push(resolve));
  } else if (request.url === POLL_PATHS.waiting) body = String(waiters.length);
  else if (request.url === POLL_PATHS.signal) {
    for (const resolve of waiters) resolve();
    waiters = [];
  }
  response.setHeader("Content-Type", TEXT);
  response.end(body);
}

async function steps(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url !== STEPS_PATH) return hello(request, response);
  response.setHeader("Content-Type", TEXT);
  for (let count = 0; count < STEPS; count++) await written(response, computeStep());
  response.end();
}

/** Resolves when the block has been handed to the system. */
function written(response: ServerResponse, text: string): Promise<void> {
  return new Promise((resolve) => response.write(text, () => resolve()));
}

const bigDownload = download(DOWNLOAD_BLOCKS.download100m);

function mixed(request: IncomingMessage, response: ServerResponse): void {
  (request.url === DOWNLOAD_PATH ? bigDownload : hello)(request, response);
}

const handler = askedApp<Handler>({
  hello,
  stream,
  echo,
  upload,
  download1m: download(DOWNLOAD_BLOCKS.download1m),
  download100m: bigDownload,
  file100m: file,
  gzip4k,
  gzip256k,
  poll,
  steps,
  mixed,
});
const server = createServer(handler);
// The time is that of our server. The default of 5 s ends idle connections while others are opened.
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => announce((server.address() as AddressInfo).port));
