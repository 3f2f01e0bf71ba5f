/**
 * The body of a `Response` that was made of a string, bytes or a form, as opposed to a stream.
 *
 * Such a body is sent with its length; a stream is chunked, however fast it is. The web has no member that
 * tells them apart, so there are four ways, which are tried with sample responses before one is used: the source of
 * the body, its size, a copy of the body, and the end of the body. Without any way, each body is a stream.
 *
 * The trap: the ways must not depend on the blocks that a stream has by now, because that depends on time. On Bun,
 * nothing tells the stream of a string from a stream of the runtime that has ended, such as `fetched.body`: their
 * members, their first step, their copies and the type of their `blob()` are equal.
 *
 * `from_fetch.ts` calls this.
 *
 * @module
 */

import { joinBytes } from "../socket/mod.ts";
import { hasSources, sourceOfStream, USED } from "./body_source.ts";
import { copiedPieces, sizedReader } from "./bun_body.ts";
import { OwnResponse } from "./own_response.ts";

/** The body of a response: whole, a stream that is being read, or `null` for none. */
export type ResponseBody = Uint8Array<ArrayBuffer> | string | BodyStream | null;

/** Reads a body that is no stream. */
type ReadBody = (response: Response) => ResponseBody | Promise<ResponseBody>;

type Reader = ReadableStreamDefaultReader<unknown>;

/** A stream that is being read. */
export interface BodyStream {
  readonly reader: Reader;
  /** The pieces that were read already. */
  readonly pieces: readonly unknown[];
  /** The step after these pieces, if it was asked for already. */
  readonly reading?: ReturnType<Reader["read"]>;
}

let chosen: Promise<ReadBody> | undefined;
let known: ReadBody | undefined;

/**
 * Reads the body of a response, or begins to read it if it is a stream.
 *
 * @param response The response.
 * @param isStream Whether it is a stream in any case.
 * @throws {TypeError} If the body was read already, or is locked.
 */
