import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { encodeText } from "../../../src/wsgi/running/encode_text.ts";
import { assertLaw } from "../../support/shares.ts";

const encoder = new TextEncoder();

function bytesOf(encoded: Uint8Array | string): Uint8Array {
  return typeof encoded === "string"
    ? Uint8Array.from(encoded, (character) => character.charCodeAt(0))
    : encoded;
}

test("ASCII of any length up to 8 KB stays a string", () => {
  for (const length of [0, 1, 64, 65, 1000, 8192]) {
    assertEquals(encodeText("a".repeat(length)), "a".repeat(length));
  }
});

test("one character that is not ASCII makes bytes, wherever it is", () => {
  for (const length of [1, 64, 65, 4000, 8192, 20_000]) {
    for (const at of [0, length >> 1, length - 1]) {
      for (const character of ["\u00e9", "\u20ac", "\ud83d\ude00", "\ud800", "\u0080"]) {
        const text = "a".repeat(at) + character + "a".repeat(length - 1 - at);
        assertEquals(encodeText(text), encoder.encode(text));
      }
    }
  }
});

test("what was encoded before stays as it is", () => {
  const first = encodeText("\u00e9".repeat(100));
  encodeText("\u00e0".repeat(100));
  assertEquals(first, encoder.encode("\u00e9".repeat(100)));
});

/** Any character. The unit "binary" of fast-check takes two seconds to list all of them. */
const character = fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code));

test("its bytes are those of UTF-8 for any text", () => {
  assertLaw(
    fc.property(fc.string({ unit: character, maxLength: 200 }), (text) => {
      assertEquals(bytesOf(encodeText(text)), encoder.encode(text));
    }),
  );
});
