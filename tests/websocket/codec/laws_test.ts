/**
 * Laws of the codec, for random messages: the reader gives back the frames that the writer has made, in any
 * split and under any mask; the check of UTF-8 agrees with the runtime's decoder; memory stays bounded.
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { applyMask, maskKey } from "../../../src/websocket/codec/mask.ts";
import { UTF8Check } from "../../../src/websocket/codec/utf8.ts";
import { closePayload, encodeFrame, MessageReader } from "../../../src/websocket/mod.ts";
import { joinBytes } from "../../../src/socket/mod.ts";
import { transcript } from "./transcript.ts";
import { assertLaw } from "../../support/shares.ts";

const RUNS = 25;

const mask = fc.uint8Array({ minLength: 4, maxLength: 4 });
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.nat(70_000).map((length) => new Uint8Array(length).fill(length)),
);
/** Any character that UTF-8 has. The unit "binary" of fast-check takes two seconds to list all of them. */
const character = fc.integer({ min: 0, max: 0x10ffff - 0x800 })
  .map((code) => String.fromCodePoint(code < 0xd800 ? code : code + 0x800));
const text = fc.string({ unit: character, maxLength: 200 });
const message = fc.oneof(
  fc.record({ type: fc.constant("text" as const), data: text }),
  fc.record({ type: fc.constant("binary" as const), data: payload }),
  fc.record({
    type: fc.constantFrom("ping" as const, "pong" as const),
    data: fc.uint8Array({ maxLength: 125 }),
  }),
);

