/**
 * The features of the table of support, each with the tests that prove it.
 *
 * `support.ts` makes the table of these rows and of the results of the tests. A test is known by its
 * name. Tests of the contract begin with the name of the adapter, such as `deno, TLS: `, and those of a
 * gap with `gap, deno, TLS: `.
 *
 * @module
 */

import type { RuntimeName } from "../../runtimes.ts";

/** A row of the table. */
export interface Feature {
  readonly feature: string;
  /**
   * The names of tests. On a runtime with the feature, each of them has a test that passes, and none that is
   * skipped.
   */
  readonly tests: readonly RegExp[];
  /** Parts of the paths of the files with these tests. */
  readonly files: readonly string[];
  /** The reasons of the runtimes without the feature. There, the tests are skipped or left out. */
  readonly gaps?: Readonly<Partial<Record<RuntimeName, string>>>;
  /** The conditions of the runtimes with the feature. */
  readonly conditions?: Readonly<Partial<Record<RuntimeName, string>>>;
}

/** A test of the contract for the adapter of the runtime itself. */
const contract = (name: string) => new RegExp(`^(?:node|deno|bun)(?:, TLS)?: ${name}$`);
const plainContract = (name: string) => new RegExp(`^(?:node|deno|bun): ${name}$`);
const tlsContract = (name: string) => new RegExp(`^(?:node|deno|bun), TLS: ${name}$`);

export const FEATURES: readonly Feature[] = [
  {
    feature: "HTTP/1.1 and 1.0: keep-alive, pipelining in order, chunked bodies",
    tests: [/^pipelined requests are answered in order/, /^HTTP\/1\.0 with keep-alive and a known/],
    files: ["server/client_connection", "wsgi/running/response_test"],
  },
  {
    feature: "trailers, 103 Early Hints, upgrades and `CONNECT`",
    tests: [/^informational responses and trailers are visible/, /^a CONNECT that the app refuses/],
    files: ["testing/client_test", "server/client_connection"],
  },
  {
    feature: "generators, arrays, async generators and promises: the same bytes",
    tests: [/^any app, any clock, any burst, any client: the same bytes/],
    files: ["server/framing_law"],
  },
  {
    feature: "an app that waits for a signal of another request",
    tests: [/^who waits for a signal is woken by another request/],
    files: ["server/serve_test"],
  },
  {
    feature: "a client that leaves is noticed while its app waits",
    tests: [
      /^a client that leaves is noticed while/,
      contract("vanishing: a peer that .+ is noticed while nothing happens"),
    ],
    files: ["server/disconnect", "tests/contract/"],
  },
  {
    feature: "deadlines by phase, limits, graceful shutdown",
    tests: [
      /^the deadlines for head, body, request and idle clients/,
      /^shutdown lets requests finish/,
    ],
    files: ["server/bounds_over_tcp", "server/server_test"],
  },
  {
    feature: "middleware of your own, `cors`, `compress` with `br` and `gzip`",
    tests: [/^delegate runs/, /^cors answers a preflight itself/, /^br sends/, /^gzip sends/],
    files: ["middleware/delegate", "middleware/cors", "middleware/compress/streams"],
  },
  {
    feature: "`compress` with `zstd`",
    tests: [/^zstd sends what there is before the app waits/],
    files: ["middleware/compress/streams"],
    gaps: { node: "Node has it from 22.15 on" },
  },
  {
    feature: "`staticFiles`, `wsgi.file_wrapper`",
    tests: [/^contents of one size have different tags/, /^a path is opened, sent with its length/],
    files: ["static_files", "files/file_wrapper"],
    conditions: { deno: "with `--allow-read`" },
  },
  {
    feature: "`fromFetch` and `toFetch`, Hono",
    tests: [/^Hono's own middleware and helpers over a socket/],
    files: ["fetch/frameworks"],
  },
  {
    feature: "server-sent events, WebSocket",
    tests: [/^the head of a stream$/, /echoes messages, /],
    files: ["sse/event_stream_test", "websocket/web_socket_test"],
  },
  {
    feature: "status page and JSON, metrics for Prometheus",
    tests: [
      /^each request has its facts, and the tree of its coroutines with their waits and lines/,
      /^durations have the names, labels and buckets of OpenTelemetry's conventions/,
    ],
    files: ["status/status_app_test", "status/metrics_test"],
  },
  {
    feature: "traces by OpenTelemetry, the context through `yield` and `yield*`",
    tests: [
      /^a request is a server span with the stable attributes/,
      /^the context reaches each step of a generator app/,
    ],
    files: ["open_telemetry"],
  },
  {
    feature: "coroutines over sockets: `Accept`, `Recv`, `SendAll`, `readline`; `Connect`",
    tests: [
      /^readlines finds all lines/,
      plainContract("dialling: both ends of a connection to an own listener .+"),
    ],
    files: ["coroutine/sockets", "tests/contract/"],
  },
  {
    feature: "IPv4, IPv6 and Unix sockets",
    tests: [
      plainContract("addresses: both ends of a connection to 127.0.0.1:0 are told"),
      plainContract("addresses: both ends of a connection to \\[::1\\]:0 are told"),
      plainContract("addresses: both ends of a connection to .+\\.sock are told"),
    ],
    files: ["tests/contract/"],
  },
  {
    feature: "TLS 1.2 and 1.3",
    tests: [tlsContract("speaks TLSv1\\.2"), tlsContract("speaks TLSv1\\.3")],
    files: ["tests/contract/"],
  },
  {
    feature: "client certificates, certificates by name, new certificates without a restart",
    tests: [
      /^the environ has the certificate of the client/,
      /^each name has its certificate/,
      /^a new certificate is for new connections/,
    ],
    files: ["server/edge/client_certificate"],
  },
  {
    feature: "a small block is sent at once, without the delay of Nagle's algorithm",
    tests: [plainContract("order: small writes are not delayed")],
    files: ["tests/contract/"],
  },
  {
    feature: "the same over TLS",
    tests: [tlsContract("order: small writes are not delayed")],
    files: ["tests/contract/"],
    gaps: { deno: "Deno has no `setNoDelay` for TLS" },
  },
  {
    feature: "a reset behind a flood of unread bytes is noticed over TLS",
    tests: [tlsContract("vanishing: a reset is noticed behind a flood of unread bytes")],
    files: ["tests/contract/"],
    gaps: { deno: "Deno tells of it only at the next read or write" },
  },
  {
    feature: "`requestQueueSize`",
    tests: [plainContract("the backlog is how many clients wait to be accepted")],
    files: ["tests/contract/"],
    gaps: { bun: "Bun listens with 512 always" },
  },
];
