/**
 * Reads of Node's sockets into one buffer that they all share, past the stream's queue: what
 * `onread` of `net.connect` does, for accepted sockets as well. Through the stream every read
 * allocates 64 KB and a request costs a quarter more CPU (`bench`, hello: 8.0 against 6.6 us; an
 * upload of 1 MB: twice).
 *
 * `net.Server` has no such option, so the fields that `onread` sets are set here: found by their
 * values, and left alone where anything looks different, and on Windows.
 *
 * @module
 */

import type { Socket as Stream } from "node:net";

/** As large as what libuv would allocate. */
const SIZE = 64 * 1024;

/** What is used of a stream's insides; without them it reads as ever. */
interface Insides {
  readonly _handle?: { useUserBuffer?(buffer: Uint8Array): void } | null;
  [field: symbol]: unknown;
}

/** Where the streams of a runtime keep the options of `onread`. */
interface Fields {
  readonly buffer: symbol;
  readonly callback: symbol;
}

/**
 * Whether a read takes its buffer and fills it in one go. Windows can be given a buffer to fill later:
 * libuv does not do so today, but one shared by all would not stand it.
 */
const isAtOnce = (globalThis as { process?: { platform?: string } }).process?.platform !== "win32";

const shared = new Uint8Array(SIZE);
let last = shared;
let known: Fields | undefined | null = null;

/** What was just read. Most reads are as long as the one before. */
function view(length: number): Uint8Array {
  if (last.length !== length) last = shared.subarray(0, length);
  return last;
}

/** Has a stream made with `onread`, and looks where it has put what it was given. */
function findFields(stream: Stream): Fields | undefined {
  const callback = () => true;
  const Socket = stream.constructor as typeof Stream;
  const made = new Socket({ onread: { buffer: shared, callback } }) as unknown as Insides;
  const symbols = Object.getOwnPropertySymbols(made);
  const find = (value: unknown) => symbols.find((symbol) => made[symbol] === value);
  const fields = { buffer: find(shared), callback: find(callback) };
  return fields.buffer && fields.callback && (fields as Fields);
}

/**
 * Has a connected stream read into the shared buffer, if it can. It emits no `data` then, and has to
 * be resumed to emit `end`.
 *
 * @param stream Plain TCP or a Unix socket; nobody listens for its `data`.
 * @param onRead Told of the bytes, which are its own until it returns; `false` stops reading, until
 *   `stream.resume()`. It must not throw.
 * @returns Whether it can.
 */
export function readShared(stream: Stream, onRead: (bytes: Uint8Array) => boolean): boolean {
  const insides = stream as unknown as Insides;
  const handle = insides._handle;
  if (!isAtOnce || typeof handle?.useUserBuffer !== "function") return false;
  known = known === null ? findFields(stream) : known;
  if (known === undefined || insides[known.buffer] !== null) return false;
  insides[known.buffer] = shared;
  insides[known.callback] = (length: number) => onRead(view(length));
  handle.useUserBuffer(shared);
  return true;
}
