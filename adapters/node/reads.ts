/**
 * Reads of Node's sockets without the queue of the stream: into one buffer that all sockets share, and in long
 * transfers into arrays that the handler then owns, so that no code copies the bytes.
 *
 * Measured on Node 26, 2026-11: if the function of `sharedReader` returns `false` at once, a small request
 * costs 1.24 times the CPU and an upload of 1 MB 1.38 times, as medians of nine rounds
 * (`npm run bench -- --compare HEAD --workload hello --workload upload --runtime currentNode`).
 *
 * An upload of 1 MB takes half the CPU with arrays for the handler (`npm run bench -- --workload upload`). Their
 * memory is not set to zero first, so a handler gets an array only when a read has filled it.
 *
 * Through the stream, every read allocates 64 KB. `net.connect` has the option `onread` against
 * that, but `net.Server` has no such option for accepted sockets. So this file sets the fields that
 * `onread` would set. It finds them by their values in streams made with `onread`. If a stream has
 * other fields, and on Windows, it changes nothing. After each read, Node asks the generator of buffers for the
 * next buffer, if the stream has a generator.
 *
 * The plain twin is `stream.on("data", onRead)`. The trap: the bytes belong to the shared buffer, so
 * the callback must copy the bytes that it keeps before it returns.
 *
 * `node/socket.ts` calls this for connections without TLS.
 *
 * @module
 */

import { Buffer } from "node:buffer";
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
  readonly generator: symbol;
}

/** The functions of the connection of a stream. */
export interface ReadingFunctions {
  /**
   * Takes the bytes of a read. It must not throw.
   *
   * @param bytes The bytes, which are valid until the function returns, unless they are owned.
   * @param owned Whether no other code uses the array.
   * @returns Whether reading goes on; if not, it stops until `stream.resume()`.
   */
  received(stream: Stream, bytes: Uint8Array, owned: boolean): boolean;
  /** Gives the length of the next array that the handler wants to own, at most `most` bytes; 0 for none. */
  nextArrayBytes(stream: Stream, most: number): number;
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

/** Makes streams with `onread`, and searches them for the values. */
function findFields(stream: Stream): OnReadFields | undefined {
  const callback = () => true;
  const Socket = stream.constructor as typeof Stream;
  const find = (value: Uint8Array | (() => unknown), buffer: Uint8Array | (() => Uint8Array)) => {
    const sample = new Socket({ onread: { buffer, callback } }) as unknown as Internals;
    return Object.getOwnPropertySymbols(sample).find((symbol) => sample[symbol] === value);
  };
  const buffer = find(sharedBuffer, sharedBuffer);
  const generator = find(takeNextBuffer, takeNextBuffer as () => Uint8Array);
  const onRead = find(callback, sharedBuffer);
  if (buffer === undefined || onRead === undefined || generator === undefined) return undefined;
  return { buffer, callback: onRead, generator };
}

/** The buffer of the next read of the stream whose callback has just run, if it changes. */
let nextBuffer: Uint8Array | undefined;

/** The generator of all streams. Node calls it after the callback. Without a result, the old buffer stays. */
function takeNextBuffer(): Uint8Array | undefined {
  const next = nextBuffer;
  nextBuffer = undefined;
  return next;
}

/** An array whose memory is not set to zero. */
function newArray(length: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}

/**
 * Makes a function that lets a connected stream read into the shared buffer, if possible. Such a stream emits no
 * `data`, and emits `end` only after `stream.resume()`.
 *
 * All streams of the function share one callback, because a callback for each would take more memory.
 *
 * @param functions Take the bytes of each read.
 * @returns A function of a TCP or Unix stream without a `data` listener. It returns whether the stream now reads
 *   into the shared buffer; if not, the stream is unchanged.
 */
export function sharedReader(functions: ReadingFunctions): (stream: Stream) => boolean {
  // Node calls the function with the stream as `this`.
  function callback(this: Stream, length: number, buffer: Uint8Array): boolean {
    if (buffer === sharedBuffer && length < SHARED_BUFFER_BYTES) {
      return functions.received(this, view(length), false);
    }
    return readLong(this, length, buffer);
  }
  /** A read of a long transfer: it has filled the shared buffer, or its array is for the handler. */
  function readLong(stream: Stream, length: number, buffer: Uint8Array): boolean {
    const isFull = length === buffer.length;
    const bytes = isFull ? buffer : buffer.subarray(0, length);
    const goesOn = functions.received(stream, bytes, isFull && buffer !== sharedBuffer);
    const next = isFull && goesOn ? functions.nextArrayBytes(stream, SHARED_BUFFER_BYTES) : 0;
    nextBuffer = next > 0 ? newArray(next) : sharedBuffer;
    (stream as unknown as Internals)[(onReadFields as OnReadFields).generator] = takeNextBuffer;
    return goesOn;
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
