import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { test } from "node:test";
import { memoryNetwork } from "../../../adapters/memory.ts";
import {
  Accept,
  Acceptor,
  type ByteSocket,
  Connect,
  ConnectionClosed,
  type Operation,
  OperationTimeout,
  QueueClosed,
  readline,
  readlines,
  Recv,
  RecvAll,
  Send,
  SendAll,
  SocketStream,
  type Task,
} from "../../../src/coroutine/mod.ts";
import { stage } from "../../support/scheduling.ts";

/** A stream whose peer is the test. */
function wire() {
  const theatre = stage();
  const calls: string[] = [];
  let room = true;
  const socket: ByteSocket = {
    write: (bytes) => {
      calls.push(`write ${typeof bytes === "string" ? bytes : text(bytes)}`);
      return room;
    },
    endWrite: () => void calls.push("endWrite"),
    destroy: () => void calls.push("destroy"),
    pauseReading: () => void calls.push("pause"),
    resumeReading: () => void calls.push("resume"),
  };
  const stream = new SocketStream(socket);
  const perform = <T>(operation: Operation<T>): Task<T> => {
    const task = theatre.scheduler.add(function* () {
      return yield* operation;
    });
    theatre.run();
    return task;
  };
  const comes = (data: string) => {
    stream.onData(bytes(data));
    theatre.run();
  };
  const setRoom = (has: boolean) => room = has;
  return { ...theatre, calls, stream, perform, comes, setRoom };
}

function bytes(data: string): Uint8Array {
  return Uint8Array.from(data, (character) => character.charCodeAt(0));
}

function text(data: Uint8Array | undefined): string {
  return String.fromCharCode(...data ?? []);
}

test("Recv gives what has come, up to its count, and nothing at the end", () => {
  const { stream, perform, comes, run, assertEmpty } = wire();
  const waiting = perform(Recv(stream));
  comes("hello");
  assertEquals(text(waiting.result), "hello");
  comes("wor");
  comes("ld");
  assertEquals(text(perform(Recv(stream, 4)).result), "worl");
  stream.onEnd();
  assertEquals(text(perform(Recv(stream)).result), "d");
  assertEquals(perform(Recv(stream)).result?.length, 0);
  assertThrows(() => Recv(stream, 0), RangeError, "1 or more");
  run();
  assertEmpty();
});

test("RecvAll gives exactly so many bytes, or fails at the end", () => {
  const { stream, perform, comes, run, assertEmpty } = wire();
  const task = perform(RecvAll(stream, 6));
  comes("abcd");
  assertEquals(task.done, false);
  comes("efgh");
  assertEquals(text(task.result), "abcdef");
  const short = perform(RecvAll(stream, 3));
  stream.onEnd();
  run();
  assertInstanceOf(short.error, ConnectionClosed);
  assertEquals(text(perform(Recv(stream)).result), "gh");
  assertEmpty();
});

test("lines are found wherever the bytes are split", () => {
  const data = "one\n\ntwo and\r\nlast";
  for (let first = 0; first <= data.length; first++) {
    for (let second = first; second <= data.length; second++) {
      const { stream, perform, comes, run, assertEmpty } = wire();
      const task = perform(readlines(stream));
      for (const part of [data.slice(0, first), data.slice(first, second), data.slice(second)]) {
        if (part !== "") comes(part);
      }
      stream.onEnd();
      run();
      assertEquals(task.result?.map(text), ["one\n", "\n", "two and\r\n", "last"]);
      assertEmpty();
    }
  }
});

test("a line that is too long is refused, complete or not", () => {
  const { stream, perform, comes } = wire();
  comes("abcdef");
  assertInstanceOf(perform(readline(stream, 5)).error, RangeError);
  comes("\n");
  assertInstanceOf(perform(readline(stream, 6)).error, RangeError);
  assertEquals(text(perform(readline(stream, 7)).result), "abcdef\n");
});

test("a weak timeout bounds the silence, and what had come is kept", () => {
  const { stream, perform, comes, run, assertEmpty } = wire();
  const task = perform(readline(stream, 100, { timeout: 1, weakTimeout: true }));
  for (const part of ["a", "b", "c"]) {
    run(999);
    comes(part);
  }
  assertEquals(task.done, false);
  run(1000);
  assertInstanceOf(task.error, OperationTimeout);
  assertEquals(text(perform(Recv(stream)).result), "abc");
  assertEmpty();
});

test("one coroutine at a time may read, and one that is cancelled makes way", () => {
  const { stream, perform, comes, run, assertEmpty } = wire();
  const first = perform(Recv(stream));
  assertInstanceOf(perform(Recv(stream)).error, TypeError);
  first.cancel();
  run();
  const next = perform(Recv(stream));
  comes("x");
  assertEquals(text(next.result), "x");
  assertEmpty();
});

