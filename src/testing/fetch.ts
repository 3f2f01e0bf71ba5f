/**
 * `fetch` of a test's client: a `Request` is sent, and its response is a `Response`. Both bodies are streams.
 *
 * `client.ts` calls this.
 *
 * @module
 */

import { optionError } from "../coroutine/mod.ts";
import type { TestStream } from "./exchange.ts";
import type { RequestOptions } from "./request.ts";

/** The part of a client that sends requests. */
export interface Opener {
  open(
    path: string,
    options: RequestOptions & { readonly method: string },
  ): Promise<TestStream>;
}

/** Answers a `Request` as `fetch` does. */
export async function fetchBy(
  client: Opener,
  input: Request | URL | string,
  init: RequestInit | undefined,
): Promise<Response> {
  if (!(typeof input === "string" || input instanceof URL || input instanceof Request)) {
    throw optionError("The input of fetch", input, 'a Request, a URL, or a path such as "/"');
  }
  const base = "http://localhost/";
  const request = input instanceof Request
    ? new Request(input, init)
    : new Request(new URL(input, base), init);
  const { signal } = request;
  signal.throwIfAborted();
  const url = new URL(request.url);
  const stream = await client.open(request.url, {
    method: request.method,
    headers: [["Host", url.host], ...request.headers],
    ...(request.body === null ? {} : { body: piecesOf(request.body) }),
  });
  signal.addEventListener("abort", () => void stream.disconnect(), { once: true });
  const { status, headers } = stream;
  const isEmpty = [101, 204, 205, 304].includes(status) || request.method === "HEAD";
  const body = isEmpty ? null : streamOf(stream);
  return new Response(body, { status: status === 101 ? 200 : status, headers });
}

async function* piecesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
}

function streamOf(stream: TestStream): ReadableStream<Uint8Array<ArrayBuffer>> {
  const pieces = stream[Symbol.asyncIterator]();
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await pieces.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    cancel: () => stream.disconnect(),
  });
}
