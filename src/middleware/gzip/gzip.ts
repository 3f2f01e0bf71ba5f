/**
 * Middleware that compresses responses.
 *
 * @module
 */

import { until } from "../../coroutine/mod.ts";
import type { Block, Cogen, Environ, HeaderList, WSGIApp } from "../../wsgi/mod.ts";
import { DeferredStart } from "../deferred_start.ts";
import { varyOn } from "../vary.ts";
import { GzipEncoder } from "./gzip_encoder.ts";
import { passThrough, type Stage } from "../pass_through.ts";

/** Options of {@linkcode gzip}. */
export interface GzipOptions {
  /** A body that is known to be smaller is sent as it is, in bytes. Default 1024. */
  readonly minBytes?: number;
  /** Content types that are worth it. Default: text, and what is text in fact. */
  readonly contentTypes?: RegExp;
}

const COMPRESSIBLE = /^(text\/|application\/([\w.-]+\+)?(json|javascript|xml|wasm)\b|image\/svg)/i;
/** How much is gathered, in bytes. */
const MAX_HELD = 65_536;
/** How long blocks are gathered while the app goes on, in milliseconds: as long as a burst. */
const MAX_GATHER = 1;

type Blocks = Generator<Block, void, unknown>;

/**
 * Compresses the responses of an app for clients that accept gzip.
 *
 * Streams stay streams: before the app waits, and after a block that was long in coming, all that it
 * gave is compressed and sent. Left as they are: small bodies, content types that would not get
 * smaller, what is encoded already or must not be transformed, partial content. `ETag` becomes weak,
 * `Content-Length` goes, `Vary` tells caches.
 *
 * An answer that holds both a secret and something that an attacker chose should not be compressed:
 * its length tells of the secret (the BREACH attack).
 *
 * @param app The app.
 * @param options What is worth compressing.
 * @returns The app, with that middleware.
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
  return (environ, startResponse) => {
    const start = new DeferredStart(startResponse);
    const stage = new GzipStage(start, environ, options);
    const run = () =>
      app(environ, (...call) => {
        start.keep(...call);
        return (block) => stage.write(block);
      });
    return passThrough(run, environ.cogen, stage);
  };
}

/** One response on its way through the encoder, or past it. */
class GzipStage implements Stage {
  readonly #start: DeferredStart;
  readonly #cogen: Cogen;
  readonly #options: GzipOptions;
  readonly #accepted: boolean;
  readonly #isHead: boolean;
  readonly #encoder = new GzipEncoder();
  #flushedAt: number;
  /** `undecided` until the first block. */
  #mode: "undecided" | "plain" | "gathering" | "encoding" = "undecided";

  constructor(start: DeferredStart, environ: Environ, options: GzipOptions) {
    this.#start = start;
    this.#cogen = environ.cogen;
    this.#options = options;
    this.#accepted = acceptsGzip(environ.HTTP_ACCEPT_ENCODING ?? "");
    this.#isHead = environ.REQUEST_METHOD === "HEAD";
    this.#flushedAt = environ.cogen.scheduler.clock.now();
  }

  *block(block: Block): Blocks {
    this.#decide();
    if (this.#mode === "plain") return void (yield block);
    this.#push(block);
    const late = this.#cogen.scheduler.clock.now() - this.#flushedAt >= MAX_GATHER;
    if (late || this.#encoder.size >= MAX_HELD) yield* this.wait();
  }

  *wait(): Blocks {
    if (this.#encoder.size === 0 || this.#mode === "plain") return;
    this.#encode();
    yield yield* this.#cogen.wait(until(this.#encoder.flush()));
    this.#flushedAt = this.#cogen.scheduler.clock.now();
  }

  *end(): Blocks {
    this.#decide();
    if (this.#mode === "encoding") {
      yield yield* this.#cogen.wait(until(this.#encoder.end()));
    } else if (this.#mode === "gathering") yield* this.#endAtOnce();
  }

  /** `write` cannot wait: what it is given goes with the next block, wait or end. */
  write(block: Block): void {
    this.#decide();
    if (this.#mode === "plain") this.#start.write(block);
    else this.#push(block);
  }

  /** The whole body is here, and nothing has been sent. */
  *#endAtOnce(): Blocks {
    const length = valueOf(this.#start.call?.headers ?? [], "content-length");
    if (this.#isHead && this.#encoder.size === 0 && length !== undefined) {
      // It tells of a body that GET would give, encoded.
      this.#start.begin(encoded);
    } else if (this.#encoder.size < (this.#options.minBytes ?? 1024)) {
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
    if (call !== undefined && isCompressible(call.status, call.headers, this.#options)) {
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
    this.#encoder.push(typeof block === "string" ? encoder.encode(block) : block);
  }
}

const encoder = new TextEncoder();

function isCompressible(status: string, headers: HeaderList, options: GzipOptions): boolean {
  const code = Number(status.slice(0, 3));
  if ([204, 205, 206, 304].includes(code) || valueOf(headers, "content-encoding") !== undefined) {
    return false;
  }
  if (/\bno-transform\b/i.test(valueOf(headers, "cache-control") ?? "")) return false;
  const { minBytes = 1024, contentTypes = COMPRESSIBLE } = options;
  const length = valueOf(headers, "content-length");
  if (length !== undefined && Number(length) < minBytes) return false;
  return contentTypes.test(valueOf(headers, "content-type") ?? "");
}

function valueOf(headers: HeaderList, wanted: string): string | undefined {
  return headers.find(([name]) => name.toLowerCase() === wanted)?.[1];
}

/** Caches must know it, whether the response is encoded or not. */
function varying(headers: HeaderList): HeaderList {
  return varyOn(headers, "Accept-Encoding");
}

function encoded(headers: HeaderList): HeaderList {
  const kept = headers
    .filter(([name]) => name.toLowerCase() !== "content-length")
    .map(([name, value]) => [name, name.toLowerCase() === "etag" ? weak(value) : value] as const);
  return [...varying(kept), ["Content-Encoding", "gzip"]];
}

/** The bytes are others, the content is the same (RFC 9110 §8.8.1). */
function weak(etag: string): string {
  return etag.startsWith("W/") ? etag : `W/${etag}`;
}

/** RFC 9110 §12.5.3. */
function acceptsGzip(field: string): boolean {
  let any = false;
  for (const item of field.split(",")) {
    const [coding = "", ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
    if (coding === "gzip" || coding === "x-gzip") return Number(weight) > 0;
    if (coding === "*") any = Number(weight) > 0;
  }
  return any;
}