test("reading pauses while much has come that nobody asks for", () => {
  const { stream, perform, comes, calls } = wire();
  comes("x".repeat(65_536));
  assertEquals(calls, ["pause"]);
  perform(Recv(stream, 10));
  assertEquals(calls, ["pause", "resume"]);
});

test("who sends waits while the peer is slow, in order, and may give up", () => {
  const { stream, perform, calls, setRoom, run, assertEmpty } = wire();
  setRoom(false);
  const wholly = perform(SendAll(stream, "a"));
  const late = perform(Send(stream, "b", { timeout: 1 }));
  const cancelled = perform(SendAll(stream, bytes("c")));
  const last = perform(Send(stream, "d"));
  cancelled.cancel();
  run(1000);
  assertInstanceOf(late.error, OperationTimeout);
  assertEquals([wholly.done, last.done, calls], [false, false, ["write a"]]);
  stream.onDrain();
  run();
  assertEquals([wholly.done, last.done, calls], [true, true, ["write a", "write d"]]);
  const waiting = perform(SendAll(stream, "e"));
  setRoom(true);
  stream.onDrain();
  run();
  assertEquals([waiting.state, calls.at(-1)], ["returned", "write e"]);
  assertEmpty();
});

test("a connection that breaks fails all who read and write, with its error", () => {
  const { stream, perform, setRoom, run, assertEmpty } = wire();
  setRoom(false);
  const reader = perform(Recv(stream));
  const writers = [perform(SendAll(stream, "a")), perform(SendAll(stream, "b"))];
  const broken = new Error("reset");
  stream.onClose(broken);
  run();
  assertEquals([reader.error, ...writers.map((task) => task.error)], [broken, broken, broken]);
  assertEquals(perform(Send(stream, "c")).error, broken);
  assertEquals(stream.closed, true);
  assertEmpty();
});

test("connections are accepted in order, and closed with the acceptor if nobody has", async () => {
  const theatre = stage();
  const { clock, scheduler, run } = theatre;
  const network = memoryNetwork({ clock });
  const address = { host: "127.0.0.1", port: 7 };
  const acceptor = new Acceptor();
  await network.adapter.listen(address, {}, acceptor.accept);
  const dial = (open: Parameters<typeof network.connect>[1]) => network.connect(address, open);
  const clients = [1, 2].map(() =>
    scheduler.add(function* () {
      return yield* Connect(dial);
    })
  );
  const server = scheduler.add(function* () {
    const stream = yield* Accept(acceptor, { timeout: 1 });
    yield* SendAll(stream, yield* readline(stream));
    stream.endWrite();
    yield* Recv(stream);
    stream.destroy();
  });
  run();
  const client = scheduler.add(function* () {
    const stream = clients[0]?.result as SocketStream;
    yield* Send(stream, "hello\n");
    const lines = yield* readlines(stream);
    stream.endWrite();
    return lines.map(text);
  });
  run();
  assertEquals(client.result, ["hello\n"]);
  acceptor.close();
  const late = scheduler.add(function* () {
    return yield* Accept(acceptor);
  });
  run();
  assertEquals([server.state, clients[1]?.result?.closed], ["returned", true]);
  assertInstanceOf(late.error, QueueClosed);
  theatre.assertEmpty();
});

test("a connection that cannot be opened, or comes too late, is an error and is closed", async () => {
  const { scheduler, clock, run } = stage();
  const network = memoryNetwork({ clock });
  const nobody = scheduler.add(function* () {
    yield* Connect((open) => network.connect({ host: "127.0.0.1", port: 9 }, open));
  });
  const rejected = scheduler.add(function* () {
    yield* Connect(() => Promise.reject(new Error("unreachable")));
  });
  let open = (_: ByteSocket): unknown => undefined;
  const late = scheduler.add(function* () {
    yield* Connect((opens) => open = opens, { timeout: 1 });
  });
  run(1000);
  let destroyed = 0;
  const none = () => {};
  open({
    write: () => true,
    endWrite: none,
    destroy: () => destroyed++,
    pauseReading: none,
    resumeReading: none,
  });
  for (let tick = 0; tick < 5; tick++) await Promise.resolve();
  run();
  assertEquals(String(nobody.error), "Error: Cannot connect to 127.0.0.1:9: nobody listens there");
  assertEquals(String(rejected.error), "Error: unreachable");
  assertInstanceOf(late.error, OperationTimeout);
  assertEquals(destroyed, 1);
});
