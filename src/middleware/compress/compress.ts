/**
 * This middleware compresses responses.
 *
 * The app's `startResponse` is held back until the first block decides whether the response is compressed.
 * Blocks are gathered until the app waits. A body that ends before is compressed at once, with its
 * `Content-Length`, or sent as it is if it is small. A longer body goes through a stream of zlib, which is
 * flushed at each wait of the app: the client can then decompress all blocks so far. The app gives no further block
 * while a piece is in zlib or while the client's window is full.
 *
 * No clock decides what is sent. An app that computes for long without a wait only lets other requests run. Each
 * step of an async app is a wait, also if its promise is ready at once, and each block of `write` that is sent in
 * a wait is flushed for itself.
 *
 * The traps: the operation of a generator app must begin at once, as a signal may come in the next turn, but zlib
 * takes time. So zlib works while the app waits, and its output goes to `write`. And `write` cannot wait: written
 * blocks are gathered until the next block, wait or end of the app; while an async app waits, `passThrough` is told
 * of them. And the stream of zlib must be closed, however the response ends.
 *
 * @module
 */

import { checkNames, optionError, refuseSurplus, showValue, until } from "../../coroutine/mod.ts";
import { ResponseError } from "../../http/mod.ts";
import { joinBytes } from "../../socket/mod.ts";
import {
  type AppYield,
  type Block,
  type BodyReader,
  type Cogen,
  type Environ,
  type HeaderList,
  ServerReadable,
  type StartResponse,
  type WSGIApp,
} from "../../wsgi/mod.ts";
import { DeferredStart, type StartCall } from "../deferred_start.ts";
import { checkApp, checkOptionNames } from "../option_checks.ts";
import { type BlockStage, passThrough } from "../pass_through.ts";
import { negotiate, type Negotiated } from "./accept_encoding.ts";
import {
  encoded,
  type Policy,
  type Treatment,
  treatmentOf,
  validating,
  valueOf,
  varying,
  withoutDoubtfulRange,
} from "./encoded_headers.ts";
import { encodeAtOnce, Encoder, type Encoding, SUPPORTED } from "./zlib.ts";

/** Options of {@linkcode compress}. */
export interface CompressOptions {
  /**
   * The size in bytes below which a body is sent as it is, if its size is known in time. Default 1024. A
   * client that refuses uncompressed content (`identity;q=0`) gets small bodies compressed, too.
   */
  readonly minBytes?: number;
  /** The content types to compress. Default: text, JSON, JavaScript, XML, WebAssembly, SVG and fonts. */
  readonly contentTypes?: RegExp;
  /**
   * The content codings to offer, the preferred one first. Default: `["zstd", "br", "gzip"]`. A coding that
   * the runtime lacks is not offered: Node has `zstd` from 22.15 on.
   */
  readonly encodings?: readonly Encoding[];
  /**
   * How hard the codings try: a number from 1 (fast) to 9 (small) for all of them, or a number for each:
   * `gzip` from 1 to 9, `br` from 0 to 11, `zstd` from 1 to 22. Default `{ gzip: 6, br: 4, zstd: 3 }`.
   */
  readonly level?: number | Readonly<Partial<Record<Encoding, number>>>;
}

const COMPRESSIBLE =
  /^(text\/|application\/([\w.-]+\+)?(json|xml)\b|application\/((x-)?(javascript|ndjson|yaml)|wasm)\b|image\/svg|font\/(ttf|otf))/i;
const DEFAULT_MIN_BYTES = 1024;
/**
 * The largest number of gathered bytes, and of the bytes of one operation of zlib. It bounds the
 * memory of a response.
 */
const MAX_PIECE_BYTES = 65_536;
/**
 * The largest body that is compressed without a thread. Up to this size, zlib needs less time than
 * a burst, and a stream costs more than the compression. `npm run bench -- --workload gzip4k`
 * measures such a body.
 */
const MAX_AT_ONCE_BYTES = 16_384;
/** After this time without a wait other requests have their turn, as after the server's default burst. */
const MAX_GATHER_MS = 1;

type Blocks = Generator<Block, void, unknown>;

