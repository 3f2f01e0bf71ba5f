/**
 * Bytes arrive in the order in which they were sent, in both directions.
 *
 * @module
 */

import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { joinBytes } from "../../src/socket/mod.ts";
import { assertSameBytes, connected, type Subject } from "./connection.ts";
import { pattern, until } from "./waiting.ts";

/** Registers the tests of order. */
export function orderTests(subject: Subject): void {
  test(`${subject.name}: keeps strings and bytes of all sizes in order, in both directions`, async () => {
    await connected(subject, async (connection) => {
      const { client, recorder, socket } = connection;
      const sizes = [1, 0, 13, 300, 4096, 4097, 16_384, 65_536, 70_000, 2, 200_000];
      const pieces = sizes.flatMap((size, seed) => [pattern(size, seed), pattern(size, seed + 99)]);
      pieces.forEach((piece, index) => {
        const text = subject.adapter.latin1(piece, 0, piece.length);
        socket.write(index % 2 === 0 ? piece : text);
        client.write(piece);
      });
      const whole = joinBytes(pieces);
      await until("every byte at the client", () => client.count >= whole.length);
      await until("every byte at the server", () => recorder.count >= whole.length);
      assertSameBytes(client.received, whole);
      assertSameBytes(recorder.received, whole);
    });
  });

  test(`${subject.name}: sends every latin-1 character of a string as its one byte`, async () => {
    await connected(subject, async ({ client, socket }) => {
      const bytes = Uint8Array.from({ length: 256 }, (_, code) => code);
      socket.write(String.fromCharCode(...bytes));
      socket.write(String.fromCharCode(...bytes.subarray(0, 0x80)));
      await until("both strings", () => client.count >= 384);
      assertEquals([...joinBytes(client.received)], [...bytes, ...bytes.subarray(0, 0x80)]);
    });
  });

  test(`${subject.name}: does not delay small writes that follow each other`, {
    skip: subject.gaps?.noDelay ?? false,
  }, async () => {
    await connected(subject, async ({ client, socket, recorder }) => {
      // With Nagle's algorithm, each round would wait 40 ms for a delayed acknowledgement. On a busy
      // machine most rounds may take longer, but not all of them.
      const times: number[] = [];
      for (let round = 1; round <= 25; round++) {
        const start = performance.now();
        client.write(pattern(1));
        await until("the question", () => recorder.count === round);
        socket.write("a");
        await until("half an answer", () => client.count === round * 2 - 1);
        socket.write("b");
        await until("the answer", () => client.count === round * 2);
        times.push(performance.now() - start);
      }
      assert(Math.min(...times) < 30, `the shortest round took ${Math.min(...times)} ms`);
    });
  });

  test(`${subject.name}: compares bytes, if it can`, () => {
    const equals = subject.adapter.equals ?? (() => undefined);
    const other = Uint8Array.from({ length: 1000 }, (_, at) => at * 7);
    const one = new Uint8Array(3000).subarray(500);
    one.set(other, 300);
    const expected = (value: boolean) => subject.adapter.equals && value;
    for (const length of [0, 1, 65, 999, 1000]) {
      assertEquals(equals(one, 300, other, length), expected(true));
    }
    for (const at of [0, 64, 999]) {
      one[300 + at]! ^= 1;
      assertEquals(equals(one, 300, other, 1000), expected(false));
      assertEquals(equals(one, 300, other, at), expected(true));
      one[300 + at]! ^= 1;
    }
  });

  test(`${subject.name}: decodes latin-1 of any length, from any offset`, () => {
    for (const length of [0, 1, 100, 70_000]) {
      const bytes = pattern(length + 7).subarray(3);
      const text = subject.adapter.latin1(bytes, 2, 2 + length);
      assertEquals(text.length, length);
      const wrong = bytes.subarray(2, 2 + length).findIndex((b, at) => b !== text.charCodeAt(at));
      assertEquals(wrong, -1);
    }
    assertEquals(subject.adapter.latin1(new Uint8Array([0x80, 0x9f, 0xff]), 0, 3), "\x80\x9f\xff");
  });
}
