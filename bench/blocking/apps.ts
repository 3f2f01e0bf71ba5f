/**
 * The apps in threads of `bench/blocking.ts`. The default export does the same work as a task of Piscina.
 *
 * @module
 */

import type { BlockingApp } from "../../src/blocking/mod.ts";

const PLAIN: [string, string][] = [["Content-Type", "text/plain"]];

/** Answers with the size of the body. */
export const size: BlockingApp = (environ, startResponse) => {
  const body = environ["wsgi.input"].read();
  startResponse("200 OK", PLAIN);
  return [String(body.length)];
};

/**
 * Reads byte by byte, and answers with the microseconds of each read. Every second read finds its byte in the
 * thread, so that the difference of two neighbours is the cost of the wait.
 */
export const reads: BlockingApp = (environ, startResponse) => {
  const input = environ["wsgi.input"];
  const added: number[] = [];
  const timed = () => {
    const began = performance.now();
    const { length } = input.read(1);
    return length === 0 ? undefined : performance.now() - began;
  };
  for (;;) {
    const waited = timed();
    const here = timed();
    if (waited === undefined || here === undefined) break;
    added.push(1000 * (waited - here));
  }
  startResponse("200 OK", PLAIN);
  return [JSON.stringify(added)];
};

/** Computes for as many milliseconds as the query says. */
export const computes: BlockingApp = (environ, startResponse) => {
  const end = performance.now() + Number(environ.QUERY_STRING);
  while (performance.now() < end);
  startResponse("200 OK", PLAIN);
  return ["computed"];
};

/** The task of Piscina: the size of a body. */
export default function task(body: Uint8Array): string {
  return String(body.length);
}