/**
 * Compresses the responses of an app, with the content coding that the client prefers: `zstd`, `br` or
 * `gzip` (RFC 9110 §12.5.3).
 *
 * - A stream stays a stream. When the app waits or yields `""`, the blocks so far are sent, and the
 *   client can decompress them at once. No wait begins later than without `compress`. While the client's window
 *   is full, the app is not stepped. Each block of an async generator is sent and flushed for itself, so few large
 *   blocks get smaller than many small ones.
 * - As without `compress`, the framing and the bytes follow from the structure of the app, never from the clock.
 *   A body that ends before the first wait has `Content-Length`, as has the only block that an async generator
 *   returns.
 * - Some responses are sent as they are: small bodies, content types that would not get smaller, responses
 *   with a `Content-Encoding` or with `Cache-Control: no-transform`, partial content, and responses to
 *   requests with `Range`.
 * - In a compressed response, `ETag` becomes weak. `Content-Length`, `Accept-Ranges` and the digests of
 *   the uncompressed body (`Content-MD5`, `Digest`, `Content-Digest`, `Repr-Digest`) are removed. A 304 gets
 *   the same fields as its 200. `Vary: Accept-Encoding` tells caches of the choice.
 * - The app should compare `If-None-Match` as RFC 9110 §13.1.2 demands, without regard to `W/`. A `Range`
 *   with a weak tag or a date in `If-Range` is hidden from the app, as its part would not fit. A client that
 *   wants a strong tag, for `If-Match`, asks with `Accept-Encoding: identity`.
 * - A body that is shorter than the `Content-Length` of the app is cut, so that the client notices.
 *
 * Do not compress a response that holds both a secret and text of an attacker's choice: its length reveals
 * the secret (the BREACH attack).
 *
 * @param app The app.
 * @param options The responses to compress, and the content codings.
 * @returns The app with compression.
 * @throws {TypeError} If an option is of the wrong kind, or a coding is unknown.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { serve } from "@x/cogen-wsgi";
 * import { compress } from "@x/cogen-wsgi/middleware/compress";
 *
 * const text = "All work and no play makes Jack a dull boy. ".repeat(100);
 * await using server = await serve({
 *   bindAddr: ["127.0.0.1", 0],
 *   wsgiApp: compress((_environ, startResponse) => {
 *     startResponse("200 OK", [["Content-Type", "text/plain"]]);
 *     return [text];
 *   }),
 * });
 * const response = await fetch(server.url, { headers: { "Accept-Encoding": "gzip" } });
 * assertEquals(response.headers.get("vary"), "Accept-Encoding");
 * assertEquals(await response.text(), text);
 * ```
 */
export function compress(app: WSGIApp, options: CompressOptions = {}): WSGIApp {
  if (arguments.length > 2) refuseSurplus("compress", arguments, 2);
  checkApp("compress", app);
  options = checkOptionNames("compress", options, [
    "minBytes",
    "contentTypes",
    "encodings",
    "level",
  ]);
  const { policy, encodings } = checked(options);
  const levels = checkedLevels(options.level);
  return (environ, startResponse) => {
    const negotiated = negotiate(environ.HTTP_ACCEPT_ENCODING, encodings);
    const asked = withoutDoubtfulRange(environ, negotiated);
    if (negotiated.encoding === undefined) {
      return app(asked, varyingStart(startResponse, environ, negotiated, policy));
    }
    const { encoding, acceptsIdentity } = negotiated;
    const stage = new CompressStage({
      start: new DeferredStart(startResponse),
      cogen: environ.cogen,
      encoding,
      level: levels[encoding],
      isHead: environ.REQUEST_METHOD === "HEAD",
      minBytes: acceptsIdentity ? policy.minBytes : 0,
      treat: (call) => treatmentOf(call, environ, negotiated, policy),
    });
    const run = () => {
      // Other coroutines may have run since the request came.
      stage.resume();
      return app(asked, (...call) => {
        stage.start(...call);
        return (block) => stage.write(block);
      });
    };
    return new ServerReadable((reader) => {
      const inner = reader && stage.readerFor(reader);
      return closing(passThrough(run, environ.cogen, stage, inner), stage, environ.cogen);
    });
  };
}

