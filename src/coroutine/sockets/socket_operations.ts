/**
 * The operations that read and write a connection, with the names of cogen.
 *
 * Each operation is one wait of a `SocketStream`. With a `weakTimeout` the timeout restarts
 * whenever bytes arrive, and so bounds the silence of the peer, not the whole read.
 *
 * @module
 */

import { Call } from "../operations/call.ts";
import { NO_OPTIONS, refuseSurplus } from "../call_checks.ts";
import type { Operation } from "../operation.ts";
import { requireOneOrMore, requireWhole } from "../operations/counts.ts";
import { optionError } from "../option_checks.ts";
import { connectionOf, MAX_UNREAD_BYTES, type SocketStream } from "./socket_stream.ts";
import type { Coroutine } from "../task.ts";
import { timed, type TimeoutOptions } from "../timed_operation.ts";

/** The default limit of a line. It bounds the buffered bytes of a peer that sends no line feed. */
const DEFAULT_LINE_BYTES = 8192;

/**
 * Reads the bytes that have arrived, or waits until some arrive.
 *
 * @param stream A connection from `Accept` or `Connect`.
 * @param count The largest number of bytes to read; default 64 KiB.
 * @param options `timeout`, `weakTimeout`, `priority`.
 * @returns An operation that gives one or more bytes, or no bytes at the end of the connection.
 * @throws {RangeError} If the count is below 1.
 * @throws {TypeError} If `stream` is no stream.
 */
export function Recv(
  stream: SocketStream,
  count: number = MAX_UNREAD_BYTES,
  options: TimeoutOptions = NO_OPTIONS,
): Operation<Uint8Array<ArrayBuffer>> {
  if (arguments.length > 3) refuseSurplus("Recv", arguments, 3);
  const connection = connectionOf(stream);
  requireOneOrMore("read", count, "bytes");
  return timed("Recv", options, (resume) => connection.read(resume, count, false));
}

/**
 * Reads an exact number of bytes.
 *
 * @param stream A connection from `Accept` or `Connect`.
 * @param count The number of bytes.
 * @param options `timeout`, `weakTimeout`, `priority`.
 * @returns An operation that gives exactly `count` bytes.
 * @throws {ConnectionClosed} At the `yield`, if the connection ends before.
 */
export function RecvAll(
  stream: SocketStream,
  count: number,
  options: TimeoutOptions = NO_OPTIONS,
): Operation<Uint8Array<ArrayBuffer>> {
  if (arguments.length > 3) refuseSurplus("RecvAll", arguments, 3);
  const connection = connectionOf(stream);
  requireWhole("read", count, "bytes", 0);
  return timed("RecvAll", options, (resume) => connection.read(resume, count, true));
}

/**
 * Reads a line.
 *
 * @param stream A connection from `Accept` or `Connect`.
 * @param limit The largest number of bytes in a line, line feed included; default 8192.
 * @param options `timeout`, `weakTimeout`, `priority`.
 * @returns An operation that gives the line with its line feed. The last line before the end may
 *   have none; at the end the operation gives no bytes.
 * @throws {RangeError} At the `yield`, if the line is longer than `limit`.
 */
export function readline(
  stream: SocketStream,
  limit: number = DEFAULT_LINE_BYTES,
  options: TimeoutOptions = NO_OPTIONS,
): Operation<Uint8Array<ArrayBuffer>> {
  if (arguments.length > 3) refuseSurplus("readline", arguments, 3);
  const connection = connectionOf(stream);
  requireOneOrMore("read a line of", limit, "bytes");
  return timed("readline", options, (resume) => connection.readLine(resume, limit));
}

/**
 * Reads all lines until the end of the connection.
 *
 * @param stream A connection from `Accept` or `Connect`.
 * @param limit The largest number of bytes in each line, line feed included; default 8192.
 * @param options `timeout`, `weakTimeout`, `priority`; the timeout holds for each line.
 * @returns An operation that gives the lines.
 * @throws {RangeError} At the `yield`, if a line is longer than `limit`.
 */
export function readlines(
  stream: SocketStream,
  limit: number = DEFAULT_LINE_BYTES,
  options: TimeoutOptions = NO_OPTIONS,
): Operation<Uint8Array<ArrayBuffer>[]> {
  if (arguments.length > 3) refuseSurplus("readlines", arguments, 3);
  readline(stream, limit, options); // its checks throw here, where the operation is made
  return Call(function* readlines(): Coroutine<Uint8Array<ArrayBuffer>[]> {
    const lines: Uint8Array<ArrayBuffer>[] = [];
    for (;;) {
      const line = yield* readline(stream, limit, options);
      if (line.length === 0) return lines;
      lines.push(line);
    }
  });
}

/**
 * Sends bytes. The operation ends when the socket has taken them. It waits while the socket is
 * full.
 *
 * @param stream A connection from `Accept` or `Connect`.
 * @param bytes Bytes, or a latin-1 string.
 * @param options `timeout`, `priority`.
 * @returns An operation without a value.
 * @throws {ConnectionClosed} At the `yield`, if the connection is closed.
 */
export function Send(
  stream: SocketStream,
  bytes: Uint8Array | string,
  options: TimeoutOptions = NO_OPTIONS,
): Operation<void> {
  if (arguments.length > 3) refuseSurplus("Send", arguments, 3);
  const connection = connectionOf(stream);
  checkBytes("Send", bytes);
  return timed("Send", options, (resume) => connection.write(resume, bytes, false));
}

/**
 * Sends bytes, and waits until the socket has room for more.
 *
 * @param stream A connection from `Accept` or `Connect`.
 * @param bytes Bytes, or a latin-1 string.
 * @param options `timeout`, `priority`.
 * @returns An operation without a value.
 * @throws {ConnectionClosed} At the `yield`, if the connection is closed.
 */
export function SendAll(
  stream: SocketStream,
  bytes: Uint8Array | string,
  options: TimeoutOptions = NO_OPTIONS,
): Operation<void> {
  if (arguments.length > 3) refuseSurplus("SendAll", arguments, 3);
  const connection = connectionOf(stream);
  checkBytes("SendAll", bytes);
  return timed("SendAll", options, (resume) => connection.write(resume, bytes, true));
}

function checkBytes(of: string, bytes: unknown): void {
  if (typeof bytes === "string" || bytes instanceof Uint8Array) return;
  throw optionError(`The bytes of ${of}`, bytes, "a Uint8Array, or a latin-1 string");
}
