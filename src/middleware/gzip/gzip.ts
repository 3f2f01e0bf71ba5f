/**
 * Middleware that compresses responses.
 *
 * The app's `startResponse` is held back until the first block decides whether the response is compressed.
 * A compressible response is then gathered: if it ends below `minBytes`, it is sent as it is. Otherwise each
 * flush gives bytes that the client can decompress at once, so that a stream stays a stream.
 *
 * The trap: `write` cannot wait, but compression does. Written blocks are therefore gathered until the next
 * block, wait or end of the app.
 *
 * @module
 */

import { until } from "../../coroutine/mod.ts";
import type { Block, Cogen, Environ, HeaderList, WSGIApp } from "../../wsgi/mod.ts";
import { DeferredStart, type StartCall } from "../deferred_start.ts";
import { varyOn } from "../vary.ts";
import { GzipEncoder } from "./gzip_encoder.ts";
import { type BlockStage, passThrough } from "../pass_through.ts";

/** Options of {@linkcode gzip}. */
export interface GzipOptions {
  /** The size in bytes below which a body is sent as it is, if its size is known in time. Default 1024. */
  readonly minBytes?: number;
  /** The content types to compress. Default: text, JSON, JavaScript, XML, WebAssembly and SVG. */
  readonly contentTypes?: RegExp;
}

const COMPRESSIBLE = /^(text\/|application\/([\w.-]+\+)?(json|javascript|xml|wasm)\b|image\/svg)/i;
const DEFAULT_MIN_BYTES = 1024;
/**
 * Bounds the bytes that are gathered before a flush, and with them the memory of a response. Several pieces
 * of the encoder fit in, so that they are compressed side by side.
 */
const MAX_GATHERED_BYTES = 65_536;
/** Bounds the time in which blocks are gathered, as the server's default burst does. */
const MAX_GATHER_MS = 1;

type Blocks = Generator<Block, void, unknown>;

/**
 * Compresses the responses of an app for clients that accept gzip.
 *
 * A stream stays a stream: before the app waits, and after a block that took longer than a burst, the
 * gathered blocks are compressed and sent. Some responses are sent as they are: small bodies, content types
 * that would not get smaller, responses with a `Content-Encoding` or with `Cache-Control: no-transform`,
 * partial content. In a compressed response, `ETag` becomes weak and `Content-Length` is removed.
 * `Vary: Accept-Encoding` tells caches of the choice.
 *
 * Do not compress a response that holds both a secret and text of an attacker's choice: its length reveals
 * the secret (the BREACH attack).
 *
 * @param app The app.
 * @param options The responses to compress.
 * @returns The app with compression.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { gzip, serve } from "@x/cogen-wsgi";
 *
 * const text = "All work and no play makes Jack a dull boy. ".repeat(100);
 * await using server = await serve({
 *   bindAddr: ["127.0.0.1", 0],
 *   wsgiApp: gzip((_environ, startResponse) => {
 *     startResponse("200 OK", [["Content-Type", "text/plain"]]);
 *     return [text];
 *   }),
 * });
 * const response = await fetch(server.url, { headers: { "Accept-Encoding": "gzip" } });
 * assertEquals(response.headers.get("vary"), "Accept-Encoding");
 * assertEquals(await response.text(), text);
 * ```
 */
export function gzip(app: WSGIApp, options: GzipOptions = {}): WSGIApp {
  const { minBytes = DEFAULT_MIN_BYTES, contentTypes = COMPRESSIBLE } = options;
  const choice = { minBytes, contentTypes };
  return (environ, startResponse) => {
    const start = new DeferredStart(startResponse);
    const stage = new GzipStage(start, environ, choice);
    const run = () =>
      app(environ, (...call) => {
        start.keep(...call);
        return (block) => stage.write(block);
      });
    return passThrough(run, environ.cogen, stage);
  };
}

/** The options of the middleware, with their defaults. */
type Choice = Required<GzipOptions>;

/**
 * The state of a response. It is `undecided` until the first block, write or end. Then it is `plain`, and
 * blocks pass unchanged; or `gathering`, and no byte has been sent. After the first flush it is `encoding`.
 */
type Mode = "undecided" | "plain" | "gathering" | "encoding";

/** The stage of one response. */
class GzipStage implements BlockStage {
  readonly #start: DeferredStart;
  readonly #cogen: Cogen;
  readonly #choice: Choice;
  readonly #accepted: boolean;
  readonly #isHead: boolean;
  readonly #encoder = new GzipEncoder();
  /** The scheduler's time of the last flush, or of the start. */
  #flushedAtMs: number;
  #mode: Mode = "undecided";