function checked(options: CompressOptions): { policy: Policy; encodings: readonly Encoding[] } {
  const { minBytes = DEFAULT_MIN_BYTES, contentTypes = COMPRESSIBLE } = options;
  const { encodings = ["zstd", "br", "gzip"] } = options;
  if (typeof minBytes !== "number" || !(minBytes >= 0)) {
    throw optionError("minBytes of compress", minBytes, "a number of bytes, 0 or more");
  }
  if (!(contentTypes instanceof RegExp)) {
    throw optionError("contentTypes of compress", contentTypes, "a RegExp");
  }
  if (!Array.isArray(encodings) || encodings.length === 0) {
    throw optionError(
      "encodings of compress",
      encodings,
      'an array of names, such as ["br", "gzip"]',
    );
  }
  for (const encoding of encodings) {
    if (["zstd", "br", "gzip"].includes(encoding)) continue;
    const name = showValue(encoding);
    throw new TypeError(`Cannot use ${name} in encodings: expected "zstd", "br" or "gzip"`);
  }
  const offered = encodings.filter((encoding) => SUPPORTED.includes(encoding));
  return { policy: { minBytes, contentTypes }, encodings: offered };
}

/** The lowest and the highest level of each coding, and the one that suits responses. */
const LEVELS: Readonly<
  Record<Encoding, readonly [lowest: number, highest: number, usual: number]>
> = {
  gzip: [1, 9, 6],
  br: [0, 11, 4],
  zstd: [1, 22, 3],
};

function checkedLevels(given: CompressOptions["level"] = {}): Record<Encoding, number> {
  if (typeof given === "number") {
    checkLevel("level of compress", given, 1, 9);
    return { gzip: given, br: given, zstd: given };
  }
  given = checkNames("level of compress", given, Object.keys(LEVELS));
  const levelOf = (encoding: Encoding) => {
    const [lowest, highest, usual] = LEVELS[encoding];
    const { [encoding]: level = usual } = given;
    checkLevel(`level.${encoding} of compress`, level, lowest, highest);
    return level;
  };
  return { gzip: levelOf("gzip"), br: levelOf("br"), zstd: levelOf("zstd") };
}

function checkLevel(name: string, level: unknown, lowest: number, highest: number): void {
  const isLevel = Number.isInteger(level) && level as number >= lowest &&
    level as number <= highest;
  if (isLevel) return;
  throw optionError(name, level, `a whole number from ${lowest} to ${highest}`);
}

/** Makes the `startResponse` for a client without a content coding. It adds only `Vary`. */
function varyingStart(
  startResponse: StartResponse,
  environ: Environ,
  negotiated: Negotiated,
  policy: Policy,
): StartResponse {
  return (status, headers, excInfo) => {
    const treatment = treatmentOf({ status, headers }, environ, negotiated, policy);
    return startResponse(status, treatment === "varying" ? varying(headers) : headers, excInfo);
  };
}

function* closing(
  steps: Generator<AppYield, void, unknown>,
  stage: CompressStage,
  cogen: Cogen,
): Generator<AppYield, void, unknown> {
  try {
    yield* steps;
  } catch (error) {
    // The client gets the blocks before the wait in which the app has failed.
    yield* stage.flushed();
    if (!stage.hasAllBytes) throw error;
    // As without compression: a body that has its `Content-Length` is whole, whatever the app does afterwards.
    cogen.report(error);
    yield* stage.end();
  } finally {
    stage.close();
  }
}

/** The settings of one response. */
interface StageSettings {
  readonly start: DeferredStart;
  readonly cogen: Cogen;
  readonly encoding: Encoding;
  readonly level: number;
  readonly isHead: boolean;
  readonly minBytes: number;
  readonly treat: (call: StartCall) => Treatment;
}

/**
 * The state of a response. It is `undecided` until the first block, write or end. Then it is `plain`, and
 * blocks pass unchanged; or `gathering`, and no byte has been sent. When a part of the body is sent, it is
 * `encoding`. When the app has ended, or has given as many bytes as its `Content-Length` says, a response
 * that was `gathering` or `encoding` is `complete`.
 */
type Mode = "undecided" | "plain" | "gathering" | "encoding" | "complete";

