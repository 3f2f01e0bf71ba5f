/**
 * The input buffer: borrowing, giving back, stream offsets, and the growth of the storage.
 */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { test } from "node:test";
import { InputBuffer } from "../../../src/http/reading/input_buffer.ts";

test("borrows a pushed array if all bytes before it were read", () => {
  const input = new InputBuffer();
  const chunk = Uint8Array.of(1, 2, 3);
  input.push(chunk);
  assertStrictEquals(input.bytes, chunk);
  assertStrictEquals(input.take(3).buffer, chunk.buffer);
  assertEquals(input.length, 0);
});

test("gives a pushed array back that was wholly read, and keeps no bytes", () => {
  const input = new InputBuffer();
  input.push(new Uint8Array(1000));
  input.take(1000);
  input.detach();
  assertEquals(input.bytes.length, 0);
  assertEquals(input.offsetOf(input.start), 1000);
});

test("keeps stream offsets over pushes, copies and moves", () => {
  const input = new InputBuffer();
  let pushed = 0;
  for (let round = 0; round < 200; round++) {
    input.push(Uint8Array.from({ length: 7 }, () => pushed++ % 251));
    input.detach();
    while (input.length > 5) {
      const offset = input.offsetOf(input.start);
      assertEquals(input.take(1)[0], offset % 251);
    }
  }
});

test("moves its bytes a logarithmic number of times if one byte is pushed at a time", () => {
  const input = new InputBuffer();
  const storages = new Set<Uint8Array>();
  for (let count = 0; count < 100_000; count++) {
    input.push(Uint8Array.of(count));
    input.detach();
    storages.add(input.bytes);
  }
  assertEquals(input.length, 100_000);
  assert(storages.size <= 20);
});

test("does not grow if the pushed bytes are read", () => {
  const input = new InputBuffer();
  input.push(new Uint8Array(100));
  input.detach();
  for (let count = 0; count < 10_000; count++) {
    input.push(new Uint8Array(10));
    input.take(10);
    input.detach();
  }
  assert(input.bytes.length <= 1024);
});
