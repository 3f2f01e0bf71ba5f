import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Inbound, MAX_READ_AHEAD_BYTES } from "../../src/socket/inbound.ts";
import type { Address, Socket, SocketHandler } from "../../src/socket/socket.ts";

const HERE: Address = { family: "unix", path: "" };

/** Nobody calls it here. */
const SOCKET: Socket = {
  remote: HERE,
  local: HERE,
  encrypted: false,
  write: () => true,
  endWrite() {},
  destroy() {},
  pauseReading() {},
  resumeReading() {},
};

/** An {@linkcode Inbound} whose surroundings write down what happens, in order. */
function stage(
  more: Pick<SocketHandler, "wantedBytes"> = {},
  react: (what: string, inbound: Inbound) => void = () => {},
) {
  const heard: string[] = [];
  const later: (() => void)[] = [];
  const logged: string[] = [];
  const hear = (what: string) => {
    heard.push(what);
    react(what, inbound);
  };
  const inbound: Inbound = new Inbound({
    resumeSource: () => hear("resumeSource"),
    destroy: () => {
      inbound.beginClosing();
      inbound.close();
    },
    soon: (job) => later.push(job),
    log: (line) => logged.push(line),
  });
  const handler: SocketHandler = {
    onData: (bytes) => hear(`data ${String.fromCharCode(...bytes)}`),
    onEnd: () => hear("end"),
    onDrain: () => hear("drain"),
    onClose: (error) => hear(error === undefined ? "close" : `close ${error.message}`),
  };
  Object.defineProperties(handler, Object.getOwnPropertyDescriptors(more));
  inbound.start(() => handler, SOCKET);
  const turn = () => later.splice(0).forEach((job) => job());
  return { inbound, heard, logged, turn };
}

const bytes = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

test("tells data at once, and the close a little later", () => {
  const { inbound, heard, turn } = stage();
  assertEquals(inbound.data(bytes("a"), true), true);
  inbound.end();
  inbound.drain();
  inbound.close();
  assertEquals(heard, ["data a", "end", "drain"]);
  turn();
  assertEquals(heard, ["data a", "end", "drain", "close"]);
});

test("holds what comes while paused, and keeps its order when resumed", () => {
  const { inbound, heard, turn } = stage();
  inbound.pause();
  inbound.data(bytes("a"), true);
  inbound.resume();
  inbound.data(bytes("b"), true);
  assertEquals(heard, []);
  turn();
  inbound.data(bytes("c"), true);
  assertEquals(heard, ["data a", "data b", "data c"]);
});

test("copies what it holds, unless it may keep it", () => {
  const { inbound, heard, turn } = stage();
  const reused = bytes("a");
  inbound.pause();
  inbound.data(reused, false);
  reused.fill(0x7a);
  inbound.data(reused, false);
  inbound.resume();
  turn();
  assertEquals(heard, ["data a", "data z"]);
});

test("can be paused again in the middle of what was held", () => {
  const { inbound, heard, turn } = stage({}, (what, inbound) => {
    if (what === "data a") inbound.pause();
  });
  inbound.pause();
  for (const text of ["a", "b"]) inbound.data(bytes(text), true);
  inbound.resume();
  turn();
  assertEquals(heard, ["data a"]);
  inbound.resume();
  turn();
  assertEquals(heard, ["data a", "data b"]);
});

test("stops the source when enough is held, and starts it when all is told", () => {
  const { inbound, heard, turn } = stage();
  inbound.pause();
  assertEquals(inbound.data(new Uint8Array(MAX_READ_AHEAD_BYTES / 2), true), true);
  assertEquals(inbound.data(new Uint8Array(MAX_READ_AHEAD_BYTES / 2), true), false);
  inbound.resume();
  turn();
  assertEquals(heard.map((what) => what.slice(0, 4)), ["data", "data", "resu"]);
});

test("counts what tiny chunks cost", () => {
  const { inbound } = stage();
  inbound.pause();
  let chunks = 1;
  while (inbound.data(bytes("x"), true)) chunks++;
  assert(chunks < 1_000, `${chunks} chunks were held`);
});

