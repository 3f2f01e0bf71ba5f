/**
 * Every message of `tests/corpus`, whole, one byte at a time, and cut in two at every place; each place is in
 * the share of one runtime.
 */

import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { isMine } from "../support/shares.ts";
import { readCorpus } from "./corpus.ts";
import { everyByte, splitAt, transcript } from "./transcript.ts";

const corpus = readCorpus();

test("the corpus is found, and its cases have different names", () => {
  assert(corpus.length >= 400);
  assertEquals(new Set(corpus.map(({ name }) => name)).size, corpus.length);
});

for (const { name, bytes, limits, events } of corpus) {
  test(`${name}, in every split`, () => {
    assertEquals(transcript([bytes], { limits }), events);
    assertEquals(transcript(everyByte(bytes), { limits }), events);
    for (let index = 1; index < bytes.length; index++) {
      if (!isMine(index)) continue;
      assertEquals(transcript(splitAt(bytes, index), { limits }), events, `split at ${index}`);
    }
  });
}
