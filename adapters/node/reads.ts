/**
 * Reads of Node's sockets into one buffer that all sockets share, without the queue of the stream.
 *
 * Measured on Node 26, 2026-11: if the function of `sharedReader` returns `false` at once, a small request
 * costs 1.24 times the CPU and an upload of 1 MB 1.38 times, as medians of nine rounds
 * (`npm run bench -- --compare HEAD --workload hello --workload upload --runtime currentNode`).
 *
 * Through the stream, every read allocates 64 KB. `net.connect` has the option `onread` against
 * that, but `net.Server` has no such option for accepted sockets. So this file sets the fields that
 * `onread` would set. It finds them by their values in a stream made with `onread`. If a stream has
 * other fields, and on Windows, it changes nothing.
 *
 * The plain twin is `stream.on("data", onRead)`. The trap: the bytes belong to the shared buffer, so
 * the callback must copy the bytes that it keeps before it returns.
 *
 * `node/socket.ts` calls this for connections without TLS.
 *
 * @module
 */

import type { Socket as Stream } from "node:net";

/** The size that libuv would allocate for each read, in bytes. */
const SHARED_BUFFER_BYTES = 64 * 1024;

/** The internal fields of a stream that are used. Streams without them are read as usual. */
interface Internals {
  readonly _handle?: { useUserBuffer?(buffer: Uint8Array): void } | null;
  [field: symbol]: unknown;
}

/** The fields in which a stream keeps the options of `onread`. */
interface OnReadFields {
  readonly buffer: symbol;
  readonly callback: symbol;
}

/**
 * Whether a read takes its buffer and fills it in one step. On Windows a read could take its buffer
 * first and fill it later. libuv does not do so today, but if it did, a shared buffer would be
 * overwritten.
 */
const readsInOneStep =
  (globalThis as { process?: { platform?: string } }).process?.platform !== "win32";

const sharedBuffer = new Uint8Array(SHARED_BUFFER_BYTES);
/** The last view of the shared buffer. The next read of the same length uses it again. */
let lastView = sharedBuffer;
/**
 * The found fields; `null` until the first connection, `undefined` if this Node has no such fields.
 */
let onReadFields: OnReadFields | undefined | null = null;

function view(length: number): Uint8Array {
  if (lastView.length !== length) lastView = sharedBuffer.subarray(0, length);
  return lastView;
}

/** Makes a stream with `onread`, and searches it for the two values. */
function findFields(stream: Stream): OnReadFields | undefined {
  const callback = () => true;
  const Socket = stream.constructor as typeof Stream;
  const onread = { buffer: sharedBuffer, callback };
  const sample = new Socket({ onread }) as unknown as Internals;
  const symbols = Object.getOwnPropertySymbols(sample);
  const find = (value: unknown) => symbols.find((symbol) => sample[symbol] === value);
  const fields = { buffer: find(sharedBuffer), callback: find(callback) };
  return fields.buffer && fields.callback && (fields as OnReadFields);
}

/**
 * Makes a function that lets a connected stream read into the shared buffer, if possible. Such a stream emits no
 * `data`, and emits `end` only after `stream.resume()`.
 *
 * All streams of the function share one callback, because a callback for each would take more memory.
 *
 * @param onRead The function that gets the bytes of each read, which are valid until it returns. If
 *   it returns `false`, reading stops until `stream.resume()`. It must not throw.
 * @returns A function of a TCP or Unix stream without a `data` listener. It returns whether the stream now reads
 *   into the shared buffer; if not, the stream is unchanged.
 */
export function sharedReader(
  onRead: (stream: Stream, bytes: Uint8Array) => boolean,
): (stream: Stream) => boolean {
  // Node calls the function with the stream as `this`.
  function callback(this: Stream, length: number): boolean {
    return onRead(this, view(length));
  }
  return (stream) => {
    const internals = stream as unknown as Internals;
    const handle = internals._handle;
    if (!readsInOneStep || typeof handle?.useUserBuffer !== "function") return false;
    if (onReadFields === null) onReadFields = findFields(stream);
    if (onReadFields === undefined || internals[onReadFields.buffer] !== null) return false;
    internals[onReadFields.buffer] = sharedBuffer;
    internals[onReadFields.callback] = callback;
    handle.useUserBuffer(sharedBuffer);
    return true;
  };
}