/** The stage of one response. */
class CompressStage implements BlockStage {
  /** Whether the stage keeps the blocks. It is read only for a response that is not compressed. */
  readonly keepsBlocks = true;
  readonly #settings: StageSettings;
  /** The stream of zlib. It is open from the first piece until `close`. */
  #encoder: Encoder | undefined;
  #mode: Mode = "undecided";
  /** The blocks since the last piece, in groups. If the app waits, each group is flushed for itself. */
  #pending: Uint8Array[][] = [];
  #pendingBytes = 0;
  /** Whether the next block of the app belongs to the last group. */
  #isGroupOpen = false;
  /** The groups that a generator app gave before its wait, while zlib has them; it never rejects. */
  #flushing: Promise<void> | undefined;
  #flushingBytes = 0;
  /** The error of zlib during a wait; thrown at the next block, or at the end. */
  #flushError: unknown;
  /** Whether a generator app waits. */
  #isWaiting = false;
  /** Tells that a block of `write` is pending; set while an async app waits. */
  #notify: (() => void) | undefined;
  /** The length of all blocks, before compression. */
  #bodyBytes = 0;
  /** The `Content-Length` of the app, if the response is not `plain`. */
  #declaredBytes: number | undefined;
  /** The scheduler's time at which the app began its burst. */
  #burstBeganMs = 0;

  constructor(settings: StageSettings) {
    this.#settings = settings;
  }

  /** Whether the app has given as many bytes as its `Content-Length` says, and any. */
  get hasAllBytes(): boolean {
    return this.#bodyBytes > 0 && this.#bodyBytes === this.#declaredBytes;
  }

