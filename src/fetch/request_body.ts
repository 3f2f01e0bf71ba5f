/**
 * The body of a request as bytes, and as a stream of the web: both read `wsgi.input`.
 *
 * The stream reads a piece only when its reader asks for one, so that a client is slowed down by the reader.
 * The requests of `lazy_request.ts` call this.
 *
 * @module
 */

import type { Environ } from "../wsgi/mod.ts";

/** Whether a `Request` of this environ has a body: GET and HEAD have none there (Fetch standard). */
export function hasRequestBody(environ: Environ): boolean {
  const { REQUEST_METHOD, CONTENT_LENGTH, HTTP_TRANSFER_ENCODING } = environ;
  if (REQUEST_METHOD === "GET" || REQUEST_METHOD === "HEAD") return false;
  return CONTENT_LENGTH !== "" || HTTP_TRANSFER_ENCODING !== undefined;
}

/** A body of at most this size is taken at once, if it has arrived whole. */
const MOST_BYTES = 65_536;

/** Takes all that is left of the body, if the method of the input that reads it otherwise would not wait. */
function arrived(
  environ: Environ,
  method: "read" | typeof Symbol.asyncIterator,
): Uint8Array<ArrayBuffer> | undefined {
  // Only the server's own input has `takeWhole`.
  const input: Partial<Environ["wsgi.input"]> = environ["wsgi.input"];
  return input.takeWhole?.(input[method], MOST_BYTES);
}

/** Reads the whole body. The promise rejects with `ClientDisconnected` if the client leaves meanwhile. */
export function bodyBytes(environ: Environ): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = arrived(environ, "read");
  if (bytes !== undefined) return Promise.resolve(bytes);
  return environ.cogen.run(environ["wsgi.input"].read());
}

type WholeBody = Promise<Uint8Array<ArrayBuffer>>;

/** The results of the methods of a request that read its whole body (Fetch standard, "Body mixin"). */
export const BODY_METHODS = {
  async arrayBuffer(bytes: WholeBody): Promise<ArrayBuffer> {
    const { buffer, byteOffset, byteLength } = await bytes;
    return byteLength === buffer.byteLength
      ? buffer
      : buffer.slice(byteOffset, byteOffset + byteLength);
  },

  bytes(bytes: WholeBody): WholeBody {
    return bytes;
  },

  async json(bytes: WholeBody): Promise<unknown> {
    return JSON.parse(await BODY_METHODS.text(bytes));
  },

  /** Without a byte order mark. */
  async text(bytes: WholeBody): Promise<string> {
    return new TextDecoder().decode(await bytes);
  },
} as const;

/** Makes a stream of the body. It fails with `ClientDisconnected` if the client leaves meanwhile. */
export function bodyStream(environ: Environ): ReadableStream<Uint8Array<ArrayBuffer>> {
  let pieces: AsyncIterator<Uint8Array<ArrayBuffer>, void> | undefined;
  const readOn = async (controller: ReadableStreamDefaultController) => {
    pieces ??= environ["wsgi.input"][Symbol.asyncIterator]();
    const step = await pieces.next();
    if (step.done === true) controller.close();
    else controller.enqueue(step.value);
  };
  return new ReadableStream({
    pull(controller) {
      const rest = arrived(environ, Symbol.asyncIterator);
      if (rest === undefined) return readOn(controller);
      if (rest.length > 0) controller.enqueue(rest);
      controller.close();
    },
  }, { highWaterMark: 0 });
}
