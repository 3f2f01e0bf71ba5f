/** `SocketStream`: the table of its states, pausing, and one reader at a time. */

import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  type Operation,
  readline,
  Recv,
  RecvAll,
  Send,
  SendAll,
  type SocketStream,
  type Task,
} from "../../../src/coroutine/mod.ts";
import type { StreamConnection } from "../../../src/coroutine/sockets/socket_stream.ts";
import { type StreamStage, streamStage, text } from "./stream_stage.ts";

/** A connection in one of the states of a stream; `broken` is `closed` by an error of the network. */
type Connection = "open" | "ended" | "closed" | "broken";

function bring(stream: StreamConnection, connection: Connection): void {
  if (connection === "ended") stream.onEnd();
  if (connection === "closed") stream.onClose();
  if (connection === "broken") stream.onClose(new Error("reset"));
}

interface Attempt {
  readonly perform: (stream: SocketStream) => Operation<Uint8Array | void>;
  readonly buffered?: string;
  readonly socketFull?: boolean;
  /** The outcome in each state: "waits", the bytes in quotes, "done" without bytes, or an error. */
  readonly outcomes: Readonly<Record<Connection, string>>;
}

const CLOSED = "ConnectionClosed: The connection was closed";
const RESET = "Error: reset";

const TABLE: Readonly<Record<string, Attempt>> = {
  "Recv of no bytes": {
    perform: (stream) => Recv(stream),
    outcomes: { open: "waits", ended: '""', closed: '""', broken: RESET },
  },
  "Recv of two bytes": {
    perform: (stream) => Recv(stream),
    buffered: "ab",
    outcomes: { open: '"ab"', ended: '"ab"', closed: '"ab"', broken: '"ab"' },
  },
  "RecvAll of too few bytes": {
    perform: (stream) => RecvAll(stream, 3),
    buffered: "ab",
    outcomes: { open: "waits", ended: CLOSED, closed: CLOSED, broken: RESET },
  },
  "readline of no bytes": {
    perform: (stream) => readline(stream),
    outcomes: { open: "waits", ended: '""', closed: '""', broken: RESET },
  },
  "readline without a line feed": {
    perform: (stream) => readline(stream),
    buffered: "ab",
    outcomes: { open: "waits", ended: '"ab"', closed: '"ab"', broken: '"ab"' },
  },
  "Send": {
    perform: (stream) => Send(stream, "x"),
    outcomes: { open: "done", ended: "done", closed: CLOSED, broken: RESET },
  },
  "Send to a full socket": {
    perform: (stream) => Send(stream, "x"),
    socketFull: true,
    outcomes: { open: "waits", ended: "waits", closed: CLOSED, broken: RESET },
  },
};

const CONNECTIONS: readonly Connection[] = ["open", "ended", "closed", "broken"];

function outcomeOf({ done, error, result }: Task<Uint8Array | void>): string {
  if (!done) return "waits";
  if (error !== undefined) return String(error);
  return result === undefined ? "done" : JSON.stringify(text(result));
}

/** A stream with the buffer and the socket of an attempt, still open. */
function prepare({ buffered, socketFull }: Attempt): StreamStage {
  const prepared = streamStage();
  if (buffered !== undefined) prepared.arrives(buffered);
  if (socketFull) {
    prepared.setSocketFull(true);
    prepared.perform(Send(prepared.stream, "fills the socket"));
  }
  return prepared;
}

for (const [name, attempt] of Object.entries(TABLE)) {
  for (const connection of CONNECTIONS) {
    const expected = attempt.outcomes[connection];
    test(`${name}, ${connection}: ${expected}`, () => {
      const { stream, perform } = prepare(attempt);
      bring(stream, connection);
      assertEquals(outcomeOf(perform(attempt.perform(stream))), expected);
    });

    if (attempt.outcomes.open !== "waits") continue;
    test(`${name}, ${connection} while it waits: ${expected}`, () => {
      const { stream, perform, run } = prepare(attempt);
      const task = perform(attempt.perform(stream));
      bring(stream, connection);
      run();
      assertEquals(outcomeOf(task), expected);
    });
  }
}

test("a stream is closed once its socket is, not at the peer's end", () => {
  const closed = CONNECTIONS.map((connection) => {
    const { stream } = streamStage();
    bring(stream, connection);
    return stream.closed;
  });
  assertEquals(closed, [false, false, true, true]);
});

test("paused reading resumes with a read in every state but closed", () => {
  const calls = CONNECTIONS.map((connection) => {
    const { stream, perform, arrives, calls } = streamStage();
    arrives("x".repeat(65_536));
    bring(stream, connection);
    perform(Recv(stream, 10));
    return calls.join();
  });
  assertEquals(calls, ["pause,resume", "pause,resume", "pause", "pause"]);
});

test("closing fails all pending sends", () => {
  const { stream, perform, setSocketFull, run, assertEmpty } = streamStage();
  setSocketFull(true);
  const tasks = [perform(SendAll(stream, "a")), perform(SendAll(stream, "b"))];
  const reader = perform(Recv(stream));
  const broken = new Error("reset");
  stream.onClose(broken);
  run();
  assertEquals([reader, ...tasks].map((task) => task.error), [broken, broken, broken]);
  assertEmpty();
});

test("one coroutine at a time may read; a cancelled read makes way for the next", () => {
  const { stream, perform, arrives, run, assertEmpty } = streamStage();
  const first = perform(Recv(stream));
  assertInstanceOf(perform(Recv(stream)).error, TypeError);
  first.cancel();
  run();
  const next = perform(Recv(stream));
  arrives("x");
  assertEquals(text(next.result), "x");
  assertEmpty();
});

test("reading pauses while many unread bytes are buffered, and resumes with a read", () => {
  const { stream, perform, arrives, calls } = streamStage();
  arrives("x".repeat(65_536));
  assertEquals(calls, ["pause"]);
  perform(Recv(stream, 10));
  assertEquals(calls, ["pause", "resume"]);
});

test("an operation refuses a value that is no stream", () => {
  for (const begin of [Recv, RecvAll, readline, Send, SendAll]) {
    const call = begin as (stream: unknown, argument: unknown) => unknown;
    assertThrows(() => call({ closed: false }, 1), TypeError, "expected a stream");
  }
});
