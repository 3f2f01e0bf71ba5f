/**
 * The body of a `Response` that was made of a string, bytes or a form, as opposed to a stream.
 *
 * Such a body is sent with its length; a stream is chunked, however fast it is. The web has no member that
 * tells them apart, so each runtime has a way of its own here, which is tried with two responses before it
 * is used. Without any way, each body is a stream.
 *
 * The trap: the ways must not depend on the blocks that a stream has by now, because that depends on time.
 *
 * `from_fetch.ts` calls this.
 *
 * @module
 */

/** The bytes of a body that is no stream; otherwise the stream; `null` without a body. */
export type ResponseBody = Uint8Array<ArrayBuffer> | BodyStream | null;

/** Reads a body that is no stream. */
type ReadBody = (response: Response) => Promise<ResponseBody>;

/** A stream that is being read. */
export interface BodyStream {
  readonly reader: ReadableStreamDefaultReader<unknown>;
  /** The first piece, if it was read already. */
  readonly first?: Awaited<ReturnType<ReadableStreamDefaultReader<unknown>["read"]>> | undefined;
}

let chosen: Promise<ReadBody> | undefined;
let known: ReadBody | undefined;

/** Reads the body of a response, or begins to read it if it is a stream. */
export function readBody(response: Response): Promise<ResponseBody> {
  if (known !== undefined) return known(response);
  chosen ??= choose();
  return chosen.then((read) => (known = read)(response));
}

/** Gives the first way that tells a string from a stream here. */
async function choose(): Promise<ReadBody> {
  for (const read of [bySymbols(), byCopy, byBytes]) {
    try {
      const samples = [new Response("a"), new Response("a", { headers: { a: "b" } })];
      const texts = await Promise.all(samples.map(read));
      const closed = new ReadableStream({
        start(controller) {
          controller.enqueue(new Uint8Array(1));
          controller.close();
        },
      });
      const stream = await read(new Response(closed));
      const isRight = texts.every((text) => text instanceof Uint8Array && text.length === 1);
      if (isRight && !(stream instanceof Uint8Array)) return read;
    } catch {
      continue;
    }
  }
  return (response) => Promise.resolve(streamOf(response));
}

function streamOf({ body }: Response): BodyStream | null {
  return body === null ? null : { reader: body.getReader() };
}

async function bytesOf(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await response.arrayBuffer());
}

/** Deno: the source of the body is under symbols of the response. */
function bySymbols(): ReadBody {
  const symbols = Object.getOwnPropertySymbols(new Response("a"));
  const symbolOf = (name: string) => symbols.find(({ description }) => description === name);
  const names = [symbolOf("serve fast body"), symbolOf("lazy static body")];
  const inner = symbolOf("response");
  return async (response) => {
    const state = response as unknown as Record<symbol, unknown>;
    const isText = names.some((name) => name !== undefined && typeof state[name] === "string");
    if (isText || hasSource(inner && state[inner])) return await bytesOf(response);
    return streamOf(response);
  };
}

/** Whether the state of a response has a source that a stream has not. */
function hasSource(state: unknown): boolean {
  const { body } = (state ?? {}) as { body?: { source?: unknown } };
  return body?.source !== undefined && body.source !== null;
}

/**
 * Bun: the copy of a stream has its first piece a turn later, and the copy of any other body has it at once.
 * A copy of bytes costs little there. The reason of a cancelled stream comes as that of two copies: an array.
 */
async function byCopy(response: Response): Promise<ResponseBody> {
  const copied = response.clone().body;
  if (copied === null) return null;
  const copy = copied.getReader() as ReadableStreamDefaultReader<unknown> & {
    /** Gives the pieces that are there; a promise if there are none yet. */
    readMany(): PromiseLike<unknown> | object;
  };
  const read = copy.readMany();
  if ("then" in read) {
    // The copy has not been read, so it holds nothing up and nothing in memory.
    copy.cancel().catch(() => {});
    return streamOf(response);
  }
  return await bytesOf(response);
}

/** The number of turns of promises in which a body of bytes closes after its only piece; 2 are needed. */
const CLOSING_TURNS = 4;

/**
 * Node: a body of bytes is a byte stream that closes with its only piece, before it is read on. A stream of
 * an app is a byte stream only if it asks for that.
 */
async function byBytes(response: Response): Promise<ResponseBody> {
  const { body } = response;
  if (body === null) return null;
  const reader: ReadableStreamDefaultReader<unknown> = body.getReader();
  // A body that came from another server arrives when it does.
  if (response.url !== "") return { reader };
  let isClosed = false;
  reader.closed.then(() => isClosed = true, () => {});
  const first = await reader.read();
  for (let turn = 0; turn < CLOSING_TURNS && !isClosed; turn++) await undefined;
  if (!isClosed || !(first.done || first.value instanceof Uint8Array)) return { reader, first };
  reader.releaseLock();
  if (!isByteStream(body)) return { reader: body.getReader(), first };
  return first.value as Uint8Array<ArrayBuffer> ?? new Uint8Array(0);
}

function isByteStream(body: ReadableStream): boolean {
  try {
    body.getReader({ mode: "byob" }).releaseLock();
    return true;
  } catch {
    return false;
  }
}
