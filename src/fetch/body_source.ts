/**
 * The strings and bytes of which streams were made: the stream of the body of a `FastResponse` may become the
 * body of another response, which then has a length as well.
 *
 * `fast_response.ts` and `whole_body.ts` call this.
 *
 * @module
 */

/** A body that is no stream; `null` for none. */
export type BodySource = Uint8Array<ArrayBuffer> | string | null;

const sources = new WeakMap<object, BodySource>();
let isUsed = false;

/** Keeps the source of a stream. */
export function rememberSource(stream: object, source: BodySource): void {
  sources.set(stream, source);
  isUsed = true;
}

/** The source of a stream, if it is known. */
export function sourceOfStream(stream: object): BodySource | undefined {
  return sources.get(stream);
}

/** Whether any stream has a known source. */
export function hasSources(): boolean {
  return isUsed;
}

/** The complaint about a response that cannot be sent. */
export const USED =
  "The fetch handler returned a Response whose body has been read or is locked: return response.clone()";
