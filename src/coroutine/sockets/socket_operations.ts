/**
 * Reading and writing connections, with cogen's names.
 *
 * A weak timeout starts anew with every byte that comes: it bounds silence, not the whole.
 *
 * @module
 */

import { Call } from "../operations/call.ts";
import type { Operation } from "../operation.ts";
import type { SocketStream } from "./socket_stream.ts";
import type { Coroutine } from "../task.ts";
import { timed, type TimeoutOptions } from "../timed_operation.ts";

const MAX_LINE = 8192;
const MAX_PIECE = 65_536;

/**
 * Reads what has come, or waits until something comes.
 *
 * @param stream What `Accept` or `Connect` gave.
 * @param count How many bytes at most; default 64 KB.
 * @param options `timeout`, `weakTimeout`, `priority`.
 * @returns An operation that gives one or more bytes; none at the end.
 * @throws {RangeError} If the count is below 1.
 */
export function Recv(
  stream: SocketStream,
  count: number = MAX_PIECE,
  options: TimeoutOptions = {},
): Operation<Uint8Array> {
  if (!(count >= 1)) throw new RangeError(`Cannot read ${count} bytes: expected 1 or more`);
  return timed("Recv", options, (resume) => stream.read(resume, count, false));
}

/**
 * Reads so many bytes.
 *
 * @param stream What `Accept` or `Connect` gave.
 * @param count How many bytes.
 * @param options `timeout`, `weakTimeout`, `priority`.
 * @returns An operation that gives exactly so many bytes.
 * @throws {ConnectionClosed} Where it is waited for, if the end comes before.
 */
export function RecvAll(
  stream: SocketStream,
  count: number,
  options: TimeoutOptions = {},
): Operation<Uint8Array> {
  return timed("RecvAll", options, (resume) => stream.read(resume, count, true));
}

/**
 * Reads a line.
 *
 * @param stream What `Accept` or `Connect` gave.
 * @param limit How many bytes it may have; default 8192.
 * @param options `timeout`, `weakTimeout`, `priority`.
 * @returns An operation that gives the line with its line feed, which only the last may lack; nothing
 *   at the end.
 * @throws {RangeError} Where it is waited for, if the line is too long.
 */
export function readline(
  stream: SocketStream,
  limit: number = MAX_LINE,
  options: TimeoutOptions = {},
): Operation<Uint8Array> {
  return timed("readline", options, (resume) => stream.readLine(resume, limit));
}

/**
 * Reads all lines until the end.
 *
 * @param stream What `Accept` or `Connect` gave.
 * @param limit How many bytes each may have; default 8192.
 * @param options `timeout`, `weakTimeout`, `priority`: of each line.
 * @returns An operation that gives the lines.
 * @throws {RangeError} Where it is waited for, if a line is too long.
 */
export function readlines(
  stream: SocketStream,
  limit: number = MAX_LINE,
  options: TimeoutOptions = {},
): Operation<Uint8Array[]> {
  return Call(function* readlines(): Coroutine<Uint8Array[]> {
    const lines: Uint8Array[] = [];
    for (;;) {
      const line = yield* readline(stream, limit, options);
      if (line.length === 0) return lines;
      lines.push(line);
    }
  });
}

/**
 * Hands bytes to a connection, as soon as the peer reads fast enough.
 *
 * @param stream What `Accept` or `Connect` gave.
 * @param bytes Bytes, or a latin-1 string.
 * @param options `timeout`, `priority`.
 * @returns An operation that gives nothing.
 * @throws {ConnectionClosed} Where it is waited for, if the connection is gone.
 */
export function Send(
  stream: SocketStream,
  bytes: Uint8Array | string,
  options: TimeoutOptions = {},
): Operation<void> {
  return timed("Send", options, (resume) => stream.write(resume, bytes, false));
}

/**
 * Sends bytes, and waits until the connection has room for more.
 *
 * @param stream What `Accept` or `Connect` gave.
 * @param bytes Bytes, or a latin-1 string.
 * @param options `timeout`, `priority`.
 * @returns An operation that gives nothing.
 * @throws {ConnectionClosed} Where it is waited for, if the connection is gone.
 */
export function SendAll(
  stream: SocketStream,
  bytes: Uint8Array | string,
  options: TimeoutOptions = {},
): Operation<void> {
  return timed("SendAll", options, (resume) => stream.write(resume, bytes, true));
}