export function readBody(
  response: Response,
  isStream: boolean,
): ResponseBody | Promise<ResponseBody> {
  if (response.bodyUsed) throw new TypeError(USED);
  if (isStream) return streamOf(response);
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
const WAYS: readonly (() => ReadBody)[] = [bySource, bySize, byCopy, () => byEnd];

/** Gives the first way that tells a string from a stream here. */
async function choose(): Promise<ReadBody> {
  for (const make of WAYS) {
    try {
      const read = make();
      const samples = [new OwnResponse("a"), new OwnResponse("a", { headers: { a: "b" } })];
      const texts = await Promise.all(samples.map(read));
      const closed = new ReadableStream({
        start(controller) {
          controller.enqueue(new Uint8Array(1));
          controller.close();
        },
      });
      const stream = await read(new OwnResponse(closed));
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
  return body === null ? null : { reader: body.getReader(), pieces: [] };
}

async function bytesOf(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await response.arrayBuffer());
}

/** The members of the state of a body that are used here. */
type BodyState = Readonly<Record<string, unknown>> & { readonly source?: unknown };

/** The responses whose sources were sent: a response is sent once. */
const sent = new WeakSet<Response>();

/**
 * Node 20, Deno: the state of a response is under a symbol, and has the source of the body (Fetch standard,
 * "body"), which is null for a stream. Deno makes the stream of a source when it is asked for the body, which costs
 * more than all the rest, so that a source without a stream is taken as it is.
 */
function bySource(): ReadBody {
  const sample = new OwnResponse("a");
  // Deno makes the state of the body when it is asked for this.
  void sample.bodyUsed;
  const state = Object.getOwnPropertySymbols(sample).find((symbol) =>
    bodyState(sample, symbol)?.source === "a"
  );
  if (state === undefined) return streamOf;
  const inner = bodyState(sample, state) ?? {};
  const unread = Object.keys(inner).find((key) => isUnread(inner[key]));
  return (response) => {
    const inner = bodyState(response, state);
    const hasStream = inner === undefined || unread === undefined || !isUnread(inner[unread]);
    if (hasStream && freeBody(response) === null) return null;
    const source = (inner ?? bodyState(response, state))?.source;
    if (typeof source !== "string" && !(source instanceof Uint8Array)) {
      return source === null || source === undefined ? byEnd(response) : bytesOf(response);
    }
    if (sent.has(response)) throw new TypeError(USED);
    sent.add(response);
    return source as Uint8Array<ArrayBuffer> | string;
  };
}

/** Whether a member is that of a body whose source has no stream yet. */
function isUnread(member: unknown): boolean {
  return (member as { readonly consumed?: unknown } | null | undefined)?.consumed === false;
}

function bodyState(response: Response, state: symbol): BodyState | undefined {
  const member = (response as unknown as Record<symbol, unknown>)[state];
  return (member as { readonly body?: BodyState | null } | null | undefined)?.body ?? undefined;
}

/** Bun: the size of a string or bytes, or the copy of the body, tells. */
function bySize(): ReadBody {
  const read = sizedReader();
  const readCopied = byCopy();
  return (response) => read(response) ?? readCopied(response);
}

/** Bun: the copy of the body tells. */
function byCopy(): ReadBody {
  const full = copiedPieces(new OwnResponse(new Uint8Array(MANY_BYTES)));
  const fullBytes = full === null || full === undefined ? 0 : full[0]?.length ?? 0;
  return (response) => {
    if (response.url !== "") return streamOf(response);
    const pieces = copiedPieces(response);
    if (pieces === null) return null;
    if (pieces === undefined) return byEnd(response);
    const [piece = new Uint8Array(0)] = pieces;
    if (pieces.length > 1 || piece.length >= fullBytes) return bytesOf(response);
    // A piece that is not full is all of the body. A response is sent once.
    void response.text();
    return piece;
  };
}

/** More bytes than a body has in one piece. */
const MANY_BYTES = 1 << 20;

/** The number of turns of promises in which a piece that is there arrives. Bun needs 3, and Node 2. */
const READY_TURNS = 4;
/** A byte stream that gives more bytes in more than a piece is a stream, even if it has ended. */
const MAX_READ_BYTES = 64 * 1024;

/**
 * Any runtime: a byte stream (`type: "bytes"`) that ends at once is whole. Any other stream is a stream.
 *
 * On later Nodes, a string and a form are such byte streams, and nothing tells them from the byte stream of an
 * app. So this rule holds on all runtimes, where a source or a copy does not tell more. The body of another
 * response is such a stream, too: `new Response(old.body, old)`.
 */
function byEnd(response: Response): ResponseBody | Promise<ResponseBody> {
  const body = freeBody(response);
  // The body of a response of `fetch` arrives when it does.
  const isForeign = body === null || response.url !== "" || !isByteStream(body);
  if (isForeign || (hasMembers() && isFromOutside(body))) {
    return streamOf(response);
  }
  return readToEnd(body.getReader());
}

let memberFound: boolean | undefined;

/** Deno: whether a stream shows its state. Tried once, because looking for it is a part of the cost elsewhere. */
function hasMembers(): boolean {
  return memberFound ??= Object.getOwnPropertySymbols(new ReadableStream()).some((
    { description },
  ) => description?.startsWith("[["));
}

/**
 * Deno: whether the bytes of a stream, or of the stream that it is a copy of, come from outside of the program:
 * from `fetch`, a file or a process. Such a stream may have ended by now, or not.
 */
function isFromOutside(stream: ReadableStream): boolean {
  const members = stream as unknown as Readonly<Record<symbol, unknown>>;
  for (const symbol of Object.getOwnPropertySymbols(stream)) {
    const { [symbol]: member } = members;
    if (typeof member !== "object" || member === null) continue;
    if (symbol.description === "[[resourceBacking]]") return true;
    if (symbol.description === "[[original]]" && isFromOutside(member as ReadableStream)) {
      return true;
    }
  }
  return false;
}

/**
 * Reads a stream until it ends, or is not ready, or has more than a body of a string has.
 *
 * The steps are taken by a callback, and one loop waits for all of them: an `await` for each step costs more than
 * the reading.
 */
async function readToEnd(reader: Reader): Promise<ResponseBody> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  let state: "reading" | "ended" | "stopped" = "reading";
  let reading: ReturnType<Reader["read"]> | undefined;
  const read = () => {
    reading = reader.read();
    reading.then(take, stop);
  };
  const stop = () => {
    if (state === "reading") state = "stopped";
  };
  const take = ({ done, value }: Awaited<ReturnType<Reader["read"]>>) => {
    if (state !== "reading") return;
    if (done) return void (state = "ended");
    pieces.push(value as Uint8Array<ArrayBuffer>);
    length += (value as Uint8Array).length;
    reading = undefined;
    // The first piece may have any length: a string has one piece.
    if (pieces.length > 1 && length > MAX_READ_BYTES) stop();
    else read();
  };
  read();
  for (let turn = 0, seen = 0; turn < READY_TURNS && state === "reading"; turn++) {
    await undefined;
    if (pieces.length > seen) [turn, seen] = [0, pieces.length];
  }
  if ((state as string) === "ended") {
    const [first] = pieces;
    return first !== undefined && pieces.length === 1 ? first : joinBytes(pieces);
  }
  stop();
  return reading === undefined ? { reader, pieces } : { reader, pieces, reading };
}

function isByteStream(body: ReadableStream): boolean {
  controllerOf ??= findController();
  const controller = controllerOf(body);
  return controller === undefined ? hasByteReader(body) : isByteController(controller);
}

/** Gives the controller of a stream; `undefined` if it is out of reach. */
type ControllerOf = (stream: ReadableStream) => unknown;

let controllerOf: ControllerOf | undefined;

/**
 * Node, Deno: the state of a stream is under a symbol, and has or is its controller. A reader that a stream refuses
 * costs two fifths of a small stream on Node, because the error has a stack and the text of the stream
 * (`npm run bench -- --workload stream --contender fromFetch --runtime node`).
 */
function findController(): ControllerOf {
  const sample = new ReadableStream({ type: "bytes" });
  for (const symbol of Object.getOwnPropertySymbols(sample)) {
    const state: ControllerOf = (stream) => Reflect.get(stream, symbol);
    const member: ControllerOf = (stream) =>
      (state(stream) as { controller?: unknown } | undefined)?.controller;
    for (const find of [state, member]) {
      if (isByteController(find(sample))) return find;
    }
  }
  return () => undefined;
}

function isByteController(controller: unknown): boolean {
  return controller instanceof ReadableByteStreamController;
}

function hasByteReader(body: ReadableStream): boolean {
  try {
    body.getReader({ mode: "byob" }).releaseLock();
    return true;
  } catch {
    return false;
  }
}