  /**
   * The server's side of the body, as the app sees it: the length is that of the response, and memory may be
   * used again, if the response is not compressed.
   */
  readerFor(reader: BodyReader): BodyReader {
    return {
      announceLength: (length) => {
        if (this.#settings.start.call !== undefined) this.#decide(length);
        if (this.#mode === "plain") reader.announceLength(length);
      },
      hasBody: () => !this.#settings.isHead && reader.hasBody(),
      allSent: () => this.#mode === "plain" && reader.allSent(),
    };
  }

  /** The app's `startResponse`. */
  start(status: string, headers: HeaderList, excInfo?: unknown): void {
    const isReplacement = excInfo !== undefined && excInfo !== null;
    // As in the server, a block commits the head.
    if (isReplacement && this.#bodyBytes > 0) throw excInfo;
    this.#settings.start.keep(status, headers, excInfo);
    if (this.#mode === "gathering") this.#mode = "undecided";
    // The server has taken another head in place of the head of this stage.
    if (this.#mode === "encoding") this.#mode = "plain";
    // Trailers can be set only after the server has seen their names.
    if (this.#mode === "undecided" && valueOf(headers, "trailer") !== undefined) {
      this.#decide();
      this.#encode();
    }
  }

  *block(block: Block): Blocks {
    this.#decide();
    // The server ends the app at a block of HEAD, once the head was sent.
    const isHeadSent = this.#mode === "encoding" && this.#settings.isHead;
    if (this.#mode === "plain" || isHeadSent) return void (yield block);
    if (this.#flushError !== undefined) throw this.#flushError;
    this.#push(block, "gathered");
    if (this.hasAllBytes) yield* this.end();
    else if (this.#pendingBytes >= MAX_PIECE_BYTES) {
      yield* this.#send([this.#takePending().flat()], "write");
    } else if (this.#now() - this.#burstBeganMs >= MAX_GATHER_MS) {
      yield "";
      this.resume();
    }
  }

  *wait(): Blocks {
    if (this.#pendingBytes > 0) yield* this.#send(this.#takePending(), "write");
  }

  flush(): void {
    this.#isWaiting = true;
    if (this.#pendingBytes === 0) return;
    this.#encode();
    const groups = this.#takePending();
    // A block sends the head. The app ends at its next block, and not here, where it may be in a `finally`.
    if (this.#settings.isHead) return this.#settings.start.write(" ");
    const pieces = groups.flatMap(piecesOf);
    for (const piece of pieces) this.#flushingBytes += piece.length;
    this.#flushing = this.#write(pieces, this.#flushing);
  }

  /** Waits until the groups of the last waits are sent. */
  *flushed(): Blocks {
    yield* this.#caughtUp();
    if (this.#flushError !== undefined) throw this.#flushError;
  }

  *#caughtUp(): Blocks {
    if (this.#flushing === undefined) return;
    yield* this.#settings.cogen.wait(until(this.#flushing));
    this.#flushing = undefined;
  }

  async #write(pieces: readonly Uint8Array[], before: Promise<void> | undefined): Promise<void> {
    try {
      // The stream is opened at once: after `close`, none must be opened.
      const encoder = this.#openEncoder();
      await before;
      for (const piece of pieces) {
        const output = await encoder.write(piece);
        this.#flushingBytes -= piece.length;
        this.#settings.start.write(output);
      }
    } catch (error) {
      this.#flushError ??= error;
    }
  }

  whenHeld(notify: () => void): void {
    if (this.#pendingBytes > 0) notify();
    else this.#notify = notify;
  }

  resume(): Blocks | undefined {
    this.#isWaiting = false;
    this.#burstBeganMs = this.#now();
    // An app that is faster than zlib waits here: its operation has ended, and could miss nothing.
    return this.#flushingBytes >= MAX_PIECE_BYTES ? this.#caughtUp() : undefined;
  }

  *end(): Blocks {
    this.#decide();
    if (this.#mode === "gathering" && this.#pendingBytes <= MAX_PIECE_BYTES) {
      this.#mode = "complete";
      yield* this.#endAtOnce();
    } else if (this.#mode === "gathering" || this.#mode === "encoding") {
      const missing = this.#missingBytes();
      const rest = this.#takePending().flat();
      if (missing === 0) yield* this.#send([rest], "end");
      else if (rest.length > 0) yield* this.#send([rest], "write");
      this.#mode = "complete";
      if (missing > 0) {
        throw new ResponseError(`Body too short: ${missing} bytes less than Content-Length`);
      }
    }
  }

  /**
   * The app's `write`. It cannot wait, so the block is sent with the next block, wait or end. An async app may
   * write while it waits, and the clock would tell which blocks come together: each is a group of its own.
   */
  write(block: Block): void {
    this.#decide();
    if (this.#mode === "plain" || block.length === 0) return this.#settings.start.write(block);
    this.#push(block, "alone");
    if (this.#isWaiting) return this.flush();
    const notify = this.#notify;
    this.#notify = undefined;
    notify?.();
  }

  /** Frees the memory of zlib. */
  close(): void {
    this.#encoder?.close();
  }

  /**
   * Decides on the response; `bytes` is the length of the whole body, if it is known and the app has not given it.
   */
  #decide(bytes?: number): void {
    if (this.#mode !== "undecided") return;
    const { start, treat } = this.#settings;
    const call = start.call && withKnownLength(start.call, bytes);
    const treatment = call === undefined ? "untouched" : treat(call);
    this.#mode = treatment === "encodable" ? "gathering" : "plain";
    if (treatment === "varying") start.begin(varying);
    else if (treatment === "validating") start.begin(validating);
    else if (treatment === "untouched") start.begin();
    else {
      const length = valueOf(call?.headers ?? [], "content-length");
      this.#declaredBytes = length === undefined ? undefined : Number(length);
    }
  }

  #push(block: Block, group: "gathered" | "alone"): void {
    const bytes = typeof block === "string" ? utf8.encode(block) : block;
    const surplus = this.#bodyBytes + bytes.length - (this.#declaredBytes ?? Infinity);
    if (surplus > 0) {
      throw new ResponseError(`Body too long: ${surplus} bytes more than Content-Length`);
    }
    this.#bodyBytes += bytes.length;
    this.#pendingBytes += bytes.length;
    if (this.#isGroupOpen && group === "gathered") this.#pending.at(-1)?.push(bytes);
    else this.#pending.push([bytes]);
    this.#isGroupOpen = group === "gathered";
  }

  /** Counts the missing bytes of the body. A response to HEAD need not have any bytes. */
  #missingBytes(): number {
    if (this.#settings.isHead || this.#declaredBytes === undefined) return 0;
    return this.#declaredBytes - this.#bodyBytes;
  }

  /** Ends a response while its whole body is gathered. */
  *#endAtOnce(): Blocks {
    const { start, encoding, isHead, minBytes } = this.#settings;
    if (isHead && this.#bodyBytes === 0 && this.#declaredBytes !== 0) {
      // The head describes the response to GET, which would be compressed.
      start.begin((headers) => encoded(headers, encoding));
    } else if (
      this.#bodyBytes === 0 || this.#bodyBytes < minBytes || this.#missingBytes() > 0
    ) {
      // If bytes are missing, the server cuts the response.
      const plain = joinBytes(this.#takePending().flat());
      start.begin((headers) => withLength(varying(headers), plain.length));
      if (plain.length > 0) yield plain;
    } else {
      const packed = yield* this.#packAtOnce(joinBytes(this.#takePending().flat()));
      start.begin((headers) => withLength(encoded(headers, encoding), packed.length));
      yield packed;
    }
  }

  *#packAtOnce(bytes: Uint8Array): Generator<Block, Uint8Array, unknown> {
    const { encoding, cogen, level } = this.#settings;
    if (bytes.length <= MAX_AT_ONCE_BYTES) return encodeAtOnce(encoding, bytes, level);
    this.#encoder = new Encoder(encoding, level);
    return yield* cogen.wait(until(this.#encoder.end(bytes)));
  }

  /** Begins the head of a compressed response. */
  #encode(): void {
    if (this.#mode !== "gathering") return;
    const { start, encoding } = this.#settings;
    this.#mode = "encoding";
    start.begin((headers) => encoded(headers, encoding));
  }

  /**
   * Compresses groups of blocks piece by piece, and gives the output of each piece: the client can decompress it
   * at once. The last operation of zlib is `last`.
   */
  *#send(groups: readonly (readonly Uint8Array[])[], last: "write" | "end"): Blocks {
    this.#encode();
    yield* this.flushed();
    const { cogen } = this.#settings;
    const encoder = this.#openEncoder();
    const pieces = groups.flatMap(piecesOf);
    for (const [n, piece] of pieces.entries()) {
      const operation = n === pieces.length - 1 ? last : "write";
      const output = yield* cogen.wait(until(encoder[operation](piece)));
      if (output.length > 0) yield output;
    }
    this.resume();
  }

  #openEncoder(): Encoder {
    const { encoding, level } = this.#settings;
    return this.#encoder ??= new Encoder(encoding, level);
  }

  /** Takes the groups of blocks that are pending. */
  #takePending(): Uint8Array[][] {
    const pending = this.#pending;
    this.#pending = [];
    this.#isGroupOpen = false;
    this.#pendingBytes = 0;
    return pending;
  }

  #now(): number {
    return this.#settings.cogen.scheduler.clock.now();
  }
}

const utf8 = new TextEncoder();

/** Cuts blocks into pieces of a bounded size. A large block is not copied. There is at least one piece. */
function piecesOf(blocks: readonly Uint8Array[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let small: Uint8Array[] = [];
  let smallBytes = 0;
  const join = () => {
    if (small.length > 0) pieces.push(joinBytes(small));
    small = [];
    smallBytes = 0;
  };
  for (const block of blocks) {
    if (smallBytes + block.length > MAX_PIECE_BYTES) join();
    if (block.length < MAX_PIECE_BYTES) {
      small.push(block);
      smallBytes += block.length;
    } else {
      for (let at = 0; at < block.length; at += MAX_PIECE_BYTES) {
        pieces.push(block.subarray(at, at + MAX_PIECE_BYTES));
      }
    }
  }
  join();
  return pieces.length > 0 ? pieces : [new Uint8Array(0)];
}

/** Adds a length that is known to the head, for the decision on the response. */
function withKnownLength(call: StartCall, bytes: number | undefined): StartCall {
  return bytes === undefined ? call : { ...call, headers: withLength(call.headers, bytes) };
}

/** Adds the length of the whole body, if the app has not. */
function withLength(headers: HeaderList, bytes: number): HeaderList {
  if (bytes === 0 || valueOf(headers, "content-length") !== undefined) return headers;
  return [...headers, ["Content-Length", String(bytes)]];
}