  constructor(start: DeferredStart, environ: Environ, choice: Choice) {
    this.#start = start;
    this.#cogen = environ.cogen;
    this.#choice = choice;
    this.#accepted = acceptsGzip(environ.HTTP_ACCEPT_ENCODING ?? "");
    this.#isHead = environ.REQUEST_METHOD === "HEAD";
    this.#flushedAtMs = environ.cogen.scheduler.clock.now();
  }

  *block(block: Block): Blocks {
    this.#decide();
    if (this.#mode === "plain") return void (yield block);
    this.#push(block);
    const isLate = this.#cogen.scheduler.clock.now() - this.#flushedAtMs >= MAX_GATHER_MS;
    if (isLate || this.#encoder.pendingBytes >= MAX_GATHERED_BYTES) yield* this.wait();
  }

  *wait(): Blocks {
    if (this.#encoder.pendingBytes === 0 || this.#mode === "plain") return;
    this.#encode();
    yield yield* this.#cogen.wait(until(this.#encoder.flush()));
    this.#flushedAtMs = this.#cogen.scheduler.clock.now();
  }

  *end(): Blocks {
    this.#decide();
    if (this.#mode === "encoding") {
      yield yield* this.#cogen.wait(until(this.#encoder.end()));
    } else if (this.#mode === "gathering") yield* this.#endAtOnce();
  }

  /** The app's `write`. It cannot wait, so the block is sent with the next block, wait or end. */
  write(block: Block): void {
    this.#decide();
    if (this.#mode === "plain") this.#start.write(block);
    else this.#push(block);
  }

  /** Ends a response whose whole body has been gathered. */
  *#endAtOnce(): Blocks {
    const length = valueOf(this.#start.call?.headers ?? [], "content-length");
    if (this.#isHead && this.#encoder.pendingBytes === 0 && length !== undefined) {
      // The head describes the response to GET, which would be encoded.
      this.#start.begin(encoded);
    } else if (this.#encoder.pendingBytes < this.#choice.minBytes) {
      this.#start.begin(varying);
      const plain = this.#encoder.takePlain();
      if (plain.length > 0) yield plain;
    } else {
      this.#encode();
      yield yield* this.#cogen.wait(until(this.#encoder.end()));
    }
  }

  #decide(): void {
    if (this.#mode !== "undecided") return;
    const call = this.#start.call;
    if (call !== undefined && isCompressible(call, this.#choice)) {
      this.#mode = this.#accepted ? "gathering" : "plain";
      if (this.#mode === "plain") this.#start.begin(varying);
    } else {
      this.#mode = "plain";
      this.#start.begin();
    }
  }

  #encode(): void {
    if (this.#mode !== "gathering") return;
    this.#mode = "encoding";
    this.#start.begin(encoded);
  }

  #push(block: Block): void {
    this.#encoder.push(typeof block === "string" ? utf8.encode(block) : block);
  }
}

const utf8 = new TextEncoder();

function isCompressible(
  { status, headers }: StartCall,
  { minBytes, contentTypes }: Choice,
): boolean {
  const code = Number(status.slice(0, 3));
  if ([204, 205, 206, 304].includes(code) || valueOf(headers, "content-encoding") !== undefined) {
    return false;
  }
  if (/\bno-transform\b/i.test(valueOf(headers, "cache-control") ?? "")) return false;
  const length = valueOf(headers, "content-length");
  if (length !== undefined && Number(length) < minBytes) return false;
  return contentTypes.test(valueOf(headers, "content-type") ?? "");
}

function valueOf(headers: HeaderList, wanted: string): string | undefined {
  return headers.find(([name]) => name.toLowerCase() === wanted)?.[1];
}

/** The header fields of a compressible response, whether it is compressed or not. */
function varying(headers: HeaderList): HeaderList {
  return varyOn(headers, "Accept-Encoding");
}

/** The header fields of a compressed response. */
function encoded(headers: HeaderList): HeaderList {
  const kept = headers
    .filter(([name]) => name.toLowerCase() !== "content-length")
    .map(([name, value]) => [name, name.toLowerCase() === "etag" ? weak(value) : value] as const);
  return [...varying(kept), ["Content-Encoding", "gzip"]];
}

/** A weak entity tag: the same content in other bytes (RFC 9110 §8.8.1). */
function weak(etag: string): string {
  return etag.startsWith("W/") ? etag : `W/${etag}`;
}

/** Whether an `Accept-Encoding` field accepts gzip (RFC 9110 §12.5.3); `*` counts if gzip is not named. */
function acceptsGzip(field: string): boolean {
  let acceptsAny = false;
  for (const item of field.split(",")) {
    const [coding = "", ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
    if (coding === "gzip" || coding === "x-gzip") return Number(weight) > 0;
    if (coding === "*") acceptsAny = Number(weight) > 0;
  }
  return acceptsAny;
}
