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

/** Reads the whole body. The promise rejects with `ClientDisconnected` if the client leaves meanwhile. */
export function bodyBytes(environ: Environ): Promise<Uint8Array<ArrayBuffer>> {
  return environ.cogen.run(environ["wsgi.input"].read());
}

/** Makes a stream of the body. It fails with `ClientDisconnected` if the client leaves meanwhile. */
export function bodyStream(environ: Environ): ReadableStream<Uint8Array<ArrayBuffer>> {
  const pieces = environ["wsgi.input"][Symbol.asyncIterator]();
  return new ReadableStream({
    pull: async (controller) => {
      const step = await pieces.next();
      if (step.done === true) controller.close();
      else controller.enqueue(step.value);
    },
  }, { highWaterMark: 0 });
}
