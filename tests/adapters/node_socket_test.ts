/** The memory of sockets of Node: the functions of one serve all others. */

import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Socket as Stream } from "node:net";
import { NodeSocket } from "../../adapters/node/socket.ts";

const EVENTS = ["error", "close", "data", "end"];

test("the sockets of all streams share their listeners", () => {
  const streams = [new Stream(), new Stream()] as const;
  const [before] = streams.map((stream) => EVENTS.map((event) => stream.listenerCount(event)));
  for (const stream of streams) {
    const handler = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };
    new NodeSocket(stream, undefined, undefined).open(() => handler);
  }
  const [one, other] = streams.map((stream) => EVENTS.map((event) => stream.listeners(event)));
  assert(one !== undefined && other !== undefined && before !== undefined);
  const added = one.map((listeners, index) => listeners.length - before[index]!);
  assertEquals(added, [1, 1, 1, 1]);
  for (const [index, listeners] of one.entries()) {
    assert(listeners.every((listener) => other[index]!.includes(listener)), EVENTS[index]);
  }
  for (const stream of streams) stream.destroy();
});
