/** Lines of text over a stream of bytes, for `tcp_chat.ts` and `tcp_client.ts`. */

import { type Coroutine, readline, SendAll, type SocketStream } from "../../mod.ts";

const MAX_LINE = 1000;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Reads the next line, without its line feed; `undefined` after the last line. */
export function* readLine(stream: SocketStream): Coroutine<string | undefined> {
  const line = yield* readline(stream, MAX_LINE, { timeout: -1 });
  return line.length === 0 ? undefined : decoder.decode(line).trimEnd();
}

/** Sends lines. */
export function* sendLines(stream: SocketStream, lines: readonly string[]): Coroutine<void> {
  yield* SendAll(stream, encoder.encode(lines.map((line) => `${line}\n`).join("")));
}
