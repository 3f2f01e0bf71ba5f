/** The states of a Bun connection's output, on a fake stream. */

import { test } from "node:test";
import { assertEquals } from "@std/assert";
import type { BunStream, BunStreamEvents } from "../../adapters/bun/runtime.ts";
import { BunSocket } from "../../adapters/bun/socket.ts";

/** A stream that logs its calls and the events of its handler. */
class FakeStream implements BunStream {
  declare data: BunStreamEvents;
  readonly remoteAddress = "127.0.0.1";
  readonly remotePort = 80;
  readonly localAddress = "127.0.0.1";
  readonly localPort = 8000;
  readonly log: string[] = [];
  /** The number of bytes that the kernel takes. */
  room = Infinity;
  /** Whether the client has reset the connection, and Bun does not tell. */
  isReset = false;

  write(bytes: Uint8Array | string): number {
    if (this.isReset) return -1;
    const taken = Math.min(bytes.length, this.room);
    this.room -= taken;
    this.log.push(`write ${taken}`);
    return taken;
  }
  shutdown(): void {
    this.log.push("FIN");
  }
  end(): void {
    this.log.push("end");
  }
  terminate(): void {
    this.log.push("reset");
  }
  pause(): void {}
  resume(): void {}
  setNoDelay(): boolean {
    return true;
  }
}

function open(stream: FakeStream): BunSocket {
  const socket = new BunSocket(stream, undefined, undefined);
  socket.open(() => ({
    onData: () => void stream.log.push("onData"),
    onEnd: () => void stream.log.push("onEnd"),
    onDrain: () => void stream.log.push("onDrain"),
    onClose: (error) => void stream.log.push(error === undefined ? "onClose" : `${error}`),
  }));
  return socket;
}

type Act = (socket: BunSocket, stream: FakeStream) => void;

/** Writes five bytes, of which the kernel takes two. */
const fill: Act = (socket, stream) => {
  stream.room = 2;
  socket.write("hello");
};

/** The calls that lead to each state from a new connection. */
const STATES: Readonly<Record<string, Act>> = {
  open: () => {},
  "open, full": fill,
  ending: (socket, stream) => {
    fill(socket, stream);
    socket.endWrite();
  },
  ended: (socket) => socket.endWrite(),
  destroyed: (socket) => socket.destroy(),
  closed: (_, stream) => stream.data.closed(undefined),
};

const EVENTS: Readonly<Record<string, Act>> = {
  write: (socket) => void socket.write("yes"),
  endWrite: (socket) => socket.endWrite(),
  "room for 1": (_, stream) => {
    stream.room = 1;
    stream.data.drained();
  },
  "room for all": (_, stream) => {
    stream.room = Infinity;
    stream.data.drained();
  },
  "peer's FIN": (_, stream) => stream.data.ended(),
  close: (_, stream) => stream.data.closed(undefined),
  failure: (_, stream) => stream.data.closed(new Error("broken")),
  destroy: (socket) => socket.destroy(),
  reset: (socket) => socket.reset(),
};

/** The calls and events that follow each event in each state; a missing entry means none. */
const TABLE: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  open: {
    write: ["write 3"],
    endWrite: ["FIN"],
    "peer's FIN": ["onEnd"],
    close: ["onClose"],
    failure: ["Error: broken"],
    destroy: ["end"],
    reset: ["reset"],
  },
  "open, full": {
    "room for 1": ["write 1"],
    "room for all": ["write 3", "onDrain"],
    "peer's FIN": ["onEnd"],
    close: ["onClose"],
    failure: ["Error: broken"],
    destroy: ["end"],
    reset: ["reset"],
  },
  ending: {
    "room for 1": ["write 1"],
    "room for all": ["write 3", "onDrain", "FIN"],
    "peer's FIN": ["onEnd"],
    close: ["onClose"],
    failure: ["Error: broken"],
    destroy: ["end"],
    reset: ["reset"],
  },
  ended: {
    "peer's FIN": ["onEnd", "end"],
    close: ["onEnd", "onClose"],
    failure: ["Error: broken"],
    destroy: ["end"],
    reset: ["end"],
  },
  destroyed: { close: ["onClose"], failure: ["onClose"] },
  closed: {},
};

for (const [state, enter] of Object.entries(STATES)) {
  for (const [event, act] of Object.entries(EVENTS)) {
    // Bun reports no event after the close, and no room after `end`.
    const isCall = ["write", "endWrite", "destroy", "reset"].includes(event);
    if (state === "closed" && !isCall) continue;
    if (state === "destroyed" && event.startsWith("room")) continue;
    if (state === "destroyed" && event === "peer's FIN") continue;
    const expected = TABLE[state]?.[event] ?? [];
    test(`${state}: after "${event}" follows ${expected.join(", ") || "nothing"}`, async () => {
      const stream = new FakeStream();
      const socket = open(stream);
      enter(socket, stream);
      await Promise.resolve();
      const before = stream.log.length;
      act(socket, stream);
      await Promise.resolve();
      assertEquals(stream.log.slice(before), expected);
    });
  }
}

test("a socket holds the bytes that the kernel has not taken", () => {
  const stream = new FakeStream();
  const socket = open(stream);
  assertEquals([socket.write("hi"), socket.holdsBytes], [true, false]);
  fill(socket, stream);
  assertEquals(socket.holdsBytes, true);
  stream.room = Infinity;
  stream.data.drained();
  assertEquals(socket.holdsBytes, false);
});

test("a write that finds a reset closes the connection", async () => {
  const ways: Readonly<Record<string, Act>> = {
    "at once": (socket, stream) => {
      stream.isReset = true;
      assertEquals(socket.write("yes"), true);
    },
    "from the queue": (socket, stream) => {
      fill(socket, stream);
      stream.isReset = true;
      stream.data.drained();
    },
    "and Bun tells of the close afterwards": (socket, stream) => {
      stream.isReset = true;
      socket.write("yes");
      stream.data.closed(undefined);
    },
  };
  for (const [way, act] of Object.entries(ways)) {
    const stream = new FakeStream();
    const socket = open(stream);
    socket.pauseReading();
    act(socket, stream);
    assertEquals([socket.write("more"), socket.holdsBytes], [true, false], way);
    await new Promise((resolve) => setImmediate(resolve));
    const expected = ["reset", "Error: The connection was reset"];
    assertEquals(stream.log.filter((line) => !line.startsWith("write")), expected, way);
  }
});
