/**
 * A client by lines, without HTTP. One coroutine sends the lines that are typed, another one prints the lines
 * of the server.
 *
 *     node --import tsx examples/tcp_chat.ts      and then, several times:
 *     node --import tsx examples/tcp_client.ts
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import {
  Connect,
  type Coroutine,
  Queue,
  readline,
  runtimeAdapter,
  Scheduler,
  scope,
  SendAll,
  type SocketStream,
  toPromise,
} from "../mod.ts";
import type { Dial } from "../src/coroutine/mod.ts";

/** The lines to send; `undefined` is the end. */
type Lines = Queue<string | undefined>;

const MAX_LINE = 1000;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Sends line after line, and ends the connection at `undefined`. */
function* say(stream: SocketStream, lines: Lines): Coroutine<void> {
  for (;;) {
    const line = yield* lines.get({ timeout: -1 });
    if (line === undefined) return stream.endWrite();
    yield* SendAll(stream, encoder.encode(`${line}\n`));
  }
}

/** Connects, sends `lines`, and calls `tell` with each line of the server until the server ends. */
export function* converse(
  dial: Dial,
  lines: Lines,
  tell: (line: string) => void,
): Coroutine<void> {
  const stream = yield* Connect(dial, { timeout: 10 });
  try {
    yield* scope(function* (children) {
      children.add(say, stream, lines);
      for (;;) {
        const line = yield* readline(stream, MAX_LINE, { timeout: -1 });
        if (line.length === 0) return;
        tell(decoder.decode(line).trimEnd());
      }
    });
  } finally {
    stream.destroy();
  }
}

/** Makes a queue of the lines of standard input. */
function typed(): Lines {
  const lines: Lines = new Queue();
  const terminal = createInterface({ input: process.stdin });
  terminal.on("line", (line) => lines.putNowait(line));
  terminal.on("close", () => lines.putNowait(undefined));
  return lines;
}

if (fileURLToPath(import.meta.url) === process.argv[1]) {
  const { clock, dial } = await runtimeAdapter();
  const chat: Dial = (open, signal) => dial({ host: "127.0.0.1", port: 8008 }, open, { signal });
  const task = new Scheduler({ clock }).add(converse, chat, typed(), console.log);
  await toPromise(task).finally(() => process.stdin.destroy());
}
