/**
 * What Bun tells of the body of a `Response`: its pieces by a copy, and its size by the memory that it takes.
 *
 * The trap: the memory of a response also has its `statusText` and members that the program has added, so only a
 * response without them is judged by it.
 *
 * `whole_body.ts` calls this.
 *
 * @module
 */

import { builtinModule } from "../../adapters/shared/builtin_module.ts";
import { USED } from "./body_source.ts";
import { OwnResponse } from "./own_response.ts";

type Bytes = Uint8Array<ArrayBuffer>;

interface BunModule {
  /** Gives the value of a promise that has settled, and any other promise itself. */
  peek(promise: Promise<unknown>): unknown;
}

interface MemoryModule {
  /** The bytes of memory of an object, without the objects that it refers to. */
  estimateShallowMemoryUsageOf(value: object): number;
}

/**
 * Makes a function that reads a string or bytes at once. A copy costs a quarter of a small response
 * (`npm run bench -- --workload hello --contender fromFetch --runtime bun`).
 *
 * @returns The function; its result is `undefined` for a body that may be a stream, and a promise if the bytes need
 *   a moment, or if the body is locked.
 * @throws {TypeError} If this is not Bun, or a Bun with another measure of memory.
 */
export function sizedReader(): (response: Response) => Bytes | Promise<Bytes> | undefined {
  const { peek } = builtinModule<BunModule>("bun");
  const { estimateShallowMemoryUsageOf: memoryOf } = builtinModule<MemoryModule>("bun:jsc");
  const emptyBytes = memoryOf(new OwnResponse(null));
  const headers = { "content-type": "text/plain", "x-a": "b".repeat(100) };
  const streams = [{}, { headers }, { status: 404, headers }].map((init) =>
    new OwnResponse(streamOfBytes(), init)
  );
  const isMeasured = streams.every((stream) => memoryOf(stream) === emptyBytes) &&
    [1, 5000].every((size) =>
      memoryOf(new OwnResponse("a".repeat(size), { headers })) === emptyBytes + size &&
      memoryOf(new OwnResponse(new Uint8Array(size))) === emptyBytes + size
    );
  if (!isMeasured) throw new TypeError("The memory of a Response does not tell its size");
  return (response) => {
    if (!isPlain(response) || memoryOf(response) === emptyBytes) return undefined;
    const read = response.bytes() as Promise<Bytes>;
    const bytes = peek(read);
    if (bytes instanceof Uint8Array) return bytes as Bytes;
    return read.catch(() => {
      throw new TypeError(USED);
    });
  };
}

/** Whether the memory of a response is that of its body alone. That of a fetched one has more. */
function isPlain(response: Response): boolean {
  return response.statusText === "" && response.url === "" &&
    Object.getPrototypeOf(response) === OwnResponse.prototype &&
    Reflect.ownKeys(response).length === 0;
}

function streamOfBytes(): ReadableStream<Bytes> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(new Uint8Array(5000));
      controller.close();
    },
  });
}

/**
 * The first pieces of a copy: the copy of a stream has its first piece a turn later, and the copy of any other
 * body has it at once. The reason of a cancelled stream comes as that of two copies: an array.
 *
 * @returns The pieces; `undefined` for a stream, and `null` without a body.
 * @throws {TypeError} If the body was read already, or is locked.
 */
export function copiedPieces(response: Response): Bytes[] | null | undefined {
  const copied = copyOf(response);
  if (copied === null) return null;
  const copy = copied.getReader() as ReadableStreamDefaultReader<unknown> & {
    /** Gives the pieces that are there; a promise if there are none yet. */
    readMany(): PromiseLike<unknown> | { readonly value: Bytes[] };
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
