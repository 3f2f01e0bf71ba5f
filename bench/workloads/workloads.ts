/**
 * The workloads: the requests that the servers get, and the way in which each is measured.
 *
 * A new workload is a new entry of {@linkcode WORKLOADS}, and, if it needs a new app, one in every
 * server.
 *
 * @module
 */

import {
  type Answer,
  type AppName,
  DOWNLOAD_100M,
  DOWNLOAD_1M,
  ECHO,
  GZIP_256K,
  GZIP_4K,
  HELLO,
  POLL_PATHS,
  POLLED,
  STREAM,
  UPLOAD,
} from "./content.ts";
import { BROWSER, CLOSING, ECHO_POST, get, GZIP, PLAIN, UPLOAD_POST } from "./requests.ts";

/**
 * - `load`: as many requests as the server can take; the figure is CPU time a request
 * - `download`: big answers to a client that only counts bytes; the figure is the rate
 * - `idle`: connections that have been answered and stay open; the figure is memory
 * - `suspended`: requests that wait for a signal; the figures are memory, and the time until all are answered
 */
export type WorkloadKind = "load" | "download" | "idle" | "suspended";

export interface Workload {
  readonly name: string;
  readonly title: string;
  readonly kind: WorkloadKind;
  readonly app: AppName;
  /** One request, byte for byte. */
  readonly request: string;
  /** The number of requests that are sent before their answers are awaited. */
  readonly depth: number;
  readonly connections: number;
  readonly answer: Answer;
  /** Whether `--quick` measures it. */
  readonly quick: boolean;
  /** Whether peers are measured with it, even if the command line does not name them. */
  readonly peers: boolean;
}

const LOAD = { kind: "load", depth: 1, connections: 64, quick: false, peers: false } as const;
const HELLO_LOAD = { ...LOAD, app: "hello", answer: HELLO } as const;
const QUICK = { quick: true } as const;
const WITH_PEERS = { peers: true } as const;
const CROWD = 10_000;

export const WORKLOADS: readonly Workload[] = [
  { ...HELLO_LOAD, ...QUICK, ...WITH_PEERS, name: "hello", title: "hello", request: PLAIN },
  {
    ...HELLO_LOAD,
    ...QUICK,
    ...WITH_PEERS,
    name: "browser",
    title: "hello, a browser's head",
    request: BROWSER,
  },
  {
    ...HELLO_LOAD,
    ...QUICK,
    name: "x16",
    title: "hello, pipelined x16",
    request: PLAIN,
    depth: 16,
  },
  { ...HELLO_LOAD, name: "churn", title: "a connection a request", request: CLOSING },
  {
    ...LOAD,
    ...QUICK,
    ...WITH_PEERS,
    name: "stream",
    title: "3 blocks, chunked",
    app: "stream",
    request: PLAIN,
    answer: STREAM,
  },
  {
    ...LOAD,
    ...QUICK,
    ...WITH_PEERS,
    name: "post",
    title: "JSON echo of 1 KB",
    app: "echo",
    request: ECHO_POST,
    answer: ECHO,
  },
  {
    ...LOAD,
    name: "upload",
    title: "upload of 1 MB",
    app: "upload",
    request: UPLOAD_POST,
    answer: UPLOAD,
    connections: 16,
  },
  {
    ...LOAD,
    kind: "download",
    name: "download1m",
    title: "download of 1 MB",
    app: "download1m",
    request: PLAIN,
    answer: DOWNLOAD_1M,
    connections: 8,
  },
  {
    ...LOAD,
    kind: "download",
    name: "download100m",
    title: "download of 100 MB",
    app: "download100m",
    request: PLAIN,
    answer: DOWNLOAD_100M,
    connections: 1,
  },
  {
    ...LOAD,
    kind: "download",
    name: "file100m",
    title: "a file of 100 MB",
    app: "file100m",
    request: PLAIN,
    answer: DOWNLOAD_100M,
    connections: 1,
  },
  {
    ...LOAD,
    name: "gzip4k",
    title: "4 KB of JSON, compressed with gzip",
    app: "gzip4k",
    request: GZIP,
    answer: GZIP_4K,
    connections: 16,
  },
  {
    ...LOAD,
    name: "gzip256k",
    title: "256 KB of text in 4 blocks, compressed with gzip",
    app: "gzip256k",
    request: GZIP,
    answer: GZIP_256K,
    connections: 4,
  },
  {
    ...HELLO_LOAD,
    kind: "idle",
    name: "idle",
    title: "10,000 idle connections",
    request: PLAIN,
    connections: CROWD,
  },
  {
    ...LOAD,
    kind: "suspended",
    name: "suspended",
    title: "10,000 suspended requests",
    app: "poll",
    request: get(POLL_PATHS.poll, "Accept: */*"),
    answer: POLLED,
    connections: CROWD,
  },
];

export const WORKLOAD_NAMES: readonly string[] = WORKLOADS.map(({ name }) => name);
