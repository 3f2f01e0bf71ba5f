/**
 * The body of a `Response` that was made of a string, bytes or a form, as opposed to a stream.
 *
 * Such a body is sent with its length; a stream is chunked, however fast it is. The web has no member that
 * tells them apart, so there are three ways, which are tried with sample responses before one is used: the
 * source of the body, a copy of the body, and the end of the body. Without any way, each body is a stream.
 *
 * The trap: the ways must not depend on the blocks that a stream has by now, because that depends on time.
 *
 * `from_fetch.ts` calls this.
 *
 * @module
 */

import { hasSources, sourceOfStream, USED } from "./body_source.ts";

/** The body of a response: whole, a stream that is being read, or `null` for none. */
export type ResponseBody = Uint8Array<ArrayBuffer> | string | BodyStream | null;

/** Reads a body that is no stream. */
type ReadBody = (response: Response) => ResponseBody | Promise<ResponseBody>;

/** A stream that is being read. */
export interface BodyStream {
  readonly reader: ReadableStreamDefaultReader<unknown>;
  /** The first piece, if it was read already. */
  readonly first?: Awaited<ReturnType<ReadableStreamDefaultReader<unknown>["read"]>> | undefined;
}

let chosen: Promise<ReadBody> | undefined;
let known: ReadBody | undefined;

/**
 * Reads the body of a response, or begins to read it if it is a stream.
 *
 * @throws {TypeError} If the body was read already, or is locked.
 */
export function readBody(response: Response): ResponseBody | Promise<ResponseBody> {
  if (response.bodyUsed) throw new TypeError(USED);
  if (hasSources()) {
    const body = freeBody(response);
    const source = body === null ? null : sourceOfStream(body);
    if (source !== undefined) {
      // A response is sent once.
      body?.getReader();
      return source;
    }
  }
  if (known !== undefined) return known(response);
  chosen ??= choose();
  return chosen.then((read) => (known = read)(response));
}

/** The ways, which may throw on a runtime that they do not fit. */
const WAYS: readonly (() => ReadBody)[] = [
  bySource,
  byCopy,
  () => byEnd("before"),
  () => byEnd("after"),
];

/** Gives the first way that tells a string from a stream here. */
async function choose(): Promise<ReadBody> {
  for (const make of WAYS) {
    try {
      const read = make();
      const samples = [new Response("a"), new Response("a", { headers: { a: "b" } })];
      const texts = await Promise.all(samples.map(read));
      const closed = new ReadableStream({
        start(controller) {
          controller.enqueue(new Uint8Array(1));
          controller.close();
        },
      });
      const stream = await read(new Response(closed));
      if (texts.every((text) => isWhole(text) && text.length === 1) && !isWhole(stream)) {
        return read;
      }
    } catch {
      continue;
    }
  }
  return streamOf;
}

/** Whether a body is whole. */
export function isWhole(body: ResponseBody): body is Uint8Array<ArrayBuffer> | string {
  return typeof body === "string" || body instanceof Uint8Array;
}

/** The body, which must not be locked: another reader has it. */
function freeBody({ body }: Response): Response["body"] {
  if (body?.locked === true) throw new TypeError(USED);
  return body;
}

function streamOf(response: Response): BodyStream | null {
  const body = freeBody(response);
  return body === null ? null : { reader: body.getReader() };
}

async function bytesOf(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await response.arrayBuffer());
}

/**
 * Node 20, Deno: the state of a response is under a symbol, and has the source of the body (Fetch standard,
 * "body"), which is null for a stream.
 */
function bySource(): ReadBody {
  const sample = new Response("a");
  // Deno makes the state of the body when it is asked for the body.
  freeBody(sample);
  const state = Object.getOwnPropertySymbols(sample).find((symbol) =>
    sourceOf(sample, symbol) === "a"
  );
  if (state === undefined) return streamOf;
  const readOther = isByteStream(new Response("a").body) ? byEnd("after") : streamOf;
  return (response) => {
    const body = freeBody(response);
    if (body === null) return null;
    const source = sourceOf(response, state);
    if (typeof source !== "string" && !(source instanceof Uint8Array)) {
      return source === null || source === undefined ? readOther(response) : bytesOf(response);
    }
    // A response is sent once.
    body.getReader();
    return source as Uint8Array<ArrayBuffer> | string;
  };
}

