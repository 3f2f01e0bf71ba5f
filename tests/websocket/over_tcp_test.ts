/**
 * WebSockets over real sockets, on each runtime: large messages, compression, clients that read slowly, that leave,
 * or that stop in the middle of a frame, and the memory that they cost.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import * as zlib from "node:zlib";
import type { WSGIApp } from "../../mod.ts";
import {
  acceptWebSocket,
  permessageDeflate,
  type WebSocketOptions,
} from "../../src/websocket/mod.ts";
import { latin1Text } from "../http/transcript.ts";
import { servingOverTcp, standstill, WAYS } from "../support/tcp.ts";
import { clientFrame, RawClient } from "./raw_client.ts";
import { joinBytes } from "../../src/socket/mod.ts";

const MEGABYTE = 1024 * 1024;

const echo = (options: WebSocketOptions, ends: unknown[] = []): WSGIApp =>
  function* (environ) {
    const socket = acceptWebSocket(environ, options);
    ends.push(yield* socket.each((message) => socket.send(message)));
  };

/** Bytes that do not compress well, with every value. */
function mixed(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => Math.imul(index, 2_654_435_761) >>> 13);
}

const SIZES: readonly (readonly [string, number, number])[] = [
  ["binary", MEGABYTE, Infinity],
  ["text", MEGABYTE / 8, 1300],
  ["text", MEGABYTE / 2, 65_536],
];

for (const [kind, size, fragment] of SIZES) {
  const parts = fragment === Infinity ? "one frame" : `fragments of ${fragment} bytes`;
  test(`an echo gives a ${kind} message of ${size} bytes in ${parts} back`, async () => {
    const stage = await servingOverTcp(echo({ maxMessageBytes: 16 * MEGABYTE }));
    const client = await RawClient.open(stage);
    const payload = kind === "text" ? new Uint8Array(size).fill(0x2a) : mixed(size);
    const step = Math.min(size, fragment);
    for (let at = 0; at < size; at += step) {
      const isFinal = at + step >= size;
      client.send(at === 0 ? kind : "continuation", payload.subarray(at, at + step), { isFinal });
    }
    await client.count(1);
    const [frame] = client.frames;
    assertEquals([frame?.kind, frame?.payload.length], [kind, size]);
    assert(Buffer.compare(frame?.payload as Uint8Array, payload) === 0);
    client.send("close", Uint8Array.of(3, 232));
    await client.ended();
    client.tcp.leave("ends");
    await stage.quiet();
    await stage.finish();
  });
}

/** Offers of a client, and its window in bits. */
const OFFERS: readonly (readonly [string, number])[] = [
  ["", 15],
  ["; client_no_context_takeover; server_no_context_takeover", 15],
  ["; server_max_window_bits=8", 8],
  ["; server_max_window_bits=9; client_max_window_bits=9", 9],
  ["; server_max_window_bits=12; server_no_context_takeover", 12],
];

