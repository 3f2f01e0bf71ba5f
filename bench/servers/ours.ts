/** Our server: generator apps on the runtime's adapter. */

import process from "node:process";
import {
  type Environ,
  serve,
  Signal,
  type StartResponse,
  WaitForSignal,
  type WSGIApp,
} from "../../mod.ts";
import {
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

const OK = "200 OK";

// deno-lint-ignore require-yield -- a generator, as most apps are, whose only block has Content-Length
function* hello(_environ: Environ, startResponse: StartResponse) {
  counter.served++;
  startResponse(OK, [["Content-Type", TEXT]]);
  return HELLO.body;
}

function* stream(_environ: Environ, startResponse: StartResponse) {
  startResponse(OK, [["Content-Type", TEXT]]);
  yield STREAM_BLOCKS[0];
  yield STREAM_BLOCKS[1];
  yield STREAM_BLOCKS[2];
}

const decoder = new TextDecoder();

function* echo(environ: Environ, startResponse: StartResponse) {
  const body = yield* environ["wsgi.input"].read();
  const value: unknown = JSON.parse(decoder.decode(body));
  startResponse(OK, [["Content-Type", JSON_TYPE]]);
  return JSON.stringify(value);
}

function* upload(environ: Environ, startResponse: StartResponse) {
  let size = 0;
  for (;;) {
    const piece = yield* environ["wsgi.input"].read(65_536);
    if (piece.length === 0) break;
    size += piece.length;
  }
  startResponse(OK, [["Content-Type", TEXT]]);
  return String(size);
}

const block = downloadBlock();

function download(blocks: number) {
  return function* (_environ: Environ, startResponse: StartResponse) {
    const length = String(blocks * BLOCK_BYTES);
    startResponse(OK, [["Content-Type", BYTES], ["Content-Length", length]]);
    for (let count = 0; count < blocks; count++) yield block;
  };
}

function file(environ: Environ, startResponse: StartResponse) {
  startResponse(OK, [["Content-Type", BYTES]]);
  return environ["wsgi.file_wrapper"](askedFile());
}

/**
 * The middleware is loaded only for the apps that compress, because an older git ref of `--compare`
 * may not have it.
 */
const compress = process.argv.some((word) => word.startsWith("gzip"))
  ? (await import("../../src/middleware/compress/mod.ts")).compress
  : (app: WSGIApp): WSGIApp => app;

const gzip4k = compress(function* (_environ, startResponse) {
  startResponse(OK, [["Content-Type", JSON_TYPE]]);
  yield RECORDS;
});

const gzip256k = compress(function* (_environ, startResponse) {
  startResponse(OK, [["Content-Type", TEXT]]);
  for (let count = 0; count < LOG_BLOCKS; count++) yield LOG_BLOCK;
});

let waiting = 0;

function* poll(environ: Environ, startResponse: StartResponse) {
  let body = HELLO.body;
  if (environ.PATH_INFO === POLL_PATHS.poll) {
    waiting++;
    body = yield* environ.cogen.wait(WaitForSignal<string>("go"));
    waiting--;
  } else if (environ.PATH_INFO === POLL_PATHS.waiting) body = String(waiting);
  else if (environ.PATH_INFO === POLL_PATHS.signal) {
    yield* environ.cogen.wait(Signal("go", HELLO.body));
  }
  startResponse(OK, [["Content-Type", TEXT]]);
  return body;
}

function* steps(environ: Environ, startResponse: StartResponse) {
  startResponse(OK, [["Content-Type", TEXT]]);
  if (environ.PATH_INFO !== STEPS_PATH) return HELLO.body;
  for (let count = 0; count < STEPS; count++) yield computeStep();
}

const bigDownload = download(DOWNLOAD_BLOCKS.download100m);

function mixed(environ: Environ, startResponse: StartResponse) {
  const app = environ.PATH_INFO === DOWNLOAD_PATH ? bigDownload : hello;
  return app(environ, startResponse);
}

const wsgiApp = askedApp<WSGIApp>({
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
const server = await serve({ bindAddr: ["127.0.0.1", 0], wsgiApp });
announce(Number(new URL(server.url).port));
