/**
 * A client by lines, without HTTP. One coroutine sends the lines that are typed, another one prints the lines
 * of the server.
 *
 *     node --import tsx examples/sockets/tcp_chat.ts      and then, several times:
 *     node --import tsx examples/sockets/tcp_client.ts
 */

import process from "node:process";
import { createInterface } from "node:readline";
import * as cogen from "../../mod.ts";
import type { Dial } from "../../src/coroutine/mod.ts";
import { isMain } from "../main.ts";
import { readLine, sendLines } from "./tcp_lines.ts";

/** The lines to send; `undefined` is the end. */
type Lines = cogen.Queue<string | undefined>;

/** Sends line after line, and ends the connection at `undefined`. */
function* say(stream: cogen.SocketStream, lines: Lines): cogen.Coroutine<void> {
  for (let line; (line = yield* lines.get({ timeout: -1 })) !== undefined;) {
    yield* sendLines(stream, [line]);
  }
  stream.endWrite();
}

/** Connects, sends `lines`, and calls `tell` with each line of the server until the server ends. */
export function* converse(
  dial: Dial,
  lines: Lines,
  tell: (line: string) => void,
): cogen.Coroutine<void> {
  const stream = yield* cogen.Connect(dial, { timeout: 10 });
  try {
    yield* cogen.scope(function* (children) {
      children.add(say, stream, lines);
      for (let line; (line = yield* readLine(stream)) !== undefined;) tell(line);
    });
  } finally {
    stream.destroy();
  }
}

/** Makes a queue of the lines of standard input. */
function typed(): Lines {
  const lines: Lines = new cogen.Queue();
  const terminal = createInterface({ input: process.stdin });
  terminal.on("line", (line) => lines.putNowait(line));
  terminal.on("close", () => lines.putNowait(undefined));
  return lines;
}

if (isMain(import.meta)) {
  const { clock, dial } = await cogen.runtimeAdapter();
  const chat: Dial = (open, signal) => dial({ host: "127.0.0.1", port: 8008 }, open, { signal });
  const task = new cogen.Scheduler({ clock }).add(converse, chat, typed(), console.log);
  await cogen.toPromise(task).finally(() => process.stdin.destroy());
}