for (const contextTakeover of [false, true]) {
  for (const [offer, windowBits] of OFFERS) {
    const context = contextTakeover ? "with" : "without";
    test(`an echo compresses ${context} context, as offered by "${offer}"`, async () => {
      const compression = permessageDeflate(zlib, { contextTakeover, minBytes: 32 });
      const stage = await servingOverTcp(echo({ compression }));
      const client = await RawClient.open(stage, "/", {
        "Sec-WebSocket-Extensions": `permessage-deflate${offer}`,
      });
      assertMatch(client.head, /Sec-WebSocket-Extensions: permessage-deflate/);
      const keeps = !/server_no_context_takeover/.test(client.head);
      const sent: Uint8Array[] = [];
      let stream: number[] = [];
      for (const size of [0, 1, 16, 64, 256, 1024, 8192, 131_072]) {
        const message = new TextEncoder().encode("abcdefghij".repeat(size).slice(0, size));
        const payload = size === 0
          ? Uint8Array.of(0)
          : zlib.deflateRawSync(message, { finishFlush: 2, windowBits: Math.max(9, windowBits) })
            .subarray(0, -4);
        sent.push(message);
        client.send("text", new Uint8Array(payload), { reserved: 4 });
        await client.count(sent.length);
        const frame = client.frames[sent.length - 1];
        let answer = frame?.payload ?? new Uint8Array(0);
        if (frame?.reserved === 4) {
          stream = [...keeps ? stream : [], ...answer, 0, 0, 255, 255];
          const whole = new Uint8Array(
            zlib.inflateRawSync(Uint8Array.from(stream), { finishFlush: 2, windowBits }),
          );
          answer = whole.subarray(whole.length - size);
        }
        assertEquals([frame?.kind, answer.length], ["text", size]);
        assert(answer.every((byte, index) => byte === message[index]));
      }
      assertEquals(client.frames.some(({ reserved }) => reserved === 4), true);
      client.send("close", Uint8Array.of(3, 232));
      await client.ended();
      client.tcp.leave("ends");
      await stage.quiet();
      await stage.finish();
    });
  }
}

test("a bomb is refused with 1009, and a broken payload with 1007", async () => {
  const stage = await servingOverTcp(echo({ compression: permessageDeflate(zlib) }));
  const zeros = zlib.deflateRawSync(new Uint8Array(4 * MEGABYTE), { finishFlush: 2 });
  const answers: string[] = [];
  for (const payload of [zeros.subarray(0, -4), Uint8Array.of(7, 7, 7)]) {
    const client = await RawClient.open(stage, "/", {
      "Sec-WebSocket-Extensions": "permessage-deflate",
    });
    client.send("binary", new Uint8Array(payload), { reserved: 4 });
    await client.ended();
    answers.push(client.closed.slice(0, 4));
    client.tcp.leave("closes");
  }
  assertEquals(answers, ["1009", "1007"]);
  await stage.quiet();
  await stage.finish();
});

test("a client that sends much and reads nothing is held up, and then gets every message", async () => {
  const ends: unknown[] = [];
  const stage = await servingOverTcp(echo({ ping: { interval: Infinity } }, ends));
  const client = await RawClient.open(stage);
  client.tcp.stream.pause();
  const block = "x".repeat(64_000);
  const count = 500;
  const frames = Array.from(
    { length: count },
    (_, index) => clientFrame("text", `${index} ${block}`),
  );
  let written = 0;
  let isFull = false;
  client.tcp.stream.on("drain", () => {
    isFull = false;
    write();
  });
  const write = () => {
    while (!isFull && written < count) isFull = !client.tcp.send(frames[written++] as Uint8Array);
  };
  write();
  const taken = await standstill("the client to be held up", () => written);
  assert(taken < count, `the server took ${taken} messages of a client that reads nothing`);
  client.tcp.stream.resume();
  await client.count(count);
  assertEquals(
    client.frames.map(({ payload }) => parseInt(latin1Text(payload.subarray(0, 8)))),
    frames.map((_, index) => index),
  );
  client.send("close", Uint8Array.of(3, 232));
  await client.ended();
  client.tcp.leave("ends");
  await stage.quiet();
  assertEquals(ends, [{ code: 1000, reason: "" }]);
  await stage.finish();
});

for (const way of WAYS) {
  test(`a client that ${way} between frames, or inside one, is an end with 1006`, async () => {
    const ends: unknown[] = [];
    const stage = await servingOverTcp(echo({}, ends));
    const whole = clientFrame("text", "hello");
    for (const bytes of [whole, joinBytes([whole, whole.subarray(0, 3)]), whole.subarray(0, 8)]) {
      const client = await RawClient.open(stage);
      client.tcp.send(bytes);
      if (bytes.length >= whole.length) await client.count(1);
      client.tcp.leave(way);
      await stage.quiet();
    }
    assertEquals(ends, Array(3).fill({ code: 1006, reason: "" }));
    await stage.finish();
  });
}
