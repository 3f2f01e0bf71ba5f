/**
 * The contents that the servers serve, and the paths of the requests. Servers and clients both import this
 * file, and it imports nothing.
 *
 * @module
 */

/** The apps. The command line of a server names one, so that no contender pays for a router. */
export const APP_NAMES = [
  "hello",
  "stream",
  "echo",
  "upload",
  "download1m",
  "download100m",
  "file100m",
  "gzip4k",
  "gzip256k",
  "poll",
  "steps",
  "mixed",
] as const;
export type AppName = typeof APP_NAMES[number];

/** The parts of an answer in which all servers must agree. */
export interface Answer {
  /** The media type, in the form `type/subtype`. */
  readonly contentType: string;
  readonly body: string;
  /** The number of repetitions of the body. Default 1. */
  readonly repeats?: number;
  /** Whether the answer must be chunked. */
  readonly chunked?: boolean;
  /** Whether the answer must be compressed with gzip; `body` is the text before that. */
  readonly gzip?: boolean;
}

export const TEXT = "text/plain";
export const JSON_TYPE = "application/json";
export const BYTES = "application/octet-stream";

export const HELLO: Answer = { contentType: TEXT, body: "Hello, World!" };

/** Blocks of unknown total length, as in a page that is made while it is sent. */
export const STREAM_BLOCKS: readonly [string, string, string] = [
  "<!doctype html><title>Hello</title>\n",
  "<p>Hello, World! This came as soon as it was made.\n",
  "<p>And this is the end of it.\n",
];
export const STREAM: Answer = { contentType: TEXT, body: STREAM_BLOCKS.join(""), chunked: true };

/** A body of about 1 KB, as a form or an API sends it. */
export const MESSAGE: string = JSON.stringify({
  id: 4711,
  name: "Ada Lovelace",
  email: "ada@example.org",
  active: true,
  score: 99.5,
  tags: ["mathematics", "computing", "poetry", "horses"],
  address: { street: "12 St James's Square", city: "London", code: "SW1Y 4JH", country: "GB" },
  history: Array.from({ length: 8 }, (_, index) => ({
    at: `2026-01-0${index + 1}T12:00:00Z`,
    action: index % 2 === 0 ? "signed in" : "changed the address",
    ok: index !== 5,
    from: `192.0.2.${index}`,
  })),
});
export const ECHO: Answer = { contentType: JSON_TYPE, body: MESSAGE };

const MEBIBYTE = 1_048_576;
export const UPLOAD_BYTES: number = MEBIBYTE;
export const UPLOAD: Answer = { contentType: TEXT, body: String(UPLOAD_BYTES) };

/** The size of the block that a download repeats. */
export const BLOCK_BYTES = 65_536;
const BLOCK_TEXT: string = "0123456789abcdef".repeat(BLOCK_BYTES / 16);
export const DOWNLOAD_BLOCKS: Readonly<Record<"download1m" | "download100m", number>> = {
  download1m: MEBIBYTE / BLOCK_BYTES,
  download100m: 100 * MEBIBYTE / BLOCK_BYTES,
};
export const DOWNLOAD_1M: Answer = download(DOWNLOAD_BLOCKS.download1m);
export const DOWNLOAD_100M: Answer = download(DOWNLOAD_BLOCKS.download100m);

function download(repeats: number): Answer {
  return { contentType: BYTES, body: BLOCK_TEXT, repeats };
}

/** The length of a big download, in bytes. */
export const BIG_BYTES: number = DOWNLOAD_BLOCKS.download100m * BLOCK_BYTES;

/** Records as in the answer of an API, about 4 KB. */
export const RECORDS: string = JSON.stringify(
  Array.from({ length: 60 }, (_, id) => {
    return { id, name: `user ${id * 7919 % 1000}`, score: id * 37 % 101, active: id % 3 > 0 };
  }),
);
export const GZIP_4K: Answer = { contentType: JSON_TYPE, body: RECORDS, gzip: true };

/** 64 KB of a log, as a page or an export has it. */
export const LOG_BLOCK: string = Array.from({ length: 1024 }, (_, n) => {
  const path = `/users/${n * 7919 % 10_007}/orders`;
  return `2026-01-02T03:04:${String(n % 60).padStart(2, "0")}Z GET ${path} 200 ${n * 31 % 977} ms`
    .padEnd(BLOCK_BYTES / 1024 - 1) + "\n";
}).join("");
export const LOG_BLOCKS = 4;
export const GZIP_256K: Answer = {
  contentType: TEXT,
  body: LOG_BLOCK,
  repeats: LOG_BLOCKS,
  gzip: true,
};

/** The block as bytes. */
export function downloadBlock(): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(BLOCK_TEXT) as Uint8Array<ArrayBuffer>;
}

/** The answer to a long poll. */
export const POLLED: Answer = HELLO;
/** The paths of the `poll` app; any other path is hello. */
export const POLL_PATHS = { poll: "/poll", waiting: "/waiting", signal: "/signal" } as const;

/** The path of the `mixed` app that gives 100 MB; any other path is hello. */
export const DOWNLOAD_PATH = "/download";

/** The path of the `steps` app; any other path is hello. */
export const STEPS_PATH = "/steps";
export const STEPS = 20;
export const STEP_MILLISECONDS = 2;
export const STEP_BLOCK = "one more step\n";

/** Computes for the time of one step. */
export function computeStep(): string {
  const end = performance.now() + STEP_MILLISECONDS;
  while (performance.now() < end);
  return STEP_BLOCK;
}
