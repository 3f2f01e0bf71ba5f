/**
 * Heads that the server cannot refuse.
 *
 * The server alone judges heads, and the app gets its refusal. This check lets fewer heads pass than the server
 * does: such a head needs no answer. `main_thread.ts` calls this; a thread does not load the checks of the server,
 * so that it starts sooner.
 *
 * @module
 */

import type { HeaderList } from "../wsgi/mod.ts";

const STATUS = /^[2-5]\d\d [ -~]*$/;
const NAME = /^[\w-]+$/;
const VALUE = /^[\t -~]*$/;
/** The fields that the server refuses, or that it compares with others. */
const JUDGED =
  /^(?:connection|content-length|keep-alive|proxy-.*|te|trailers?|transfer-encoding|upgrade)$/i;

/**
 * Copies a plain head. Each part is read once, as an array may give another value at each reading.
 *
 * @param status As an app has given it: it may be of any type.
 * @param headers The same.
 * @returns `undefined` if the server has to judge the head.
 */
export function plainHead(status: unknown, headers: unknown): [string, HeaderList] | undefined {
  if (typeof status !== "string" || !STATUS.test(status) || !Array.isArray(headers)) return;
  const copy: [string, string][] = [];
  for (const field of headers as unknown[]) {
    if (!Array.isArray(field) || field.length !== 2) return undefined;
    const [name, value] = field as unknown[];
    if (typeof name !== "string" || typeof value !== "string") return undefined;
    if (!NAME.test(name) || JUDGED.test(name) || !VALUE.test(value)) return undefined;
    copy.push([name, value]);
  }
  return [status, copy];
}
