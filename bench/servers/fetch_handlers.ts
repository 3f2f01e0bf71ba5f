/** The apps as `fetch` handlers, for all servers that take a `Request` and give a `Response`. */

import {
  type AppName,
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
import { askedFile, counter } from "./control.ts";

export type FetchHandler = (request: Request) => Response | Promise<Response>;

type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();

function text(body: string): Response {
  return new Response(body, { headers: { "Content-Type": TEXT } });
}

/** Makes a body of `count` blocks. Each block is made when it is pulled. */
function pulled(count: number, block: (index: number) => Bytes): ReadableStream<Bytes> {
  let index = 0;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(block(index++));
      if (index === count) controller.close();
    },
  });
}

const streamBlocks = STREAM_BLOCKS.map((block) => encoder.encode(block));

function stream(): Response {
  const body = "Bun" in globalThis ? flushedBlocks() : pulledBlocks();
  return new Response(body, { headers: { "Content-Type": TEXT } });
}

function pulledBlocks(): ReadableStream<Bytes> {
  return pulled(streamBlocks.length, (index) => streamBlocks[index] as Bytes);
}

/** The controller of a stream of Bun's type `direct`. */
interface DirectController {
  write(block: Bytes): unknown;
  flush(): Promise<unknown>;
  close(): void;
}

/**
 * Makes blocks that Bun sends one by one. Bun joins blocks that are pulled at once, so each is
 * flushed.
 */
function flushedBlocks(): ReadableStream<Bytes> {
  return new ReadableStream({
    type: "direct",
    async pull(controller: DirectController) {
      for (const block of streamBlocks) {
        controller.write(block);
        await controller.flush();
      }
      controller.close();
    },
  } as object);
}

async function echo(request: Request): Promise<Response> {
  const value: unknown = await request.json();
  return new Response(JSON.stringify(value), { headers: { "Content-Type": JSON_TYPE } });
}

async function upload(request: Request): Promise<Response> {
  let size = 0;
  const pieces = (request.body ?? []) as AsyncIterable<Uint8Array>;
  for await (const piece of pieces) size += piece.length;
  return text(String(size));
}

const block = downloadBlock();

function download(blocks: number): FetchHandler {
  const headers = { "Content-Type": BYTES, "Content-Length": String(blocks * BLOCK_BYTES) };
  return () => new Response(pulled(blocks, () => block), { headers });
}

/** The file functions of Deno and Bun, declared here for all type checkers. */
interface FileRuntimes {
  readonly Deno?: { open(path: string): Promise<{ readonly readable: ReadableStream<Bytes> }> };
  readonly Bun?: { file(path: string): Blob };
}

async function file(): Promise<Response> {
  const headers = { "Content-Type": BYTES, "Content-Length": String(BIG_BYTES) };
  const { Deno, Bun } = globalThis as unknown as FileRuntimes;
  if (Bun !== undefined) return new Response(Bun.file(askedFile()), { headers });
  if (Deno === undefined) throw new TypeError("Node reads files in its own way");
  return new Response((await Deno.open(askedFile())).readable, { headers });
}

/** The compression of Bun. `Deno.serve` compresses by itself, and Node has its own program. */
const packing = globalThis as { readonly Bun?: { gzipSync(bytes: Bytes): Bytes } };

function gzip4k(): Response {
  const headers = { "Content-Type": JSON_TYPE };
  if (packing.Bun === undefined) return new Response(RECORDS, { headers });
  const body = packing.Bun.gzipSync(encoder.encode(RECORDS));
  return new Response(body, { headers: { ...headers, "Content-Encoding": "gzip" } });
}

function gzip256k(): Response {
  const headers = { "Content-Type": TEXT };
  const body = pulled(LOG_BLOCKS, () => encoder.encode(LOG_BLOCK));
  if (packing.Bun === undefined) return new Response(body, { headers });
  return new Response(body.pipeThrough(new CompressionStream("gzip")), {
    headers: { ...headers, "Content-Encoding": "gzip" },
  });
}

let waiters: (() => void)[] = [];

async function poll(request: Request): Promise<Response> {
  const path = new URL(request.url).pathname;
  if (path === POLL_PATHS.poll) {
    await new Promise<void>((resolve) => waiters.push(resolve));
  } else if (path === POLL_PATHS.waiting) return text(String(waiters.length));
  else if (path === POLL_PATHS.signal) {
    for (const resolve of waiters) resolve();
    waiters = [];
  }
  return text(HELLO.body);
}

function steps(request: Request): Response {
  if (new URL(request.url).pathname !== STEPS_PATH) return text(HELLO.body);
  const body = pulled(STEPS, () => encoder.encode(computeStep()));
  return new Response(body, { headers: { "Content-Type": TEXT } });
}

function hello(): Response {
  counter.served++;
  return text(HELLO.body);
}

const bigDownload = download(DOWNLOAD_BLOCKS.download100m);

function mixed(request: Request): Response | Promise<Response> {
  return new URL(request.url).pathname === DOWNLOAD_PATH ? bigDownload(request) : hello();
}

export const FETCH_HANDLERS: Readonly<Record<AppName, FetchHandler>> = {
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
};