test("tells what was held before the end, though paused", () => {
  const { inbound, heard } = stage();
  inbound.pause();
  inbound.data(bytes("a"), true);
  inbound.data(bytes("b"), true);
  inbound.end();
  assertEquals(heard, ["data a", "data b", "end"]);
  assertEquals(inbound.ended, true);
});

test("drops what was held when the connection breaks", () => {
  const { inbound, heard, turn } = stage();
  inbound.pause();
  inbound.data(bytes("a"), true);
  inbound.resume();
  inbound.close(new Error("reset"));
  inbound.close(new Error("again"));
  turn();
  turn();
  assertEquals(heard, ["close reset"]);
});

test("after our own destroy tells only the close, and no error", () => {
  const { inbound, heard, turn } = stage();
  assertEquals(inbound.beginClosing(), true);
  assertEquals(inbound.beginClosing(), false);
  inbound.data(bytes("a"), true);
  inbound.end();
  inbound.drain();
  inbound.close(new Error("cancelled"));
  turn();
  inbound.resume();
  inbound.data(bytes("b"), true);
  turn();
  assertEquals(heard, ["close"]);
});

test("destroying while what was held is told stops there", () => {
  const { inbound, heard, turn } = stage({}, (what, inbound) => {
    if (what === "data a") inbound.beginClosing();
  });
  inbound.pause();
  inbound.data(bytes("a"), true);
  inbound.data(bytes("b"), true);
  inbound.end();
  inbound.close();
  turn();
  assertEquals(heard, ["data a", "close"]);
});

test("a handler that throws is logged, and its connection destroyed", () => {
  for (const moment of ["data a", "end", "drain", "close"]) {
    const { inbound, heard, logged, turn } = stage({}, (what) => {
      if (what === moment) throw new Error(`bug in ${moment}`);
    });
    inbound.data(bytes("a"), true);
    inbound.drain();
    inbound.end();
    inbound.close();
    turn();
    assertEquals(heard.at(-1), "close");
    assertEquals(logged.length, 1);
    assert(logged[0]?.includes(`bug in ${moment}`));
  }
});

test("the array of the next read has the length that the handler wants, if any", () => {
  const lengths: readonly (readonly [wanted: unknown, length: number])[] = [
    [undefined, 0],
    [0, 0],
    [-1, 0],
    [NaN, 0],
    ["many", 0],
    [1, 1],
    [1.5, 1],
    [999, 999],
    [1000, 1000],
    [1001, 1000],
    [Infinity, 1000],
  ];
  for (const [wantedBytes, length] of lengths) {
    const { inbound } = stage({ wantedBytes: wantedBytes as number });
    assertEquals(inbound.nextArrayBytes(1000), length, String(wantedBytes));
  }
  const { inbound, heard, logged, turn } = stage({
    get wantedBytes(): number {
      throw new Error("bug in wantedBytes");
    },
  });
  assertEquals(inbound.nextArrayBytes(1000), 0);
  turn();
  assertEquals([heard, logged.length], [["close"], 1]);
});

test("an accept that throws is logged, and its connection destroyed", () => {
  let destroyed = false;
  const logged: string[] = [];
  const inbound = new Inbound({
    resumeSource() {},
    destroy: () => destroyed = true,
    soon: (job) => job(),
    log: (line) => logged.push(line),
  });
  inbound.start(() => {
    throw new Error("bug in accept");
  }, SOCKET);
  inbound.close();
  assertEquals([destroyed, logged.length], [true, 1]);
});

test("lets go of its handler at the close", () => {
  const { inbound, turn } = stage({ wantedBytes: 10 });
  assertEquals(inbound.nextArrayBytes(100), 10);
  inbound.close();
  assertEquals(inbound.nextArrayBytes(100), 10, "`onClose` has still to be called");
  turn();
  assertEquals(inbound.nextArrayBytes(100), 0);
});