function memberOf(response: Response, symbol: symbol): unknown {
  return (response as unknown as Record<symbol, unknown>)[symbol];
}

function sourceOf(response: Response, state: symbol): unknown {
  const { body } = (memberOf(response, state) ?? {}) as {
    readonly body?: { readonly source?: unknown } | null;
  };
  return body?.source;
}

/**
 * Bun: the copy of a stream has its first piece a turn later, and the copy of any other body has it at once.
 * A copy of bytes costs little there. The reason of a cancelled stream comes as that of two copies: an array.
 */
function byCopy(): ReadBody {
  const full = readCopy(new Response(new Uint8Array(MANY_BYTES)));
  const fullBytes = full === null || full === undefined ? 0 : full[0]?.length ?? 0;
  return (response) => {
    const pieces = readCopy(response);
    if (pieces === null) return null;
    if (pieces === undefined) return streamOf(response);
    const [piece = new Uint8Array(0)] = pieces;
    if (pieces.length > 1 || piece.length >= fullBytes) return bytesOf(response);
    // A piece that is not full is all of the body. A response is sent once.
    void response.text();
    return piece;
  };
}

/** More bytes than a body has in one piece. */
const MANY_BYTES = 1 << 20;

/** The first pieces of a copy; `undefined` for a stream, and `null` without a body. */
function readCopy(response: Response): Uint8Array<ArrayBuffer>[] | null | undefined {
  const copied = copyOf(response);
  if (copied === null) return null;
  const copy = copied.getReader() as ReadableStreamDefaultReader<unknown> & {
    /** Gives the pieces that are there; a promise if there are none yet. */
    readMany(): PromiseLike<unknown> | { readonly value: Uint8Array<ArrayBuffer>[] };
  };
  const read = copy.readMany();
  if (!("then" in read)) return read.value;
  // The copy has not been read, so it holds nothing up and nothing in memory.
  copy.cancel().catch(() => {});
  return undefined;
}

function copyOf(response: Response): Response["body"] {
  try {
    return response.clone().body;
  } catch {
    throw new TypeError(USED);
  }
}

/** The number of turns of promises after which the `start` of a stream that does not wait is over. */
const STARTING_TURNS = 2;
/** The number of turns of promises in which a body of bytes closes after its only piece; 1 is needed. */
const CLOSING_TURNS = 2;

/**
 * Nodes: a body of bytes is a byte stream with one piece. On later Nodes, it closes in the turn after it was
 * made. On Node 20, it is pulled when it is read, and closes in the turn after that. A stream of an app is a
 * byte stream only if it asks for that, and then it hardly closes so. The body of another response is such a
 * stream, too: `new Response(old.body, old)`.
 *
 * @param closes Whether a body of bytes closes in the turn after it was made, or after the reading.
 */
function byEnd(closes: "before" | "after"): ReadBody {
  return (response) => {
    const body = freeBody(response);
    if (body === null) return null;
    // A body that came from another server arrives when it does.
    if (response.url !== "" || !isByteStream(body)) return { reader: body.getReader() };
    return readToEnd(body.getReader(), closes);
  };
}

async function readToEnd(
  reader: BodyStream["reader"],
  closes: "before" | "after",
): Promise<ResponseBody> {
  let isClosed = false;
  reader.closed.then(() => isClosed = true, () => {});
  let isEarly = false;
  let reading: ReturnType<typeof reader.read>;
  if (closes === "before") reading = reader.read();
  else {
    for (let turn = 0; turn < STARTING_TURNS; turn++) await undefined;
    reading = reader.read();
    await undefined;
    isEarly = isClosed;
  }
  const first = await reading;
  for (let turn = 0; turn < CLOSING_TURNS && !isClosed; turn++) await undefined;
  const isOnePiece = first.done || first.value instanceof Uint8Array;
  if (!isClosed || isEarly || !isOnePiece) return { reader, first };
  return first.value as Uint8Array<ArrayBuffer> ?? new Uint8Array(0);
}

function isByteStream(body: ReadableStream | null): boolean {
  try {
    body?.getReader({ mode: "byob" }).releaseLock();
    return true;
  } catch {
    return false;
  }
}
