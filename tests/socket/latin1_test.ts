import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { decodeLatin1, encodeLatin1 } from "../../src/socket/latin1.ts";

for (const length of [0, 1, 256, 4095, 4096, 4097, 200_000]) {
  test(`${length} bytes are the same after decoding and encoding`, () => {
    const bytes = Uint8Array.from({ length: length + 8 }, (_, at) => at * 31 + (at >> 8));
    const text = decodeLatin1(bytes, 5, 5 + length);
    assertEquals(text.length, length);
    const target = new Uint8Array(length + 8);
    encodeLatin1(text, target, 3);
    const wrong = target.subarray(3, 3 + length).findIndex((byte, at) => byte !== bytes[5 + at]);
    assertEquals([wrong, target[2], target[3 + length]], [-1, 0, 0]);
  });
}
