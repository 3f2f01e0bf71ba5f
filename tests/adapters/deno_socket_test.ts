/** The states of a Deno connection's output, on a fake connection. */

import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { DenoConn } from "../../adapters/deno/runtime.ts";
import { DenoSocket } from "../../adapters/deno/socket.ts";
import { eventually } from "../support/tcp.ts";

const ADDRESS = { transport: "tcp", hostname: "127.0.0.1", port: 80 };

/** A promise that the test settles. */
interface Outstanding<Value> {
  readonly resolve: (value: Value) => void;
  readonly reject: (error: Error) => void;
}

/** A connection that logs its calls and the events of its handler, and answers on demand. */
class FakeConn implements DenoConn {
  readonly localAddr = ADDRESS;
  readonly remoteAddr = ADDRESS;
  readonly log: string[] = [];
  reading: Outstanding<number | null> | undefined;
  writing: Outstanding<number> | undefined;
  /** The size of the buffer of each read. */
  readonly sizes: number[] = [];
  handshake?(): Promise<unknown>;

  read(buffer: Uint8Array): Promise<number | null> {
    this.sizes.push(buffer.length);
    return new Promise((resolve, reject) => this.reading = { resolve, reject });
  }
  write(bytes: Uint8Array): Promise<number> {
    this.log.push(`write ${bytes.length}`);
    return new Promise((resolve, reject) => this.writing = { resolve, reject });
  }
  closeWrite(): Promise<void> {
    this.log.push("FIN");
    return Promise.resolve();
  }
  close(): void {
    this.log.push("close");
    this.reading?.reject(new Error("The connection was closed"));
  }
}

function open(conn: FakeConn): DenoSocket {
  const socket = new DenoSocket(conn, undefined);
  socket.open(() => ({
    onData: () => void conn.log.push("onData"),
    onEnd: () => void conn.log.push("onEnd"),
    onDrain: () => void conn.log.push("onDrain"),
    onClose: (error) => void conn.log.push(error === undefined ? "onClose" : `${error}`),
  }), undefined);
  return socket;
}

type Act = (socket: DenoSocket, conn: FakeConn) => void;

const MANY_BYTES = 70_000;

/** The calls that lead to each state from a new connection. */
const STATES: Readonly<Record<string, Act>> = {
  open: () => {},
  "open, writing": (socket) => void socket.write("hello"),
  "open, full": (socket) => void socket.write("x".repeat(MANY_BYTES)),
  ending: (socket) => {
    socket.write("hello");
    socket.endWrite();
  },
  ended: (socket) => socket.endWrite(),
  closed: (socket) => socket.destroy(),
};

const EVENTS: Readonly<Record<string, Act>> = {
  write: (socket) => void socket.write("yes"),
  endWrite: (socket) => socket.endWrite(),
  "bytes sent": (_, conn) => conn.writing?.resolve(5),
  "all sent": (_, conn) => conn.writing?.resolve(MANY_BYTES),
  "write fails": (_, conn) => conn.writing?.reject(new Error("broken")),
  "peer's FIN": (_, conn) => conn.reading?.resolve(null),
  "read fails": (_, conn) => conn.reading?.reject(new Error("broken")),
  destroy: (socket) => socket.destroy(),
};

const BROKEN = ["close", "Error: broken"];
const CLOSED = ["close", "onClose"];

/** The calls and events that follow each event in each state; a missing entry means none. */
const TABLE: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  open: {
    write: ["write 3"],
    endWrite: ["FIN"],
    "peer's FIN": ["onEnd"],
    "read fails": BROKEN,
    destroy: CLOSED,
  },
  "open, writing": {
    "write fails": BROKEN,
    "peer's FIN": ["onEnd"],
    "read fails": BROKEN,
    destroy: CLOSED,
  },
  "open, full": {
    "bytes sent": [`write ${MANY_BYTES - 5}`],
    "all sent": ["onDrain"],
    "write fails": BROKEN,
    "peer's FIN": ["onEnd"],
    "read fails": BROKEN,
    destroy: CLOSED,
  },
  ending: {
    "bytes sent": ["FIN"],
    "write fails": BROKEN,
    "peer's FIN": ["onEnd"],
    "read fails": BROKEN,
    destroy: CLOSED,
  },
  ended: {
    "peer's FIN": ["onEnd", "close", "onClose"],
    "read fails": BROKEN,
    destroy: CLOSED,
  },
  closed: {},
};

