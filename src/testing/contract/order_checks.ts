/**
 * Bytes arrive in the order in which they were sent, in both directions.
 *
 * @module
 */

import { decodeLatin1, joinBytes } from "../../socket/mod.ts";
import type { Check } from "./check.ts";
import { expect, expectBytes } from "./expectations.ts";
import { MB, pattern } from "./pattern.ts";

/** The longest round trip without Nagle's algorithm; with it, each round takes 40 ms. */
const MAX_ROUND_MS = 30;

/** The checks of order. */
export const ORDER_CHECKS: readonly Check[] = [
  {
    name: "order: strings and bytes of all sizes, in both directions",
    promise: "order",
    run: (stage) =>
      stage.connected(async ({ peer, recorder, socket }) => {
        const sizes = [1, 0, 13, 300, 4096, 4097, 16_384, 65_536, 70_000, 2, 200_000];
        const pieces = sizes.flatMap((size, seed) => [
          pattern(size, seed),
          pattern(size, seed + 99),
        ]);
        pieces.forEach((piece, index) => {
          socket.write(index % 2 === 0 ? piece : decodeLatin1(piece, 0, piece.length));
          peer.write(piece);
        });
        const whole = joinBytes(pieces);
        await stage.until("all bytes at the peer", () => peer.count >= whole.length);
        await stage.until("all bytes at the handler", () => recorder.count >= whole.length);
        expectBytes("the peer", peer.received, whole);
        expectBytes("the handler", recorder.received, whole);
      }),
  },
  {
    name: "order: each latin-1 character of a string is one byte",
    promise: "order",
    run: (stage) =>
      stage.connected(async ({ peer, socket }) => {
        const bytes = Uint8Array.from({ length: 256 }, (_, code) => code);
        socket.write(String.fromCharCode(...bytes));
        socket.write(String.fromCharCode(...bytes.subarray(0, 0x80)));
        await stage.until("both strings at the peer", () => peer.count >= 384);
        expectBytes("the peer", peer.received, joinBytes([bytes, bytes.subarray(0, 0x80)]));
      }),
  },
  {
    name: "order: after expectLittle, bytes of any number arrive",
    promise: "expectLittle",
    run: (stage) =>
      stage.connected(async ({ peer, recorder, socket }) => {
        socket.expectLittle?.();
        const bytes = pattern(MB);
        peer.write(bytes.subarray(0, 2));
        await stage.until("the first bytes at the handler", () => recorder.count === 2);
        socket.expectLittle?.();
        peer.write(bytes.subarray(2));
        await stage.until("all bytes at the handler", () => recorder.count >= bytes.length);
        expectBytes("the handler", recorder.received, bytes);
      }),
  },
  {
    name: "order: small writes are not delayed",
    promise: "order",
    run: (stage) =>
      stage.connected(async ({ peer, socket, recorder }) => {
        // On a busy machine most rounds may take longer, but not all; on a slow one all do, as do the questions.
        let [shortestQuestion, shortestRound] = [Infinity, Infinity];
        for (let round = 1; round <= 25; round++) {
          const start = stage.now();
          peer.write(pattern(1));
          await stage.until("a question", () => recorder.count === round);
          shortestQuestion = Math.min(shortestQuestion, stage.now() - start);
          socket.write("a");
          await stage.until("half an answer", () => peer.count === round * 2 - 1);
          socket.write("b");
          await stage.until("the answer", () => peer.count === round * 2);
          shortestRound = Math.min(shortestRound, stage.now() - start);
        }
        expect(
          shortestRound < MAX_ROUND_MS + 4 * shortestQuestion,
          `the shortest of 25 round trips took ${shortestRound} ms`,
        );
      }),
  },
];