/** Cuts bytes at random places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const cuts = places.map((place) => place % (bytes.length + 1)).sort((one, other) => one - other);
  return [...cuts, bytes.length].map((end, index) => bytes.subarray(cuts[index - 1] ?? 0, end));
}

test("the reader gives back the messages that the writer has made, in any split", () => {
  assertLaw(
    fc.property(
      fc.array(fc.tuple(message, mask), { maxLength: 6 }),
      fc.boolean(),
      fc.array(fc.nat(), { maxLength: 6 }),
      (messages, isMasked, places) => {
        const frames = messages.map(([{ type, data }, mask]) =>
          encodeFrame(type, data, isMasked ? { mask } : {})
        );
        const reader = new MessageReader({ from: isMasked ? "client" : "server" });
        const read: unknown[] = [];
        for (const piece of cut(joinBytes(frames), places)) {
          reader.push(piece.slice());
          for (let event = reader.next(); event.type !== "need-data"; event = reader.next()) {
            read.push(event);
          }
        }
        assertEquals(read, messages.map(([{ type, data }]) => ({ type, data })));
      },
    ),
    RUNS,
  );
});

test("the events of random bytes are the same in any split", () => {
  const start = fc.constantFrom(0x01, 0x02, 0x81, 0x82, 0x00, 0x80, 0x88, 0x89, 0x8a, 0xc1);
  const frame = fc.tuple(start, fc.nat(130), fc.uint8Array({ maxLength: 140 }))
    .map(([first, length, rest]) => joinBytes([Uint8Array.of(first, 0x80 | length), rest]));
  assertLaw(
    fc.property(
      fc.array(frame, { maxLength: 4 }).map(joinBytes),
      fc.array(fc.nat(), { minLength: 1, maxLength: 8 }),
      (bytes, places) => {
        const options = { maxMessageBytes: 150, compressed: true };
        assertEquals(transcript(cut(bytes, places), options), transcript([bytes], options));
      },
    ),
    120,
  );
});

test("the parts of a payload are masked as the whole is, at any alignment", () => {
  assertLaw(
    fc.property(payload, mask, fc.nat(8), fc.nat(), (bytes, key, offset, place) => {
      const memory = new Uint8Array(offset + bytes.length);
      const part = memory.subarray(offset);
      part.set(bytes);
      const middle = place % (bytes.length + 1);
      applyMask(part, 0, middle, maskKey(key, 0), 0);
      applyMask(part, middle, part.length, maskKey(key, 0), middle);
      assertEquals(part, bytes.map((byte, index) => byte ^ key[index & 3]!));
    }),
    RUNS,
  );
});

test("the check of UTF-8 agrees with the runtime's decoder, and fails no later", () => {
  const wild = fc.array(
    fc.constantFrom(
      ...[0x00, 0x61, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf],
      ...[0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf8, 0xff],
    ),
    { maxLength: 6 },
  ).map((bytes) => Uint8Array.from(bytes));
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const isText = (bytes: Uint8Array): boolean => {
    try {
      decoder.decode(bytes);
      return true;
    } catch {
      return false;
    }
  };
  const tails = ["", "\x80", "\x90\x80", "\xa0\x80", "\x80\x80", "\x90\x80\x80", "\x80\x80\x80"]
    .map((tail) => Uint8Array.from(tail, (character) => character.charCodeAt(0)));
  assertLaw(
    fc.property(fc.oneof(wild, text.map((text) => new TextEncoder().encode(text))), (bytes) => {
      const check = new UTF8Check();
      const wrong = check.push(bytes, 0, bytes.length);
      assertEquals(wrong < 0 && check.isWhole, isText(bytes));
      // Up to the wrong byte, some text begins with these bytes; with it, none does.
      const canBecomeText = (begun: Uint8Array) =>
        tails.some((tail) => isText(joinBytes([begun, tail])));
      if (wrong >= 0) {
        assert(canBecomeText(bytes.subarray(0, wrong)));
        assert(!canBecomeText(bytes.subarray(0, wrong + 1)));
      }
    }),
    400,
  );
});

test("an announced length takes no memory before its bytes come", () => {
  const reader = new MessageReader({ from: "client", maxMessageBytes: 2 ** 30 });
  reader.push(Uint8Array.of(0x82, 0xff, 0, 0, 0, 0, 0x3f, 0, 0, 0, 1, 2, 3, 4, 5));
  assertEquals(reader.next().type, "need-data");
  assertEquals(reader.heldBytes, 1024);
  for (let sent = 0; sent < 100_000; sent += 1000) {
    reader.push(new Uint8Array(1000));
    assertEquals(reader.next().type, "need-data");
    assert(reader.heldBytes <= 2 * (sent + 1001) + 1024);
    assertEquals(reader.bufferedBytes, 0);
  }
});

test("fragments without bytes take no memory, however many they are", () => {
  const reader = new MessageReader({ from: "client" });
  reader.push(Uint8Array.of(0x01, 0x80, 1, 2, 3, 4));
  for (let count = 0; count < 1000; count++) {
    assertEquals(reader.next().type, "need-data");
    reader.push(Uint8Array.of(0x00, 0x80, 1, 2, 3, 4));
  }
  assertEquals(reader.heldBytes, 0);
});

test("the writer refuses a frame that may not be sent", () => {
  assertThrows(() => encodeFrame("ping", new Uint8Array(126)), RangeError, "126 bytes");
  assertThrows(() => closePayload(1006), RangeError, "Cannot close with the code 1006");
  assertThrows(() => closePayload(1000.5), RangeError, "1000.5");
  assertThrows(() => closePayload(1005, "why"), RangeError, "1005");
  assertThrows(() => closePayload(1000, "\u20ac".repeat(42)), RangeError, "126 bytes");
  assertEquals(closePayload(1005).length, 0);
  assertEquals(closePayload(4999, "x".repeat(123)).length, 125);
});

test("a lone surrogate is sent as the replacement character", () => {
  assertEquals(encodeFrame("text", "\ud800"), Uint8Array.of(0x81, 3, 0xef, 0xbf, 0xbd));
});

test("an error stays, and drops the bytes that follow", () => {
  const reader = new MessageReader({ from: "client" });
  reader.push(Uint8Array.of(0x83, 0x80));
  const error = assertThrows(() => reader.next());
  reader.push(new Uint8Array(1000));
  assertEquals(assertThrows(() => reader.next()), error);
  assertEquals(reader.bufferedBytes, 0);
});

test("a bound on the fragments of a call changes no message", () => {
  const frames = Array.from({ length: 10 }, (_, index) => {
    const type = index === 0 ? "binary" : "continuation";
    return encodeFrame(type, Uint8Array.of(index), { isFinal: index === 9 });
  });
  const reader = new MessageReader({ from: "server" });
  reader.push(joinBytes(frames));
  const read = Array.from({ length: 4 }, () => [reader.next(3), reader.bufferedBytes]);
  const needsData = { type: "need-data" };
  assertEquals(read, [
    [needsData, 21],
    [needsData, 12],
    [needsData, 3],
    [{ type: "binary", data: Uint8Array.from({ length: 10 }, (_, index) => index) }, 0],
  ]);
});