/** Lets promises settle. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

for (const [state, enter] of Object.entries(STATES)) {
  for (const [event, act] of Object.entries(EVENTS)) {
    if (event === "all sent" && state !== "open, full") continue;
    const expected = TABLE[state]?.[event] ?? [];
    test(`${state}: after "${event}" follows ${expected.join(", ") || "nothing"}`, async () => {
      const conn = new FakeConn();
      const socket = open(conn);
      enter(socket, conn);
      await settled();
      const before = conn.log.length;
      act(socket, conn);
      await settled();
      assertEquals(conn.log.slice(before), expected);
      socket.destroy();
    });
  }
}

test("a socket that closes during a write holds its bytes from then on", async () => {
  const conn = new FakeConn();
  const socket = open(conn);
  socket.write("hello");
  socket.destroy();
  await settled();
  assertEquals(socket.holdsBytes, true);
});

test("a socket whose bytes are sent holds none", async () => {
  const conn = new FakeConn();
  const socket = open(conn);
  socket.write("hello");
  assertEquals(socket.holdsBytes, true);
  conn.writing?.resolve(5);
  await settled();
  assertEquals(socket.holdsBytes, false);
  socket.destroy();
});

/** The sizes of the buffers after reads of some sizes; the first read may be followed by a call. */
async function sizesAfter(counts: readonly number[], first: (socket: DenoSocket) => void) {
  const conn = new FakeConn();
  const socket = open(conn);
  for (const [index, count] of counts.entries()) {
    if (index === 0) first(socket);
    conn.reading?.resolve(count);
    await settled();
  }
  socket.destroy();
  return conn.sizes;
}

test("a connection reads into the smallest buffer that its reads have fitted into", async () => {
  const none = () => {};
  assertEquals(await sizesAfter([500, 500, 100, 20], none), [2048, 2048, 2048, 256, 256]);
  assertEquals(
    await sizesAfter([2048, 16_384, 65_536, 16_384, 100, 20], none),
    [2048, 16_384, 65_536, 65_536, 65_536, 2048, 256],
  );
  // The end of an upload: an idle connection holds no large buffer.
  assertEquals(await sizesAfter([2048, 3000], none), [2048, 16_384, 16_384]);
  assertEquals(
    await sizesAfter([2048, 16_384, 16_383, 2047], none),
    [2048, 16_384, 65_536, 16_384, 2048],
  );
  assertEquals(await sizesAfter([20, 256, 20], none), [2048, 256, 2048, 2048]);
});

/** A connection whose bytes are there before each read. */
class EagerConn extends FakeConn {
  static readonly reads = 400;

  override read(buffer: Uint8Array): Promise<number | null> {
    const waiting = super.read(buffer);
    return this.sizes.length > EagerConn.reads ? waiting : Promise.resolve(buffer.length);
  }
}

// The handler copies the bytes, or owns arrays that are shorter than the largest buffer.
for (const wantedBytes of [0, 10_000]) {
  test(`a peer that sends all the time leaves others their turns, with ${wantedBytes} wanted bytes`, async () => {
    const conn = new EagerConn();
    let readsBefore = 0;
    setTimeout(() => readsBefore = conn.sizes.length, 0);
    const socket = new DenoSocket(conn, undefined);
    const onData = () => {
      for (const endMs = performance.now() + 0.1; performance.now() < endMs;);
    };
    socket.open(() => ({ onData, wantedBytes, onEnd() {}, onDrain() {}, onClose() {} }), undefined);
    await eventually("all reads", () => conn.sizes.length > EagerConn.reads);
    assertEquals(conn.sizes.at(-1), wantedBytes || 65_536);
    assert(readsBefore > 0 && readsBefore < EagerConn.reads, `${readsBefore} reads in one turn`);
    socket.destroy();
  });
}

test("an idle connection of which little is expected holds a tiny buffer", async () => {
  const expectLittle = (socket: DenoSocket) => socket.expectLittle();
  assertEquals(await sizesAfter([500], expectLittle), [2048, 256]);
  assertEquals(await sizesAfter([500, 20, 256, 2048], expectLittle), [
    2048,
    256,
    256,
    2048,
    16_384,
  ]);
});
